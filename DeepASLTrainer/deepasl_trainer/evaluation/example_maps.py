"""Maps of a few scans, kept beside the figures so that they can be looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepasl.geometry import Geometry
from deepasl.images import read_image, write_image
from deepasl.results import BoolArray
from deepasl.series import FloatArray
from deepasl_trainer.evaluation.cases import Case
from deepasl_trainer.evaluation.records import Condition
from deepasl_trainer.evaluation.scoring import Scored
from deepasl_trainer.evaluation.settings import EvaluationSettings

MAPS_FOLDER = "maps"

OUTSIDE, BRAIN, GREY, WHITE, HYPOPERFUSED, HYPERPERFUSED = range(6)
"""Values of the region map: the brain, and in it pure grey and white matter outside lesions, and lesions."""


@dataclass(frozen=True)
class Example:
    """A scan with the maps that methods make of it. Flow in mL/100g/min.

    Attributes:
        person: Who.
        geometry: The grid.
        truth: True flow ``[k, j, i]``.
        regions: What is where ``[k, j, i]``: see `OUTSIDE` and following.
        cbf: Flow as each method leaves it.
    """

    person: str
    geometry: Geometry
    truth: FloatArray
    regions: FloatArray
    cbf: Mapping[str, FloatArray]

    @property
    def grey(self) -> BoolArray:
        """Pure grey matter outside lesions."""
        grey: BoolArray = self.regions == GREY
        return grey

    @property
    def brain(self) -> BoolArray:
        """The brain."""
        brain: BoolArray = self.regions > OUTSIDE
        return brain


def is_example(condition: Condition, settings: EvaluationSettings) -> bool:
    """Whether its maps are kept: a person's first scan under the protocol that decides, with the fewest pairs."""
    first = settings.protocols[0]
    return (condition.protocol, condition.scan, condition.pairs) == (first.name, 0, min(first.pairs))


def keep_maps(scored: Scored, folder: Path) -> None:
    """Write the flow that a method leaves, the true flow, and the regions.

    Raises:
        OutputError: If they cannot be written.
    """
    case, maps = scored.case, folder / MAPS_FOLDER
    maps.mkdir(parents=True, exist_ok=True)
    write_image(_file(maps, case.person, scored.record.method), scored.cbf, case.geometry)
    write_image(_file(maps, case.person, "truth"), case.cbf(case.patient.deltam), case.geometry)
    write_image(_file(maps, case.person, "regions"), _regions(case), case.geometry)


def read_examples(folder: Path, people: Sequence[str], methods: Sequence[str]) -> tuple[Example, ...]:
    """The kept maps of these people and methods, as far as they are there."""
    return tuple(
        _read(folder / MAPS_FOLDER, person, methods)
        for person in people
        if _file(folder / MAPS_FOLDER, person, "truth").is_file()
    )


def _read(maps: Path, person: str, methods: Sequence[str]) -> Example:
    truth, regions = (read_image(_file(maps, person, name)) for name in ("truth", "regions"))
    cbf = {method: read_image(file).volumes[0] for method in methods if (file := _file(maps, person, method)).is_file()}
    return Example(person, truth.geometry, truth.volumes[0], regions.volumes[0], cbf)


def _regions(case: Case) -> FloatArray:
    regions = np.where(case.brain, np.float32(BRAIN), np.float32(OUTSIDE))
    regions[case.grey], regions[case.white] = GREY, WHITE
    for placed in case.lesions:
        regions[placed.mask & case.brain] = HYPOPERFUSED if placed.lesion.factor < 1.0 else HYPERPERFUSED
    return regions


def _file(maps: Path, person: str, name: str) -> Path:
    return maps / f"{person}_{name}.nii.gz"
