"""The command line: ``deepasl demo | run | inspect | convert | models``."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from tqdm import tqdm

import deepasl
from deepasl.acquisition.parameters import Source
from deepasl.commands.command import exit_code
from deepasl.commands.demo import demo_subject, write_demo_scan
from deepasl.commands.dicom_options import add_dicom_options, dicom_export
from deepasl.commands.scan_options import Scan, add_scan_options, named_scan
from deepasl.commands.settings_options import add_settings_options, chosen_settings
from deepasl.commands.side_options import add_side_options, side_images
from deepasl.commands.text import inspection_text, result_text, scanner_maps_text, series_text, truth_text, volumes_text
from deepasl.denoising.denoiser import Denoiser
from deepasl.denoising.registry import DEFAULT_MODEL, find_model, load_registry
from deepasl.errors import InputError
from deepasl.inspection import Inspection, inspect_series
from deepasl.pipeline import process
from deepasl.progress import Progress, run
from deepasl.readers import read_scan
from deepasl.readers.dicom import ScannerMap, likeness
from deepasl.results import Result
from deepasl.series import AslSeries
from deepasl.settings import Settings
from deepasl.side_images import NOTHING_BESIDE, SideImages
from deepasl.writers.bids_dataset import Destination, write_bids_scan
from deepasl.writers.derivatives import PictureWriter, require_writable, write_result
from deepasl.writers.provenance import RESEARCH_USE
from deepasl.writers.scanner_map_files import correlation_with

PICTURES = "deepasl.pictures"
"""Entry-point group of programs that draw a result; the Slicer side registers one."""


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
    demo.add_argument(
        "-o", "--output", type=Path, default=Path("deepasl-demo"), metavar="DIR", help="default: %(default)s"
    )
    _add_network_options(demo)
    demo.set_defaults(command=_demo)

    whole = commands.add_parser("run", parents=[common], help="a scan in, maps, picture and report out")
    add_scan_options(whole)
    whole.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="where the maps go")
    add_settings_options(whole)
    add_side_options(whole)
    whole.add_argument("--force", action="store_true", help="replace a result that is there already")
    add_dicom_options(whole)
    _add_network_options(whole)
    whole.set_defaults(command=_run)

    look = commands.add_parser("inspect", parents=[common], help="what was understood of a scan, and what is doubtful")
    add_scan_options(look)
    add_settings_options(look)
    add_side_options(look)
    look.add_argument("--volumes", action="store_true", help="a table of all volumes: role, delay, signal, use")
    look.add_argument("--json", action="store_true", help="as JSON: roles, parameters, warnings")
    look.set_defaults(command=_inspect)

    bids = commands.add_parser("convert", parents=[common], help="a DICOM folder to ASL-BIDS")
    add_scan_options(bids)
    bids.add_argument("bids", type=Path, metavar="BIDS_DIR", help="the data set; made where it does not exist")
    bids.add_argument("--participant", default="01", metavar="LABEL", help="for sub-LABEL; default: %(default)s")
    bids.add_argument("--acq", default="", metavar="LABEL", help="tells scans of one participant apart: acq-LABEL")
    bids.add_argument("--force", action="store_true", help="replace a scan that is there already")
    bids.set_defaults(command=_convert)

    models = commands.add_parser("models", parents=[common], help="the networks that are installed")
    models.set_defaults(command=_models)
    return parser


def _add_network_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="ID", help="default: %(default)s")
    parser.add_argument("--provider", choices=("auto", "cpu", "cuda"), default="auto", help="where the network runs")


def _demo(options: argparse.Namespace) -> None:
    scan = write_demo_scan(options.output / "scan")
    print(f"Phantom scan: {scan}")
    result = _processed(read_scan(scan), Settings(), NOTHING_BESIDE, options)
    _keep(result, options.output / "maps", force=True)
    print(truth_text(result, demo_subject().cbf))


def _run(options: argparse.Namespace) -> None:
    scan = _read(options)
    require_writable(options.output, scan.series.name, force=options.force)
    export = dicom_export(options, scan)
    result = _processed(scan.series, chosen_settings(options), side_images(options), options)
    result = replace(result, scanner_maps=scan.maps)
    # DICOM comes first: where there is no CBF, nothing is written.
    images = () if export is None else export.write(result)
    _keep(result, options.output, force=options.force)
    if export is not None:
        print(f"DICOM:   {export.folder} ({len(images)} files)")


def _processed(series: AslSeries, settings: Settings, beside: SideImages, options: argparse.Namespace) -> Result:
    denoiser = Denoiser(find_model(options.model), options.provider)
    with ProgressBar() as bar:
        return run(process(series, denoiser, settings, beside), bar.show)


def _keep(result: Result, folder: Path, *, force: bool) -> None:
    """Write, and tell."""
    written = write_result(result, folder, force=force, picture=_picture_writer())
    print(result_text(result, written))
    if result.scanner_maps:
        compared = [(each, correlation_with(each, result) or float("nan")) for each in result.scanner_maps]
        print(scanner_maps_text(compared))


def _inspect(options: argparse.Namespace) -> None:
    scan = _read(options)
    inspection = run(inspect_series(scan.series, chosen_settings(options), side_images(options)))
    compared = [(each, _likeness(inspection, each)) for each in scan.maps]
    if options.json:
        print(json.dumps(inspection.as_data() | _folder_data(scan, compared), indent=2))
        return
    if scan.dicom is not None:
        print(series_text(scan.dicom.found, scan.dicom.source) + "\n")
    print(inspection_text(inspection))
    if options.volumes:
        print("\n" + volumes_text(inspection))
    if compared:
        print(scanner_maps_text(compared))


def _likeness(inspection: Inspection, scanner: ScannerMap) -> float:
    if inspection.deltam is None or inspection.mask is None:
        return float("nan")
    return likeness(inspection.deltam, inspection.geometry, scanner, inspection.mask)


def _folder_data(scan: Scan, compared: Sequence[tuple[ScannerMap, float]]) -> dict[str, Any]:
    """For JSON: the series of a folder, and the maps of the scanner."""
    if scan.dicom is None:
        return {}
    series = [
        {
            "number": each.number,
            "description": each.description,
            "kind": each.verdict.kind.value,
            "images": each.images,
            "evidence": list(each.verdict.evidence),
            "read": each.uid == scan.dicom.source.uid,
        }
        for each in scan.dicom.found
    ]
    maps = [
        {"series": m.number, "kind": m.kind.value, "unit": m.unit, "correlation": None if r != r else r}
        for m, r in compared
    ]
    return {"series": series, "scanner_maps": maps}


def _convert(options: argparse.Namespace) -> None:
    scan = _read(options)
    if scan.dicom is None:
        raise InputError("this is no folder", where=options.scan, remedy="Name a folder of DICOM files.")
    series = scan.series
    if options.pld is not None:
        given = series.acquisition.with_values(
            Source.USER, "given on the command line", post_labeling_delay=(options.pld,)
        )
        series = replace(series, acquisition=given)
    destination = Destination(options.bids, options.participant, options.acq)
    image = write_bids_scan(series, scan.dicom.header, destination, force=options.force)
    print(f"{series.name}: {image}")


def _models(options: argparse.Namespace) -> None:
    for entry in load_registry():
        default = " (default)" if entry.id == DEFAULT_MODEL else ""
        print(
            f"{entry.id}{default}: {entry.title}\n  sees {entry.input.describe()}; {entry.licence}; card: {entry.card}"
        )


def _read(options: argparse.Namespace) -> Scan:
    with ProgressBar() as bar:
        return named_scan(options, bar.show)


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
