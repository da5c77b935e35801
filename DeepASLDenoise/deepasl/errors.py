"""The one family of failures a user can cause."""

from __future__ import annotations

from pathlib import Path


class DeepASLError(Exception):
    """What is wrong, where, and what to do about it.

    Args:
        what: The problem, a sentence without its full stop.
        where: The file, folder or node concerned.
        remedy: What the user can do, a full sentence.
    """

    def __init__(self, what: str, *, where: str | Path | None = None, remedy: str = "") -> None:
        self.what = what
        self.where = None if where is None else str(where)
        self.remedy = remedy
        super().__init__(what)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what.rstrip('.')}." + (f" {self.remedy}" if self.remedy else "")


class InputError(DeepASLError):
    """A file cannot be read, or its images do not fit together."""


class AcquisitionError(DeepASLError):
    """A parameter of the acquisition is missing or cannot be true."""


class ModelError(DeepASLError):
    """A network is unknown, damaged, or cannot be run here."""


class OutputError(DeepASLError):
    """A result cannot be written."""
