"""What stored pixels are worth, and whether M0 and ASL images are worth the same: vendor factors, named.

Philips: Chenevert et al., Transl Oncol 2014 (PMC3998685): signal = (RS x stored + RI) / (RS x SS).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepasl.findings import Finding, note
from deepasl.readers.dicom.attributes import PHILIPS_SCALE_SLOPE, RESCALE_SLOPE
from deepasl.readers.dicom.frames import Frame
from deepasl.readers.dicom.matching import Match
from deepasl.readers.dicom.volumes import HeaderVolume
from deepasl.series import FloatArray

SAME_SCALE = 1e-3
"""Relative difference of scale factors that rounding in headers explains."""


@dataclass(frozen=True)
class Scale:
    """How stored pixels of an image become signal: signal = slope x stored + intercept.

    Attributes:
        slope, intercept: The line.
        origin: Where it comes from.
    """

    slope: float
    intercept: float
    origin: str


def scale_of(frame: Frame) -> Scale:
    """The scale by which images of one patient position can be compared, from the header."""
    if frame.scale_slope:
        denominator = frame.slope * frame.scale_slope
        return Scale(1.0 / frame.scale_slope, frame.intercept / denominator, f"1 / {PHILIPS_SCALE_SLOPE}")
    return Scale(frame.slope, frame.intercept, str(RESCALE_SLOPE))


def rescaled(
    converted: FloatArray, volumes: Sequence[HeaderVolume], matches: Sequence[Match]
) -> tuple[FloatArray, tuple[Finding, ...]]:
    """The converted volumes in the order of the headers, each on the scale its header gives.

    Args:
        converted: ``[t, k, j, i]``, as dcm2niix has them.
        volumes: The volumes as the headers describe them.
        matches: Where each of them is among the converted ones.

    Returns:
        ``[t, k, j, i]`` float32, an array of its own, and a note where the conversion had used another scale.
    """
    ordered: FloatArray = np.empty(converted.shape, np.float32)
    corrected = 0
    for t, (volume, match) in enumerate(zip(volumes, matches, strict=True)):
        ordered[t] = converted[match.index]
        wanted = scale_of(volume.first)
        factor = wanted.slope / match.slope
        shift = wanted.intercept - factor * match.intercept
        if abs(factor - 1) > SAME_SCALE or abs(shift) > SAME_SCALE * np.abs(ordered[t]).max():
            ordered[t] = factor * ordered[t] + shift
            corrected += 1
    if not corrected:
        return ordered, ()
    told = note(
        "scale-corrected",
        f"dcm2niix had scaled {corrected} of {len(matches)} volumes in another way than "
        f"{scale_of(volumes[0].first).origin} says; corrected.",
    )
    return ordered, (told,)
