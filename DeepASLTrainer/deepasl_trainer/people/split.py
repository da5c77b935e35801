"""Who is trained on, validated on and tested on: people are kept whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deepasl.errors import InputError
from deepasl_trainer.training.settings import PeopleSettings


@dataclass(frozen=True)
class Split:
    """Names of people, nobody in two groups."""

    training: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


def split_people(names: Sequence[str], people: PeopleSettings) -> Split:
    """Everybody who is not kept out is trained on.

    Raises:
        InputError: If a person is named twice or is not there, or nobody is left for training.
    """
    kept_out = people.validation + people.test
    if twice := {name for name in kept_out if kept_out.count(name) > 1}:
        raise InputError(f"{', '.join(sorted(twice))} would be in two groups", remedy="Name each person once.")
    if absent := [name for name in kept_out if name not in names]:
        raise InputError(f"there is no data of {', '.join(absent)}", remedy=f"There are: {', '.join(names) or 'none'}.")
    training = tuple(name for name in names if name not in kept_out)
    if not training:
        raise InputError("nobody is left to train on", remedy="Keep fewer people for validation and test.")
    return Split(training, people.validation, people.test)
