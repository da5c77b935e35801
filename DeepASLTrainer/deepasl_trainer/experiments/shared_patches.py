"""Patches for many trainings on the same people: prepared once, and not again for every fold and network."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from deepasl_trainer.invivo.cutting import augmented_by_person
from deepasl_trainer.invivo.patches import join
from deepasl_trainer.people.folds import into_folds
from deepasl_trainer.training.data import Data, InVivoData, Prepared, Report
from deepasl_trainer.training.examples import PatchSet
from deepasl_trainer.training.networks import build_network
from deepasl_trainer.training.settings import Settings

T = TypeVar("T")


class Remembered:
    """A `Data` that keeps what was asked for last: the networks of a fold share its patches."""

    def __init__(self, data: Data) -> None:
        """Args: data: Where patches come from; the same names give the same patches."""
        self._data = data
        self._training: dict[tuple[str, ...], Prepared] = {}
        self._validation: dict[tuple[str, ...], PatchSet] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """See `Data`."""
        return self._data.names

    def training(self, names: Sequence[str], report: Report) -> Prepared:
        """See `Data`."""
        return _last_or_new(self._training, names, report, self._data.training)

    def validation(self, names: Sequence[str], report: Report) -> PatchSet:
        """See `Data`."""
        return _last_or_new(self._validation, names, report, self._data.validation)


class InVivoByPerson(InVivoData):
    """Real scans of a BIDS data set, the patches of each person cut once for all folds.

    The patches of everybody stay in memory, beside those of the fold that is being trained: see
    `invivo_cutting.augmented_patches` for their size.
    """

    def __init__(self, bids: Path, settings: Settings, folds: int, validation: int) -> None:
        """Read, prepare and cut all scans. People without a patch are left out with a warning.

        Args:
            bids: The data set.
            settings: Everything.
            folds: How many there will be: see `folds.into_folds`. Where fewest people train, they have as many patches
                as the settings ask for.
            validation: How many people validate.

        Raises:
            InputError: If no scan can be used, the settings are for synthetic scans, or the folds cannot be.
        """
        super().__init__(bids, settings)
        everybody = tuple(self.people)
        kept_out = [len(fold.test) + len(fold.validation) for fold in into_folds(everybody, folds, validation)]
        share = math.ceil(settings.patches.count / (len(everybody) - max(kept_out)))
        patches = dataclasses.replace(settings.patches, count=share * (len(everybody) - 1))
        slices = build_network(settings.model).spec.slices
        self._by_person = augmented_by_person(self.people, slices, patches, self._settings)

    @property
    def names(self) -> tuple[str, ...]:
        """Everybody with a patch."""
        return tuple(self._by_person)

    def training(self, names: Sequence[str], report: Report) -> Prepared:
        """See `Data`."""
        scans = self._of(names, report)
        return Prepared(join([self._by_person[name] for name in names]), self._domain(scans))


def _last_or_new(
    kept: dict[tuple[str, ...], T], names: Sequence[str], report: Report, prepare: Callable[[Sequence[str], Report], T]
) -> T:
    key = tuple(names)
    if key in kept:
        for name in names:
            report(name)
        return kept[key]
    # Before the next is made, so that memory holds one at a time.
    kept.clear()
    kept[key] = prepare(names, report)
    return kept[key]
