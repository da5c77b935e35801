"""The experiments of the DeepASL paper: people are left out, every lambda and the baseline are trained and compared.

Whatever is finished in the output folder is not done again: the same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from pathlib import Path
from typing import get_args

from tqdm import tqdm

from deepasl.errors import InputError
from deepasl_trainer.commands.fit import add_data_arguments, add_device_arguments, open_data
from deepasl_trainer.evaluation.settings import EvaluationSettings, read_evaluation_settings
from deepasl_trainer.experiments.examinations import Examination, InVivoExamination, SyntheticExamination
from deepasl_trainer.experiments.experiments import Clock, carry_out
from deepasl_trainer.experiments.paper_table import write_table
from deepasl_trainer.experiments.plan import Progress, Training, claim, networks_of, plan, progress_of
from deepasl_trainer.experiments.shared_patches import InVivoByPerson, Remembered
from deepasl_trainer.invivo.settings import Reference
from deepasl_trainer.people.anatomies import find_people, person_name
from deepasl_trainer.people.folds import into_folds
from deepasl_trainer.synthetic.noise import read_measured_noise
from deepasl_trainer.training.data import Data
from deepasl_trainer.training.settings import Settings, read_settings
from deepasl_trainer.training.training import Devices

NO_BASELINE = "none"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_data_arguments(parser)
    add_device_arguments(parser)
    parser.add_argument(
        "--config",
        required=True,
        help="TOML file, or the name of one that comes along: paper, paper-short, paper-in-vivo (with --bids)",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="trainings, figures and tables")
    parser.add_argument(
        "--folds", type=int, default=5, metavar="N", help="groups of people, each tested on once (default: 5)"
    )
    parser.add_argument(
        "--validation",
        type=int,
        default=1,
        metavar="N",
        help="people who choose the checkpoints of a fold (default: 1)",
    )
    parser.add_argument(
        "--lambdas", type=float, nargs="*", default=[0.2, 0.5, 0.7, 1.0], metavar="L", help="weights of the noise term"
    )
    parser.add_argument(
        "--baseline",
        default="dilated",
        metavar="CONFIG",
        help=f"configuration whose network and loss are the rival's (default: dilated), or {NO_BASELINE}",
    )
    parser.add_argument(
        "--evaluation",
        default="paper-evaluation",
        metavar="CONFIG",
        help="what synthetic scans networks are judged on (default: paper-evaluation)",
    )
    parser.add_argument(
        "--reference",
        choices=get_args(Reference),
        help="what real scans are trained against, in place of the configured",
    )
    parser.add_argument(
        "--stop-after-minutes", type=float, metavar="M", help="stop after the epoch that crosses it; run again to go on"
    )


def run(options: argparse.Namespace) -> Path | None:
    """Carry out the paper's experiments, or go on with them; the table, on the first of several devices.

    Raises:
        DeepASLError: If people, settings or folders do not fit, or a file cannot be read or written.
    """
    clock, devices = Clock(time.monotonic(), options.stop_after_minutes), Devices(options.accelerator, options.devices)
    if clock.limit is not None and devices.count > 1:
        raise InputError(
            "several devices cannot stop by the clock",
            remedy="Interrupt the command instead: it goes on after the last finished epoch.",
        )
    settings = _with_reference(read_settings(options.config), options.reference)
    rival = None if options.baseline == NO_BASELINE else read_settings(options.baseline)
    networks = networks_of(settings, options.lambdas, rival)
    data, examination = _open(options, settings, read_evaluation_settings(options.evaluation))
    folds = into_folds(data.names, options.folds, options.validation)
    claim(options.output, settings, folds)
    trainings = plan(networks, folds, options.output)
    steps = carry_out(
        trainings,
        Remembered(data),
        examination,
        options.output,
        devices=devices,
        clock=clock,
        command=_command(options),
    )
    table = None
    for step in steps:
        table = write_table(settings.model.title, trainings, examination.protocols, step.figures, options.output)
        _say(step.training, progress_of(trainings))
    return table


def _open(options: argparse.Namespace, settings: Settings, evaluation: EvaluationSettings) -> tuple[Data, Examination]:
    """The people that the options name, to be trained and to be judged on."""
    if options.bids is None:
        data = open_data(options, settings)
        files = {person_name(file): file for file in find_people(options.anatomies)}
        return data, SyntheticExamination(files, evaluation, read_measured_noise(options.noise))
    real = InVivoByPerson(options.bids, settings, options.folds, options.validation)
    assert settings.invivo is not None  # or there would be no such data
    return real, InVivoExamination(real.people, settings.invivo, evaluation.seed)


def _with_reference(settings: Settings, reference: Reference | None) -> Settings:
    """The settings with another reference for real scans, where one is named."""
    if reference is None:
        return settings
    if settings.invivo is None:
        raise InputError("--reference is for real scans, and these settings are for synthetic ones")
    return dataclasses.replace(settings, invivo=dataclasses.replace(settings.invivo, reference=reference))


def _say(begins: Training | None, progress: Progress) -> None:
    """A line above the bars of the training that begins, or the last one."""
    if begins is not None:
        left = "" if progress.minutes_left is None else f", about {progress.minutes_left:.0f} left"
        which = f"Training {progress.finished + 1} of {progress.total} ({begins.network}, fold {begins.fold})"
        line = f"{which}: {progress.minutes:.0f} minutes of training so far{left}."
    elif progress.finished < progress.total:
        line = f"Stopped: {progress.finished} of {progress.total} trainings are finished; the same command goes on."
    else:
        line = f"All {progress.total} trainings are finished: {progress.minutes:.0f} minutes of training."
    tqdm.write(line, file=sys.stderr)


def _command(options: argparse.Namespace) -> str:
    """How the trainings were started, without the names of folders."""
    data = "--bids DIR" if options.bids is not None else "--anatomies DIR --noise FILE"
    reference = "" if options.reference is None else f" --reference {options.reference}"
    lambdas = "".join(f" {weight:g}" for weight in options.lambdas)
    return (
        f"deepasl-train table --config {options.config} {data}{reference} --folds {options.folds} "
        f"--validation {options.validation} --lambdas{lambdas} --baseline {options.baseline} --output DIR"
    )
