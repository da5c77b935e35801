"""The command line: ``deepasl demo | run | inspect | models``."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from tqdm import tqdm

import deepasl
from deepasl.acquisition import SPECS, Acquisition, LabelingType, Source
from deepasl.command import exit_code
from deepasl.demo import demo_subject, write_demo_scan
from deepasl.denoising import Denoiser
from deepasl.inspection import inspect_series
from deepasl.labeling import swap_control_label
from deepasl.pipeline import Settings, process
from deepasl.progress import Progress, run
from deepasl.provenance import RESEARCH_USE
from deepasl.readers import read_scan
from deepasl.readers.companions import stem_of
from deepasl.registry import DEFAULT_MODEL, find_model, load_registry
from deepasl.results import Result
from deepasl.series import AslSeries
from deepasl.text import inspection_text, result_text, truth_text
from deepasl.writers import PictureWriter, require_writable, write_result

PICTURES = "deepasl.pictures"
"""Entry-point group of programs that draw a result; the Slicer side registers one."""

PARAMETER_OPTIONS: dict[str, tuple[str, Any]] = {
    "labeling_duration": ("--labeling-duration", float),
    "labeling_type": ("--labeling-type", LabelingType),
    "bolus_cutoff_delay": ("--bolus-cutoff-delay", float),
    "magnetic_field_strength": ("--field-strength", float),
    "m0_repetition_time": ("--m0-tr", float),
    "repetition_time": ("--tr", float),
    "labeling_efficiency": ("--labeling-efficiency", float),
    "t1_blood": ("--t1-blood", float),
    "t1_tissue": ("--t1-tissue", float),
    "partition_coefficient": ("--partition-coefficient", float),
}
"""Parameters the user may give, by field of `Acquisition`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 a user's problem, 2 wrong usage, 130 interrupted."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.DEBUG if options.debug else logging.WARNING, format="%(levelname)s %(message)s")
    return exit_code(
        "deepasl",
        partial(options.command, options),
        when_interrupted="interrupted; nothing was written.",
        debug=options.debug,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="deepasl",
        description="Denoise arterial spin labeling MRI and compute cerebral blood flow.",
        epilog=RESEARCH_USE,
    )
    parser.add_argument("--version", action="version", version=f"deepasl {deepasl.__version__}")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="show tracebacks and debug messages")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", parents=[common], help="run everything on a built-in phantom scan")
    demo.add_argument("--output", type=Path, default=Path("deepasl-demo"), metavar="DIR", help="default: %(default)s")
    _add_network_options(demo)
    demo.set_defaults(command=_demo)

    whole = commands.add_parser("run", parents=[common], help="a scan in, maps, picture and report out")
    _add_scan_options(whole)
    whole.add_argument("--output", type=Path, required=True, metavar="DIR", help="where the maps go")
    whole.add_argument("--pairs", type=int, metavar="N", help="average only the first N pairs")
    whole.add_argument("--smooth", type=float, default=0.0, metavar="MM", help="Gaussian FWHM before the network")
    whole.add_argument("--force", action="store_true", help="replace a result that is there already")
    _add_network_options(whole)
    whole.set_defaults(command=_run)

    look = commands.add_parser("inspect", parents=[common], help="what was understood of a scan, and what is doubtful")
    _add_scan_options(look)
    look.add_argument("--json", action="store_true", help="as JSON: roles, parameters, warnings")
    look.set_defaults(command=_inspect)

    models = commands.add_parser("models", parents=[common], help="the networks that are installed")
    models.set_defaults(command=_models)
    return parser


def _add_scan_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scan", type=Path, metavar="SCAN", help="a BIDS *_asl.nii.gz, or any 3D or 4D image")
    parser.add_argument("--m0", type=Path, metavar="FILE", help="a separate M0 image on the same grid")
    parser.add_argument("--sidecar", type=Path, metavar="FILE", help="a JSON file with the parameters")
    parser.add_argument("--context", type=Path, metavar="FILE", help="an aslcontext.tsv with the role of each volume")
    parser.add_argument(
        "--roles", metavar="LIST", help="roles of the volumes: control-label, label-control, deltam, or a comma list"
    )
    parser.add_argument("--swap", action="store_true", help="exchange control and label")
    parser.add_argument("--pld", type=float, metavar="S", help="post-labeling delay in s; chooses one of several")
    for name, (option, kind) in PARAMETER_OPTIONS.items():
        spec = SPECS[name]
        told = f"{spec.title}, {spec.unit}" if spec.unit else spec.title
        parser.add_argument(option, dest=name, type=kind, metavar=(spec.unit or "TYPE").upper(), help=told)


def _add_network_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="ID", help="default: %(default)s")
    parser.add_argument("--provider", choices=("auto", "cpu", "cuda"), default="auto", help="where the network runs")


def _demo(options: argparse.Namespace) -> None:
    scan = write_demo_scan(options.output / "scan")
    print(f"Phantom scan: {scan}")
    result = _finish(read_scan(scan), Settings(), options, options.output / "maps", force=True)
    print(truth_text(result, demo_subject().cbf))


def _run(options: argparse.Namespace) -> None:
    require_writable(options.output, stem_of(options.scan), force=options.force)
    settings = Settings(options.pairs, options.pld, options.smooth)
    _finish(_read(options), settings, options, options.output, force=options.force)


def _finish(series: AslSeries, settings: Settings, options: argparse.Namespace, folder: Path, *, force: bool) -> Result:
    """Process, write, and tell."""
    denoiser = Denoiser(find_model(options.model), options.provider)
    with ProgressBar() as bar:
        result = run(process(series, denoiser, settings), bar.show)
    written = write_result(result, folder, force=force, picture=_picture_writer())
    print(result_text(result, written))
    return result


def _inspect(options: argparse.Namespace) -> None:
    inspection = inspect_series(_read(options), Settings(pld=options.pld))
    print(json.dumps(inspection.as_data(), indent=2) if options.json else inspection_text(inspection))


def _models(options: argparse.Namespace) -> None:
    for entry in load_registry():
        default = " (default)" if entry.id == DEFAULT_MODEL else ""
        print(
            f"{entry.id}{default}: {entry.title}\n  sees {entry.input.describe()}; {entry.licence}; card: {entry.card}"
        )


def _read(options: argparse.Namespace) -> AslSeries:
    given = {name: getattr(options, name) for name in PARAMETER_OPTIONS if getattr(options, name) is not None}
    series = read_scan(
        options.scan,
        m0=options.m0,
        sidecar=options.sidecar,
        context=options.context,
        roles=options.roles,
        given=Acquisition().with_values(Source.USER, "given on the command line", **given),
    )
    return swap_control_label(series) if options.swap else series


def _picture_writer() -> PictureWriter | None:
    """The program that draws the comparison, where one is installed."""
    for entry in entry_points(group=PICTURES):
        writer: PictureWriter = entry.load()
        return writer
    return None


class ProgressBar:
    """A bar on the terminal, one stage after the other; nothing where the output is not a terminal."""

    def __enter__(self) -> ProgressBar:
        self._bar = tqdm(total=1, leave=False, disable=not sys.stderr.isatty(), bar_format="{desc}: {bar} {n}/{total}")
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, progress: Progress) -> None:
        """Draw how far the stage has come."""
        self._bar.set_description(progress.stage, refresh=False)
        self._bar.total = progress.total
        self._bar.n = progress.done
        self._bar.refresh()


if __name__ == "__main__":
    sys.exit(main())
