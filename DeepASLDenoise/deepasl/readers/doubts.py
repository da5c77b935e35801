"""Everything in a sidecar a careful reader would stop at. Nothing is corrected in silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deepasl.acquisition.parameters import SPECS, Acquisition, LabelingType
from deepasl.findings import Finding, note, warning
from deepasl.readers.parameters import labeling_type_named
from deepasl.readers.sidecar import ALIASES, Sidecar, numbers_of, truth_of
from deepasl.series import Role

REQUIRED = (
    "ArterialSpinLabelingType",
    "PostLabelingDelay",
    "BackgroundSuppression",
    "M0Type",
    "TotalAcquiredPairs",
    "RepetitionTimePreparation",
    "EchoTime",
    "MagneticFieldStrength",
    "MRAcquisitionType",
)

DRAFT_FIELDS = (
    "M0",
    "PulseDuration",
    "InterPulseSpacing",
    "BackgroundSuppressionLength",
    "AverageB1LabelingPulses",
    "AverageLabelingGradient",
    "SliceSelectiveLabelingGradient",
    "LabelingSlabLocation",
    "BolusCutOffTimingSequence",
)
"""Fields of the draft of ASL-BIDS that today's standard does not have."""

OF_ITS_OWN = frozenset({"RepetitionTime", "InversionTime", "BolusDuration", "InitialPostLabelDelay"})
"""Names that stand for a field of the standard where it is absent, and may rightly differ from it where it is not."""

DEPENDS_ON_HEADER = {
    "RepetitionTime": "The M0 correction depends on it.",
    "MagneticFieldStrength": "T1 of blood and tissue depend on it.",
}


def doubts_of(sidecar: Sidecar, acquisition: Acquisition, roles: Sequence[Role]) -> tuple[Finding, ...]:
    """Everything in a sidecar a careful reader would stop at; nothing where there is no sidecar."""
    if not sidecar.fields:
        return ()
    return (
        *_old_names(sidecar, acquisition.labeling_type.value),
        *_two_values(sidecar),
        *_words_for_truth(sidecar),
        *_missing_fields(sidecar),
        *_draft_fields(sidecar),
        *_m0_contradictions(sidecar, roles),
        *_suppression_doubts(sidecar, acquisition),
        *_labeling_doubts(sidecar, acquisition),
        *_nested_contradictions(sidecar),
    )


def delay_doubts(acquisition: Acquisition) -> tuple[Finding, ...]:
    """A post-labeling delay so short that labeled blood has not left the arteries."""
    delays = [delay for delay in acquisition.post_labeling_delay.value or () if delay > 0]
    usual = SPECS["post_labeling_delay"].usual
    if not delays or usual is None or max(delays) >= usual[0]:
        return ()
    return (
        warning(
            "delay-in-arteries",
            f"The post-labeling delay is {max(delays):g} s: labeled blood is still in the arteries, the maps show "
            "vessels, and CBF values are meaningless.",
        ),
    )


def _old_names(sidecar: Sidecar, labeling_type: LabelingType | None) -> list[Finding]:
    # The same old field held the labeling duration of (P)CASL and the bolus width of PASL.
    not_meant = "LabelingDuration" if labeling_type is LabelingType.PASL else "BolusCutOffDelayTime"
    found = []
    for standard in ALIASES:
        name = sidecar.name_of(standard)
        if name is None or name == standard or standard == not_meant:
            continue
        message = f"{name} ({sidecar.fields[name]}) was read as {standard}, its name in today's ASL-BIDS."
        if name == "RepetitionTime":
            message += " If it is the time between excitations and not between volumes, the M0 correction is wrong."
            found.append(warning("repetition-time-name", message))
        else:
            found.append(note("old-field-name", message))
    return found


def _two_values(sidecar: Sidecar) -> list[Finding]:
    """A field that is there under two names, which disagree: one of both is wrong."""
    found = []
    for standard, aliases in ALIASES.items():
        names = [name for name in (standard, *aliases) if name in sidecar.fields and name not in OF_ITS_OWN]
        for other in names[1:]:
            used = names[0]
            if _meaning(sidecar.fields[other]) != _meaning(sidecar.fields[used]):
                message = f"{used} is {sidecar.fields[used]}, but {other} says {sidecar.fields[other]}"
                found.append(warning("field-twice", f"{message}; {used} is used. Check which is right."))
    return found


def _meaning(value: Any) -> Any:
    """A value without its spelling: labeling types and numbers as text are what they name."""
    return labeling_type_named(value) or numbers_of(value) or str(value)


def _words_for_truth(sidecar: Sidecar) -> list[Finding]:
    fields = ("BackgroundSuppression", "BolusCutOffFlag", "LookLocker", "VascularCrushing")
    worded = {name: sidecar.fields[name] for name in fields if isinstance(sidecar.fields.get(name), str)}
    return [
        note("truth-as-word", f"{name} is the text {value!r}; read as {str(truth_of(value)).lower()}.")
        for name, value in worded.items()
    ]


def _missing_fields(sidecar: Sidecar) -> list[Finding]:
    absent = [name for name in REQUIRED if name not in sidecar.fields]
    if not absent:
        return []
    return [note("fields-missing", "ASL-BIDS requires fields that the sidecar lacks: " + ", ".join(absent) + ".")]


def _draft_fields(sidecar: Sidecar) -> list[Finding]:
    present = [f"{name} ({sidecar.fields[name]})" for name in DRAFT_FIELDS if name in sidecar.fields]
    if not present:
        return []
    return [note("draft-fields", "Fields of a draft of the standard are not used: " + ", ".join(present) + ".")]


def _m0_contradictions(sidecar: Sidecar, roles: Sequence[Role]) -> list[Finding]:
    declared = str(sidecar.get("M0Type") or "")
    included = sum(role is Role.M0SCAN for role in roles)
    if declared == "Included" and not included:
        return [warning("m0-type", "M0Type says the M0 scan is included, but no volume is an M0 scan.")]
    if declared in ("Separate", "Absent") and included:
        return [warning("m0-type", f"M0Type is {declared!r}, but {included} volumes are M0 scans; they are used.")]
    if declared == "Estimate":
        return [warning("m0-type", "M0Type is 'Estimate'; a single M0 number cannot be used yet, give an M0 image.")]
    return []


def _suppression_doubts(sidecar: Sidecar, acquisition: Acquisition) -> list[Finding]:
    found = []
    times = sidecar.get("BackgroundSuppressionPulseTime")
    if times is not None and not isinstance(times, list):
        found.append(
            note(
                "suppression-times",
                f"BackgroundSuppressionPulseTime is {times!r}, not a list of times; the number of pulses is not known.",
            )
        )
    efficiency = acquisition.labeling_efficiency
    if efficiency.known and acquisition.background_suppression.value:
        found.append(
            note(
                "efficiency-given",
                f"LabelingEfficiency {efficiency.value:g} is taken as it is, "
                "without a further loss for background suppression.",
            )
        )
    return found


def _labeling_doubts(sidecar: Sidecar, acquisition: Acquisition) -> list[Finding]:
    found = []
    if truth_of(sidecar.get("LookLocker")):
        found.append(
            warning(
                "look-locker",
                "LookLocker is true: repeated small flip angles would lower the signal, which the model does not "
                "know. With one delay and a large flip angle the entry is probably a slip.",
            )
        )
    is_pcasl = acquisition.labeling_type.value in (LabelingType.PCASL, LabelingType.CASL)
    if is_pcasl and "BolusCutOffDelayTime" in sidecar.fields:
        found.append(note("bolus-cutoff-unused", "Bolus cut-off fields belong to PASL; they are not used."))
    return found


def _nested_contradictions(sidecar: Sidecar) -> list[Finding]:
    """Some converters add a second, nested copy of the header; where it disagrees, one of both is wrong."""
    nested = sidecar.fields.get("global")
    constants = nested.get("const", {}) if isinstance(nested, dict) else {}
    found = []
    for name in ("RepetitionTime", "MagneticFieldStrength", "EchoTime", "FlipAngle", "SliceThickness"):
        outer, inner = sidecar.number(name), numbers_of(constants.get(name)) if isinstance(constants, dict) else ()
        if outer is None or len(inner) != 1:
            continue
        factor = inner[0] / outer if outer else 0.0
        if not any(abs(factor - same) < 0.01 * same for same in (1.0, 1000.0)):
            found.append(_contradiction(name, outer, inner[0]))
    return found


def _contradiction(name: str, outer: float, inner: float) -> Finding:
    told = f"{name} is {outer:g} in the sidecar but {inner:g} in its nested header copy"
    consequence = DEPENDS_ON_HEADER.get(name)
    if consequence is None:
        return note("header-contradiction", f"{told}. Blood flow does not depend on it.")
    return warning("header-contradiction", f"{told}; {outer:g} is used. {consequence}")
