"""Cutting volumes into the squares that networks are trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy import ndimage

from deepasl.results import BoolArray
from deepasl.series import FloatArray

V = TypeVar("V", FloatArray, BoolArray)


@dataclass(frozen=True)
class Place:
    """Where a patch lies.

    Attributes:
        k: Its (middle) slice.
        rows, columns: Its square in that slice.
    """

    k: int
    rows: slice
    columns: slice


def windows(height: int, width: int, size: int) -> Iterator[tuple[slice, slice]]:
    """Non-overlapping squares that cover a plane whose sides are multiples of `size`."""
    if height % size or width % size:
        raise ValueError(f"{size} does not divide {height}x{width}")
    for row in range(0, height, size):
        for column in range(0, width, size):
            yield slice(row, row + size), slice(column, column + size)


def places_in(brain: BoolArray, size: int, least_brain: float) -> list[Place]:
    """Patches that hold enough brain, the top and bottom slices of the brain left out.

    Args:
        brain: Brain ``[k, j, i]``; rows and columns are multiples of `size`.
        size: Side of a patch in voxels.
        least_brain: Smallest fraction of brain in a patch.
    """
    filled = np.flatnonzero(brain.any(axis=(1, 2)))
    return [
        Place(k, rows, columns)
        for k in filled[1:-1].tolist()
        for rows, columns in windows(brain.shape[1], brain.shape[2], size)
        if brain[k, rows, columns].mean() >= least_brain
    ]


def cut(volume: V, places: Sequence[Place], slices: int) -> V:
    """The patches of a volume with their neighbouring slices, ``[n, slices, h, w]``; nothing lies beyond its ends.

    Args:
        volume: ``[k, j, i]``.
        places: Where to cut; at least one.
        slices: How many slices, an odd number; the place is in the middle one.
    """
    beside = slices // 2
    padded = np.pad(volume, ((beside, beside), (0, 0), (0, 0)))
    stacks: V = np.stack([padded[one.k : one.k + slices, one.rows, one.columns] for one in places])
    return stacks


def near(brain: BoolArray, voxels: int) -> BoolArray:
    """The brain and a rim of so many voxels around it, slice by slice, ``[k, j, i]``."""
    in_plane = ndimage.generate_binary_structure(3, 1) & np.array([False, True, False])[:, None, None]
    grown: BoolArray = ndimage.binary_dilation(brain, in_plane, iterations=voxels) if voxels else brain
    return grown
