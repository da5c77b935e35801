"""Measure networks and methods without training on simulated scans of people nobody trained on, and on real scans."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from tqdm import tqdm

from deepasl.errors import InputError
from deepasl_trainer.evaluation.example_maps import is_example, keep_maps
from deepasl_trainer.evaluation.halves import HALVES, NULL_SCANS, current_real_scans, score_real_scans
from deepasl_trainer.evaluation.network_methods import load_networks, require_unseen, require_untrained
from deepasl_trainer.evaluation.records import Record, append_record, read_records
from deepasl_trainer.evaluation.reporting import REPORT_FILE, write_report
from deepasl_trainer.evaluation.scoring import Candidate, candidates, current, number_of_scores, score
from deepasl_trainer.evaluation.settings import EvaluationSettings, read_evaluation_settings
from deepasl_trainer.people.anatomies import find_people, person_name
from deepasl_trainer.synthetic.noise import MeasuredNoise, read_measured_noise


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    models = "folder of a training, .onnx file in a registry folder, or id in the registry that comes along"
    parser.add_argument("models", nargs="*", metavar="MODEL", help=models)
    parser.add_argument("--anatomies", type=Path, required=True, metavar="DIR", help="label maps, one file per person")
    parser.add_argument("--noise", type=Path, required=True, metavar="FILE", help="synthetic_common_vars.mat")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="where everything is kept")
    config = "TOML file, or the name of one that comes along (default: %(default)s)"
    parser.add_argument("--config", default="evaluation", help=config)
    people = "who is evaluated on, in place of those of the configuration"
    parser.add_argument("--people", nargs="+", metavar="NAME", help=people)
    choosing = "allow people on whom a network was chosen, to choose among trainings: no figures to be shown"
    parser.add_argument("--choosing", action="store_true", help=choosing)
    scans = "real scans with BIDS sidecars: half of the pairs against the other half"
    parser.add_argument("--scans", type=Path, nargs="+", default=[], metavar="SCAN", help=scans)
    nothing = "real scans of a phantom in which nothing flows"
    parser.add_argument("--null-scans", type=Path, nargs="+", default=[], metavar="SCAN", help=nothing)


def run(options: argparse.Namespace) -> Path:
    """Evaluate, or go on with an evaluation that was stopped; returns the report.

    Raises:
        DeepASLError: If something cannot be read or written, or a network knows the people.
    """
    settings = read_evaluation_settings(options.config)
    people = tuple(options.people or settings.people)
    networks = load_networks(options.models, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    (require_untrained if options.choosing else require_unseen)(networks, people)
    files = _files_of(people, options.anatomies)
    measured = read_measured_noise(options.noise)
    methods = candidates(settings, networks)
    _simulated(files, settings, methods, measured, options.output)
    real = {HALVES: options.scans, NULL_SCANS: options.null_scans}
    for protocol, scans in real.items():
        for record in score_real_scans(scans, protocol, methods, read_records(options.output)):
            append_record(record, options.output)
    kept = read_records(options.output)
    records = current(kept, settings, methods, people)
    on_scans = [r for protocol, scans in real.items() for r in current_real_scans(scans, protocol, methods, kept)]
    reference = networks[0].name if networks else None
    write_report(records, on_scans, settings, reference, options.output)
    return Path(options.output) / REPORT_FILE


def _simulated(
    files: Sequence[Path],
    settings: EvaluationSettings,
    methods: Sequence[Candidate],
    measured: MeasuredNoise,
    output: Path,
) -> None:
    """Whatever is missing of the simulated scans."""
    done: list[Record] = current(read_records(output), settings, methods, [person_name(file) for file in files])
    total = number_of_scores(settings, methods, len(files))
    with tqdm(total=total, initial=len(done), desc="Evaluating", unit="scan") as bar:
        for scored in score(files, settings, methods, measured, done):
            if is_example(scored.record.condition, settings):
                keep_maps(scored, output)
            append_record(scored.record, output)
            bar.update()


def _files_of(people: Sequence[str], folder: Path) -> tuple[Path, ...]:
    by_name = {person_name(file): file for file in find_people(folder)}
    if absent := [name for name in people if name not in by_name]:
        raise InputError(
            f"there is no label map of {', '.join(absent)}",
            where=folder,
            remedy=f"Choose with --people; there are: {', '.join(by_name)}.",
        )
    return tuple(by_name[name] for name in people)
