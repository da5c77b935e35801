"""Where a rigid body is: 4x4 matrices in LPS mm, their six parameters, and images resampled by them.

A matrix here leads from a point where the body is meant to be to where an image shows it: what resampling asks for.
"""

from __future__ import annotations

import math

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from deepasl.geometry import Geometry
from deepasl.images import to_sitk
from deepasl.results import BoolArray
from deepasl.series import FloatArray

Matrix = NDArray[np.float64]
"""Homogeneous 4x4, LPS mm."""

AT_REST: Matrix = np.eye(4)

RAS_FROM_LPS = np.array([-1.0, -1.0, 1.0])
"""What components of a shift, and of a rotation axis, are multiplied with."""

BRAIN_RADIUS_MM = 60.0
"""What is called a displacement is the mean over a ball of this size."""

MOST_POINTS = 12_000
"""Images are smoothed by 8 mm before they are compared: more voxels add nothing that can be measured."""

FEWEST_VOXELS = 4
"""Along each axis: a B-spline of fewer has no meaning, and SimpleITK refuses it."""


def center_of(geometry: Geometry) -> NDArray[np.float64]:
    """The center of a voxel grid in LPS mm."""
    middle: NDArray[np.float64] = geometry.ijk_to_lps() @ [*((n - 1) / 2.0 for n in reversed(geometry.shape)), 1.0]
    return middle[:3]


def parameters_of(matrix: Matrix, geometry: Geometry) -> NDArray[np.float64]:
    """Shift to the right, to the front and up in mm, and rotation about these axes (RAS) in degrees: ``[6]``.

    The body turns about the center of `geometry`, right-handed, about the second axis first, then about the first,
    then about the third; then it is shifted.
    """
    center, rotation = center_of(geometry), matrix[:3, :3]
    euler = sitk.Euler3DTransform()
    euler.SetMatrix(rotation.ravel().tolist(), 1e-6)
    angles = np.degrees([euler.GetAngleX(), euler.GetAngleY(), euler.GetAngleZ()])
    shift = matrix[:3, 3] + rotation @ center - center
    return np.concatenate([RAS_FROM_LPS * shift, RAS_FROM_LPS * angles])


def matrix_of(parameters: NDArray[np.float64], geometry: Geometry) -> Matrix:
    """The matrix whose `parameters_of` these are."""
    angles = np.radians(RAS_FROM_LPS * parameters[3:])
    rotation = np.reshape(sitk.Euler3DTransform((0.0, 0.0, 0.0), *angles.tolist()).GetMatrix(), (3, 3))
    return about(center_of(geometry), rotation, RAS_FROM_LPS * parameters[:3])


def about(center: NDArray[np.float64], rotation: NDArray[np.float64], shift: NDArray[np.float64]) -> Matrix:
    """A rotation ``[3, 3]`` about a point, then a shift, LPS mm."""
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = center + shift - rotation @ center
    return matrix


def small_motion(center: NDArray[np.float64], shift: NDArray[np.float64], turn: NDArray[np.float64]) -> Matrix:
    """A shift in mm and a rotation vector ``turn`` in radians about a point, LPS."""
    angle = float(np.linalg.norm(turn))
    if angle == 0.0:
        return about(center, np.eye(3), shift)
    versor = sitk.VersorTransform((turn / angle).tolist(), angle)
    return about(center, np.reshape(versor.GetMatrix(), (3, 3)), shift)


def displacement(one: Matrix, other: Matrix, geometry: Geometry) -> float:
    """How far apart two poses bring a ball of `BRAIN_RADIUS_MM` in the middle of the grid: root mean square, mm.

    Jenkinson, Measuring transformation error by RMS deviation, FMRIB technical report TR99MJ1 (1999).

    Args:
        one: A pose.
        other: Another.
        geometry: The grid.
    """
    difference = one - other
    shift = difference[:3, :3] @ center_of(geometry) + difference[:3, 3]
    return math.sqrt(BRAIN_RADIUS_MM**2 / 5.0 * float((difference[:3, :3] ** 2).sum()) + float(shift @ shift))


def resampled(
    volume: FloatArray, geometry: Geometry, matrix: Matrix, onto: Geometry, *, beyond_edge: bool
) -> FloatArray:
    """An image ``[k, j, i]`` on another grid or in another pose: interpolated once, by B-splines of fifth order.

    They leave noise nearly as windowed sincs do, in a small part of the time (Testing/benchmarks/README.md).

    Args:
        volume: The image.
        geometry: Its grid; at least `FEWEST_VOXELS` along each axis.
        matrix: From a point of the result to the point of the image that is put there.
        onto: The grid of the result.
        beyond_edge: Continue the image beyond its edge by its outermost voxels; else it is 0 there.
    """
    image = to_sitk(volume, geometry)
    resampler = sitk.ResampleImageFilter()
    resampler.SetReferenceImage(to_sitk(np.empty(onto.shape, dtype=np.float32), onto))
    resampler.SetInterpolator(sitk.sitkBSpline5)
    resampler.SetTransform(sitk_transform(matrix))
    resampler.SetUseNearestNeighborExtrapolator(beyond_edge)
    result: FloatArray = sitk.GetArrayFromImage(resampler.Execute(image))
    return result


def spread_points(mask: BoolArray, geometry: Geometry) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Voxels of a mask ``[k, j, i]`` to compare images in: at most `MOST_POINTS`, evenly spread.

    None is of the outermost ones of the grid, which have no derivative and are lost by the smallest motion.

    Returns:
        Their flat indices ``[n]``, and where they are, LPS mm, ``[3, n]``.
    """
    inner = np.zeros(geometry.shape, dtype=np.bool_)
    inner[1:-1, 1:-1, 1:-1] = True
    inside = np.flatnonzero(mask & inner)
    chosen = inside[:: max(1, math.ceil(len(inside) / MOST_POINTS))]
    to_lps = geometry.ijk_to_lps()
    points = to_lps[:3, :3] @ np.stack(np.unravel_index(chosen, geometry.shape)[::-1]) + to_lps[:3, 3:]
    return chosen, points


def slopes_along_lps(volume: FloatArray, geometry: Geometry) -> FloatArray:
    """The slope of an image ``[k, j, i]`` along each LPS axis, per mm, ``[3, k, j, i]``."""
    along_axes = np.stack([*np.gradient(volume)][::-1]) / np.reshape(geometry.spacing, (3, 1, 1, 1))
    slopes: FloatArray = np.tensordot(np.reshape(geometry.direction, (3, 3)), along_axes, axes=1).astype(np.float32)
    return slopes


def least_squares(model: NDArray[np.float64], values: NDArray[np.float32]) -> NDArray[np.float64]:
    """The factors ``[m]`` with which the rows of `model` ``[m, n]`` add up to `values` ``[n]`` best.

    Rows that change nothing, such as a shift of an image that is uniform along it, get 0.
    """
    size = np.linalg.norm(model, axis=1)
    size[size == 0.0] = 1.0
    rows = model / size[:, None]
    factors: NDArray[np.float64] = np.linalg.lstsq(rows @ rows.T, rows @ values, rcond=1e-9)[0] / size
    return factors


def sitk_transform(matrix: Matrix) -> sitk.AffineTransform:
    """The matrix as SimpleITK takes it."""
    return sitk.AffineTransform(matrix[:3, :3].ravel().tolist(), matrix[:3, 3].tolist())
