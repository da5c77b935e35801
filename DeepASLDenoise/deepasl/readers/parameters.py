"""The acquisition a sidecar describes: fields to parameters, each with the file and field it came from.

Field names and units: BIDS specification, "Arterial Spin Labeling perfusion data".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from deepasl.acquisition.parameters import Acquisition, LabelingType, Parameter
from deepasl.errors import InputError
from deepasl.readers.sidecar import Sidecar, numbers_of, truth_of
from deepasl.series import Role


def acquisition_of(sidecar: Sidecar, roles: Sequence[Role]) -> Acquisition:
    """The acquisition a sidecar describes.

    Args:
        sidecar: The merged fields.
        roles: What each volume of the scan is; times may differ by volume.

    Raises:
        InputError: If a field per volume has another length than the scan, or a type is unknown.
    """
    if not sidecar.fields:
        return Acquisition()
    labeling_type = _labeling_type(sidecar)
    repetition_times = _per_volume(sidecar, "RepetitionTimePreparation", roles)
    return Acquisition(
        labeling_type=sidecar.parameter("ArterialSpinLabelingType", labeling_type),
        post_labeling_delay=sidecar.parameter("PostLabelingDelay", _per_volume(sidecar, "PostLabelingDelay", roles)),
        labeling_duration=_labeling_duration(sidecar, roles, labeling_type),
        bolus_cutoff_delay=_bolus_cutoff(sidecar, labeling_type),
        magnetic_field_strength=sidecar.parameter("MagneticFieldStrength", sidecar.number("MagneticFieldStrength")),
        readout=sidecar.parameter("MRAcquisitionType", _readout(sidecar)),
        slice_timing=sidecar.parameter("SliceTiming", _slice_timing(sidecar)),
        repetition_time=sidecar.parameter(
            "RepetitionTimePreparation", _time_of(repetition_times, roles, (Role.CONTROL, Role.LABEL, Role.DELTAM))
        ),
        m0_repetition_time=sidecar.parameter(
            "RepetitionTimePreparation", _time_of(repetition_times, roles, (Role.M0SCAN,))
        ),
        background_suppression=sidecar.parameter(
            "BackgroundSuppression", truth_of(sidecar.get("BackgroundSuppression"))
        ),
        background_suppression_pulses=sidecar.parameter("BackgroundSuppressionNumberPulses", _pulses(sidecar)),
        labeling_efficiency=sidecar.parameter("LabelingEfficiency", sidecar.number("LabelingEfficiency")),
    )


def labeling_durations_of(sidecar: Sidecar, roles: Sequence[Role]) -> tuple[float, ...]:
    """The labeling duration of each volume in s where they differ (0 for M0 volumes); else empty.

    Raises:
        InputError: If there are neither one nor as many as volumes.
    """
    if _labeling_type(sidecar) is LabelingType.PASL:
        return ()
    durations = _per_volume(sidecar, "LabelingDuration", roles) or ()
    return durations if len(set(durations) - {0.0}) > 1 else ()


def m0_repetition_time_of(sidecar: Sidecar) -> Parameter[float]:
    """The repetition time of a separate M0 scan, from its own sidecar."""
    return sidecar.parameter("RepetitionTimePreparation", sidecar.number("RepetitionTimePreparation"))


def overridden(acquisition: Acquisition, given: Acquisition | None) -> Acquisition:
    """`acquisition` with every parameter that is known in `given` in its place."""
    known = {name: parameter for name, parameter in given or Acquisition() if parameter.known}
    return replace(acquisition, **known)


def labeling_type_named(value: Any) -> LabelingType | None:
    """The labeling type that a field names, however it is spelled; None for any other word."""
    word = str(value).upper().replace("-", "").replace("_", "").replace(" ", "")
    return LabelingType.__members__.get(
        {"PSEUDOCONTINUOUS": "PCASL", "CONTINUOUS": "CASL", "PULSED": "PASL"}.get(word, word)
    )


def _labeling_type(sidecar: Sidecar) -> LabelingType | None:
    value = sidecar.get("ArterialSpinLabelingType")
    if value is None:
        return None
    named = labeling_type_named(value)
    if named is None:
        name = sidecar.name_of("ArterialSpinLabelingType") or ""
        raise InputError(
            f"{name} is {value!r}, which is no labeling type",
            where=sidecar.files.get(name),
            remedy="PCASL, CASL and PASL are understood.",
        )
    return named


def _per_volume(sidecar: Sidecar, standard: str, roles: Sequence[Role]) -> tuple[float, ...] | None:
    """A time for all volumes or one for each."""
    values = numbers_of(sidecar.get(standard))
    if not values:
        return None
    if len(values) not in (1, len(roles)):
        name = sidecar.name_of(standard) or standard
        raise InputError(
            f"{name} has {len(values)} values for {len(roles)} volumes",
            where=sidecar.files.get(name),
            remedy="Give one value, or one for each volume.",
        )
    return values


def _time_of(times: tuple[float, ...] | None, roles: Sequence[Role], wanted: tuple[Role, ...]) -> float | None:
    """The time of the first volume that has a wanted role."""
    if times is None:
        return None
    chosen = [t for t, role in enumerate(roles) if role in wanted]
    return (times[0] if len(times) == 1 else times[chosen[0]]) if chosen else None


def _labeling_duration(sidecar: Sidecar, roles: Sequence[Role], labeling_type: LabelingType | None) -> Parameter[float]:
    if labeling_type is LabelingType.PASL:
        return Parameter()
    durations = set(_per_volume(sidecar, "LabelingDuration", roles) or ()) - {0.0}
    duration = sidecar.parameter("LabelingDuration", max(durations, default=None))
    if len(durations) < 2:
        return duration
    return replace(duration, origin=f"{duration.origin} (the longest; it differs between volumes)")


def _bolus_cutoff(sidecar: Sidecar, labeling_type: LabelingType | None) -> Parameter[float]:
    """TI1: the first of the cut-off times (Q2TIPS lists the first and the last saturation pulse)."""
    if labeling_type is not LabelingType.PASL or truth_of(sidecar.get("BolusCutOffFlag")) is False:
        return Parameter()
    times = numbers_of(sidecar.get("BolusCutOffDelayTime"))
    return sidecar.parameter("BolusCutOffDelayTime", times[0] if times else None)


def _readout(sidecar: Sidecar) -> str | None:
    value = str(sidecar.get("MRAcquisitionType") or "").strip().upper()
    return value if value in ("2D", "3D") else None


def _slice_timing(sidecar: Sidecar) -> tuple[float, ...] | None:
    """Delays in the order of the array: `SliceEncodingDirection` k- lists them from the last slice."""
    timing = numbers_of(sidecar.get("SliceTiming"))
    if len(timing) < 2 or _readout(sidecar) == "3D":
        return None
    if sidecar.get("SliceEncodingDirection") == "k-":
        timing = timing[::-1]
    return tuple(t - min(timing) for t in timing)


def _pulses(sidecar: Sidecar) -> int | None:
    number = sidecar.number("BackgroundSuppressionNumberPulses")
    if number is not None:
        return int(number)
    times = sidecar.get("BackgroundSuppressionPulseTime")
    return len(times) if isinstance(times, list) and times else None
