"""Where the brain is, and the M0 image that was measured of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepasl.acquisition.parameters import Acquisition
from deepasl.brain.masking import STAGE, masking, reference_image
from deepasl.calibration.m0 import m0_map, without_unusable
from deepasl.errors import InputError
from deepasl.findings import Finding, obstacles
from deepasl.progress import Job, Progress
from deepasl.quality.checks import check_volume
from deepasl.results import BoolArray, M0Map
from deepasl.series import AslSeries


@dataclass(frozen=True)
class Brain:
    """The brain of a scan.

    Attributes:
        mask: ``[k, j, i]`` bool, without voxels of unusable M0.
        m0: The calibration image as it was measured; None if none can be used.
        findings: What is to be said about both.
    """

    mask: BoolArray
    m0: M0Map | None
    findings: tuple[Finding, ...]


def find_brain(series: AslSeries, acquisition: Acquisition, known: Sequence[Finding]) -> Job[Brain]:
    """Find the brain and its M0.

    Args:
        series: The scan.
        acquisition: Its parameters, defaults filled in.
        known: What was found about these: an impossible repetition time would make M0 infinite.

    Yields:
        Progress after each part of the work.

    Raises:
        InputError: If there is no brain, or M0 is zero everywhere or on another grid.
    """
    yield Progress(STAGE, 0, 4)
    mask = yield from masking(reference_image(series), series.geometry)
    yield Progress(STAGE, 4, 4)
    m0, findings = _m0_if_possible(series, acquisition, known)
    if m0 is not None:
        mask, noticed = without_unusable(mask, m0)
        findings += noticed
    return Brain(mask, m0, findings + _require_brain(mask, series))


def _m0_if_possible(
    series: AslSeries, acquisition: Acquisition, known: Sequence[Finding]
) -> tuple[M0Map | None, tuple[Finding, ...]]:
    """The M0 map, unless a repetition time that cannot be would make it infinite."""
    impossible = (finding.code for finding in obstacles(known, with_m0=True))
    if any(code.startswith(("m0-repetition-time", "repetition-time", "t1-tissue")) for code in impossible):
        return None, ()
    return m0_map(series, acquisition)


def _require_brain(mask: BoolArray, series: AslSeries) -> tuple[Finding, ...]:
    if not mask.any():
        raise InputError("no brain was found in the image", where=series.origin, remedy="Check that it is a head scan.")
    return check_volume(float(mask.sum() * np.prod(series.geometry.spacing)) / 1000.0)
