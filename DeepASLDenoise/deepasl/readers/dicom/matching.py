"""Which converted volume is which volume of the header: told from the pixels, not from the order of a program.

dcm2niix orders volumes by rules of its own that change with its version and with the encoding of the scan. One slice
of every volume is compared with the stored pixels of the images the header describes: both are the same but for a
scale factor, so their correlation is 1, and the regression shows the factor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepasl.errors import InputError
from deepasl.readers.dicom.conversion import Converted
from deepasl.readers.dicom.pixels import Slice, stored_slices
from deepasl.readers.dicom.volumes import HeaderVolume

SAME = 1e-9
"""1 minus the correlation of equal slices: what rounding to float32 leaves."""

ON_VOXEL = 0.05
"""How far from the center of a voxel, in voxels, a header may put it: headers are rounded to 0.001 mm."""


@dataclass(frozen=True)
class Match:
    """Where a volume of the header is among the converted ones, and how its pixels were scaled.

    Attributes:
        index: Number of the converted volume.
        slope, intercept: Converted value = slope x stored value + intercept.
    """

    index: int
    slope: float
    intercept: float


def match_volumes(
    files: Sequence[Path], volumes: Sequence[HeaderVolume], converted: Converted, where: str
) -> tuple[Match, ...]:
    """Find every volume of the header among the converted ones.

    Args:
        files: The files of the series.
        volumes: Its volumes as the header describes them, at least one.
        converted: What dcm2niix made of it, in the order of its headers (`in_header_order`).
        where: The series, for messages.

    Raises:
        InputError: If a volume is not found, or lies elsewhere than its header says.
    """
    if len(volumes) != len(converted.volumes):
        raise InputError(
            f"the headers describe {len(volumes)} volumes, but the conversion made {len(converted.volumes)}",
            where=where,
            remedy="Some images are missing or belong to another series; export the series again.",
        )
    tile = volumes[0].slices // 2
    stored = stored_slices(files, [volume.middle for volume in volumes], tile)
    shown = _slices_as_stored(converted, volumes[0], tile, where)
    order = _assigned(_correlations(stored, shown), where)
    return tuple(Match(t, *_regression(stored[v], shown[t])) for v, t in enumerate(order))


def _slices_as_stored(converted: Converted, volume: HeaderVolume, tile: int, where: str) -> list[Slice]:
    """One slice of every converted volume: the one where the header puts the compared image."""
    corner = np.array(volume.middle.plane.corner)
    if volume.first.tiles > 1:
        corner = corner + np.array(volume.first.plane.normal) * tile * converted.geometry.spacing[2]
    to_index = np.linalg.inv(converted.geometry.ijk_to_lps())
    start = to_index[:3, :3] @ corner + to_index[:3, 3]
    k = round(float(start[2]))
    if not np.allclose(start, (0, 0, k), atol=ON_VOXEL) or not 0 <= k < converted.geometry.shape[0]:
        raise InputError(
            "the converted image lies elsewhere in the patient than its headers say",
            where=where,
            remedy="Do not use it: report this with the kind of scanner, and convert the series in another way.",
        )
    return [voxels[k] for voxels in converted.volumes]


def _correlations(stored: Sequence[Slice], shown: Sequence[Slice]) -> NDArray[np.float64]:
    """Correlation of every stored with every converted slice, ``[v, t]``."""
    return _standardized(stored) @ _standardized(shown).T


def _standardized(images: Sequence[Slice]) -> NDArray[np.float64]:
    """Every image as a row of mean 0 and norm 1."""
    rows = np.array([image.ravel() for image in images], np.float64)
    rows -= rows.mean(axis=1, keepdims=True)
    norms = np.sqrt(np.einsum("vp,vp->v", rows, rows))
    rows /= np.maximum(norms, np.finfo(float).tiny)[:, np.newaxis]
    return rows


def _assigned(likeness: NDArray[np.float64], where: str) -> list[int]:
    """The converted volume for each volume of the header, each used once; copies of one volume in their order."""
    free = list(range(likeness.shape[1]))
    chosen: list[int] = []
    for row in likeness:
        best = max(free, key=lambda t: (row[t] > 1 - SAME, row[t] if row[t] <= 1 - SAME else 1, -t))
        if row[best] <= 1 - SAME:
            raise InputError(
                f"the conversion changed the image of volume {len(chosen)}: its pixels are not those of the files",
                where=where,
                remedy="Update dcm2niix, or report this with the kind of scanner.",
            )
        free.remove(best)
        chosen.append(best)
    return chosen


def _regression(stored: Slice, shown: Slice) -> tuple[float, float]:
    """Slope and intercept of converted values over stored ones."""
    here, there = stored.ravel().astype(np.float64), shown.ravel().astype(np.float64)
    centered = here - here.mean()
    slope = float(centered @ there / (centered @ centered))
    return slope, float(there.mean() - slope * here.mean())
