"""Whether an acquisition can be true, and whether it says enough to compute blood flow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deepasl.acquisition.hematocrit import is_fraction
from deepasl.acquisition.parameters import SPECS, Acquisition, LabelingType, Parameter, ParameterSpec
from deepasl.findings import Finding, error, warning

MILLISECONDS_FROM = 10.0
"""No delay, duration or T1 of ASL is longer than this in s: the ASL-BIDS validator asks the same question."""

MILLISECONDS_FROM_TR = 100.0

TIMES = (
    "post_labeling_delay",
    "labeling_duration",
    "bolus_cutoff_delay",
    "slice_timing",
    "repetition_time",
    "m0_repetition_time",
    "t1_blood",
    "t1_tissue",
)

OPTIONS = {
    "post_labeling_delay": "--pld",
    "labeling_duration": "--labeling-duration",
    "bolus_cutoff_delay": "--bolus-cutoff-delay",
    "m0_repetition_time": "--m0-tr",
    "labeling_type": "--labeling-type",
}
"""How the command line takes what is missing."""


def check(acquisition: Acquisition) -> tuple[Finding, ...]:
    """Impossible values (errors), missing values (errors), and unusual or contradicting ones (warnings)."""
    return (*_impossible(acquisition), *_missing(acquisition), *_unusual(acquisition), *_contradictions(acquisition))


def _impossible(acquisition: Acquisition) -> Iterator[Finding]:
    for name in TIMES:
        parameter: Parameter[Any] = getattr(acquisition, name)
        for value in dict.fromkeys(_values(parameter)):
            yield from _impossible_time(SPECS[name], parameter, value)
    for name in ("labeling_efficiency", "partition_coefficient"):
        parameter = getattr(acquisition, name)
        if parameter.known and not 0 < parameter.require() <= 1:
            yield error(f"{_code(name)}-impossible", f"{_told(SPECS[name], parameter)}; it must lie between 0 and 1.")
    delays = acquisition.post_labeling_delay
    if delays.known and not any(delays.require()):
        yield error(
            "post-labeling-delay-impossible",
            f"{SPECS['post_labeling_delay'].title} is 0 s for every volume{_from(delays)}; only M0 volumes have none. "
            f"Correct it (command line: {OPTIONS['post_labeling_delay']}).",
        )
    yield from _impossible_hematocrit(acquisition.hematocrit)
    field = acquisition.magnetic_field_strength
    if field.known and not 0 < field.require() < 20:
        yield error(
            "field-impossible", f"{_told(SPECS['magnetic_field_strength'], field)}; scanners have 0.5 to 11.7 T."
        )


def _impossible_time(spec: ParameterSpec, parameter: Parameter[Any], value: float) -> Iterator[Finding]:
    is_tr = spec.field in ("repetition_time", "m0_repetition_time")
    if value > (MILLISECONDS_FROM_TR if is_tr else MILLISECONDS_FROM):
        yield error(
            f"{_code(spec.field)}-milliseconds",
            f"{spec.title} is {value:g} s{_from(parameter)}; that looks like milliseconds. "
            f"Give it in seconds: {value / 1000:g}.",
        )
    elif value < 0 or (value == 0 and not spec.zero_is_usual):
        yield error(
            f"{_code(spec.field)}-impossible",
            f"{spec.title} is {value:g} s{_from(parameter)}, which cannot be. Correct it"
            + (f" (command line: {OPTIONS[spec.field]})." if spec.field in OPTIONS else "."),
        )


def _impossible_hematocrit(hematocrit: Parameter[float]) -> Iterator[Finding]:
    if not hematocrit.known or is_fraction(value := hematocrit.require()):
        return
    in_percent = f" That looks like percent: give {value / 100:g}." if 1.0 < value < 100.0 else ""
    yield error(
        "hematocrit-impossible",
        f"{_told(SPECS['hematocrit'], hematocrit)}; it is a fraction of the volume, above 0 and below 1.{in_percent}",
    )


def _missing(acquisition: Acquisition) -> Iterator[Finding]:
    kind = acquisition.labeling_type.value
    needed = ["labeling_type", "post_labeling_delay"]
    if kind in (LabelingType.PCASL, LabelingType.CASL):
        needed.append("labeling_duration")
    if kind is LabelingType.PASL:
        needed.append("bolus_cutoff_delay")
    for name in needed:
        if not getattr(acquisition, name).known:
            spec = SPECS[name]
            yield error(
                f"missing-{_code(name)}",
                f"{spec.title} is not known, and no blood flow can be computed without it. "
                f"Add {spec.bids} to the sidecar, or give it yourself (command line: {OPTIONS[name]}).",
            )
    if kind is None and not acquisition.bolus_cutoff_delay.known:
        yield error(
            "missing-bolus-width",
            "How long blood was labeled is not known either: give the labeling duration of (P)CASL (command line: "
            f"{OPTIONS['labeling_duration']}) or the bolus cut-off delay of PASL ({OPTIONS['bolus_cutoff_delay']}).",
        )
    if acquisition.readout.value == "2D" and not acquisition.slice_timing.known:
        yield error(
            "missing-slice-timing",
            "The readout is 2D but SliceTiming is not known: later slices have a longer delay, and without it their "
            "CBF would come out too low, by 25 % after 0.5 s. Add SliceTiming to the sidecar (command line: "
            "--slice-timing): the delay of each slice after the first, in s.",
        )


def _unusual(acquisition: Acquisition) -> Iterator[Finding]:
    for name, parameter in acquisition:
        spec = SPECS[name]
        if spec.usual is None or not parameter.known:
            continue
        low, high = spec.usual
        odd = [v for v in _values(parameter) if spec.is_unusual(v) and v < MILLISECONDS_FROM_TR]
        if odd:
            unit = f" {spec.unit}" if spec.unit else ""
            yield warning(
                f"{_code(name)}-unusual",
                f"{spec.title} is {odd[0]:g}{unit}{_from(parameter)}; usual is {low:g} to {high:g}{unit}. Check it.",
            )


def _contradictions(acquisition: Acquisition) -> Iterator[Finding]:
    yield from _contradicted_type(acquisition)
    duration, delays = acquisition.labeling_duration.value, _values(acquisition.post_labeling_delay)
    repetition_time = acquisition.repetition_time.value
    if duration and delays and repetition_time and repetition_time < duration + max(delays):
        yield warning(
            "tr-too-short",
            f"Labeling duration and post-labeling delay ({duration:g} + {max(delays):g} s) do not fit into the "
            f"repetition time of {repetition_time:g} s; one of the three is wrong.",
        )


def _contradicted_type(acquisition: Acquisition) -> Iterator[Finding]:
    """A bolus width of the other kind of labeling: it is not used, or the labeling type is wrong."""
    kind = acquisition.labeling_type.value
    if kind is None:
        return
    foreign = "labeling_duration" if kind is LabelingType.PASL else "bolus_cutoff_delay"
    parameter: Parameter[float] = getattr(acquisition, foreign)
    if parameter.known:
        yield warning(
            f"{_code(foreign)}-unusual",
            f"The labeling type is {kind.value}{_from(acquisition.labeling_type)}, but "
            f"{_told(SPECS[foreign], parameter)}, which {kind.value} does not have and which is not used. "
            "Check the type.",
        )


def _values(parameter: Parameter[Any]) -> tuple[float, ...]:
    if not parameter.known:
        return ()
    value = parameter.require()
    return tuple(value) if isinstance(value, tuple) else (value,)


def _from(parameter: Parameter[Any]) -> str:
    return f" ({parameter.origin})" if parameter.origin else ""


def _told(spec: ParameterSpec, parameter: Parameter[Any]) -> str:
    unit = f" {spec.unit}" if spec.unit else ""
    return f"{spec.title} is {parameter.require():g}{unit}{_from(parameter)}"


def _code(name: str) -> str:
    return name.replace("_", "-")
