"""M0 images brought to where the head is in the control and label images, which show it in another contrast."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepasl.findings import Finding, note, warning
from deepasl.geometry import Geometry
from deepasl.motion.contrast_alignment import contrast_aligned
from deepasl.motion.head_track import HeadTrack, mean_in_place, track_head
from deepasl.motion.rigid import AT_REST, FEWEST_VOXELS, Matrix, displacement, resampled
from deepasl.progress import Job, Progress
from deepasl.results import BoolArray
from deepasl.series import FloatArray, M0Scan

M0_STILL_MM = 0.6
"""M0 is smooth, and against strong background suppression in a part of the brain it cannot be told better where it is:
one that lies nearer is left as it is."""

FARTHEST_MM = 40.0
"""A pose farther away than a head can go in a coil is no pose."""

PLACING = "Placing M0"


def pose_of_m0(
    reference: FloatArray, grid: Geometry, m0: FloatArray, m0_grid: Geometry, mask: BoolArray
) -> Job[tuple[Matrix, tuple[Finding, ...]]]:
    """Where points of the ASL images lie in an M0 image.

    Args:
        reference: Mean control or label image ``[k, j, i]``.
        grid: Its grid.
        m0: The M0 image ``[k, j, i]``.
        m0_grid: Its grid.
        mask: Where to compare them, on `grid`.

    Returns:
        The pose (that of the headers, and a warning, where the images cannot be compared).
    """
    estimate = yield from contrast_aligned(reference, grid, m0, m0_grid, mask, stage=PLACING)
    if estimate.trusted and displacement(estimate.pose, AT_REST, grid) <= FARTHEST_MM:
        return estimate.pose, ()
    doubt = warning(
        "m0-position-uncertain",
        "Where the head lies in the M0 image could not be found from its content; it is left where its header puts it. "
        "Compare M0 with the control images.",
    )
    return AT_REST, (doubt,)


def on_series(
    scan: M0Scan, reference: FloatArray, grid: Geometry, mask: BoolArray
) -> Job[tuple[M0Scan, tuple[Finding, ...]]]:
    """A separate M0 scan with the head where it is in the ASL images, on their grid, interpolated once.

    Where its field of view ends M0 is 0, which no flow is computed from.

    Args:
        scan: The M0 scan, on any grid near by.
        reference: Mean control or label image ``[k, j, i]``.
        grid: Its grid.
        mask: Where to compare them.

    Returns:
        The scan, the same object if it lies within `M0_STILL_MM` on the same grid, and what was done.
    """
    if min(scan.geometry.shape) < FEWEST_VOXELS:
        return scan, ()
    track = yield from track_head(scan.volumes, scan.geometry, range(len(scan.volumes)))
    if not track.known:
        return scan, ()
    mean = yield from mean_in_place(scan.volumes, scan.geometry, track)
    onto, findings = yield from pose_of_m0(reference, grid, mean, scan.geometry, mask)
    total = HeadTrack(track.volumes, tuple(pose @ onto for pose in track.poses), track.unknown)
    away = total.farthest(grid)
    same_grid = scan.geometry.matches(grid)
    if same_grid and away <= M0_STILL_MM:
        return scan, findings
    volumes = np.empty((len(scan.volumes), *grid.shape), dtype=np.float32)
    for volume, source, pose in zip(volumes, scan.volumes, total.poses, strict=True):
        volume[:] = resampled(source, scan.geometry, pose, grid, beyond_edge=False)
        yield Progress(PLACING, 1, 1)
    grids = "" if same_grid else f", from a grid of {scan.geometry.describe()}"
    told = note(
        "m0-placed", f"The M0 scan was moved by {away:.1f} mm onto the ASL images{grids}; it was interpolated once."
    )
    return replace(scan, volumes=volumes, geometry=grid), (*findings, told)
