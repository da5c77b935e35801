"""Small rigid motion of a head during a scan."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from deepasl.geometry import Geometry
from deepasl.images import to_sitk
from deepasl.series import FloatArray


@dataclass(frozen=True)
class Pose:
    """Where a head is, from where it was: it turns about the center of the voxel grid, then moves.

    Attributes:
        shift_mm: To the right, to the front and up (RAS), mm.
        rotation_degrees: About the axes to the right, to the front and up (RAS), right-handed; about the second first,
            then about the first, then about the third.
    """

    shift_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rotation_degrees: tuple[float, float, float] = (0.0, 0.0, 0.0)


AT_REST = Pose()


def random_walk(volumes: int, *, step_mm: float, step_degrees: float, seed: int) -> tuple[Pose, ...]:
    """A head that wanders from its place in the first volume.

    Args:
        volumes: Number of poses.
        step_mm: SD of the shift along each axis from one volume to the next.
        step_degrees: SD of the rotation about each axis from one volume to the next.
        seed: Of the walk.
    """
    steps = np.random.default_rng(seed).standard_normal((volumes, 6)) * ([step_mm] * 3 + [step_degrees] * 3)
    steps[:1] = 0.0
    walk = np.cumsum(steps, axis=0).tolist()
    return tuple(Pose((x, y, z), (a, b, c)) for x, y, z, a, b, c in walk)


def moved(volume: FloatArray, geometry: Geometry, pose: Pose) -> FloatArray:
    """An image ``[k, j, i]`` of a head in this pose, resampled once with cubic B-splines.

    What was outside of the field of view and moves in is taken to be as its edge.
    """
    if pose == AT_REST:
        return volume
    image = to_sitk(volume, geometry)
    resampler = sitk.ResampleImageFilter()
    resampler.SetReferenceImage(image)
    resampler.SetInterpolator(sitk.sitkBSpline)
    resampler.UseNearestNeighborExtrapolatorOn()
    # Resampling asks where a point of the new image was in the old one.
    resampler.SetTransform(pose_transform(pose, geometry).GetInverse())
    result: FloatArray = sitk.GetArrayFromImage(resampler.Execute(image))
    return result


def pose_transform(pose: Pose, geometry: Geometry) -> sitk.Euler3DTransform:
    """From LPS points of the head at rest to those of the head in this pose."""
    x, y, z = pose.shift_mm
    a, b, c = (math.radians(angle) for angle in pose.rotation_degrees)
    middle = geometry.ijk_to_lps() @ [*((n - 1) / 2.0 for n in reversed(geometry.shape)), 1.0]
    # From RAS to LPS is half a turn about the third axis: it negates the first two components.
    transform = sitk.Euler3DTransform(middle[:3].tolist(), -a, -b, c)
    transform.SetTranslation((-x, -y, z))
    return transform
