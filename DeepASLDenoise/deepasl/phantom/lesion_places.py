"""Room in a brain for lesions: apart from each other, inside grey and white matter."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import fftconvolve

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.phantom.fields import ras_coordinates
from deepasl.phantom.lesion import Lesion, lesion_mask, lesion_weight
from deepasl.phantom.tissue import TissueMaps
from deepasl.results import BoolArray
from deepasl.series import FloatArray


@dataclass(frozen=True)
class PlacedLesion:
    """A lesion and its voxels.

    Attributes:
        lesion: Where it is and what it does.
        mask: ``[k, j, i]``: voxels with at least half of its change.
    """

    lesion: Lesion
    mask: BoolArray


def place_lesions(
    tissue: TissueMaps,
    lesions: Sequence[tuple[float, float]],
    *,
    seed: int,
    least_parenchyma: float = 0.75,
    gap_mm: float = 6.0,
    elongation: tuple[float, float, float] = (1.0, 1.0, 1.0),
    att_delay: float = 0.0,
) -> tuple[PlacedLesion, ...]:
    """Find places for a series of lesions in grey and white matter, apart from each other.

    Args:
        tissue: The anatomy.
        lesions: Radius in mm and factor of each.
        seed: Of the places: the same seed gives the same ones.
        least_parenchyma: The smallest part of a lesion that is grey or white matter.
        gap_mm: The least distance between the surfaces of two lesions.
        elongation: Of all of them: see `Lesion`.
        att_delay: Of all of them, in s.

    Returns:
        The lesions in the order asked for.

    Raises:
        InputError: If there is no room for one of them.
    """
    rng = np.random.default_rng(seed)
    placed: dict[int, Lesion] = {}
    # The largest first: they have the fewest places.
    for number in sorted(range(len(lesions)), key=lambda n: -lesions[n][0]):
        radius, factor = lesions[number]
        lesion = Lesion((0.0, 0.0, 0.0), radius, factor, elongation, att_delay)
        places = _parenchyma_share(tissue, lesion) >= least_parenchyma
        places &= _far_from(placed.values(), lesion, tissue.geometry, gap_mm)
        placed[number] = _draw_place(places, lesion, tissue.geometry, rng)
    ordered = [placed[number] for number in range(len(lesions))]
    return tuple(PlacedLesion(lesion, lesion_mask(tissue.geometry, lesion)) for lesion in ordered)


def _parenchyma_share(tissue: TissueMaps, lesion: Lesion) -> FloatArray:
    """The part of a lesion that would be grey or white matter if its center were in a voxel, ``[k, j, i]``."""
    grid = tissue.geometry
    # fftconvolve(mode="same") takes this voxel of its kernel for the center.
    k, j, i = ((n - 1) // 2 for n in grid.shape)
    x, y, z, _ = (float(v) for v in grid.ijk_to_ras() @ [i, j, k, 1.0])
    kernel = lesion_weight(grid, replace(lesion, center_mm=(x, y, z)))
    # What of a lesion does not fit into the field of view is not parenchyma.
    volume = 4.0 / 3.0 * math.pi * lesion.radius_mm**3 * math.prod(lesion.elongation) / math.prod(grid.spacing)
    whole = max(float(kernel.sum()), volume)
    inside = fftconvolve(tissue.grey + tissue.white, kernel, mode="same") / whole
    share: FloatArray = inside.astype(np.float32)
    return share


def _far_from(others: Iterable[Lesion], lesion: Lesion, grid: Geometry, gap_mm: float) -> BoolArray:
    """Voxels ``[k, j, i]`` where a lesion would lie at least `gap_mm` from the others."""
    free = np.ones(grid.shape, dtype=bool)
    for other in others:
        squares = [(p - c) ** 2 for p, c in zip(ras_coordinates(grid), other.center_mm, strict=True)]
        free &= np.sqrt(sum(squares)) >= _reach(other) + _reach(lesion) + gap_mm
    return free


def _reach(lesion: Lesion) -> float:
    return lesion.radius_mm * max(lesion.elongation)


def _draw_place(places: BoolArray, lesion: Lesion, grid: Geometry, rng: np.random.Generator) -> Lesion:
    """The lesion at one of the voxels, each as likely."""
    candidates = np.argwhere(places)
    if len(candidates) == 0:
        raise InputError(
            f"there is no room in this brain for a lesion of {lesion.radius_mm:g} mm apart from the others",
            remedy="Ask for fewer or smaller lesions.",
        )
    k, j, i = candidates[rng.integers(len(candidates))]
    x, y, z, _ = (float(v) for v in grid.ijk_to_ras() @ [i, j, k, 1.0])
    return replace(lesion, center_mm=(x, y, z))
