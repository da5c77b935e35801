"""The command ``deepasl-train``: fit, evaluate, export."""

from __future__ import annotations

import argparse
import logging
import time
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tqdm import tqdm

from deepasl.command import exit_code
from deepasl.errors import InputError
from deepasl_trainer.anatomies import find_people, person_name
from deepasl_trainer.card import beats_gaussian, metrics_of, model_card
from deepasl_trainer.evaluation import evaluate
from deepasl_trainer.export import onnx_bytes, publish, registry_entry
from deepasl_trainer.noise import read_measured_noise
from deepasl_trainer.patches import Split, split_people
from deepasl_trainer.preparation import Prepared, prepare, scans_of_a_person
from deepasl_trainer.runs import (
    RUN_FILE,
    Run,
    describe_machine,
    read_figures,
    read_run,
    require_unseen,
    summary,
    write_figures,
    write_run,
)
from deepasl_trainer.settings import Settings, read_settings
from deepasl_trainer.training import BEST, Reached, fit, load_module


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; returns its exit code, see `deepasl.command`."""
    options = _parser().parse_args(arguments)
    _set_up_messages(options.debug)
    return exit_code(
        "deepasl-train",
        partial(options.command, options),
        when_interrupted="interrupted; the same command goes on after the last finished epoch.",
        debug=options.debug,
    )


def _set_up_messages(debug: bool) -> None:
    """Warnings of this package always; what Lightning says of its own workings only when debugging."""
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, format="%(levelname)s %(message)s")
    if not debug:
        logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
        warnings.filterwarnings("ignore", module="lightning")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deepasl-train", description="Train, evaluate and export DeepASL networks.")
    parser.add_argument("--debug", action="store_true", help="show tracebacks and more messages")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument("--anatomies", type=Path, required=True, metavar="DIR", help="label maps, one file per person")
    data.add_argument("--noise", type=Path, required=True, metavar="FILE", help="synthetic_common_vars.mat")

    train = commands.add_parser("fit", parents=[data], help="train, or go on with a training that was stopped")
    train.add_argument("--config", required=True, help="TOML file, or the name of one that comes along: first-model")
    train.add_argument("--output", type=Path, required=True, metavar="RUN", help="folder of the training")
    train.add_argument("--start-from", type=Path, metavar="RUN", help="start with the weights of another training")
    train.add_argument("--stop-after", type=int, metavar="EPOCH", help="stop after this epoch; run again to go on")
    train.set_defaults(command=_fit)

    judge = commands.add_parser("evaluate", parents=[data], help="measure a training on the people kept for testing")
    judge.add_argument("run", type=Path, metavar="RUN")
    judge.set_defaults(command=_evaluate)

    release = commands.add_parser("export", help="write the ONNX file, its card and its registry entry")
    release.add_argument("run", type=Path, metavar="RUN")
    release.add_argument("--models", type=Path, required=True, metavar="DIR", help="the registry folder")
    release.set_defaults(command=_export)
    return parser


def _fit(options: argparse.Namespace) -> None:
    settings = read_settings(options.config)
    earlier = _earlier_minutes(settings, options.output)
    before = None if options.start_from is None else read_run(options.start_from)
    if before is not None:
        require_unseen(before, settings)
    split = split_people(find_people(options.anatomies), settings.people)
    training, validation = _prepared(split, settings, options.noise)
    start = time.monotonic()

    def keep(reached: Reached) -> None:
        run = Run(
            settings=settings,
            training=tuple(person_name(file) for file in split.training),
            patches=len(training.patches),
            signal_percent=training.signal_percent,
            epochs=reached.epochs,
            steps=reached.steps,
            minutes=earlier + (time.monotonic() - start) / 60.0,
            machine=describe_machine(),
            command=_command(options),
            before="" if before is None else summary(before),
            seen=() if before is None else tuple(sorted({*before.training, *before.seen})),
        )
        write_run(run, options.output)

    best = fit(
        settings,
        training.patches,
        validation.patches,
        options.output,
        start_from=None if before is None else options.start_from / BEST,
        stop_after=options.stop_after,
        report=keep,
    )
    print(best)


def _command(options: argparse.Namespace) -> str:
    start = "" if options.start_from is None else " --start-from EARLIER"
    return f"deepasl-train fit --config {options.config} --anatomies DIR --noise FILE{start} --output RUN"


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


def _prepared(split: Split, settings: Settings, noise: Path) -> tuple[Prepared, Prepared]:
    """Patches to train on, and to choose the checkpoint on."""
    measured = read_measured_noise(noise)
    total = (len(split.training) + len(split.validation)) * scans_of_a_person(settings)
    with tqdm(total=total, desc="Scanning", unit="scan") as bar:
        training = prepare(split.training, measured, settings, settings.patches.count, 0, lambda scan: bar.update())
        count = settings.patches.validation_count
        validation = prepare(split.validation, measured, settings, count, 1, lambda scan: bar.update())
    return training, validation


def _evaluate(options: argparse.Namespace) -> None:
    run = read_run(options.run)
    network = load_module(options.run / BEST).network
    split = split_people(find_people(options.anatomies), run.settings.people)
    measured = read_measured_noise(options.noise)
    with tqdm(desc="Evaluating", unit="map") as bar:
        figures = evaluate(network, split.test, measured, run.settings, lambda one: bar.update())
    write_figures(figures, options.run)
    failures = beats_gaussian(figures)
    print("\n".join(failures) or "Better than Gaussian smoothing in PSNR and CCC at every level.")


def _export(options: argparse.Namespace) -> None:
    run, figures = read_run(options.run), read_figures(options.run)
    network = load_module(options.run / BEST).network
    properties = {"id": run.settings.model.id, "title": run.settings.model.title, "licence": run.settings.model.licence}
    content = onnx_bytes(network, properties)
    entry = registry_entry(run, network, content, metrics_of(figures))
    parameters = sum(weights.numel() for weights in network.parameters())
    card = model_card(run, figures, entry["sha256"], parameters, network.receptive_field)
    publish(options.models, entry, content, card)
    print(options.models / entry["file"])
