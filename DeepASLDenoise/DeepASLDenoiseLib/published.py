"""Published values on their way into what the user typed: as text, with their source, so that the scene keeps both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepasl.acquisition import SPECS, Acquisition, Parameter, Source
from deepasl.presets import HEMATOCRIT_RANGE, LU_2004, Preset, t1_blood_of_hematocrit
from DeepASLDenoiseLib.acquisitiontext import formatParameter, writeParameter
from DeepASLDenoiseLib.translation import tr as _


def editsOfPreset(preset: Preset, acquisition: Acquisition) -> dict[str, str]:
    """What a preset changes of an acquisition, as the user would type it, by field."""
    return asEdits(preset.changes_to(acquisition))


def editsOfHematocrit(hematocrit: float) -> dict[str, str]:
    """The T1 of blood at 3 T for a hematocrit, as the user would type it."""
    source = f"hematocrit {hematocrit:g}, {LU_2004}"
    if not HEMATOCRIT_RANGE[0] <= hematocrit <= HEMATOCRIT_RANGE[1]:
        source += ", extrapolated"
    t1 = round(t1_blood_of_hematocrit(hematocrit), 3)
    return asEdits({"t1_blood": Parameter(t1, Source.USER, source)})


def asEdits(parameters: Mapping[str, Parameter[Any]]) -> dict[str, str]:
    """Parameters as the user would type them, by field."""
    return {field: writeParameter(parameter) for field, parameter in parameters.items()}


def presetText(preset: Preset, acquisition: Acquisition) -> str:
    """What a preset would change, and who published its values."""
    changes = preset.changes_to(acquisition)
    if not changes:
        told = _("This changes nothing: the scan says these times.") if preset.only_missing else _("These are in use.")
        return told + " " + _("Source: {source}.").format(source=preset.source)
    listed = ", ".join(f"{SPECS[f].title} {formatParameter(p)} {SPECS[f].unit}".rstrip() for f, p in changes.items())
    text = _("Sets {values}. Source: {source}.").format(values=listed, source=preset.source)
    if preset.only_missing:
        text += " " + _("Use it only if the scan was acquired like this.")
    return text
