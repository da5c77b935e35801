"""Published values of acquisition parameters, to be used where a scan does not say them or on purpose.

Nothing here is used by itself: defaults are in `defaults`. A preset is a person's choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from deepasl.acquisition.defaults import complete
from deepasl.acquisition.parameters import Acquisition, LabelingType, Parameter, Source, missing

WHITE_PAPER = "white paper, Alsop 2015"

LI_2017 = "Li 2017"

CONSTANTS = ("t1_blood", "t1_tissue", "partition_coefficient", "labeling_efficiency")
"""What no scan is acquired with, but quantified with."""

WHITE_PAPER_DELAYS = {
    "children": 1.5,
    "healthy adults below 70 years": 1.8,
    "healthy adults above 70 years": 2.0,
    "adult patients": 2.0,
    "neonates": 2.0,
}
"""Recommended post-labeling delay of PCASL in s, by age: white paper (Alsop et al. 2015), table of parameters."""

WHITE_PAPER_LABELING_DURATION = 1.8
"""Of PCASL, s: white paper."""

WHITE_PAPER_BOLUS_CUTOFF = 0.8
"""TI1 of PASL, s: white paper. Its TI is the delay recommended for PCASL."""

T1_BLOOD_OF_ADULTS = {"women": 1.908, "men": 1.785, "adults": 1.841}
"""T1 of arterial blood at 3 T in s, measured in the carotid artery: Li et al., Magn Reson Med 2017;77:2296-2302."""

NEAR_3T = (2.7, 3.3)


@dataclass(frozen=True)
class Preset:
    """A set of published values.

    Attributes:
        title: What users choose.
        parameters: Values by field of `Acquisition`, each with its publication as origin.
        only_missing: Whether what the file or the user said stays: true for times of a protocol, which describe how
            a scan was acquired.
    """

    title: str
    parameters: Mapping[str, Parameter[Any]]
    only_missing: bool

    @property
    def source(self) -> str:
        """Who published the values."""
        return "; ".join(dict.fromkeys(parameter.origin for parameter in self.parameters.values()))

    def changes_to(self, acquisition: Acquisition) -> dict[str, Parameter[Any]]:
        """What it would change of this acquisition, by field; empty if nothing."""
        return {
            name: parameter
            for name, parameter in self.parameters.items()
            if not (self.only_missing and _was_said(acquisition, name))
            and getattr(acquisition, name).value != parameter.value
        }


def presets_for(acquisition: Acquisition) -> tuple[Preset, ...]:
    """The presets that make sense for a scan.

    Args:
        acquisition: Its parameters, defaults filled in; labeling type and field strength choose among the presets.
            Values of blood T1 by sex are offered for 3 T only, where they were measured.
    """
    kind = acquisition.labeling_type.value or LabelingType.PCASL
    field = acquisition.magnetic_field_strength.value or 0.0
    adults = _blood_of_adults() if NEAR_3T[0] <= field <= NEAR_3T[1] else ()
    return (_constants(acquisition), *_protocols(kind), *adults)


def _constants(acquisition: Acquisition) -> Preset:
    """The constants that are used where a file says nothing, in place of those it says: for comparing studies."""
    unsaid, _ = complete(replace(acquisition, **{name: missing() for name in (*CONSTANTS, "hematocrit")}))
    known = {name: getattr(unsaid, name) for name in CONSTANTS if getattr(unsaid, name).known}
    published = {name: _published(parameter.value, parameter.origin) for name, parameter in known.items()}
    return Preset(f"Consensus constants at {unsaid.magnetic_field_strength.value:g} T", published, only_missing=False)


def _protocols(kind: LabelingType) -> tuple[Preset, ...]:
    """Times of a protocol as the white paper recommends it, by age."""
    if kind is LabelingType.CASL:
        return ()
    bolus = (
        {"bolus_cutoff_delay": WHITE_PAPER_BOLUS_CUTOFF}
        if kind is LabelingType.PASL
        else {"labeling_duration": WHITE_PAPER_LABELING_DURATION}
    )
    return tuple(
        _preset(
            f"White paper protocol: {people}",
            WHITE_PAPER,
            only_missing=True,
            labeling_type=kind,
            post_labeling_delay=(delay,),
            **bolus,
        )
        for people, delay in WHITE_PAPER_DELAYS.items()
    )


def _blood_of_adults() -> tuple[Preset, ...]:
    return tuple(
        _preset(f"T1 of blood at 3 T: {people}", LI_2017, only_missing=False, t1_blood=t1)
        for people, t1 in T1_BLOOD_OF_ADULTS.items()
    )


def _preset(title: str, source: str, *, only_missing: bool, **values: Any) -> Preset:
    return Preset(title, {name: _published(value, source) for name, value in values.items()}, only_missing)


def _published(value: Any, source: str) -> Parameter[Any]:
    return Parameter(value, Source.USER, source)


def _was_said(acquisition: Acquisition, name: str) -> bool:
    parameter = getattr(acquisition, name)
    return parameter.known and parameter.source not in (Source.DEFAULT, Source.COMPUTED)
