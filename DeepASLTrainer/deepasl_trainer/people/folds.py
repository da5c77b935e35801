"""Leave people out, one or a group at a time: each is tested on once, by a network that never saw them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from deepasl.errors import InputError
from deepasl_trainer.training.settings import PeopleSettings


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


def into_folds(names: Sequence[str], count: int, validation: int = 0) -> tuple[PeopleSettings, ...]:
    """Divide people into groups, each tested on once; as many groups as people leave one person out.

    Args:
        names: Everybody, each once.
        count: How many groups. Each is made of neighbours in `names`; their sizes differ by one person at most.
        validation: How many of the others choose the checkpoint, as in `leave_one_out`.

    Returns:
        One fold for each group, in the order of `names`.

    Raises:
        InputError: If there are more groups than people, fewer than two, or nobody would be left to train on.
    """
    if count == len(names) or len(names) < 2 + validation:
        return leave_one_out(names, validation)
    if not 2 <= count < len(names):
        raise InputError(
            f"{len(names)} people cannot be divided into {count} folds",
            remedy=f"2 to {len(names)} are possible; {len(names)} leave one person out each.",
        )
    size, larger = divmod(len(names), count)
    if len(names) - (size + bool(larger)) - validation < 1:
        raise InputError(
            f"with {count} folds of {len(names)} people and {validation} for validation, nobody is left to train on",
            remedy="Take more folds, or fewer people for validation.",
        )
    ends = [n * size + min(n, larger) for n in range(count + 1)]
    around = [*names, *names]
    return tuple(
        PeopleSettings(validation=tuple(around[end : end + validation]), test=tuple(names[first:end]))
        for first, end in itertools.pairwise(ends)
    )
