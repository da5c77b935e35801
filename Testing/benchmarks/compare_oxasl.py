"""Subtraction, decoding and M0 of the same arrays beside the routines of oxasl that need no FSL.

oxasl is no dependency: install it in an environment of its own, as README.md says, and name its interpreter.

    python Testing/benchmarks/compare_oxasl.py --python oxasl/bin/python

Its flow and transit times come from programs of FSL (BASIL, fabber) that its package does not bring, so they are not
here. Times are CPU seconds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import machine
import numpy as np
import peer
from numpy.typing import NDArray
from scipy import ndimage

from deepasl import phantom
from deepasl.acquisition.defaults import complete
from deepasl.acquisition.parameters import Acquisition
from deepasl.calibration.m0 import m0_map
from deepasl.calibration.reference import REFERENCE_TISSUES, Echo, blood_m0
from deepasl.calibration.settings import M0Method
from deepasl.calibration.smoothing import smoothed_m0
from deepasl.geometry import Geometry
from deepasl.labeling.time_encoding import TimeEncoding, hadamard_encoding
from deepasl.quantification.blood_flow import blood_flow
from deepasl.quantification.buxton import ML_PER_G_PER_S_TO_ML_PER_100G_PER_MIN
from deepasl.quantification.kinetics import pcasl_signal
from deepasl.results import M0Map
from deepasl.series import AslSeries, M0Scan, Role, mean_volume

T = TypeVar("T")
Values = NDArray[Any]

GEOMETRY = Geometry(shape=(16, 64, 64), spacing=(3.4, 3.4, 6.0), origin=(-107.1, -103.1, -40.0))
PROTOCOL = phantom.Protocol(m0_volumes=0, repetition_time=2.0)
NOISE, M0_NOISE = 10.0, 30.0
"""SD in each volume and in the M0 image, of an M0 of 1000."""

ECHO_TIME = 0.014
THEIR_NAMES = {M0Method.CSF: "csf", M0Method.WHITE_MATTER: "wm"}
MILLISECONDS = 1000.0


@dataclass(frozen=True)
class Scan:
    """What both sides get.

    Attributes:
        subject: The truth.
        series: Noisy pairs, with a noise-free M0 at a short repetition time.
        acquisition: Its parameters, defaults filled in.
        deltam: The difference image without noise.
        noisy_m0: M0 with noise.
        encoding, encoded: A time-encoded scan: numbers, of no subject.
    """

    subject: phantom.Subject
    series: AslSeries
    acquisition: Acquisition
    deltam: Values
    noisy_m0: Values
    encoding: TimeEncoding
    encoded: Values

    @property
    def mask(self) -> Values:
        return self.subject.mask

    def region(self) -> Values:
        """A reference region: which one does not matter to the formulas."""
        return self.mask & (self.subject.tissue.white > 0.9)

    def m0(self) -> M0Map:
        m0, _ = m0_map(self.series, self.acquisition)
        assert m0 is not None
        return m0

    def cbf(self) -> Values:
        cbf = blood_flow(self.deltam, self.m0(), self.mask, self.acquisition)
        assert cbf is not None
        return cbf

    def mean_difference(self) -> Values:
        return mean_volume(self.series.volumes_of(Role.CONTROL) - self.series.volumes_of(Role.LABEL))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    peer.add_python_option(parser, "oxasl")
    options = parser.parse_args()
    scan = _scan()
    theirs = peer.answers(options.python, "peer_oxasl.py", _given(scan))
    print(machine.description())
    print(f"oxasl {theirs['version']}; phantom of {GEOMETRY.shape[2]} x {GEOMETRY.shape[1]} x {GEOMETRY.shape[0]}\n")
    print(f"{'mean in the brain':34}{'DeepASL':>12}{'oxasl':>12}{'largest difference':>22}{'time':>8}")
    lambda_ = PROTOCOL.partition_coefficient
    _row(scan, theirs, "mean of 30 pairs", "difference", scan.mean_difference)
    _row(scan, theirs, "7 blocks decoded (Hadamard)", "decoded", lambda: scan.encoding.decode(scan.encoded))
    _row(scan, theirs, "M0 of tissue at TR 2 s", "m0", lambda: scan.m0().volume, factor=lambda_)
    _row(scan, theirs, "CBF, mL/100g/min", "cbf", scan.cbf)
    _row(scan, theirs, "M0 with rim mended", "mended", lambda: smoothed_m0(scan.noisy_m0, scan.mask), factor=lambda_)
    timing = np.subtract(
        (scan.encoding.timing.delays, scan.encoding.timing.durations),
        (theirs["decoded_plds"], theirs["decoded_durations"]),
    )
    print(f"Delays and durations of the decoded blocks: largest difference {np.abs(timing).max():.0e} s")
    _print_mended(scan, lambda_ * theirs["mended"])
    _print_references(scan, theirs)


def _scan() -> Scan:
    subject = phantom.make_subject(phantom.default_anatomy(GEOMETRY), receive_bias=0.3)
    rng = np.random.default_rng(0)
    encoding = hadamard_encoding((0.5,) * 7, 0.3)
    series = phantom.acquire(subject, PROTOCOL, noise_sd=NOISE, seed=0)
    return Scan(
        subject=subject,
        series=replace(series, m0scan=M0Scan(subject.m0[np.newaxis], GEOMETRY, "comparison")),
        acquisition=complete(series.acquisition)[0],
        deltam=phantom.true_deltam(subject, PROTOCOL),
        noisy_m0=(subject.m0 + rng.normal(0.0, M0_NOISE, GEOMETRY.shape)).astype(np.float32),
        encoding=encoding,
        encoded=rng.normal(1000.0, 100.0, (len(encoding.labeled), *GEOMETRY.shape)).astype(np.float32),
    )


def _given(scan: Scan) -> dict[str, Any]:
    constants = {"m0_tr": PROTOCOL.repetition_time, "t1_tissue": scan.acquisition.t1_tissue.require()}
    return {
        "pairs": scan.series.volumes,
        "encoded": scan.encoded,
        "blocks": json.dumps({"durations": scan.encoding.block_durations, "delay": scan.encoding.delay}),
        "m0": scan.subject.m0,
        "noisy_m0": scan.noisy_m0,
        "mask": scan.mask,
        "region": scan.region(),
        "relative": scan.deltam / _unit_signal(),
        "constants": json.dumps(constants),
        "references": json.dumps([_their_reference(*reference) for reference in _references()]),
    }


def _unit_signal() -> float:
    """The signal of a flow of 1 mL/g/s, all of it labeled, by M0 of blood: what their fit divides by."""
    return float(
        pcasl_signal(
            ML_PER_G_PER_S_TO_ML_PER_100G_PER_MIN,
            att=0.0,
            t1_apparent=PROTOCOL.t1_blood,
            pld=PROTOCOL.pld,
            labeling_duration=PROTOCOL.labeling_duration,
            t1_blood=PROTOCOL.t1_blood,
            labeling_efficiency=1.0,
            partition_coefficient=1.0,
        )
    )


def _row(
    scan: Scan, theirs: Mapping[str, Values], title: str, name: str, work: Callable[[], Values], factor: float = 1.0
) -> None:
    started = time.process_time()
    ours = work()
    ratio = float(theirs[f"{name}_seconds"]) / (time.process_time() - started)
    ours, other = ours[..., scan.mask], factor * theirs[name][..., scan.mask]
    largest = np.abs(other - ours).max()
    print(f"{title:34}{ours.mean():12.4f}{other.mean():12.4f}{largest:22.5f}{ratio:8.1f}")


def _print_mended(scan: Scan, theirs: Values) -> None:
    core = ndimage.binary_erosion(scan.mask, np.ones((3, 3, 3)), border_value=1)
    away = theirs / smoothed_m0(scan.noisy_m0, scan.mask) - 1.0
    inside, rim = (float(np.sqrt(np.mean(away[where] ** 2))) for where in (core, scan.mask & ~core))
    print(f"M0 with rim mended, RMS difference: {inside:.2%} inside, {rim:.2%} in the outermost voxels")


def _references() -> list[tuple[M0Method, Echo]]:
    return [(method, echo) for method in REFERENCE_TISSUES for echo in Echo]


def _their_reference(method: M0Method, echo: Echo) -> dict[str, Any]:
    return {
        "tissref": THEIR_NAMES[method],
        "tr": PROTOCOL.repetition_time,
        "te": MILLISECONDS * ECHO_TIME,
        "t2star": echo is Echo.GRADIENT,
    }


def _print_references(scan: Scan, theirs: Mapping[str, Values]) -> None:
    print(f"\n{'M0 of blood by one tissue':34}{'DeepASL':>12}{'oxasl':>12}{'difference':>14}")
    signal = float(scan.subject.m0[scan.region()].mean(dtype=np.float64))
    for number, (method, echo) in enumerate(_references()):
        tissue = REFERENCE_TISSUES[method]
        ours = blood_m0(signal, tissue, repetition_time=PROTOCOL.repetition_time, echo_time=ECHO_TIME, echo=echo)
        other = float(theirs[f"reference{number}"])
        print(f"{f'{tissue.title}, {echo.value}':34}{ours:12.2f}{other:12.2f}{other / ours - 1.0:+z14.2%}")


if __name__ == "__main__":
    main()
