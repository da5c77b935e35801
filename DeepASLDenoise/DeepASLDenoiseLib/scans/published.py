"""Published values on their way into what the user typed: as text, with their source, so that the scene keeps both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepasl.acquisition.parameters import SPECS, Acquisition, Parameter
from deepasl.acquisition.presets import Preset
from DeepASLDenoiseLib.scans.acquisitiontext import formatParameter, writeParameter
from DeepASLDenoiseLib.translation import tr as _


def editsOfPreset(preset: Preset, acquisition: Acquisition) -> dict[str, str]:
    """What a preset changes of an acquisition, as the user would type it, by field."""
    return asEdits(preset.changes_to(acquisition))


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
