"""Which volumes were acquired at which post-labeling delay, and the scan reduced to one delay of several."""

from __future__ import annotations

from dataclasses import replace

from deepasl.acquisition.parameters import LabelingType, Parameter, Source
from deepasl.errors import AcquisitionError
from deepasl.series import AslSeries, Role

PERFUSION_ROLES = (Role.CONTROL, Role.LABEL, Role.DELTAM)

SAME_DELAY = 0.005
"""Delays closer than this in s are one delay, rounded differently."""


def delays_by_volume(series: AslSeries) -> tuple[float, ...]:
    """The post-labeling delay of each volume in s; 0 where it is not known."""
    delays = series.acquisition.post_labeling_delay.value or (0.0,)
    return delays if len(delays) == len(series.volumes) else delays[:1] * len(series.volumes)


def require_delay_of_each_volume(series: AslSeries) -> None:
    """Refuse a list of delays that is neither one for all volumes nor one for each.

    Raises:
        AcquisitionError: Saying how many there are.
    """
    known = series.acquisition.post_labeling_delay
    count, volumes = len(known.value or ()), len(series.volumes)
    if count not in (0, 1, volumes):
        raise AcquisitionError(
            f"there are {count} post-labeling delays ({known.origin}) for {volumes} volumes",
            where=series.origin,
            remedy="Give one delay for all volumes, or one for each.",
        )


def distinct_delays(series: AslSeries) -> tuple[float, ...]:
    """The delays in s of control, label and subtracted volumes, ascending, each once."""
    by_volume = zip(delays_by_volume(series), series.roles, strict=True)
    return tuple(sorted({delay for delay, role in by_volume if role in PERFUSION_ROLES}))


def durations_by_volume(series: AslSeries) -> tuple[float, ...]:
    """How long blood was labeled before each volume in s (PASL: the bolus width TI1); 0 where it is not known."""
    if series.labeling_durations:
        return series.labeling_durations
    acquisition = series.acquisition
    pulsed = acquisition.labeling_type.value is LabelingType.PASL
    duration = acquisition.bolus_cutoff_delay if pulsed else acquisition.labeling_duration
    return (duration.value or 0.0,) * len(series.volumes)


def distinct_timings(series: AslSeries) -> tuple[tuple[float, float], ...]:
    """Delay and labeling duration in s of control, label and subtracted volumes, each once, by ascending delay."""
    by_volume = zip(delays_by_volume(series), durations_by_volume(series), series.roles, strict=True)
    return tuple(sorted({(delay, duration) for delay, duration, role in by_volume if role in PERFUSION_ROLES}))


def at_timing(series: AslSeries, delay: float, duration: float) -> AslSeries:
    """The series with all perfusion volumes of another delay or labeling duration unused."""
    timings = zip(delays_by_volume(series), durations_by_volume(series), series.roles, strict=True)
    roles = tuple(
        Role.UNUSED if role in PERFUSION_ROLES and (at, lasting) != (delay, duration) else role
        for at, lasting, role in timings
    )
    return replace(series, roles=roles)


def with_one_delay(series: AslSeries, pld: float | None) -> AslSeries:
    """The series reduced to one post-labeling delay.

    Where volumes have several delays, those of other delays than `pld` become unused. Where they have one, or none
    is known, `pld` is the user's word against it.

    Args:
        series: The scan.
        pld: The delay in s; None to take the only one there is.

    Raises:
        AcquisitionError: If there are several delays and `pld` is none of them.
    """
    delays = distinct_delays(series)
    if len(delays) > 1:
        return _selected(series, delays, pld)
    if pld is not None:
        acquisition = series.acquisition.with_values(Source.USER, "given by the user", post_labeling_delay=(pld,))
        return replace(series, acquisition=acquisition)
    known = series.acquisition.post_labeling_delay
    # A scan whose volumes are all unused has no delay of theirs, but what the file said stays known.
    if delays and len(known.value or ()) > 1:
        return _with_single_value(series, known, delays)
    return series


def _selected(series: AslSeries, delays: tuple[float, ...], pld: float | None) -> AslSeries:
    chosen = None if pld is None else min(delays, key=lambda delay: abs(delay - pld))
    if pld is None or chosen is None or abs(chosen - pld) > SAME_DELAY:
        listed = ", ".join(f"{delay:g}" for delay in delays)
        asked = "" if pld is None else f", and {pld:g} s is none of them"
        raise AcquisitionError(
            f"the scan has {len(delays)} post-labeling delays ({listed} s){asked}",
            where=series.origin,
            remedy="Choose one of them (command line: --pld), or none of them to fit flow and transit time to all.",
        )
    roles = tuple(
        Role.UNUSED if role in PERFUSION_ROLES and delay != chosen else role
        for delay, role in zip(delays_by_volume(series), series.roles, strict=True)
    )
    evidence = (*series.role_evidence, f"volumes of other delays than {chosen:g} s are left out, as the user chose")
    reduced = _with_single_duration(replace(series, roles=roles, role_evidence=evidence), chosen)
    return _with_single_value(reduced, series.acquisition.post_labeling_delay, (chosen,))


def _with_single_value(series: AslSeries, known: Parameter[tuple[float, ...]], delays: tuple[float, ...]) -> AslSeries:
    """The series with one delay for all its volumes in place of one for each."""
    single = replace(known, value=delays)
    return replace(series, acquisition=replace(series.acquisition, post_labeling_delay=single))


def _with_single_duration(series: AslSeries, delay: float) -> AslSeries:
    """The series at one delay with the labeling duration of its volumes in place of one for each."""
    if not series.labeling_durations:
        return series
    durations = {duration for _, duration in distinct_timings(series)}
    if len(durations) > 1:
        listed = ", ".join(f"{duration:g}" for duration in sorted(durations))
        raise AcquisitionError(
            f"volumes at the post-labeling delay of {delay:g} s have several labeling durations ({listed} s)",
            where=series.origin,
            remedy="Fit all delays together (command line: leave out --pld).",
        )
    known = replace(series.acquisition.labeling_duration, value=durations.pop())
    return replace(series, labeling_durations=(), acquisition=replace(series.acquisition, labeling_duration=known))
