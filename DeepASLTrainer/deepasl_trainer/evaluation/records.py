"""Figures of an evaluation, kept line by line so that an evaluation can go on where it was stopped."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepasl.errors import InputError, OutputError

RECORDS_FILE = "figures.jsonl"


@dataclass(frozen=True)
class Condition:
    """What was scanned.

    Attributes:
        protocol: Name of the protocol.
        person: Who.
        scan: Number of the scan of this person under this protocol.
        pairs: How many pairs were averaged.
    """

    protocol: str
    person: str
    scan: int
    pairs: int


@dataclass(frozen=True)
class Record:
    """A method on one scan.

    Attributes:
        condition: Which.
        method: The method.
        version: Of everything the figures depend on: protocol, seed, parameters, weights. Figures of another version
            are computed again.
        noise_percent: SD of the noise of the averaged difference image, percent of mean M0.
        figures: By name: see `deepasl_trainer.evaluation.judging.judge`.
    """

    condition: Condition
    method: str
    version: str
    noise_percent: float
    figures: Mapping[str, float]


def read_records(folder: Path) -> list[Record]:
    """The figures kept in a folder; none if there are none. A line that was cut off when writing is left out.

    Raises:
        InputError: If the file cannot be read or is something else.
    """
    file = folder / RECORDS_FILE
    if not file.is_file():
        return []
    try:
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        whole = [json.loads(line) for line in lines if line.endswith("\n")]
        return [Record(**{**one, "condition": Condition(**one["condition"])}) for one in whole]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"the figures cannot be read ({error!r})", where=file, remedy="Name another folder, or remove the file."
        ) from error


def append_record(record: Record, folder: Path) -> None:
    """Keep the figures of one scan.

    Raises:
        OutputError: If they cannot be written.
    """
    file = folder / RECORDS_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _end_last_line(file)
        with file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(dataclasses.asdict(record)) + "\n")
    except OSError as error:
        raise OutputError(
            f"the figures cannot be written ({error.strerror})", where=file, remedy="Check the disk and its rights."
        ) from error


def methods_of(records: Iterable[Record]) -> tuple[str, ...]:
    """The methods, in the order they were first seen."""
    return tuple(dict.fromkeys(record.method for record in records))


def figures_of(records: Iterable[Record]) -> tuple[str, ...]:
    """The names of all figures, in the order they were first seen."""
    return tuple(dict.fromkeys(name for record in records for name in record.figures))


def levels_of(records: Iterable[Record]) -> tuple[int, ...]:
    """The numbers of pairs, fewest first."""
    return tuple(sorted({record.condition.pairs for record in records}))


def people_of(records: Iterable[Record]) -> tuple[str, ...]:
    """Who was scanned, by name."""
    return tuple(sorted({record.condition.person for record in records}))


def select(
    records: Iterable[Record], *, protocol: str | None = None, pairs: int | None = None, method: str | None = None
) -> list[Record]:
    """Those of a protocol, a level, a method; None for any."""
    return [
        record
        for record in records
        if protocol in (None, record.condition.protocol)
        and pairs in (None, record.condition.pairs)
        and method in (None, record.method)
    ]


@dataclass(frozen=True)
class Summary:
    """A figure over people.

    Attributes:
        mean: Mean of the means of each person.
        sd: Their SD, n - 1 in the denominator; NaN for a single person.
        people: How many.
    """

    mean: float
    sd: float
    people: int


def summarise(records: Sequence[Record], figure: str, value_of: Callable[[float], float] = float) -> Summary | None:
    """Mean and SD over people of a figure, levels and scans of a person pooled; None if no record has it.

    Args:
        records: Those of one method.
        figure: Its name.
        value_of: What is done to every single figure first, such as `abs`.
    """
    by_person: dict[str, list[float]] = {}
    for record in records:
        if figure in record.figures:
            by_person.setdefault(record.condition.person, []).append(value_of(record.figures[figure]))
    if not by_person:
        return None
    means = [float(np.mean(values)) for values in by_person.values()]
    sd = float(np.std(means, ddof=1)) if len(means) > 1 else float("nan")
    return Summary(float(np.mean(means)), sd, len(means))


def _end_last_line(file: Path) -> None:
    """A line that was cut off must not swallow the next one."""
    if file.is_file() and (content := file.read_bytes()) and not content.endswith(b"\n"):
        file.write_bytes(content[: content.rfind(b"\n") + 1])
