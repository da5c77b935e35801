"""What a whole run costs: seconds and peak memory of each stage, from the files of a scan to maps on disk.

The scan is a phantom of the size of the in-vivo scans of the DeepASL paper, one M0 image and 30 pairs of 128 x 128 x 17
written as ASL-BIDS, or any image file or DICOM folder. The steps before and after the network are switched on by the
options of the command line, such as --motion-correction. Each run reads it in a process of its own, so that nothing but
the run counts to its memory.

What grows with a scan is told apart from what does not, such as libraries, the network and what is computed on a single
grid: the run is repeated in the same way on the first volumes of the scan.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import machine
import onnxruntime

from deepasl.commands.settings_options import add_settings_options, chosen_settings
from deepasl.denoising.denoiser import Denoiser
from deepasl.denoising.registry import DEFAULT_MODEL, find_model
from deepasl.geometry import Geometry
from deepasl.phantom import Protocol, acquire, default_anatomy, make_subject, write_bids
from deepasl.pipeline import process
from deepasl.progress import Clock, Progress, run
from deepasl.readers import read_scan
from deepasl.readers.dicom import Request, reading
from deepasl.readers.dicom.heads import files_in
from deepasl.series import AslSeries
from deepasl.settings import Settings
from deepasl.writers.derivatives import write_result
from deepasl.writers.provenance import settings_as_data

SPACING_MM = (2.7, 2.7, 5.0)
NOISE_SD = 20.0
"""Of a single image, scanner units; grey matter has an M0 of 1000."""

FEW = 13
"""Volumes of the short scan; an odd number, for those that begin with an M0 volume."""


def main() -> None:
    options = _options()
    if options.measure is not None:
        print(json.dumps(measure(options.measure, options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        scan = options.scan or write_scan(Path(folder), options.size, options.slices, options.acquired)
        arguments = [sys.executable, __file__, *sys.argv[1:], "--measure", str(scan)]
        runs = []
        for _ in range(options.repeats):
            told = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True).stdout
            runs.append(json.loads(told))
        told = subprocess.run([*arguments, "--first", str(FEW)], check=True, stdout=subprocess.PIPE, text=True).stdout
    report(options, runs)
    report_growth(runs, json.loads(told))


def write_scan(folder: Path, size: int, slices: int, pairs: int) -> Path:
    """Write a phantom of ``[1 + 2 x pairs, slices, size, size]`` and return its path."""
    spacing = dict(zip("ijk", SPACING_MM, strict=True))
    shape = {"k": slices, "j": size, "i": size}
    middle = tuple(-(shape[axis] - 1) / 2.0 * spacing[axis] for axis in "ijk")
    geometry = Geometry(shape=(slices, size, size), spacing=SPACING_MM, origin=middle)
    subject = make_subject(default_anatomy(geometry))
    return write_bids(acquire(subject, Protocol(pairs=pairs), noise_sd=NOISE_SD, seed=0), folder)


def measure(scan: Path, options: argparse.Namespace) -> dict[str, object]:
    """Run once, as the command line does but for the picture; seconds of each stage, and bytes of memory."""
    settings = chosen_settings(options)
    before = machine.peak_memory()
    clock = Clock()
    with clock.stage("read the scan"):
        series = read(scan)
    peaks = {"read the scan": machine.peak_memory()}
    if options.first is not None:
        series = first_volumes(series, options.first)
    with clock.stage("load the network"):
        denoiser = Denoiser(find_model(options.model, [options.models] if options.models else None), "cpu")
    stage = "load the network"
    arrays: dict[str, int] = {}

    def look(progress: Progress) -> None:
        nonlocal stage
        if progress.stage != stage:
            note()
            stage = progress.stage

    def note() -> None:
        peaks[stage] = max(peaks.get(stage, 0), machine.peak_memory())
        machine.forget_peak()
        if options.arrays:
            beyond = tracemalloc.get_traced_memory()[1]
            arrays[stage] = max(arrays.get(stage, 0), series.volumes.nbytes + beyond)
            tracemalloc.reset_peak()

    if options.arrays:
        tracemalloc.start()
    machine.forget_peak()
    result = run(process(series, denoiser, settings), look)
    note()
    tracemalloc.stop()
    clock.seconds.update(result.seconds)
    with tempfile.TemporaryDirectory() as folder, clock.stage("write maps and report"):
        write_result(result, Path(folder))
    peaks["write maps and report"] = machine.peak_memory()
    memory = {
        "input as float32": series.volumes.nbytes,
        "process before reading": before,
        **{f"peak: {stage}": peak for stage, peak in peaks.items()},
        "added by reading": peaks["read the scan"] - before,
        "added by the run": max(peaks.values()) - before,
    }
    memory |= {f"arrays: {stage}": most for stage, most in arrays.items()}
    of_run = max(peak for stage, peak in peaks.items() if stage not in ("read the scan", "write maps and report"))
    return {"seconds": clock.seconds, "memory": memory, "grid": list(series.volumes.shape), "run": of_run}


def first_volumes(series: AslSeries, count: int) -> AslSeries:
    """A shorter scan of the same grid."""
    acquisition, delays = series.acquisition, series.acquisition.post_labeling_delay
    if delays.known and len(delays.require()) == len(series.volumes):
        acquisition = replace(acquisition, post_labeling_delay=replace(delays, value=delays.require()[:count]))
    return replace(
        series,
        volumes=series.volumes[:count].copy(),
        roles=series.roles[:count],
        labeling_durations=series.labeling_durations[:count],
        acquisition=acquisition,
    )


def read(scan: Path) -> AslSeries:
    """An image file, or the ASL series of a DICOM folder."""
    return run(reading(files_in(scan), str(scan), Request())).series if scan.is_dir() else read_scan(scan)


def report(options: argparse.Namespace, runs: list[dict[str, Any]]) -> None:
    """Print the median over runs."""
    print(f"{machine.description()}; ONNX Runtime {onnxruntime.__version__}")
    volumes, slices, rows, columns = runs[0]["grid"]
    print(f"{volumes} volumes of {columns} x {rows} x {slices}, ", end="")
    print(f"model {options.model}, median of {options.repeats} runs")
    print(f"steps: {switched_on(options)}\n")
    seconds = {stage: statistics.median(each["seconds"][stage] for each in runs) for stage in runs[0]["seconds"]}
    total = sum(seconds.values())
    print(f"{'stage':46}{'s':>8}{'share':>9}")
    for stage, took in seconds.items():
        print(f"{stage:46}{took:8.2f}{took / total:9.0%}")
    print(f"{'sum':46}{total:8.2f}\n")
    size = runs[0]["memory"]["input as float32"]
    print(f"{'memory':46}{'MiB':>8}{'inputs':>9}")
    for name in runs[0]["memory"]:
        taken = statistics.median(each["memory"][name] for each in runs)
        print(f"{name:46}{taken / machine.MEBIBYTE:8.0f}{taken / size:9.1f}")


def report_growth(runs: list[dict[str, Any]], short: dict[str, Any]) -> None:
    """Print what of the memory of a run grows with the scan."""
    peak = statistics.median(each["run"] for each in runs)
    size, short_size = (each["memory"]["input as float32"] for each in (runs[0], short))
    growth = (peak - short["run"]) / (size - short_size)
    before = statistics.median(each["memory"]["process before reading"] for each in runs)
    constant = (peak - growth * size - before) / machine.MEBIBYTE
    print(f"\npeak of the run, without reading: {before / machine.MEBIBYTE:.0f} MiB (interpreter and libraries)")
    print(f"+ {constant:.0f} MiB (for any scan of this grid) + {growth:.2f} x the series")
    print(
        f"(by its first {short['grid'][0]} volumes, whose run has a peak of {short['run'] / machine.MEBIBYTE:.0f} MiB)"
    )


def switched_on(options: argparse.Namespace) -> str:
    """What differs from a plain run."""
    plain = settings_as_data(Settings())
    chosen = {name: value for name, value in settings_as_data(chosen_settings(options)).items() if value != plain[name]}
    return ", ".join(f"{name}={json.dumps(value)}" for name, value in chosen.items()) or "those of a plain run"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=128, help="rows and columns of a slice; default: %(default)s")
    parser.add_argument("--slices", type=int, default=17, help="default: %(default)s")
    parser.add_argument(
        "--acquired", type=int, default=30, metavar="PAIRS", help="of the phantom; default: %(default)s"
    )
    parser.add_argument("--scan", type=Path, help="an image file or a DICOM folder instead of the phantom")
    parser.add_argument("--pld", type=float, metavar="S", help="post-labeling delay in s; of several the one to use")
    parser.add_argument("--repeats", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="ID", help="default: %(default)s")
    parser.add_argument("--models", type=Path, metavar="DIR", help="folder of models.json, if not that of DeepASL")
    parser.add_argument(
        "--arrays", action="store_true", help="trace the arrays of each stage too (tracemalloc); this takes time"
    )
    parser.add_argument("--first", type=int, metavar="N", help="with --measure: only the first volumes")
    parser.add_argument("--measure", type=Path, metavar="SCAN", help="run once on this scan and print JSON")
    add_settings_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    main()
