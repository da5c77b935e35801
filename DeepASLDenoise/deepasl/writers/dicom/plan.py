"""What all files of one export have in common, worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from deepasl.results import Result
from deepasl.writers.dicom.context import StudyContext
from deepasl.writers.dicom.derivation import CbfMap, cbf_maps, window
from deepasl.writers.dicom.planes import Planes, planes_of
from deepasl.writers.dicom.scaling import common_step
from deepasl.writers.dicom.sources import Reference, references_at


@dataclass(frozen=True)
class Plan:
    """An export of the maps of one result.

    Attributes:
        result: What the maps belong to.
        context: Patient, study and source images.
        maps: The conventional and the denoised map.
        planes: The planes of their grid.
        references: The source images of each plane.
        step: What one stored integer unit is worth, mL/100g/min.
        window: Center and width shown at first, mL/100g/min.
    """

    result: Result
    context: StudyContext
    maps: tuple[CbfMap, CbfMap]
    planes: Planes
    references: tuple[tuple[Reference, ...], ...]
    step: Decimal
    window: tuple[float, float]


def plan_export(result: Result, context: StudyContext) -> Plan:
    """Work out an export.

    Raises:
        OutputError: If there is no CBF, or it holds values that are not numbers.
    """
    maps, planes = cbf_maps(result), planes_of(result.geometry)
    return Plan(
        result=result,
        context=context,
        maps=maps,
        planes=planes,
        references=tuple(references_at(context.images, planes, plane) for plane in range(planes.count)),
        step=common_step(*(cbf.values for cbf in maps)),
        window=window(result, maps),
    )
