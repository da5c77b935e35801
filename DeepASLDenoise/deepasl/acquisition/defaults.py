"""Fill in what a scan does not say: published constants, each with its source in words."""

from __future__ import annotations

from dataclasses import replace

from deepasl.acquisition.hematocrit import blood_t1, is_fraction, is_measured_field
from deepasl.acquisition.parameters import Acquisition, LabelingType, Parameter, Source
from deepasl.findings import Finding, note, warning
from deepasl.quantification.buxton import (
    EFFICIENCY_PER_SUPPRESSION_PULSE,
    LABELING_EFFICIENCY,
    PARTITION_COEFFICIENT,
    t1_blood_at,
    t1_grey_matter_at,
)

COMMON_FIELD_STRENGTH = 3.0


def complete(acquisition: Acquisition) -> tuple[Acquisition, tuple[Finding, ...]]:
    """The acquisition with a default for every parameter that has one, and what that leaves in doubt.

    T1 of blood follows from the hematocrit where that is known, and from the field strength alone where it is not.
    Times of the protocol (post-labeling delay, labeling duration, bolus cut-off, TR) have no default: they differ
    from scan to scan, and a guess would change CBF unnoticed.
    """
    findings: list[Finding] = []
    known = acquisition
    if not known.labeling_type.known and known.labeling_duration.known:
        known = _default(known, labeling_type=(LabelingType.PCASL, "a labeling duration is given, so not pulsed"))
        findings.append(warning("labeling-type-assumed", "The labeling type is not known; PCASL is assumed."))
    if not known.magnetic_field_strength.known:
        known = _default(known, magnetic_field_strength=(COMMON_FIELD_STRENGTH, "the most common field strength"))
        findings.append(warning("field-assumed", "The field strength is not known; 3 T is assumed for T1 of blood."))
    known, told = _with_t1_of_hematocrit(known)
    findings += told
    field = known.magnetic_field_strength.require()
    known = _default(
        known,
        t1_blood=t1_blood_at(field),
        t1_tissue=t1_grey_matter_at(field),
        partition_coefficient=(PARTITION_COEFFICIENT, "white paper (Alsop 2015), whole brain"),
    )
    if not known.labeling_efficiency.known and known.labeling_type.known:
        known, doubts = _with_efficiency(known)
        findings += doubts
    return known, tuple(findings)


def _default(acquisition: Acquisition, **values: tuple[object, str]) -> Acquisition:
    """A copy in which the named fields that are unknown have these (value, origin)."""
    unknown = {name: v for name, v in values.items() if not getattr(acquisition, name).known}
    return replace(
        acquisition,
        **{name: Parameter(value, Source.DEFAULT, origin) for name, (value, origin) in unknown.items()},  # type: ignore[arg-type]
    )


def _with_t1_of_hematocrit(acquisition: Acquisition) -> tuple[Acquisition, list[Finding]]:
    """T1 of blood from the hematocrit, unless it was given; as it was where no hematocrit can be used."""
    hematocrit, field = acquisition.hematocrit, acquisition.magnetic_field_strength.require()
    if not hematocrit.known or not is_fraction(hematocrit.require()):
        return acquisition, []
    if acquisition.t1_blood.known:
        given = f"T1 of blood is given ({acquisition.t1_blood.require():g} s): the hematocrit changes nothing."
        return acquisition, [note("hematocrit-unused", given)]
    by_field, _ = t1_blood_at(field)
    if not is_measured_field(field):
        doubt = warning(
            "hematocrit-unused",
            f"How T1 of blood depends on the hematocrit was measured at 1.5 to 7 T, not at {field:g} T; "
            f"{by_field:.3g} s is used whatever the hematocrit.",
        )
        return acquisition, [doubt]
    t1 = round(blood_t1(hematocrit.require(), field), 3)
    origin = f"hematocrit {hematocrit.require():g} ({hematocrit.origin}) at {field:g} T, Hales 2016"
    told = note(
        "t1-blood-of-hematocrit",
        f"T1 of arterial blood is {t1:g} s for a hematocrit of {hematocrit.require():g} at {field:g} T (Hales 2016); "
        f"by the field strength alone it would be {by_field:.4g} s.",
    )
    return replace(acquisition, t1_blood=Parameter(t1, Source.COMPUTED, origin)), [told]


def _with_efficiency(acquisition: Acquisition) -> tuple[Acquisition, list[Finding]]:
    """The usual labeling efficiency, times what background-suppression pulses leave of the label."""
    kind = acquisition.labeling_type.require()
    alpha = LABELING_EFFICIENCY[kind.value]
    origin = f"usual for {kind.value} (white paper; CASL: Wang 2005)"
    if not acquisition.background_suppression.value:
        return _default(acquisition, labeling_efficiency=(alpha, origin)), []
    pulses = acquisition.background_suppression_pulses.value
    if pulses is None:
        rise = 100.0 / EFFICIENCY_PER_SUPPRESSION_PULSE - 100.0
        doubt = warning(
            "suppression-pulses-unknown",
            f"Background suppression is on, but the number of its pulses is not known: labeling efficiency {alpha:g} "
            f"is used without their loss. CBF would be {rise:.0f} % higher for each pulse.",
        )
        return _default(acquisition, labeling_efficiency=(alpha, origin)), [doubt]
    left = EFFICIENCY_PER_SUPPRESSION_PULSE**pulses
    origin += f" x {left:.3f} for {pulses} background-suppression pulses (Garcia 2005)"
    told = note(
        "efficiency-suppression",
        f"Labeling efficiency {alpha:g} is lowered to {alpha * left:.3f} for {pulses} background-suppression pulses.",
    )
    return _default(acquisition, labeling_efficiency=(alpha * left, origin)), [told]
