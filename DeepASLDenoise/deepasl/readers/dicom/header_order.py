"""Converted volumes turned into the order of their headers: rows, columns and slices as the images have them.

dcm2niix turns rows round, and turns and swaps axes of single volumes, so that the M0 scan of a series comes in another
order than the series. Here all of them come in one; voxels are looked at in another order, never interpolated.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.readers.dicom.conversion import Converted
from deepasl.readers.dicom.frames import Plane

ALONG_AN_AXIS = 0.999
"""Cosine of the largest angle, 2.6 degrees, between an axis of the header and one of the grid."""


def in_header_order(converted: Converted, plane: Plane, where: str) -> Converted:
    """The same voxels at the same places, ``i`` along rows, ``j`` down columns, ``k`` along the slice normal.

    They are a view on the converted ones: a copy would double the memory of a series.

    Args:
        converted: What dcm2niix made.
        plane: Where an image of the series lies, by its header.
        where: The series, for messages.

    Raises:
        InputError: If the axes of the grid are not those of the header.
    """
    old = np.reshape(converted.geometry.direction, (3, 3))
    wanted = np.column_stack([plane.row, plane.column, plane.normal])
    cosines = old.T @ wanted
    axes = np.argmax(np.abs(cosines), axis=0)
    signs = np.sign(cosines[axes, range(3)])
    if np.abs(cosines[axes, range(3)]).min() < ALONG_AN_AXIS or sorted(axes) != [0, 1, 2]:
        raise InputError(
            "the converted image lies elsewhere in the patient than its headers say",
            where=where,
            remedy="Do not use it: report this with the kind of scanner, and convert the series in another way.",
        )
    # Axis a of the grid is axis 3 - a of the array [t, k, j, i].
    volumes = np.transpose(converted.volumes, (0, *(3 - int(axes[a]) for a in (2, 1, 0))))
    volumes = np.flip(volumes, tuple(3 - a for a in range(3) if signs[a] < 0))
    geometry = _turned(converted.geometry, axes, signs)
    return replace(converted, volumes=volumes, geometry=geometry)


def _turned(geometry: Geometry, axes: NDArray[np.intp], signs: NDArray[np.float64]) -> Geometry:
    """The grid with its axes in another order and direction."""
    sizes = geometry.shape[::-1]
    corner = np.zeros(3)
    for axis, sign in zip(axes, signs, strict=True):
        corner[axis] = sizes[axis] - 1 if sign < 0 else 0
    x, y, z = (float(v) for v in (geometry.ijk_to_lps() @ (*corner, 1))[:3])
    direction = np.reshape(geometry.direction, (3, 3))[:, axes] * signs
    i, j, k = (float(geometry.spacing[axis]) for axis in axes)
    columns, rows, slices = (sizes[axis] for axis in axes)
    return Geometry((slices, rows, columns), (i, j, k), (x, y, z), tuple(float(v) for v in direction.ravel()))
