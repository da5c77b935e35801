"""The command ``deepasl-train evaluate``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from tqdm import tqdm

from deepasl.errors import InputError
from deepasl_trainer.anatomies import find_people, person_name
from deepasl_trainer.evaluation_settings import read_evaluation_settings
from deepasl_trainer.network_methods import load_networks, require_unseen
from deepasl_trainer.noise import read_measured_noise
from deepasl_trainer.records import RECORDS_FILE, append_record, read_records
from deepasl_trainer.scoring import candidates, current, number_of_scores, score


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "models",
        nargs="*",
        metavar="MODEL",
        help="folder of a training, .onnx file of a registry, or id in the registry",
    )
    parser.add_argument("--anatomies", type=Path, required=True, metavar="DIR", help="label maps, one file per person")
    parser.add_argument("--noise", type=Path, required=True, metavar="FILE", help="synthetic_common_vars.mat")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="where figures are kept")
    parser.add_argument(
        "--config", default="evaluation", help="TOML file, or the name of one that comes along: evaluation (default)"
    )
    parser.add_argument(
        "--people", nargs="+", metavar="NAME", help="who is evaluated on, in place of the configuration's"
    )


def run(options: argparse.Namespace) -> Path:
    """Evaluate, or go on with an evaluation that was stopped; returns the file of its figures.

    Raises:
        DeepASLError: If something cannot be read, or a network knows the people.
    """
    settings = read_evaluation_settings(options.config)
    people = tuple(options.people or settings.people)
    networks = load_networks(options.models, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    require_unseen(networks, people)
    files = _files_of(people, options.anatomies)
    methods = candidates(settings, networks)
    done = current(read_records(options.output), settings, methods, people)
    total = number_of_scores(settings, len(methods), len(people))
    with tqdm(total=total, initial=len(done), desc="Evaluating", unit="scan") as bar:
        for scored in score(files, settings, methods, read_measured_noise(options.noise), done):
            append_record(scored.record, options.output)
            bar.update()
    return Path(options.output) / RECORDS_FILE


def _files_of(people: Sequence[str], folder: Path) -> tuple[Path, ...]:
    by_name = {person_name(file): file for file in find_people(folder)}
    if absent := [name for name in people if name not in by_name]:
        raise InputError(
            f"there is no label map of {', '.join(absent)}",
            where=folder,
            remedy=f"Choose with --people; there are: {', '.join(by_name)}.",
        )
    return tuple(by_name[name] for name in people)
