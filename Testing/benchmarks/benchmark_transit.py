"""How fast CBF and transit time are fitted to several delays: DeepASL beside SciPy's curve_fit, voxel by voxel.

The second way is how packages that fit one voxel after another do it; it is timed in a few voxels only, and its time is
stated for all of them. Both start from the same noisy signals, of which the truth is known.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import Any

import machine
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import curve_fit

from deepasl.acquisition.defaults import complete
from deepasl.acquisition.parameters import Acquisition, LabelingType, Source
from deepasl.progress import run
from deepasl.quantification.label_timing import LabelModel, LabelTiming, label_model
from deepasl.quantification.multidelay import DelayImages, quantify_delays
from deepasl.results import M0Map

TARGET_SECONDS = 5.0
"""For 64 x 64 x 24 voxels and 6 delays on two cores."""

SHORTEST_DELAY, LONGEST_DELAY, LABELING_DURATION = 0.5, 3.0, 1.8
SLICE_SECONDS = 0.04
M0 = 1000.0
NOISE = 0.5
"""SD of the mean difference image of a delay, in the unit of M0: 0.05 %."""

START = (50.0, 1.2)
"""CBF in mL/100g/min and ATT in s that curve_fit starts from."""


@dataclass(frozen=True)
class Took:
    """What a way of fitting took for all voxels, and how far it came from the truth: medians."""

    seconds: float
    cpu_seconds: float
    cbf_error: float
    att_error: float


@dataclass(frozen=True)
class Scan:
    """A volume of voxels with known flow and transit time, excited slice by slice."""

    images: DelayImages
    acquisition: Acquisition
    cbf: NDArray[Any]
    att: NDArray[Any]

    def timing(self, k: int) -> LabelTiming:
        """The delays of a slice."""
        return self.images.timing.later_by(self.acquisition.slice_timing.require()[k])


def main() -> None:
    options = _options()
    scan = _scan(options.size, options.slices, options.delays)
    ours = min((_ours(scan) for _ in range(options.repeats)), key=lambda took: took.seconds)
    other = _voxel_by_voxel(scan, options.voxels)
    print(machine.description())
    print(f"{options.size} x {options.size} x {options.slices} voxels, {options.delays} delays, best of", end=" ")
    print(f"{options.repeats} runs; curve_fit in {options.voxels} voxels, scaled up\n")
    print(f"{'':28}{'s':>9}{'CPU s':>9}{'ratio':>8}{'CBF error':>12}{'ATT error':>12}")
    for name, took in (("DeepASL", ours), ("SciPy curve_fit", other)):
        print(f"{name:28}{took.seconds:9.2f}{took.cpu_seconds:9.2f}{took.cpu_seconds / ours.cpu_seconds:8.0f}", end="")
        print(f"{took.cbf_error:12.2f}{1000.0 * took.att_error:9.0f} ms")
    print(f"\nWall time over the target of {TARGET_SECONDS:g} s: {ours.seconds / TARGET_SECONDS:.2f}; ", end="")
    print(f"CPU time over it: {ours.cpu_seconds / TARGET_SECONDS:.2f}")


def _scan(size: int, slices: int, delays: int) -> Scan:
    rng = np.random.default_rng(0)
    timing = LabelTiming(tuple(np.linspace(SHORTEST_DELAY, LONGEST_DELAY, delays)), (LABELING_DURATION,) * delays)
    acquisition, _ = complete(
        Acquisition().with_values(
            Source.USER,
            "benchmark",
            labeling_type=LabelingType.PCASL,
            post_labeling_delay=timing.delays,
            labeling_duration=LABELING_DURATION,
            slice_timing=tuple(SLICE_SECONDS * k for k in range(slices)),
        )
    )
    shape = (slices, size, size)
    cbf, att = rng.uniform(15.0, 90.0, shape), rng.uniform(0.6, 2.4, shape)
    model, later = label_model(acquisition), acquisition.slice_timing.require()
    signal = np.stack(
        [model.signal(att[k].ravel(), timing.later_by(later[k])).reshape(delays, size, size) for k in range(slices)], 1
    )
    means = M0 * cbf * signal + rng.normal(0.0, NOISE, signal.shape)
    return Scan(DelayImages(timing, means.astype(np.float32), (1,) * delays, None), acquisition, cbf, att)


def _ours(scan: Scan) -> Took:
    m0 = M0Map(np.full(scan.cbf.shape, M0, dtype=np.float32), "benchmark", 1.0)
    everywhere = np.ones(scan.cbf.shape, dtype=np.bool_)
    started = np.array([time.perf_counter(), time.process_time()])
    maps = run(quantify_delays(scan.images, m0, everywhere, scan.acquisition))
    seconds, cpu_seconds = np.array([time.perf_counter(), time.process_time()]) - started
    assert maps.cbf is not None
    assert maps.att is not None
    return Took(seconds, cpu_seconds, _median_error(maps.cbf, scan.cbf), _median_error(maps.att, scan.att))


def _voxel_by_voxel(scan: Scan, voxels: int) -> Took:
    chosen = np.random.default_rng(1).choice(scan.cbf.size, voxels, replace=False)
    places = np.stack(np.unravel_index(chosen, scan.cbf.shape), axis=1)
    model = label_model(scan.acquisition)
    started = np.array([time.perf_counter(), time.process_time()])
    found = np.array([_fitted(scan.images.means[:, k, j, i] / M0, scan.timing(k), model) for k, j, i in places])
    seconds, cpu_seconds = (np.array([time.perf_counter(), time.process_time()]) - started) * scan.cbf.size / voxels
    cbf, att = (volume[tuple(places.T)] for volume in (scan.cbf, scan.att))
    return Took(seconds, cpu_seconds, _median_error(found[:, 0], cbf), _median_error(found[:, 1], att))


def _fitted(signal: NDArray[Any], timing: LabelTiming, model: LabelModel) -> NDArray[Any]:
    def of(_: object, cbf: float, att: float) -> NDArray[Any]:
        values: NDArray[Any] = 1e3 * cbf * model.signal(np.array([att]), timing)[:, 0]
        return values

    limits = ((-np.inf, 0.0), (np.inf, LONGEST_DELAY + LABELING_DURATION))
    found: NDArray[Any] = curve_fit(of, np.asarray(timing.delays), 1e3 * signal, p0=START, bounds=limits)[0]
    return found


def _median_error(found: NDArray[Any], truth: NDArray[Any]) -> float:
    return float(np.median(np.abs(found - truth)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=64, help="rows and columns of a slice; default: %(default)s")
    parser.add_argument("--slices", type=int, default=24, help="default: %(default)s")
    parser.add_argument("--delays", type=int, default=6, help="default: %(default)s")
    parser.add_argument("--repeats", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--voxels", type=int, default=300, help="for curve_fit; default: %(default)s")
    return parser.parse_args()


if __name__ == "__main__":
    main()
