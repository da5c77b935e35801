"""When each slice was excited, and how long volumes are apart: from the headers, checked against the conversion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from deepasl.acquisition.parameters import Parameter
from deepasl.findings import Finding, note
from deepasl.geometry import Geometry
from deepasl.readers.dicom import attributes as tag
from deepasl.readers.dicom.facts import from_dicom
from deepasl.readers.dicom.frames import Frame
from deepasl.readers.dicom.header import Places, numbers_of
from deepasl.readers.dicom.volumes import HeaderVolume
from deepasl.series import Role

SAME_TIME = 0.002
"""Slice times closer than this in s are equal: scanners round to 2.5 ms."""


def slice_timing(
    places: Places, volume: HeaderVolume, geometry: Geometry, sidecar: Mapping[str, Any]
) -> tuple[Parameter[tuple[float, ...]], tuple[Finding, ...]]:
    """The excitation delay of each slice after the first, in the order of the array.

    Args:
        places: The header of a volume from the middle of a 2D series.
        volume: That volume.
        geometry: The grid of the converted volumes.
        sidecar: What dcm2niix says, in case the header has nothing.
    """
    if volume.first.tiles > 1:
        times = np.array(numbers_of(tag.SIEMENS_SLICE_TIMES, places)[: volume.first.tiles]) / 1000.0
        origin = str(tag.SIEMENS_SLICE_TIMES)
    else:
        times, origin = np.array([_seconds_of_day(frame) for frame in volume.frames]), str(tag.FRAME_TIME)
    repetition_time = volume.first.repetition_time or np.inf
    converted = sidecar.get("SliceTiming")
    if len(times) != volume.slices or not 0 < np.ptp(times) < repetition_time:
        if isinstance(converted, list) and len(converted) == volume.slices:
            return from_dicom(tuple(float(t) for t in converted), "dcm2niix: SliceTiming"), ()
        return Parameter(), ()
    upwards = float(np.dot(volume.first.plane.normal, np.reshape(geometry.direction, (3, 3))[:, 2])) > 0
    ordered = (times - times.min())[:: 1 if upwards else -1]
    timing = tuple(round(float(t), 4) for t in ordered)
    return from_dicom(timing, origin), _disagreement(timing, converted)


def repetition_time_of(
    volumes: Sequence[HeaderVolume], roles: Sequence[Role], wanted: Sequence[Role]
) -> Parameter[Any]:
    """The repetition time of the first volume with a wanted role."""
    for volume, role in zip(volumes, roles, strict=True):
        if role in wanted and volume.first.repetition_time is not None:
            return from_dicom(volume.first.repetition_time, tag.REPETITION_TIME)
    return Parameter()


def _disagreement(timing: Sequence[float], converted: Any) -> tuple[Finding, ...]:
    if not isinstance(converted, list) or len(converted) != len(timing):
        return ()
    if np.allclose(np.subtract(converted, min(converted)), timing, atol=SAME_TIME):
        return ()
    return (
        note(
            "slice-timing-corrected",
            f"dcm2niix gives the slices other times (last slice {converted[-1]:g} s) than the header "
            f"({timing[-1]:g} s); the header is used.",
        ),
    )


def _seconds_of_day(frame: Frame) -> float:
    """The time of a frame in s; ``20220711121421.8575`` and ``121421.8575`` are understood."""
    whole, _, fraction = frame.time.partition(".")
    if len(whole) not in (6, 14) or not whole.isdigit():
        return 0.0
    hours, minutes, seconds = (int(whole[-6:][n : n + 2]) for n in (0, 2, 4))
    digits = "".join(c for c in fraction if c.isdigit())
    return hours * 3600.0 + minutes * 60.0 + seconds + (float(f"0.{digits}") if digits else 0.0)
