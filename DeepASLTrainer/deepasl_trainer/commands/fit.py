"""The command ``deepasl-train fit``."""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path

from tqdm import tqdm

from deepasl.errors import InputError
from deepasl_trainer.people.split import Split, split_people
from deepasl_trainer.toml_tables import shipped_configs
from deepasl_trainer.training.data import Data, InVivoData, SyntheticData
from deepasl_trainer.training.runs import RUN_FILE, Run, describe_machine, read_run, require_unseen, summary, write_run
from deepasl_trainer.training.settings import PeopleSettings, Settings, read_settings
from deepasl_trainer.training.training import BEST, Devices, Reached, fit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_data_arguments(parser)
    add_device_arguments(parser)
    configs = ", ".join(shipped_configs())
    parser.add_argument("--config", required=True, help=f"TOML file, or the name of one that comes along: {configs}")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="RUN", help="folder of the training")
    parser.add_argument("--validation", nargs="+", metavar="NAME", help="people to choose the checkpoint on")
    parser.add_argument("--test", nargs="*", metavar="NAME", help="people to keep out for evaluation")
    parser.add_argument("--start-from", type=Path, metavar="RUN", help="start with the weights of another training")
    parser.add_argument("--stop-after", type=int, metavar="EPOCH", help="stop after this epoch; run again to go on")


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the people are."""
    people = parser.add_mutually_exclusive_group(required=True)
    people.add_argument("--anatomies", type=Path, metavar="DIR", help="label maps, one file per person")
    people.add_argument("--bids", type=Path, metavar="DIR", help="real scans: a BIDS data set")
    parser.add_argument("--noise", type=Path, metavar="FILE", help="synthetic_common_vars.mat (with --anatomies)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where patches are kept (default: in the output)")


def add_device_arguments(parser: argparse.ArgumentParser) -> None:
    """Where networks are trained."""
    parser.add_argument("--accelerator", default="auto", choices=("auto", "cpu", "gpu"))
    parser.add_argument("--devices", type=int, default=1, metavar="N", help="train on several at once (default: 1)")


def run(options: argparse.Namespace) -> Path:
    """Train, or go on; the best checkpoint.

    Raises:
        DeepASLError: If people, settings or checkpoints do not fit, or a file cannot be read or written.
    """
    settings = with_people(read_settings(options.config), options.validation, options.test)
    data = open_data(options, settings)
    devices = Devices(options.accelerator, options.devices)
    return train(
        settings,
        data,
        options.output,
        devices=devices,
        start_from=options.start_from,
        stop_after=options.stop_after,
        command=_command(options),
    )


def open_data(options: argparse.Namespace, settings: Settings) -> Data:
    """The people that the options name.

    Raises:
        DeepASLError: If they cannot be read.
    """
    if options.bids is not None:
        return InVivoData(options.bids, settings)
    if options.noise is None:
        raise InputError("the measured noise is missing", remedy="Name synthetic_common_vars.mat with --noise.")
    return SyntheticData(options.anatomies, options.noise, settings, options.cache or options.output / "patches")


def with_people(settings: Settings, validation: list[str] | None, test: list[str] | None) -> Settings:
    """The settings with other people kept out, where any are named."""
    people = settings.people
    chosen = PeopleSettings(
        people.validation if validation is None else tuple(validation), people.test if test is None else tuple(test)
    )
    return dataclasses.replace(settings, people=chosen)


def train(
    settings: Settings,
    data: Data,
    output: Path,
    *,
    devices: Devices,
    command: str,
    start_from: Path | None = None,
    stop_after: int | None = None,
) -> Path:
    """Train on the people that the settings do not keep out, and keep a record of it after every epoch.

    Raises:
        DeepASLError: See `run`.
    """
    earlier = _earlier_minutes(settings, output)
    before = None if start_from is None else read_run(start_from)
    if before is not None:
        require_unseen(before, settings)
    split = split_people(data.names, settings.people)
    _require_validation(split)
    with tqdm(total=len(split.training) + len(split.validation), desc="Patches", unit="person") as bar:
        prepared = data.training(split.training, lambda name: bar.update())
        validation = data.validation(split.validation, lambda name: bar.update())
    start = time.monotonic()

    def keep(reached: Reached) -> None:
        run = Run(
            settings=settings,
            training=split.training,
            patches=len(prepared.patches),
            domain=prepared.domain,
            epochs=reached.epochs,
            steps=reached.steps,
            minutes=earlier + (time.monotonic() - start) / 60.0,
            machine=describe_machine(),
            command=command,
            before="" if before is None else summary(before),
            seen=() if before is None else tuple(sorted({*before.training, *before.seen})),
        )
        write_run(run, output)

    return fit(
        settings,
        prepared.patches,
        validation,
        output,
        devices=devices,
        start_from=None if start_from is None else start_from / BEST,
        stop_after=stop_after,
        report=keep,
    )


def _require_validation(split: Split) -> None:
    if not split.validation:
        raise InputError("nobody is there to choose the checkpoint on", remedy="Name a person (--validation).")


def _earlier_minutes(settings: Settings, output: Path) -> float:
    """How long the training in a folder has already run; refuses to go on with other settings."""
    if not (output / RUN_FILE).is_file():
        return 0.0
    run = read_run(output)
    if run.settings != settings:
        raise InputError(
            "another training lies in this folder: its settings differ",
            where=output,
            remedy="Name another folder, or the configuration it was started with.",
        )
    return run.minutes


def _command(options: argparse.Namespace) -> str:
    """How the training was started, without the names of folders."""
    data = "--bids DIR" if options.bids is not None else "--anatomies DIR --noise FILE"
    start = "" if options.start_from is None else " --start-from EARLIER"
    return f"deepasl-train fit --config {options.config} {data}{start} --output RUN"
