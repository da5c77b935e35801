"""What a whole run costs: seconds of each stage and peak memory, from the files of a phantom to maps on disk.

The phantom has the size of the in-vivo scans of the DeepASL paper: one M0 image and 30 pairs of 128 x 128 x 17. It is
written as ASL-BIDS, and each run reads it in a process of its own, so that nothing but the run counts to its memory.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import machine
import onnxruntime

from deepasl.denoising import Denoiser
from deepasl.geometry import Geometry
from deepasl.phantom import Protocol, acquire, default_anatomy, make_subject, write_bids
from deepasl.pipeline import process
from deepasl.progress import Clock, run
from deepasl.readers import read_scan
from deepasl.registry import DEFAULT_MODEL, find_model
from deepasl.writers import write_result

SPACING_MM = (2.7, 2.7, 5.0)
NOISE_SD = 20.0
"""Of a single image, scanner units; grey matter has an M0 of 1000."""


def main() -> None:
    options = _options()
    if options.measure is not None:
        print(json.dumps(measure(options.measure, options.model, options.models)))
        return
    with tempfile.TemporaryDirectory() as folder:
        scan = write_scan(Path(folder), options.size, options.slices, options.pairs)
        arguments = [sys.executable, __file__, "--measure", str(scan), "--model", options.model]
        arguments += ["--models", str(options.models)] if options.models else []
        runs = []
        for _ in range(options.repeats):
            told = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True).stdout
            runs.append(json.loads(told))
    report(options, runs)


def write_scan(folder: Path, size: int, slices: int, pairs: int) -> Path:
    """Write a phantom of ``[1 + 2 x pairs, slices, size, size]`` and return its path."""
    spacing = dict(zip("ijk", SPACING_MM, strict=True))
    shape = {"k": slices, "j": size, "i": size}
    middle = tuple(-(shape[axis] - 1) / 2.0 * spacing[axis] for axis in "ijk")
    geometry = Geometry(shape=(slices, size, size), spacing=SPACING_MM, origin=middle)
    subject = make_subject(default_anatomy(geometry))
    return write_bids(acquire(subject, Protocol(pairs=pairs), noise_sd=NOISE_SD, seed=0), folder)


def measure(scan: Path, model: str, models: Path | None) -> dict[str, object]:
    """Run once, as the command line does but for the picture; seconds of each stage, and bytes of memory."""
    before = machine.peak_memory()
    clock = Clock()
    with clock.stage("read the scan"):
        series = read_scan(scan)
    after_reading = machine.peak_memory()
    with clock.stage("load the network"):
        denoiser = Denoiser(find_model(model, [models] if models else None), "cpu")
    result = run(process(series, denoiser))
    clock.seconds.update(result.seconds)
    with tempfile.TemporaryDirectory() as folder, clock.stage("write maps and report"):
        write_result(result, Path(folder))
    memory = {
        "input as float32": series.volumes.nbytes,
        "process before reading": before,
        "peak after reading": after_reading,
        "peak of the whole run": (peak := machine.peak_memory()),
        "added by the run": peak - before,
    }
    return {"seconds": clock.seconds, "memory": memory}


def report(options: argparse.Namespace, runs: list[dict[str, dict[str, float]]]) -> None:
    """Print the median over runs."""
    print(f"{machine.description()}; ONNX Runtime {onnxruntime.__version__}")
    print(f"1 + 2 x {options.pairs} volumes of {options.size} x {options.size} x {options.slices}, ", end="")
    print(f"model {options.model}, median of {options.repeats} runs\n")
    seconds = {stage: statistics.median(each["seconds"][stage] for each in runs) for stage in runs[0]["seconds"]}
    total = sum(seconds.values())
    print(f"{'stage':26}{'s':>8}{'share':>9}")
    for stage, took in seconds.items():
        print(f"{stage:26}{took:8.2f}{took / total:9.0%}")
    print(f"{'sum':26}{total:8.2f}\n")
    size = runs[0]["memory"]["input as float32"]
    print(f"{'memory':26}{'MiB':>8}{'inputs':>9}")
    for name in runs[0]["memory"]:
        taken = statistics.median(each["memory"][name] for each in runs)
        print(f"{name:26}{taken / machine.MEBIBYTE:8.0f}{taken / size:9.1f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=128, help="rows and columns of a slice; default: %(default)s")
    parser.add_argument("--slices", type=int, default=17, help="default: %(default)s")
    parser.add_argument("--pairs", type=int, default=30, help="default: %(default)s")
    parser.add_argument("--repeats", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="ID", help="default: %(default)s")
    parser.add_argument("--models", type=Path, metavar="DIR", help="folder of models.json, if not that of DeepASL")
    parser.add_argument("--measure", type=Path, metavar="SCAN", help="run once on this scan and print JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
