"""Findings: what was noticed about a scan, told to the user in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters for the maps."""

    NOTE = "note"
    """Worth knowing; the maps stand."""
    WARNING = "warning"
    """The maps may be wrong; a person should decide."""
    ERROR = "error"
    """No blood flow can be computed until a person settles this."""


@dataclass(frozen=True)
class Finding:
    """One thing noticed: a stable code for programs, a message for people.

    Attributes:
        code: Hyphenated identifier, e.g. ``"m0-tr-missing"``.
        severity: How much it matters.
        message: What was seen, where, and what to do.
    """

    code: str
    severity: Severity
    message: str


def note(code: str, message: str) -> Finding:
    """A finding worth knowing."""
    return Finding(code, Severity.NOTE, message)


def warning(code: str, message: str) -> Finding:
    """A finding that may change the maps."""
    return Finding(code, Severity.WARNING, message)


def error(code: str, message: str) -> Finding:
    """A finding that stops quantification."""
    return Finding(code, Severity.ERROR, message)


def obstacles(findings: Iterable[Finding], *, with_m0: bool) -> tuple[Finding, ...]:
    """The errors that keep a scan from being processed.

    Args:
        findings: Everything noticed.
        with_m0: Whether there is an M0 image. Without one there are difference images only, and parameters that only
            blood flow needs (codes ``missing-...``) may be missing.
    """
    errors = (finding for finding in findings if finding.severity is Severity.ERROR)
    return tuple(error for error in errors if with_m0 or not error.code.startswith("missing-"))


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each finding once: errors before warnings before notes, otherwise in the order they were noticed."""
    order = list(reversed(Severity))
    return tuple(sorted(dict.fromkeys(findings), key=lambda finding: order.index(finding.severity)))
