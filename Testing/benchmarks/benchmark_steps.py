"""How long a user interface waits between two yields: the longest step of each stage of a run on a long scan.

The scan is a phantom of 500 volumes of 64 x 64 x 24: two M0 images and 249 pairs. It is run as it stands, with the
robust mean and standard errors, without its M0 images, so that the mean of its control images stands in for them, and
with its pairs at five delays. Motion correction and MP-PCA are timed by benchmark_motion.py.

A step belongs to the stage that is shown while it runs: the one that was told last. Wall time is what a user waits; CPU
time adds up all threads and hardly depends on what else the machine is doing.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import machine

from deepasl.acquisition.parameters import Source
from deepasl.denoising.denoiser import Denoiser
from deepasl.denoising.registry import DEFAULT_MODEL, find_model
from deepasl.geometry import Geometry
from deepasl.perfusion.outliers import OutlierRule
from deepasl.phantom import Protocol, acquire, default_anatomy, make_subject
from deepasl.pipeline import process
from deepasl.progress import Job
from deepasl.series import AslSeries, Role
from deepasl.settings import Settings

SPACING_MM = (3.4, 3.4, 5.0)
NOISE_SD = 20.0
"""Of a single image, scanner units; grey matter has an M0 of 1000."""

GOAL = 0.1
"""In s: a longer wait is noticed."""

DELAYS = (1.0, 1.5, 2.0, 2.5, 3.0)
"""Post-labeling delays in s of the pairs, in turn, where there are several."""

STARTING = "Starting"
"""Shown until the job tells its first stage."""


@dataclass
class Steps:
    """The steps of one stage: seconds of wall and of CPU time of each."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def main() -> None:
    options = _options()
    scan = phantom(options.size, options.slices, options.volumes)
    denoiser = Denoiser(find_model(options.model), "cpu")
    runs: dict[str, Callable[[], tuple[AslSeries, Settings]]] = {
        "plain": lambda: (scan, Settings()),
        "robust": lambda: (scan, Settings(outliers=OutlierRule.ROBUST, uncertainty=True)),
        "score": lambda: (scan, Settings(outliers=OutlierRule.SCORE, smoothing_fwhm=4.0)),
        "no-m0": lambda: (without_m0(scan), Settings()),
        "delays": lambda: (at_delays(scan), Settings(uncertainty=True)),
    }
    titles = {
        "plain": "a plain run",
        "robust": "robust mean, standard errors",
        "score": "outliers dropped by SCORE, smoothing of 4 mm",
        "no-m0": "without M0 images: control images stand in",
        "delays": f"{len(DELAYS)} delays, standard errors",
    }
    print(machine.description())
    print(f"{options.volumes} volumes of {options.size} x {options.size} x {options.slices}, model {options.model}")
    for name in options.runs or runs:
        series, settings = runs[name]()
        report(titles[name], steps_of(process(series, denoiser, settings)))


def phantom(size: int, slices: int, volumes: int) -> AslSeries:
    """Two M0 images and as many pairs as give so many volumes."""
    shape = (slices, size, size)
    x, y, z = (-(n - 1) / 2.0 * spacing for n, spacing in zip(reversed(shape), SPACING_MM, strict=True))
    subject = make_subject(default_anatomy(Geometry(shape, SPACING_MM, (x, y, z))))
    return acquire(subject, Protocol(m0_volumes=2, pairs=(volumes - 2) // 2), noise_sd=NOISE_SD, seed=0)


def without_m0(series: AslSeries) -> AslSeries:
    """The same scan, its M0 images left unused."""
    roles = tuple(Role.UNUSED if role is Role.M0SCAN else role for role in series.roles)
    return replace(series, roles=roles)


def at_delays(series: AslSeries) -> AslSeries:
    """The same volumes as if their pairs had been acquired at several delays in turn."""
    delays = tuple(0.0 if role is Role.M0SCAN else DELAYS[t // 2 % len(DELAYS)] for t, role in enumerate(series.roles))
    return replace(
        series, acquisition=series.acquisition.with_values(Source.FILE, "phantom", post_labeling_delay=delays)
    )


def steps_of(job: Job[Any]) -> dict[str, Steps]:
    """Run a job to its end and time its steps, by the stage that is shown while they run."""
    stages: dict[str, Steps] = {}
    shown = STARTING
    while True:
        wall, cpu = time.perf_counter(), time.process_time()
        step = next(job, None)
        steps = stages.setdefault(shown, Steps())
        steps.wall.append(time.perf_counter() - wall)
        steps.cpu.append(time.process_time() - cpu)
        if step is None:
            return stages
        shown = step.stage


def report(title: str, stages: dict[str, Steps]) -> None:
    """Print a table."""
    print(f"\n{title}\n{'longest step in ms':46}{'steps':>8}{'wall':>8}{'CPU':>8}{f'over {1000 * GOAL:.0f}':>10}")
    for stage, steps in stages.items():
        over = sum(cpu > GOAL for cpu in steps.cpu)
        print(f"{stage:46}{len(steps.cpu):8}{1000 * max(steps.wall):8.0f}{1000 * max(steps.cpu):8.0f}{over:10}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=64, help="rows and columns of a slice; default: %(default)s")
    parser.add_argument("--slices", type=int, default=24, help="default: %(default)s")
    parser.add_argument("--volumes", type=int, default=500, help="default: %(default)s")
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="ID", help="default: %(default)s")
    parser.add_argument(
        "--runs", nargs="+", choices=("plain", "robust", "score", "no-m0", "delays"), help="default: all of them"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
