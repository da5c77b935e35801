"""How fast a scan is denoised on the CPU: ONNX Runtime as DeepASL uses it, beside PyTorch, same network.

The weights are random: they do not change the time. All rows take turns within each round, so that whatever else the
machine does falls on all of them; compare rows of one run only.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import machine
import numpy as np
import onnxruntime
import torch

from deepasl.denoising.denoiser import Denoiser, from_percent, to_percent
from deepasl.denoising.registry import PERCENT_OF_MEAN_M0, Domain, ModelEntry, ModelInput
from deepasl.denoising.runtime import threads, usable_cores
from deepasl.progress import run
from deepasl_trainer.release.onnx_export import onnx_bytes
from deepasl_trainer.training.networks import PaperNetwork

MEAN_M0 = 1000.0
NOISE_PERCENT = 0.5
Ways = dict[str, Callable[[], np.ndarray]]
"""Each computes the denoised image."""

ANY = (0.0, float("inf"))


@dataclass(frozen=True)
class Timing:
    """Medians over rounds; CPU time sums over threads and hardly feels what else the machine does."""

    seconds: float
    cpu_seconds: float


def main() -> None:
    options = _options()
    torch.manual_seed(0)
    torch.set_num_threads(threads(usable_cores()))
    network = PaperNetwork().eval()
    noise = np.random.default_rng(0).standard_normal((options.slices, options.size, options.size), dtype=np.float32)
    deltam = from_percent(NOISE_PERCENT * noise, MEAN_M0)
    with tempfile.TemporaryDirectory() as folder:
        denoiser = Denoiser(_entry(onnx_bytes(network, {}), Path(folder), network.receptive_field), "cpu")
    network = network.to(memory_format=torch.channels_last)
    ways: Ways = {
        "ONNX Runtime, whole slices": lambda: run(denoiser.denoise(deltam, MEAN_M0)),
        "ONNX Runtime, 40x40 patches": lambda: run(denoiser.denoise_patches(deltam, MEAN_M0)),
        "PyTorch float32, all slices at once": lambda: _in_pytorch(network, deltam, len(deltam)),
        "PyTorch float32, slice by slice": lambda: _in_pytorch(network, deltam, 1),
        "PyTorch bfloat16 autocast, all at once": lambda: _in_bfloat16(network, deltam),
    }
    print(f"{machine.description()}; ONNX Runtime {onnxruntime.__version__}, PyTorch {torch.__version__}")
    print(f"{options.slices} slices of {options.size} x {options.size}, {torch.get_num_threads()} threads, ", end="")
    print(f"median of {options.repeats} rounds; PyTorch eager, channels last\n")
    results = {name: way() for name, way in ways.items()}
    _report(results, _timings(ways, options.repeats))
    steps = 1000 * np.array(_step_times(denoiser, deltam))
    print(f"\nTime between two yields: median {np.median(steps):.0f} ms, longest {steps.max():.0f} ms")


def _timings(ways: Ways, rounds: int) -> dict[str, Timing]:
    """Time all `ways` in turn, `rounds` times."""
    clocks = {name: np.empty((rounds, 2)) for name in ways}
    for turn in range(rounds):
        for name, way in ways.items():
            before = np.array([time.perf_counter(), time.process_time()])
            way()
            clocks[name][turn] = [time.perf_counter(), time.process_time()] - before
    return {name: Timing(*np.median(clock, axis=0)) for name, clock in clocks.items()}


def _report(results: dict[str, np.ndarray], timings: dict[str, Timing]) -> None:
    """A table: times, their ratios to the first row, and how far the result is from that of the first row."""
    first = next(iter(results))
    print(f"{'':40}{'s':>7}{'ms/slice':>10}{'ratio':>7}{'CPU s':>8}{'ratio':>7}{'max. difference':>19}")
    for name, took in timings.items():
        apart = np.abs(to_percent(results[name] - results[first], MEAN_M0)).max()
        print(f"{name:40}{took.seconds:7.2f}{1000 * took.seconds / len(results[name]):10.1f}", end="")
        print(f"{took.seconds / timings[first].seconds:7.2f}{took.cpu_seconds:8.2f}", end="")
        print(f"{took.cpu_seconds / timings[first].cpu_seconds:7.2f}{apart:14.1e} % M0")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=17, help="default: %(default)s")
    parser.add_argument("--size", type=int, default=128, help="rows and columns of a slice; default: %(default)s")
    parser.add_argument("--repeats", type=int, default=3, help="rounds; default: %(default)s")
    return parser.parse_args()


def _entry(content: bytes, folder: Path, receptive_field: int) -> ModelEntry:
    path = folder / "network.onnx"
    path.write_bytes(content)
    return ModelEntry(
        id="benchmark",
        title="The paper's network with random weights",
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        input=ModelInput(
            slices=1, m0=False, scaling=PERCENT_OF_MEAN_M0, receptive_field=receptive_field, patch_size=40
        ),
        domain=Domain(in_plane_mm=ANY, slice_mm=ANY, noise_percent=ANY, signal_percent=ANY),
        licence="Apache-2.0",
        card=folder / "card.md",
    )


@torch.inference_mode()
def _in_pytorch(network: PaperNetwork, deltam: np.ndarray, batch: int) -> np.ndarray:
    """The same as `Denoiser.denoise`, with PyTorch."""
    images = torch.from_numpy(to_percent(deltam, MEAN_M0))[:, None].contiguous(memory_format=torch.channels_last)
    noise = torch.cat([network(part) for part in images.split(batch)])
    return deltam - from_percent(noise[:, 0].float().numpy(), MEAN_M0)


def _in_bfloat16(network: PaperNetwork, deltam: np.ndarray) -> np.ndarray:
    with torch.autocast("cpu", torch.bfloat16):
        return _in_pytorch(network, deltam, len(deltam))


def _step_times(denoiser: Denoiser, deltam: np.ndarray) -> list[float]:
    """How long a user interface waits for its turn, step by step."""
    times = [time.perf_counter()]
    times += [time.perf_counter() for _ in denoiser.denoise(deltam, MEAN_M0)]
    return list(np.diff(times))


if __name__ == "__main__":
    main()
