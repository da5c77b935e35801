"""Which networks the paper's experiments train, on whom, and how far they are.

All of it lies in one folder: ``<network>/fold-<n>`` is a training as ``deepasl-train fit`` leaves it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepasl.errors import InputError
from deepasl_trainer.training.networks import build_network
from deepasl_trainer.training.runs import RUN_FILE, Run, read_run, write_atomically
from deepasl_trainer.training.settings import PeopleSettings, Settings
from deepasl_trainer.training.training import BEST

EXPERIMENT_FILE = "experiment.json"

LAMBDA = "lambda-"
"""What the names of networks begin with that differ in lambda."""


@dataclass(frozen=True)
class Training:
    """A network in one fold.

    Attributes:
        network: Name of the network.
        fold: Number of the fold, from 1.
        settings: Everything; its test people are those of the fold.
        folder: Where it lies.
    """

    network: str
    fold: int
    settings: Settings
    folder: Path

    @property
    def run(self) -> Run | None:
        """What is known of it; None if it has not begun."""
        return read_run(self.folder) if (self.folder / RUN_FILE).is_file() else None

    @property
    def epochs(self) -> int:
        """How many epochs are done."""
        return 0 if self.run is None else self.run.epochs

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are done."""
        return self.epochs >= self.settings.fit.epochs and (self.folder / BEST).is_file()


@dataclass(frozen=True)
class Progress:
    """How far the experiments are.

    Attributes:
        finished, total: Numbers of trainings.
        minutes: Time of all trainings so far, over all resumptions.
        minutes_left: What the others will take at the speed of those before; None if nothing is known yet.
    """

    finished: int
    total: int
    minutes: float
    minutes_left: float | None


def networks_of(settings: Settings, lambdas: Sequence[float], rival: Settings | None) -> Mapping[str, Settings]:
    """The networks to compare, by name.

    Args:
        settings: A training of the paper's network.
        lambdas: Weights of the noise term, a network for each.
        rival: Its network and loss take part, with all other settings as for the others; None for none.

    Raises:
        InputError: If there is nothing to compare, a weight is none, or the networks cannot share patches.
    """
    if wrong := [weight for weight in lambdas if not 0.0 <= weight <= 1.0]:
        raise InputError(f"lambda lies between 0 and 1; {wrong[0]:g} does not")
    networks = {f"{LAMBDA}{weight:g}": _with_lambda(settings, weight) for weight in lambdas}
    if rival is not None:
        name, model = rival.model.network, settings.model
        other = dataclasses.replace(rival.model, id=f"{model.id}-{name}", licence=model.licence, data=model.data)
        networks = {name: dataclasses.replace(settings, model=other, loss=rival.loss), **networks}
    if not networks:
        raise InputError("there is no network to train", remedy="Name a lambda (--lambdas) or a --baseline.")
    if len({build_network(one.model).spec.slices for one in networks.values()}) > 1:
        raise InputError(
            "the baseline sees another number of slices than the configured network, and cannot share its patches",
            remedy="Choose a --baseline with as many, or none.",
        )
    return networks


def plan(networks: Mapping[str, Settings], folds: Sequence[PeopleSettings], output: Path) -> tuple[Training, ...]:
    """All trainings, fold by fold, so that what is finished early compares all networks on the same people."""
    return tuple(
        Training(name, number, dataclasses.replace(settings, people=fold), output / name / f"fold-{number}")
        for number, fold in enumerate(folds, start=1)
        for name, settings in networks.items()
    )


def claim(output: Path, settings: Settings, folds: Sequence[PeopleSettings]) -> None:
    """Note in a folder which experiment lies there. Networks may be added to it later.

    Raises:
        InputError: If it is another one.
        OutputError: If the folder cannot be written.
    """
    content = {"settings": dataclasses.asdict(settings), "folds": [dataclasses.asdict(fold) for fold in folds]}
    text, file = json.dumps(content, indent=1) + "\n", output / EXPERIMENT_FILE
    if not file.is_file():
        write_atomically(file, text.encode())
    elif file.read_text(encoding="utf-8") != text:
        raise InputError(
            "another experiment lies in this folder: its settings, people or folds differ",
            where=output,
            remedy="Name another folder, or the options it was started with.",
        )


def progress_of(trainings: Sequence[Training]) -> Progress:
    """How far the trainings are, from what lies in their folders."""
    runs = {training: run for training in trainings if (run := training.run) is not None}
    left = [_minutes_left(training, runs) for training in trainings if not training.is_finished]
    return Progress(
        finished=len(trainings) - len(left),
        total=len(trainings),
        minutes=sum(run.minutes for run in runs.values()),
        minutes_left=None if None in left else sum(minutes for minutes in left if minutes is not None),
    )


def _with_lambda(settings: Settings, weight: float) -> Settings:
    model = dataclasses.replace(
        settings.model,
        id=f"{settings.model.id}-{LAMBDA}{weight:g}",
        title=f"{settings.model.title}, lambda {weight:g}",
    )
    return dataclasses.replace(settings, model=model, loss=dataclasses.replace(settings.loss, noise_weight=weight))


def _minutes_left(training: Training, runs: Mapping[Training, Run]) -> float | None:
    """At the speed of the same network so far, or of all networks if it has not begun anywhere."""
    same = [run for other, run in runs.items() if other.network == training.network]
    known = same or list(runs.values())
    epochs = sum(run.epochs for run in known)
    if not epochs:
        return None
    return (training.settings.fit.epochs - training.epochs) * sum(run.minutes for run in known) / epochs
