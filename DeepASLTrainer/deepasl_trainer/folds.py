"""Leave one person out: each is tested on once, by a network that never saw them."""

from __future__ import annotations

from collections.abc import Sequence

from deepasl.errors import InputError
from deepasl_trainer.settings import PeopleSettings


def leave_one_out(names: Sequence[str], validation: int = 0) -> tuple[PeopleSettings, ...]:
    """Who is kept out of training in each fold, for `people.split_people`; real and synthetic people alike.

    Args:
        names: Everybody, each once.
        validation: How many of the others choose the checkpoint: those that follow the tested person in `names`,
            beginning again at its start, so that everybody validates equally often.

    Returns:
        One fold for each person, in the order of `names`.

    Raises:
        InputError: If nobody would be left to train on, as with a single person.
    """
    needed = 2 + validation
    if len(names) < needed:
        there = f"only {names[0]}" if len(names) == 1 else f"only {len(names)} people" if names else "nobody"
        raise InputError(
            f"to leave one person out takes {needed} people with usable scans, and there is {there}",
            remedy="Add people; several scans of one person count once.",
        )
    around = [*names, *names]
    return tuple(
        PeopleSettings(validation=tuple(around[n + 1 : n + 1 + validation]), test=(name,))
        for n, name in enumerate(names)
    )
