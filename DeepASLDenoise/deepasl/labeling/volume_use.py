"""What becomes of each volume of a scan: used or left out, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from deepasl.brain.masking import masking, reference_image
from deepasl.labeling.delays import (
    PERFUSION_ROLES,
    SAME_DELAY,
    at_timing,
    delays_by_volume,
    distinct_delays,
    distinct_timings,
    with_one_delay,
)
from deepasl.labeling.roles import mean_signal
from deepasl.perfusion.differences import choose_pairs
from deepasl.progress import Job
from deepasl.quantification.multidelay import has_several_delays
from deepasl.run_record import DroppedVolumes
from deepasl.series import AslSeries, Role


@dataclass(frozen=True)
class VolumeUse:
    """What becomes of one volume.

    Attributes:
        index: Its number, from 0.
        role: What it was taken for.
        delay: Its post-labeling delay in s; None for a volume without labeling, or where it is not known.
        used: Whether anything is computed from it.
        reason: What it is used for, or why it is left out.
    """

    index: int
    role: Role
    delay: float | None
    used: bool
    reason: str


NEVER_USED: Mapping[Role, str] = MappingProxyType(
    {
        Role.CBF: "blood flow made by the scanner",
        Role.NO_RF: "noise scan without excitation",
        Role.UNUSED: "its role is n/a",
    }
)


def volume_uses(
    series: AslSeries,
    *,
    pld: float | None = None,
    pairs: int | None = None,
    dropped: Sequence[DroppedVolumes] = (),
) -> tuple[VolumeUse, ...]:
    """What the pipeline makes of each volume, without computing any image.

    Args:
        series: The scan.
        pld: The post-labeling delay in s to quantify, of several; None to use all of them.
        pairs: Average only the first so many pairs; None for all.
        dropped: What was found to be outliers.

    Returns:
        One entry for each volume, in order.
    """
    outcomes = _outcomes(series, pld, pairs)
    outcomes |= {t: (False, f"outlier: {each.reason}") for each in dropped for t in each.volumes}
    delays = delays_by_volume(series)
    known = series.acquisition.post_labeling_delay.known
    return tuple(
        VolumeUse(t, role, delays[t] if known and role in PERFUSION_ROLES else None, *outcomes[t])
        for t, role in enumerate(series.roles)
    )


def brain_signal(series: AslSeries) -> Job[NDArray[np.float64]]:
    """The mean of each volume in the brain, ``[t]``, scanner units: control and label alternate in it by about 1 %."""
    mask = yield from masking(reference_image(series), series.geometry)
    return mean_signal(series.volumes, mask)


def signal_range(signal: NDArray[np.float64], roles: tuple[Role, ...]) -> tuple[float, float]:
    """The range of `signal` ``[t]`` that shows perfusion: that of control, label and subtracted volumes.

    M0 volumes are several times as bright; within their range control and label would be one line.

    Returns:
        Lowest and highest value, with a tenth of their distance added on both sides; never of zero width.
    """
    shown = signal[[role in PERFUSION_ROLES for role in roles]]
    shown = shown if len(shown) else signal
    low, high = float(shown.min()), float(shown.max())
    margin = 0.1 * (high - low) or 0.01 * abs(high) or 1.0
    return low - margin, high + margin


Outcome = tuple[bool, str]


def _outcomes(series: AslSeries, pld: float | None, count: int | None) -> dict[int, Outcome]:
    outcomes = {t: _by_role_alone(series, role) for t, role in enumerate(series.roles)}
    if pld is None and has_several_delays(series):
        return outcomes | _of_all_delays(series, count)
    delays = distinct_delays(series)
    if len(delays) > 1:
        chosen = next((d for d in delays if pld is not None and abs(d - pld) <= SAME_DELAY), None)
        if chosen is None:
            told = (False, f"the scan has no delay of {pld:g} s")
            return outcomes | {t: told for t, role in enumerate(series.roles) if role in PERFUSION_ROLES}
        outcomes |= _of_other_delays(series, chosen)
        series = with_one_delay(series, chosen)
    return outcomes | _of_pairs(series, count)


def _by_role_alone(series: AslSeries, role: Role) -> Outcome:
    if role is Role.M0SCAN:
        separate = series.m0scan is not None
        return (False, "there is a separate M0 scan") if separate else (True, "M0")
    if role in NEVER_USED:
        return False, NEVER_USED[role]
    return (True, "subtracted image") if role is Role.DELTAM else (False, "no partner")


def _of_other_delays(series: AslSeries, chosen: float) -> dict[int, Outcome]:
    return {
        t: (False, f"another delay than {chosen:g} s")
        for t, (role, delay) in enumerate(zip(series.roles, delays_by_volume(series), strict=True))
        if role in PERFUSION_ROLES and delay != chosen
    }


def _of_all_delays(series: AslSeries, count: int | None) -> dict[int, Outcome]:
    outcomes: dict[int, Outcome] = {}
    for delay, duration in distinct_timings(series):
        at_delay = at_timing(series, delay, duration)
        of_pairs = _of_pairs(at_delay, count)
        outcomes |= {t: (used, f"{reason} at {delay:g} s") for t, (used, reason) in of_pairs.items()}
    return outcomes


def _of_pairs(series: AslSeries, count: int | None) -> dict[int, Outcome]:
    pairs, _ = choose_pairs(series, None)
    outcomes = dict.fromkeys(series.indices(Role.DELTAM), (False, "control and label are there")) if pairs else {}
    for number, pair in enumerate(pairs, start=1):
        used = count is None or number <= count
        outcomes |= dict.fromkeys(pair, (used, f"pair {number}" if used else f"only {count} pairs are averaged"))
    return outcomes
