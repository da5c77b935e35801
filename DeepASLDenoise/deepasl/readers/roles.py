"""Roles of volumes in the user's own words."""

from __future__ import annotations

from deepasl.errors import InputError
from deepasl.series import Role

ALTERNATIONS = {
    "control-label": (Role.CONTROL, Role.LABEL),
    "label-control": (Role.LABEL, Role.CONTROL),
}


def expand_roles(words: str, count: int) -> tuple[Role, ...]:
    """The role of each of `count` volumes.

    Args:
        words: ``control-label`` or ``label-control`` (alternating), one role for all volumes (``deltam``), or a comma
            list with a role for each, in which the last entry may be an alternation or role that fills the rest:
            ``m0scan,label-control``.
        count: Number of volumes.

    Raises:
        InputError: For a word that is no role, or a list of another length.
    """
    parts = [part.strip() for part in words.split(",")]
    roles = [_role(part) for part in parts[:-1]]
    rest = count - len(roles)
    filling = ALTERNATIONS.get(parts[-1]) or (_role(parts[-1]),)
    if rest < 1 or (len(parts) > 1 and len(filling) == 1 and rest != 1 and parts[-1] != Role.DELTAM.value):
        raise InputError(f"{len(parts)} roles were given for {count} volumes", remedy="Give each volume one.")
    return (*roles, *(filling[t % len(filling)] for t in range(rest)))


def _role(word: str) -> Role:
    try:
        return Role(word)
    except ValueError as error:
        known = ", ".join([*(role.value for role in Role), *ALTERNATIONS])
        raise InputError(f"{word!r} is no role of a volume", remedy=f"Known: {known}.") from error
