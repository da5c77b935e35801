"""Rigid realignment of an ASL series: where the head was in each volume, and every volume brought to one place.

Control and label images are aligned with one another by least squares, M0 images, whose contrast is another, by the
correlation ratio. What alternates with labeling is not taken for motion. Each volume is interpolated once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepasl.findings import Finding, note, warning
from deepasl.motion.alternation import without_alternation
from deepasl.motion.framewise_displacement import framewise_displacement
from deepasl.motion.head_track import HeadTrack, centered, mean_in_place, track_head, where_to_look
from deepasl.motion.m0_placement import M0_STILL_MM, on_series, pose_of_m0
from deepasl.motion.rigid import FEWEST_VOXELS, matrix_of, resampled
from deepasl.progress import Job, Progress
from deepasl.series import AslSeries, FloatArray, Role, mean_of_some

STILL_MM = 0.1
"""A head that kept within this is left as it is: interpolation would change more than it mends."""

CORRECTING = "Correcting head motion"


@dataclass(frozen=True)
class Realigned:
    """A series with the head in one place.

    Attributes:
        series: The scan; the same arrays as before where nothing moved.
        parameters: Where the head was in each volume, against where it mostly was: shift to the right, to the front and
            up in mm, rotation about these axes (right-handed) in degrees, ``[t, 6]``. 0 for volumes that show no head,
            such as subtracted ones.
        framewise_displacement: Of control and label volumes, and of M0 volumes, against the one before of the same
            kind, mm, ``[t]``; 0 for the first of each kind and for other volumes.
        moved: Whether any image was resampled.
        findings: What is to be said about it.
    """

    series: AslSeries
    parameters: NDArray[np.float64]
    framewise_displacement: NDArray[np.float64]
    moved: bool
    findings: tuple[Finding, ...]


def realign(series: AslSeries) -> Job[Realigned]:
    """Find and correct rigid motion of the head between the volumes of a scan.

    Subtracted volumes (deltam), maps, noise scans and volumes without a role stay as they are. A head that kept within
    `STILL_MM` is left alone.

    Args:
        series: The scan; it is not changed.

    Yields:
        Progress after each step of the search and each volume resampled; the job may be closed at any of them.

    Returns:
        The scan with every volume where the head mostly was, and how it moved.
    """
    geometry = series.geometry
    labeled = tuple(t for t, role in enumerate(series.roles) if role in (Role.CONTROL, Role.LABEL))
    perfusion = HeadTrack()
    if labeled and min(geometry.shape) >= FEWEST_VOXELS:
        perfusion = _without_labeling(series, (yield from track_head(series.volumes, geometry, labeled)))
    if not perfusion.known:
        return _not_looked_for(series)
    still = perfusion.kept_within(STILL_MM, geometry)
    volumes = series.volumes
    if not still:
        volumes = series.volumes.copy()
        yield from _bring_back(volumes, series, perfusion)
    placed = replace(series, volumes=volumes)
    calibration = HeadTrack()
    told_of_m0: tuple[Finding, ...] = ()
    if series.m0scan is not None or series.indices(Role.M0SCAN):
        placed, calibration, told_of_m0 = yield from _with_m0(series, placed, perfusion)
    parameters, displacements = _described(series, (perfusion, calibration))
    return Realigned(
        placed,
        parameters,
        displacements,
        placed.volumes is not series.volumes or placed.m0scan is not series.m0scan,
        (*_told(series, perfusion, displacements, still), *told_of_m0),
    )


def _without_labeling(series: AslSeries, track: HeadTrack) -> HeadTrack:
    """The motion without what alternates with control and label."""
    roles = [series.roles[t] for t in track.volumes]
    parameters = without_alternation(track.parameters(series.geometry), roles)
    poses = tuple(matrix_of(each, series.geometry) for each in parameters)
    return centered(replace(track, poses=poses), series.geometry)


def _with_m0(
    series: AslSeries, placed: AslSeries, perfusion: HeadTrack
) -> Job[tuple[AslSeries, HeadTrack, tuple[Finding, ...]]]:
    """`placed` with its M0 images, of the series and separate ones, where the head is in its other images."""
    geometry = series.geometry
    findings: tuple[Finding, ...] = ()
    reference = mean_of_some(placed.volumes, [t for t, _ in perfusion.known])
    mask = yield from where_to_look(reference, geometry)
    track = yield from track_head(series.volumes, geometry, series.indices(Role.M0SCAN))
    if track.known:
        m0 = yield from mean_in_place(series.volumes, geometry, track)
        onto, findings = yield from pose_of_m0(reference, geometry, m0, geometry, mask)
        track = replace(track, poses=tuple(pose @ onto for pose in track.poses))
    if (away := track.farthest(geometry)) > M0_STILL_MM:
        volumes = placed.volumes.copy() if placed.volumes is series.volumes else placed.volumes
        yield from _bring_back(volumes, series, track)
        placed = replace(placed, volumes=volumes)
        told = f"M0 images were moved by up to {away:.1f} mm onto the control and label images; each interpolated once."
        findings += (note("m0-realigned", told),)
    if placed.m0scan is not None:
        m0scan, noticed = yield from on_series(placed.m0scan, reference, geometry, mask)
        placed, findings = replace(placed, m0scan=m0scan), findings + noticed
    return placed, track, findings


def _bring_back(volumes: FloatArray, series: AslSeries, track: HeadTrack) -> Job[None]:
    """Resample volumes of the series into `volumes`, in place."""
    for count, (t, pose) in enumerate(track.known, start=1):
        volumes[t] = resampled(series.volumes[t], series.geometry, pose, series.geometry, beyond_edge=True)
        yield Progress(CORRECTING, count, len(track.known))


def _described(series: AslSeries, tracks: tuple[HeadTrack, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Parameters ``[t, 6]`` and framewise displacement ``[t]`` of the whole series."""
    parameters, displacements = np.zeros((len(series.roles), 6)), np.zeros(len(series.roles))
    for track in tracks:
        chosen = list(track.volumes)
        parameters[chosen] = track.parameters(series.geometry)
        displacements[chosen] = framewise_displacement(parameters[chosen])
    return parameters, displacements


def _told(series: AslSeries, track: HeadTrack, displacements: NDArray[np.float64], still: bool) -> tuple[Finding, ...]:
    far = track.farthest(series.geometry)
    if still:
        seen = "" if far <= STILL_MM else ", as far as can be told in this noise"
        told = note(
            "motion-still",
            f"The head kept within {far:.2f} mm between control and label images{seen}: they are left as acquired.",
        )
    else:
        mean = float(displacements[list(track.volumes)].mean())
        told = note(
            "motion-corrected",
            f"Head motion of up to {far:.1f} mm was corrected in {len(track.known)} control and label images (mean "
            f"framewise displacement {mean:.2f} mm). Each was interpolated once, which smooths its noise a little.",
        )
    if not track.unknown:
        return (told,)
    listed = ", ".join(str(t) for t in track.unknown)
    doubt = warning(
        "motion-unknown", f"Volume(s) {listed} do not show the head that the others show; they are left as they are."
    )
    return told, doubt


def _not_looked_for(series: AslSeries) -> Realigned:
    count = len(series.roles)
    why = note(
        "motion-not-looked-for",
        "Head motion was not looked for: there are no control and label images that show a head, or fewer than "
        f"{FEWEST_VOXELS} voxels along an axis.",
    )
    return Realigned(series, np.zeros((count, 6)), np.zeros(count), False, (why,))
