"""CBF and transit time of the same signals beside asltk, the engine of the Slicer extension ASLtoolkit.

asltk is no dependency: install it in an environment of its own and name its interpreter.

    python -m venv asltk && asltk/bin/pip install asltk==1.1.3
    python Testing/benchmarks/compare_asltk.py --python asltk/bin/python

The signals have no noise and come from the model of the consensus paper on several delays (Woods et al., Magn Reson Med
2024;92:469-495), with the partition coefficient that asltk has (0.98 mL/g) given to both.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import machine
import numpy as np

from deepasl.acquisition.defaults import complete
from deepasl.acquisition.parameters import Acquisition, LabelingType, Source
from deepasl.geometry import Geometry
from deepasl.images import write_image
from deepasl.progress import run
from deepasl.quantification.label_timing import LabelTiming, label_model
from deepasl.quantification.multidelay import DelayImages, quantify_delays
from deepasl.results import M0Map

DELAYS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
LABELING_DURATION = 1.8
M0 = 1000.0
PARTITION_COEFFICIENT = 0.98

THEIRS = """
import sys, time
import numpy as np
from asltk.asldata import ASLData
from asltk.reconstruction import CBFMapping

scan = np.load(sys.argv[1])
delays = [float(1000 * delay) for delay in scan["delays"]]
durations = [float(1000 * scan["duration"])] * len(delays)
data = ASLData(pcasl=scan["signal"][None], m0=sys.argv[3], ld_values=durations, pld_values=delays)
started = time.perf_counter()
maps = CBFMapping(data).create_map()
seconds = time.perf_counter() - started
as_array = lambda image: image.get_as_numpy() if hasattr(image, "get_as_numpy") else image
np.savez(sys.argv[2], cbf=as_array(maps["cbf_norm"]), att=as_array(maps["att"]) / 1000, seconds=seconds)
"""
"""What asltk does with the signals, in its own interpreter; its times are in ms."""


def main() -> None:
    options = _options()
    rng = np.random.default_rng(0)
    shape = (options.slices, options.size, options.size)
    cbf, att = rng.uniform(15.0, 90.0, shape), rng.uniform(0.6, 2.4, shape)
    timing = LabelTiming(DELAYS, (LABELING_DURATION,) * len(DELAYS))
    acquisition, _ = complete(
        Acquisition().with_values(
            Source.USER,
            "comparison",
            labeling_type=LabelingType.PCASL,
            post_labeling_delay=DELAYS,
            labeling_duration=LABELING_DURATION,
            partition_coefficient=PARTITION_COEFFICIENT,
        )
    )
    signal = label_model(acquisition).signal(att.ravel(), timing).reshape(len(DELAYS), *shape)
    signal = (M0 * cbf * signal).astype(np.float32)

    m0 = M0Map(np.full(shape, M0, dtype=np.float32), "comparison", 1.0)
    images = DelayImages(timing, signal, (1,) * len(DELAYS), None)
    started = time.perf_counter()
    maps = run(quantify_delays(images, m0, np.ones(shape, dtype=np.bool_), acquisition))
    ours = time.perf_counter() - started
    assert maps.cbf is not None
    assert maps.att is not None

    with tempfile.TemporaryDirectory() as folder:
        given, made = Path(folder) / "given.npz", Path(folder) / "made.npz"
        np.savez(given, signal=signal, delays=DELAYS, duration=LABELING_DURATION)
        write_image(calibration := Path(folder) / "m0.nii.gz", m0.volume, Geometry(shape))
        command = [str(options.python), "-c", THEIRS, str(given), str(made), str(calibration)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        theirs = {name: np.asarray(values) for name, values in np.load(made).items()}

    print(machine.description())
    print(f"{cbf.size} voxels, {len(DELAYS)} delays, no noise; CBF 15 to 90 mL/100g/min, ATT 0.6 to 2.4 s\n")
    print(f"{'':10}{'s':>9}{'CBF / truth':>26}{'ATT - truth, ms':>26}")
    _row("DeepASL", ours, maps.cbf / cbf, maps.att - att)
    _row("asltk", float(theirs["seconds"]), theirs["cbf"] / cbf, theirs["att"] - att)


def _row(name: str, seconds: float, ratio: np.ndarray, late: np.ndarray) -> None:
    """Median, and the range that 90 % of the voxels lie in."""
    ratios, times = (np.percentile(values, (50, 5, 95)) for values in (ratio, 1000.0 * late))
    flow = f"{ratios[0]:.3f} ({ratios[1]:.3f} to {ratios[2]:.3f})"
    arrival = f"{times[0]:.1f} ({times[1]:.1f} to {times[2]:.1f})"
    print(f"{name:10}{seconds:9.2f}{flow:>26}{arrival:>26}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, required=True, help="an interpreter that has asltk")
    parser.add_argument("--size", type=int, default=8, help="rows and columns; default: %(default)s")
    parser.add_argument("--slices", type=int, default=4, help="default: %(default)s")
    return parser.parse_args()


if __name__ == "__main__":
    main()
