"""How the slices of a grid are laid on a screen so that a radiologist reads them without thinking.

Radiological convention: the patient is seen from the feet (axial) or from the front (coronal), so the patient's
right is on the left of the picture; sagittal slices have anterior on the left; superior, or else anterior, is up.
Oblique grids are treated as the plane they are nearest to.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from deepasl.geometry import Geometry

V = TypeVar("V", bound=np.generic)

RIGHT_LEFT, ANTERIOR_POSTERIOR, INFERIOR_SUPERIOR = range(3)
"""The axes of LPS."""

ENDS = (("R", "L"), ("A", "P"), ("I", "S"))
"""The letters at the negative and positive end of each axis of LPS."""

PLANES = {RIGHT_LEFT: "sagittal", ANTERIOR_POSTERIOR: "coronal", INFERIOR_SUPERIOR: "axial"}
"""The plane perpendicular to each axis."""


@dataclass(frozen=True)
class SliceView:
    """The slices k of a grid, turned and flipped for display.

    Pictures are indexed ``[slice, row, column]``: rows run down, columns to the right.

    Attributes:
        geometry: The grid.
        plane: ``"axial"``, ``"coronal"`` or ``"sagittal"``: the nearest one.
        tilt: Largest angle between an axis of the grid and its patient axis, in degrees; 0 if not oblique.
        axes: Numpy axes of a volume ``[k, j, i]`` in the order slice, row, column.
        flips: Whether slices, rows, columns run against the axis of the grid.
        left, right, top, bottom: Letters of the patient's sides at the edges of the picture.
        normal: The patient axis the slices follow one another along.
    """

    geometry: Geometry
    plane: str
    tilt: float
    axes: tuple[int, int, int]
    flips: tuple[bool, bool, bool]
    left: str
    right: str
    top: str
    bottom: str
    normal: int

    def show(self, volume: NDArray[V]) -> NDArray[V]:
        """The voxels of a volume ``[k, j, i]`` as pictures ``[slice, row, column]``."""
        turned = np.flip(volume.transpose(self.axes), tuple(axis for axis, flip in enumerate(self.flips) if flip))
        return np.ascontiguousarray(turned)

    def spacing(self) -> tuple[float, float, float]:
        """Distance in mm between slices, rows, columns."""
        slices, rows, columns = (self.geometry.spacing[2 - axis] for axis in self.axes)
        return slices, rows, columns

    def picture_to_ijk(self) -> NDArray[np.float64]:
        """Homogeneous 4x4 matrix from (column, row, slice, 1) to voxel index (i, j, k, 1)."""
        matrix = np.zeros((4, 4))
        matrix[3, 3] = 1.0
        for shown, (axis, flip) in enumerate(zip(self.axes, self.flips, strict=True)):
            matrix[2 - axis, 2 - shown] = -1.0 if flip else 1.0
            matrix[2 - axis, 3] = self.geometry.shape[axis] - 1 if flip else 0.0
        return matrix

    def picture_to_lps(self) -> NDArray[np.float64]:
        """Homogeneous 4x4 matrix from (column, row, slice, 1) to LPS mm."""
        return self.geometry.ijk_to_lps() @ self.picture_to_ijk()

    def slice_positions(self) -> tuple[str, ...]:
        """Where the centre of every slice lies along the patient axis, e.g. ``"S 32.0 mm"``."""
        slices, rows, columns = (self.geometry.shape[axis] for axis in self.axes)
        along = self.picture_to_lps()[self.normal]
        centre = along @ [(columns - 1) / 2, (rows - 1) / 2, 0.0, 1.0]
        return tuple(_position(float(centre + n * along[2]), self.normal) for n in range(slices))


def radiological_view(geometry: Geometry) -> SliceView:
    """How the slices k of `geometry` are shown in radiological convention."""
    direction = np.reshape(geometry.direction, (3, 3))
    patient = _nearest_patient_axes(direction)
    # i is numpy axis 2, j is 1, k is 0. Left-right lies across if it is in the plane, else anterior-posterior.
    across, down = sorted((0, 1), key=lambda axis: patient[axis])
    cosines = [direction[patient[axis], axis] for axis in (2, down, across)]
    rows_run_to = -1.0 if patient[down] == INFERIOR_SUPERIOR else 1.0
    flips = (bool(cosines[0] < 0), bool(cosines[1] * rows_run_to < 0), bool(cosines[2] < 0))
    left, right = ENDS[patient[across]]
    top, bottom = ENDS[patient[down]][:: int(rows_run_to)]
    return SliceView(
        geometry=geometry,
        plane=PLANES[patient[2]],
        tilt=float(np.degrees(np.arccos(np.clip(np.abs(cosines).min(), 0.0, 1.0)))),
        axes=(0, 2 - down, 2 - across),
        flips=flips,
        left=left,
        right=right,
        top=top,
        bottom=bottom,
        normal=patient[2],
    )


def _nearest_patient_axes(direction: NDArray[np.float64]) -> tuple[int, int, int]:
    """For each axis i, j, k of the grid the axis of LPS it follows best; no two share one."""

    def agreement(order: tuple[int, ...]) -> float:
        return float(sum(abs(direction[patient, axis]) for axis, patient in enumerate(order)))

    i, j, k = max(permutations(range(3)), key=agreement)
    return i, j, k


def _position(millimetres: float, axis: int) -> str:
    return f"{ENDS[axis][millimetres >= 0]} {abs(millimetres):.1f} mm"
