"""Roles of volumes from an ASL-BIDS ``*_aslcontext.tsv``, tolerant of what is found in real data sets."""

from __future__ import annotations

from pathlib import Path

from deepasl.errors import InputError
from deepasl.findings import Finding, note, warning
from deepasl.series import Role

HEADER = "volume_type"

SPELLINGS = {
    "moscan": Role.M0SCAN,
    "m0": Role.M0SCAN,
    "m0_scan": Role.M0SCAN,
    "calib": Role.M0SCAN,
    "tag": Role.LABEL,
    "ctrl": Role.CONTROL,
    "perfusion": Role.DELTAM,
    "norf": Role.NO_RF,
    "": Role.UNUSED,
}
"""Spellings seen in the wild for the types of the standard, in lower case."""


def read_context(path: Path, count: int) -> tuple[tuple[Role, ...], tuple[Finding, ...]]:
    """The role of each of `count` volumes.

    Raises:
        InputError: If the file cannot be read, names an unknown type, or has another number of rows.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("the context file cannot be read", where=path, remedy="It must be a text file.") from error
    rows = [line.split("\t")[0].strip() for line in lines]
    while rows and not rows[-1]:
        rows.pop()
    findings: list[Finding] = []
    if rows and rows[0].lower() == HEADER:
        rows = rows[1:]
    elif rows:
        findings.append(
            note("context-header", f"{path.name} has no header row '{HEADER}'; its first row is taken as a volume.")
        )
    roles = tuple(_role_of(row, number, path) for number, row in enumerate(rows))
    if len(roles) != count:
        raise InputError(
            f"the context file has {len(roles)} rows for {count} volumes",
            where=path,
            remedy="Give each volume of the image one row.",
        )
    findings += _misspelled(rows, roles, path)
    return roles, tuple(findings)


def _role_of(row: str, number: int, path: Path) -> Role:
    for role in Role:
        if row == role.value:
            return role
    spelled = SPELLINGS.get(row.lower()) or next((r for r in Role if r.value.lower() == row.lower()), None)
    if spelled is None:
        raise InputError(
            f"volume {number} is of the unknown type {row!r}",
            where=path,
            remedy="Known types: " + ", ".join(role.value for role in Role) + ".",
        )
    return spelled


def _misspelled(rows: list[str], roles: tuple[Role, ...], path: Path) -> list[Finding]:
    odd = {row: role for row, role in zip(rows, roles, strict=True) if row != role.value}
    return [
        warning(
            "context-spelling",
            f"{path.name}: {rows.count(row)} rows say {row!r}, which is no ASL-BIDS volume type; "
            f"taken as {role.value!r}.",
        )
        for row, role in odd.items()
    ]
