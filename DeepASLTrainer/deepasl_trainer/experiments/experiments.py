"""The experiments of the DeepASL paper: every network, in every fold of people, trained, judged and kept.

Whatever is finished is not done again: trainings lie in folders of their own, figures in ``figures.jsonl``.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning.pytorch.utilities import rank_zero_only

from deepasl.errors import InputError
from deepasl_trainer.commands.fit import train
from deepasl_trainer.evaluation.network_methods import NetworkMethod, load_network, require_unseen
from deepasl_trainer.evaluation.records import Record, append_record, read_records
from deepasl_trainer.experiments.examinations import Examination
from deepasl_trainer.experiments.plan import Training
from deepasl_trainer.training.data import Data
from deepasl_trainer.training.runs import RUN_FILE
from deepasl_trainer.training.training import Devices


@dataclass(frozen=True)
class Clock:
    """When to stop.

    Attributes:
        start: On the monotonic clock, s.
        limit: Minutes from there; None for no limit.
    """

    start: float
    limit: float | None

    @property
    def minutes_left(self) -> float:
        """Infinite without a limit."""
        return math.inf if self.limit is None else self.limit - (time.monotonic() - self.start) / 60.0

    @property
    def is_over(self) -> bool:
        """Whether the limit is reached."""
        return self.minutes_left <= 0.0


@dataclass(frozen=True)
class Step:
    """Where the experiments are.

    Attributes:
        training: The training that begins now; None at the end.
        figures: All figures so far.
    """

    training: Training | None
    figures: tuple[Record, ...]


def carry_out(
    trainings: Sequence[Training],
    data: Data,
    examination: Examination,
    output: Path,
    *,
    devices: Devices,
    clock: Clock,
    command: str,
) -> Iterator[Step]:
    """Train what is not trained and judge what is not judged, one network after the other.

    Args:
        trainings: All of them: see `plan`.
        data: Their patches.
        examination: How they are judged.
        output: Folder of the figures.
        devices: Where networks are trained. With several, each of them comes through here; the first one alone judges.
        clock: When to stop; one epoch is trained however late it is.
        command: How this was started, for the record of each training.

    Yields:
        A step before each training and one at the end; on the first device alone.

    Raises:
        DeepASLError: See `fit_command.train`; what is finished is kept.
    """
    is_first = rank_zero_only.rank == 0
    figures: list[Record] = []
    for training in trainings:
        is_new = not training.is_finished
        if is_new:
            if is_first:
                yield Step(training, tuple(figures))
            _train(training, data, devices, clock, command)
        if is_first and training.is_finished:
            # Averaging comes with every network of the fold.
            figures += [figure for figure in _judge(training, examination, output) if figure not in figures]
        if is_new and clock.is_over:
            break
    if is_first:
        yield Step(None, tuple(figures))


def _train(training: Training, data: Data, devices: Devices, clock: Clock, command: str) -> None:
    """Train until it is finished, or the epoch that crosses the limit is."""
    while not training.is_finished:
        before = training.epochs
        stop = _last_epoch_in_time(training, clock)
        train(training.settings, data, training.folder, devices=devices, command=command, stop_after=stop)
        if training.epochs <= before and not training.is_finished:
            raise InputError(
                f"the checkpoints of this training do not belong to its {RUN_FILE}",
                where=training.folder,
                remedy="Remove the folder: the same command trains it again.",
            )
        if clock.is_over:
            return


def _last_epoch_in_time(training: Training, clock: Clock) -> int | None:
    """The epoch that will cross the limit; the next one until it is known how long one takes."""
    if clock.limit is None:
        return None
    run = training.run
    if run is None or run.minutes <= 0.0:
        return training.epochs + 1
    return run.epochs + max(1, math.ceil(clock.minutes_left / (run.minutes / run.epochs)))


def _judge(training: Training, examination: Examination, output: Path) -> list[Record]:
    """The figures of a finished training, and of averaging beside it."""
    network = _trained_network(training)
    people = training.settings.people.test
    require_unseen([network], people)
    for record in examination.missing(network, people, read_records(output)):
        append_record(record, output)
    return examination.current(network, people, read_records(output))


def _trained_network(training: Training) -> NetworkMethod:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return dataclasses.replace(load_network(str(training.folder), device), name=training.network)
