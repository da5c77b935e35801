"""Perfusion maps the scanner itself made: kept beside the computed ones, never mixed with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from deepasl.geometry import Geometry
from deepasl.readers.dicom.choice import map_series
from deepasl.readers.dicom.evidence import SeriesKind
from deepasl.readers.dicom.loading import load_series
from deepasl.readers.dicom.series import DicomSeries
from deepasl.results import CBF_UNIT, DELTAM_UNIT, BoolArray
from deepasl.series import FloatArray

UNITS: Mapping[SeriesKind, str] = MappingProxyType(
    {SeriesKind.SUBTRACTED: DELTAM_UNIT, SeriesKind.RELATIVE_CBF: "relative", SeriesKind.CBF: CBF_UNIT}
)


@dataclass(frozen=True)
class ScannerMap:
    """A map the scanner made.

    Attributes:
        title: Its series, in words.
        kind: Subtracted image, relative CBF or CBF.
        volume: ``[k, j, i]`` float32, as the scanner scaled it.
        geometry: Its own grid.
        unit: ``"mL/100g/min"`` for CBF, else ``"a.u."`` or ``"relative"``.
        number: Series number, for file names; None if it has none.
    """

    title: str
    kind: SeriesKind
    volume: FloatArray
    geometry: Geometry
    unit: str
    number: int | None


def scanner_maps(series: DicomSeries, found: Sequence[DicomSeries]) -> tuple[ScannerMap, ...]:
    """The maps the scanner made of an ASL series.

    Args:
        series: The ASL series.
        found: All series of the folder, as `find_series` lists them.

    Raises:
        InputError: If a map is damaged.
    """
    maps = (load_series(each) for each in map_series(series, found))
    return tuple(
        ScannerMap(
            each.source.title,
            each.source.verdict.kind,
            each.voxels[0],
            each.geometry,
            UNITS[each.source.verdict.kind],
            each.source.number,
        )
        for each in maps
    )


def likeness(own: FloatArray, geometry: Geometry, scanner: ScannerMap, mask: BoolArray) -> float:
    """Correlation of a computed map ``[k, j, i]`` with one of the scanner in a mask; NaN on different grids."""
    if not scanner.geometry.matches(geometry) or not mask.any():
        return float("nan")
    return float(np.corrcoef(own[mask], scanner.volume[mask])[0, 1])
