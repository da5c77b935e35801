"""ASL-BIDS JSON sidecars: merged, and read under today's field names and those found in real files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepasl.acquisition.parameters import Parameter, Source
from deepasl.errors import InputError

ALIASES: dict[str, tuple[str, ...]] = {
    "ArterialSpinLabelingType": ("LabelingType", "ArterialLabelingType", "LabellingType", "ASLType"),
    "PostLabelingDelay": ("PostLabelDelay", "InitialPostLabelDelay", "PostLabellingDelay", "InversionTime"),
    "LabelingDuration": ("LabelDuration", "LabellingDuration", "BolusDuration"),
    "BolusCutOffDelayTime": ("BolusDuration",),
    "RepetitionTimePreparation": ("RepetitionTime",),
    "BackgroundSuppressionNumberPulses": ("BackgroundSuppressionNumberOfPulses",),
}
"""Names of draft standards and of converters, by the name of today's standard."""

TRUE_WORDS = frozenset({"true", "yes", "on", "1"})
FALSE_WORDS = frozenset({"false", "no", "off", "0", ""})


@dataclass(frozen=True)
class Sidecar:
    """The merged fields of one or more JSON files.

    Attributes:
        fields: Field name to value.
        files: Field name to the name of the file it came from.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def name_of(self, standard: str) -> str | None:
        """The name under which a standard field is there: its own, or an alias."""
        return next((name for name in (standard, *ALIASES.get(standard, ())) if name in self.fields), None)

    def get(self, standard: str) -> Any:
        """The value of a field by its standard name or an alias; None if it is absent."""
        name = self.name_of(standard)
        return None if name is None else self.fields[name]

    def number(self, standard: str) -> float | None:
        """A field as one number; None if it is absent or something else."""
        numbers = numbers_of(self.get(standard))
        return numbers[0] if len(numbers) == 1 else None

    def parameter(self, standard: str, value: Any) -> Parameter[Any]:
        """`value` with this field as its origin; unknown if it is None."""
        name = self.name_of(standard)
        if value is None or name is None:
            return Parameter()
        return Parameter(value, Source.FILE, f"{self.files.get(name, 'sidecar')}: {name}")


def read_sidecar(paths: Sequence[Path]) -> Sidecar:
    """Merge JSON files, the most general first.

    Raises:
        InputError: If one cannot be read or is not a JSON object.
    """
    fields: dict[str, Any] = {}
    files: dict[str, str] = {}
    for path in paths:
        try:
            content = json.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("the sidecar cannot be read", where=path, remedy="Check the path.") from error
        except ValueError as error:
            raise InputError(f"the sidecar is not valid JSON ({error})", where=path, remedy="Correct it.") from error
        if not isinstance(content, dict):
            raise InputError("the sidecar is not a JSON object of fields", where=path, remedy="Correct it.")
        fields |= content
        files |= dict.fromkeys(content, path.name)
    return Sidecar(fields, files)


def numbers_of(value: Any) -> tuple[float, ...]:
    """A number, a numeric string, or a list of them, as floats; empty if it is anything else."""
    values = value if isinstance(value, list) else [value]
    try:
        return tuple(float(v) for v in values if not isinstance(v, bool))
    except (TypeError, ValueError):
        return ()


def truth_of(value: Any) -> bool | None:
    """A JSON truth value, or a word for one; None for anything else."""
    if isinstance(value, bool) or value is None:
        return value
    word = str(value).strip().lower()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None
