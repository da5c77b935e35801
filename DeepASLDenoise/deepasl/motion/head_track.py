"""Where the head was in each of several volumes of one contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from deepasl.brain.masking import masking
from deepasl.geometry import Geometry
from deepasl.motion.rigid import AT_REST, Matrix, displacement, matrix_of, parameters_of, resampled
from deepasl.motion.template_alignment import Template, aligned, make_template
from deepasl.progress import Job, Progress
from deepasl.results import BoolArray
from deepasl.series import FloatArray

TEMPLATE_VOLUMES = 16
"""As many are averaged for the second pass: more take time and make it no better."""

RIM_MM = 6.0
"""The outline of the brain says most about where it is: a rim around it is compared too."""

CANDIDATES = 9
"""Of so many volumes the one that is most like the others is aligned with first; any may be spoilt."""

NOISE_REACH = 2.0
"""Noise stays below so many times what is told of its root mean square, also in 500 volumes."""

FINDING = "Finding head motion"


@dataclass(frozen=True)
class HeadTrack:
    """Where the head was in volumes of one contrast.

    Attributes:
        volumes: Their indices in the series.
        poses: From points of the place where it mostly was to those of each volume.
        unknown: Volumes that do not show what the others show; they have the pose of the volume before.
        noise_mm: What noise alone may look like in each: root mean square displacement, mm.
    """

    volumes: tuple[int, ...] = ()
    poses: tuple[Matrix, ...] = ()
    unknown: tuple[int, ...] = ()
    noise_mm: tuple[float, ...] = ()

    def parameters(self, geometry: Geometry) -> NDArray[np.float64]:
        """Its poses as `deepasl.motion.rigid.parameters_of` has them, ``[n, 6]``."""
        return np.reshape([parameters_of(pose, geometry) for pose in self.poses], (-1, 6))

    def farthest(self, geometry: Geometry) -> float:
        """The largest displacement from where the head mostly was, mm."""
        return max((displacement(pose, AT_REST, geometry) for pose in self.poses), default=0.0)

    def kept_within(self, least_mm: float, geometry: Geometry) -> bool:
        """Whether no displacement is above `least_mm`, nor above what noise can make one see."""
        noise = dict(zip(self.volumes, self.noise_mm, strict=True))
        return all(displacement(p, AT_REST, geometry) <= max(least_mm, NOISE_REACH * noise[t]) for t, p in self.known)

    @property
    def known(self) -> tuple[tuple[int, Matrix], ...]:
        """Volumes whose pose was found, with it."""
        return tuple((t, p) for t, p in zip(self.volumes, self.poses, strict=True) if t not in self.unknown)


def track_head(volumes: FloatArray, geometry: Geometry, chosen: Sequence[int]) -> Job[HeadTrack]:
    """Find where the head was in some volumes of a series, all of one contrast.

    The first pass aligns them with one that is like the others, the second with the mean of what came of it.

    Args:
        volumes: The series ``[t, k, j, i]``.
        geometry: Its grid, of at least `deepasl.motion.rigid.FEWEST_VOXELS` along each axis.
        chosen: Which of its volumes.

    Yields:
        Progress after each step of each volume.
    """
    usable = [t for t in chosen if np.isfinite(volumes[t]).all() and np.ptp(volumes[t]) > 0.0]
    if len(usable) < 2:
        unknown = tuple(t for t in chosen if t not in usable)
        return HeadTrack(tuple(chosen), (AT_REST,) * len(chosen), unknown, (0.0,) * len(chosen))
    typical = _typical(volumes, usable)
    mask = yield from where_to_look(volumes[typical], geometry)
    template = make_template(volumes[typical], geometry, mask)
    rough = yield from _aligned(template, volumes, chosen, None, done=0)
    if not rough.known:
        return rough
    rough = centered(rough, geometry)
    mean = yield from mean_in_place(volumes, geometry, rough)
    template = make_template(mean, geometry, mask)
    return centered((yield from _aligned(template, volumes, chosen, rough.poses, done=len(chosen))), geometry)


def mean_in_place(volumes: FloatArray, geometry: Geometry, track: HeadTrack) -> Job[FloatArray]:
    """The mean ``[k, j, i]`` of volumes with the head in one place: of `TEMPLATE_VOLUMES` of them, evenly spread."""
    known = track.known
    # An odd step, lest all of them be control images.
    few = known[:: -(-len(known) // TEMPLATE_VOLUMES) | 1]
    total = np.zeros(geometry.shape, dtype=np.float64)
    for count, (t, pose) in enumerate(few, start=1):
        total += resampled(volumes[t], geometry, pose, geometry, beyond_edge=True)
        yield Progress(FINDING, count, len(few))
    return (total / len(few)).astype(np.float32)


def centered(track: HeadTrack, geometry: Geometry) -> HeadTrack:
    """The same motion seen from where the head mostly was: the median of its known poses."""
    if not track.known:
        return track
    known = np.array([parameters_of(pose, geometry) for _, pose in track.known])
    back = np.linalg.inv(matrix_of(np.median(known, axis=0), geometry))
    return replace(track, poses=tuple(pose @ back for pose in track.poses))


def where_to_look(volume: FloatArray, geometry: Geometry) -> Job[BoolArray]:
    """The brain with a rim ``[k, j, i]``; everything where no brain is found."""
    brain = yield from masking(volume, geometry)
    if not brain.any():
        return np.ones(geometry.shape, dtype=np.bool_)
    distance = ndimage.distance_transform_edt(~brain, sampling=geometry.spacing[::-1])
    near: BoolArray = distance <= RIM_MM
    return near


def _typical(volumes: FloatArray, usable: Sequence[int]) -> int:
    """Of a few volumes, evenly spread, the one with the highest median correlation with the others."""
    few = usable[:: -(-len(usable) // CANDIDATES) | 1]
    alike = np.median(np.corrcoef([volumes[t].ravel() for t in few]), axis=0)
    return few[int(np.argmax(alike))]


def _aligned(
    template: Template, volumes: FloatArray, chosen: Sequence[int], starts: Sequence[Matrix] | None, *, done: int
) -> Job[HeadTrack]:
    """Every volume aligned with a template, beginning at `starts` or, without them, where the volume before was."""
    poses: list[Matrix] = []
    noise, unknown = [], []
    for count, t in enumerate(chosen):
        before = poses[-1] if poses else AT_REST
        progress = Progress(FINDING, done + count + 1, 2 * len(chosen))
        estimate = yield from aligned(template, volumes[t], before if starts is None else starts[count], progress)
        poses.append(estimate.pose if estimate.trusted else before)
        noise.append(estimate.noise_mm if estimate.trusted else 0.0)
        unknown += [] if estimate.trusted else [t]
    return HeadTrack(tuple(chosen), tuple(poses), tuple(unknown), tuple(noise))
