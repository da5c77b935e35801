"""What was made data of for a saved scene, made objects again: parameters, findings, choices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from deepasl.acquisition.parameters import Acquisition, LabelingType, Parameter, Source
from deepasl.errors import InputError
from deepasl.findings import Finding, Severity
from DeepASLDenoiseLib.translation import tr as _

Built = TypeVar("Built")

ARRAY = "array"
"""Marks the values of an array."""


def acquisitionFrom(data: Mapping[str, Mapping[str, Any]]) -> Acquisition:
    """The acquisition that `deepasl.writers.provenance.parameters_as_data` made data of."""
    return Acquisition(**{name: _parameter(name, each) for name, each in data.items()})


def findingsFrom(data: Iterable[Mapping[str, str]]) -> tuple[Finding, ...]:
    """The findings that `deepasl.writers.provenance.findings_as_data` made data of."""
    return tuple(Finding(each["code"], Severity(each["severity"]), each["message"]) for each in data)


def asData(built: Any) -> dict[str, Any]:
    """A dataclass for JSON, however deep it is: choices, records, figures."""
    return asdict(built, dict_factory=lambda fields: {name: _plain(value) for name, value in fields})


def builtFrom(kind: type[Built], data: Mapping[str, Any]) -> Built:
    """The dataclass that `asData` made data of; what is not said is as by default.

    Raises:
        InputError: If something is said that this version does not know.
    """
    kinds = get_type_hints(kind)
    unknown = sorted(set(data) - set(kinds))
    if unknown:
        raise InputError(
            _("{kind} has no {names}").format(kind=kind.__name__, names=", ".join(unknown)),
            remedy=_("This version of DeepASL knows: {known}.").format(known=", ".join(kinds)),
        )
    return kind(**{name: _valued(kinds[name], value) for name, value in data.items()})


def _parameter(name: str, data: Mapping[str, Any]) -> Parameter[Any]:
    value = data["value"]
    if isinstance(value, list):
        value = tuple(value)
    if name == "labeling_type":
        value = LabelingType(value)
    return Parameter(value, Source(data["source"]) if data["source"] else None, data["origin"])


def _plain(value: Any) -> Any:
    """Arrays are marked: what is annotated as an array cannot be told from every version of numpy's annotations."""
    return {ARRAY: value.tolist()} if isinstance(value, np.ndarray) else value


def _valued(kind: Any, value: Any) -> Any:
    """A value as its field wants it."""
    if value is None:
        return None
    if isinstance(value, Mapping) and set(value) == {ARRAY}:
        return np.array(value[ARRAY], dtype=np.float64)
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _valued(next(part for part in parts if part is not NoneType), value)
    if origin is tuple:
        return tuple(_valued(parts[0], each) for each in value)
    if is_dataclass(kind) and isinstance(kind, type):
        return builtFrom(kind, value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind, value)
    return value


def _member(kind: type[Enum], value: Any) -> Enum:
    try:
        return kind(value)
    except ValueError as error:
        known = ", ".join(str(each.value) for each in kind)
        raise InputError(str(error), remedy=_("Choose one of: {known}.").format(known=known)) from error
