"""Acquisition parameters as users read and type them: a value, and its source in parentheses where one is given."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from deepasl.acquisition.parameters import SPECS, Acquisition, LabelingType, Parameter, Source
from deepasl.errors import AcquisitionError

ORIGIN = "typed in by the user"

VALUE_AND_SOURCE = re.compile(r"^([^(]*?)\s*(?:\((.*)\))?\s*$")
"""``1.65`` or ``1.65 (measured)``; sources may hold parentheses, values may not."""


def formatParameter(parameter: Parameter[Any]) -> str:
    """The value without its unit; empty if it is not known. Equal values of many volumes are written once."""
    if not parameter.known:
        return ""
    value = parameter.require()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(f"{v:g}" for v in (value if len(set(value)) > 1 else value[:1]))
    return f"{value:g}" if isinstance(value, float) else str(value)


def writeParameter(parameter: Parameter[Any]) -> str:
    """A value with its source, as `parseParameter` reads it."""
    return f"{formatParameter(parameter)} ({parameter.origin})" if parameter.origin else formatParameter(parameter)


def parseParameter(field: str, text: str) -> Parameter[Any]:
    """What a user typed for a field of `Acquisition`: ``1.65``, or ``1.65 (measured)`` to say where it comes from.

    Raises:
        AcquisitionError: If the text cannot be such a value.
    """
    parts = VALUE_AND_SOURCE.match(text)
    value, source = parts.groups() if parts else (text, None)
    return Parameter(parseValue(field, value), Source.USER, source or ORIGIN)


def parseValue(field: str, text: str) -> Any:
    """The value of a field of `Acquisition` in a text without source.

    Raises:
        AcquisitionError: If the text cannot be such a value.
    """
    try:
        return PARSERS[field](text.strip())
    except (ValueError, KeyError) as error:
        raise AcquisitionError(
            f"{text!r} is not a value of {SPECS[field].title}", remedy=f"Type {expected(field)}."
        ) from error


def expected(field: str) -> str:
    """What can be typed for a field of `Acquisition`, in words."""
    return EXPECTED[PARSERS[field]]


def withEdits(acquisition: Acquisition, edits: Mapping[str, str]) -> Acquisition:
    """The acquisition with what the user typed in the place of what the file said.

    Args:
        acquisition: What the file said.
        edits: Texts by field.

    Raises:
        AcquisitionError: If a text cannot be a value of its field.
    """
    return replace(acquisition, **{field: parseParameter(field, text) for field, text in edits.items()})


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.replace(",", " ").replace(";", " ").split())


def _labelingType(text: str) -> LabelingType:
    return LabelingType(text.upper())


def _readout(text: str) -> str:
    return {"2D": "2D", "3D": "3D"}[text.upper()]


def _truth(text: str) -> bool:
    return {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}[text.lower()]


EXPECTED: Mapping[Callable[[str], Any], str] = MappingProxyType(
    {
        _number: "a number, such as 1.8",
        _numbers: "a number, or one for each volume or slice, such as 0 0.05 0.1",
        int: "a whole number",
        _labelingType: "PCASL, CASL or PASL",
        _readout: "2D or 3D",
        _truth: "yes or no",
    }
)

PARSERS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {
        **dict.fromkeys(SPECS, _number),
        "labeling_type": _labelingType,
        "post_labeling_delay": _numbers,
        "slice_timing": _numbers,
        "readout": _readout,
        "background_suppression": _truth,
        "background_suppression_pulses": int,
    }
)
"""How the text of each field is understood."""
