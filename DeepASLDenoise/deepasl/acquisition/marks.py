"""Which parameters of an acquisition a person should look at, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from deepasl.acquisition.checks import check
from deepasl.acquisition.parameters import SPECS, Acquisition
from deepasl.findings import Finding, worst_first

CONCERNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "field-impossible": ("magnetic_field_strength",),
        "field-assumed": ("magnetic_field_strength",),
        "labeling-type-assumed": ("labeling_type",),
        "missing-bolus-width": ("labeling_duration", "bolus_cutoff_delay"),
        "hematocrit-unused": ("hematocrit",),
        "t1-blood-of-hematocrit": ("hematocrit", "t1_blood"),
        "tr-too-short": ("repetition_time", "labeling_duration", "post_labeling_delay"),
        "m0-tr-missing": ("m0_repetition_time",),
        "suppression-pulses-unknown": ("background_suppression_pulses", "labeling_efficiency"),
        "repetition-time-name": ("repetition_time",),
    }
)
"""The fields of `Acquisition` that a finding is about, where its code does not name one."""

KINDS = ("milliseconds", "impossible", "unusual")


def marks(acquisition: Acquisition, noticed: Sequence[Finding] = ()) -> dict[str, tuple[Finding, ...]]:
    """What is doubtful of each parameter.

    Args:
        acquisition: The parameters.
        noticed: What was noticed of the scan besides, such as when its parameters were filled in.

    Returns:
        Findings by field of `Acquisition`, errors first; only fields that something is to be said of.
    """
    by_field: dict[str, tuple[Finding, ...]] = {}
    for finding in worst_first([*check(acquisition), *noticed]):
        for field in fields_of(finding.code):
            by_field[field] = (*by_field.get(field, ()), finding)
    return by_field


def fields_of(code: str) -> tuple[str, ...]:
    """The fields of `Acquisition` that a finding with this code is about; none if it is about something else."""
    if code in CONCERNS:
        return CONCERNS[code]
    return tuple(field for field in SPECS if code in _own_codes(field))


def _own_codes(field: str) -> tuple[str, ...]:
    hyphenated = field.replace("_", "-")
    return (f"missing-{hyphenated}", *(f"{hyphenated}-{kind}" for kind in KINDS))
