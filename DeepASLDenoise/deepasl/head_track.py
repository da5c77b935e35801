"""Where the head was in each of several volumes of one contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from deepasl.geometry import Geometry
from deepasl.masking import brain_mask
from deepasl.progress import Job, Progress
from deepasl.results import BoolArray
from deepasl.rigid import AT_REST, Matrix, displacement, matrix_of, parameters_of, resampled
from deepasl.series import FloatArray
from deepasl.template_alignment import Template, aligned, make_template

TEMPLATE_VOLUMES = 16
"""As many are averaged for the second pass: more take time and make it no better."""

RIM_MM = 6.0
"""The outline of the brain says most about where it is: a rim around it is compared too."""

FINDING = "Finding head motion"


@dataclass(frozen=True)
class HeadTrack:
    """Where the head was in volumes of one contrast.

    Attributes:
        volumes: Their indices in the series.
        poses: From points of the place where it mostly was to those of each volume.
        unknown: Volumes that do not show what the others show; they have the pose of the volume before.
    """

    volumes: tuple[int, ...]
    poses: tuple[Matrix, ...]
    unknown: tuple[int, ...] = ()

    def parameters(self, geometry: Geometry) -> NDArray[np.float64]:
        """Its poses as `deepasl.rigid.parameters_of` has them, ``[n, 6]``."""
        return np.reshape([parameters_of(pose, geometry) for pose in self.poses], (-1, 6))

    def farthest(self, geometry: Geometry) -> float:
        """The largest displacement from where the head mostly was, mm."""
        return max((displacement(pose, AT_REST, geometry) for pose in self.poses), default=0.0)

    @property
    def known(self) -> tuple[tuple[int, Matrix], ...]:
        """Volumes whose pose was found, with it."""
        return tuple((t, p) for t, p in zip(self.volumes, self.poses, strict=True) if t not in self.unknown)


def track_head(volumes: FloatArray, geometry: Geometry, chosen: Sequence[int]) -> Job[HeadTrack]:
    """Find where the head was in some volumes of a series, all of one contrast.

    The first pass aligns them with the one in the middle of the scan, the second with the mean of what came of it.

    Args:
        volumes: The series ``[t, k, j, i]``.
        geometry: Its grid, of at least `deepasl.rigid.FEWEST_VOXELS` along each axis.
        chosen: Which of its volumes.

    Yields:
        Progress after each step of each volume.
    """
    usable = [t for t in chosen if np.isfinite(volumes[t]).all() and np.ptp(volumes[t]) > 0.0]
    if len(usable) < 2:
        return HeadTrack(tuple(chosen), (AT_REST,) * len(chosen), tuple(t for t in chosen if t not in usable))
    middle = usable[len(usable) // 2]
    mask = where_to_look(volumes[middle], geometry)
    first = HeadTrack(tuple(chosen), (AT_REST,) * len(chosen))
    template = make_template(volumes[middle], geometry, mask)
    rough = yield from _aligned(template, volumes, first, done=0)
    mean = yield from mean_in_place(volumes, geometry, centered(rough, geometry))
    template = make_template(mean, geometry, mask)
    fine = yield from _aligned(template, volumes, centered(rough, geometry), done=len(chosen))
    return centered(fine, geometry)


def mean_in_place(volumes: FloatArray, geometry: Geometry, track: HeadTrack) -> Job[FloatArray]:
    """The mean ``[k, j, i]`` of volumes with the head in one place: of `TEMPLATE_VOLUMES` of them, evenly spread."""
    known = track.known
    few = known[:: -(-len(known) // TEMPLATE_VOLUMES)]
    total = np.zeros(geometry.shape, dtype=np.float64)
    for count, (t, pose) in enumerate(few, start=1):
        total += resampled(volumes[t], geometry, pose, geometry, beyond_edge=True)
        yield Progress(FINDING, count, len(few))
    return (total / len(few)).astype(np.float32)


def centered(track: HeadTrack, geometry: Geometry) -> HeadTrack:
    """The same motion seen from where the head mostly was: the median of its known poses."""
    known = np.array([parameters_of(pose, geometry) for _, pose in track.known])
    back = np.linalg.inv(matrix_of(np.median(known, axis=0), geometry))
    return HeadTrack(track.volumes, tuple(pose @ back for pose in track.poses), track.unknown)


def where_to_look(volume: FloatArray, geometry: Geometry) -> BoolArray:
    """The brain with a rim ``[k, j, i]``; everything where no brain is found."""
    brain = brain_mask(volume, geometry)
    if not brain.any():
        return np.ones(geometry.shape, dtype=np.bool_)
    distance = ndimage.distance_transform_edt(~brain, sampling=geometry.spacing[::-1])
    near: BoolArray = distance <= RIM_MM
    return near


def _aligned(template: Template, volumes: FloatArray, start: HeadTrack, *, done: int) -> Job[HeadTrack]:
    """Every volume aligned with a template, from its pose so far or, at rest, from that of the volume before."""
    poses: list[Matrix] = []
    unknown = []
    total = 2 * len(start.volumes)
    for count, (t, guess) in enumerate(zip(start.volumes, start.poses, strict=True), start=1):
        before = poses[-1] if poses else AT_REST
        progress = Progress(FINDING, done + count, total)
        estimate = yield from aligned(template, volumes[t], before if guess is AT_REST else guess, progress)
        poses.append(estimate.pose if estimate.trusted else before)
        unknown += [] if estimate.trusted else [t]
    return HeadTrack(start.volumes, tuple(poses), tuple(unknown))
