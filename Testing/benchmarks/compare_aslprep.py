"""Flow, transit time, outliers and quality of the same arrays beside the routines of aslprep.

aslprep is no dependency: install it in an environment of its own, as README.md says, and name its interpreter.

    python Testing/benchmarks/compare_aslprep.py --python aslprep/bin/python

Both sides get the same ASL-BIDS fields and the same noise-free or noisy phantom, whose flow is known; each fills in its
own constants. Times are CPU seconds; those of aslprep's CBF and quality index include the files that it works on.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import machine
import numpy as np
import peer
from numpy.typing import NDArray

from deepasl import phantom
from deepasl.acquisition.defaults import complete
from deepasl.acquisition.parameters import Acquisition, LabelingType, Source
from deepasl.calibration.m0 import m0_map
from deepasl.geometry import Geometry
from deepasl.perfusion.outliers import Averaged, OutlierRule, average
from deepasl.progress import run
from deepasl.quality.qei import quality_evaluation
from deepasl.quantification.blood_flow import blood_flow
from deepasl.quantification.label_timing import LabelTiming, label_model
from deepasl.quantification.multidelay import DelayImages, quantify_delays
from deepasl.readers.parameters import acquisition_of
from deepasl.readers.sidecar import Sidecar
from deepasl.results import M0Map
from deepasl.series import AslSeries, M0Scan, Role

T = TypeVar("T")
Values = NDArray[Any]

GEOMETRY = Geometry(shape=(16, 64, 64), spacing=(3.4, 3.4, 6.0), origin=(-107.1, -103.1, -40.0))
DELAYS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
LABELING_DURATION, BOLUS, M0, TISSUE_SHARE = 1.8, 0.8, 1000.0, 0.7
NOISE, STATIC = 5.0, 0.5
"""SD of the noise of every volume, and the fraction of M0 that control images show."""

PCASL = {
    "ArterialSpinLabelingType": "PCASL",
    "PostLabelingDelay": 1.8,
    "LabelingDuration": LABELING_DURATION,
    "MagneticFieldStrength": 3,
    "BackgroundSuppression": False,
}
PASL = {
    "ArterialSpinLabelingType": "PASL",
    "PostLabelingDelay": 2.0,
    "MagneticFieldStrength": 3,
    "BackgroundSuppression": False,
    "BolusCutOffFlag": True,
}
SUPPRESSED = {"BackgroundSuppression": True}
IN_SLICES = {"MRAcquisitionType": "2D", "SliceTiming": [0.035 * k for k in range(GEOMETRY.shape[0])]}

CASES: dict[str, tuple[dict[str, Any], float]] = {
    "pCASL, 3 T": (PCASL, 6.0),
    "pCASL, 1.5 T": (PCASL | {"MagneticFieldStrength": 1.5}, 6.0),
    "pCASL, 7 T": (PCASL | {"MagneticFieldStrength": 7}, 6.0),
    "pCASL, 2.89 T": (PCASL | {"MagneticFieldStrength": 2.89}, 6.0),
    "pCASL, slices 35 ms apart": (PCASL | IN_SLICES, 6.0),
    "pCASL, M0 at TR 2 s": (PCASL, 2.0),
    "pCASL, 2 suppression pulses": (PCASL | SUPPRESSED | {"BackgroundSuppressionNumberPulses": 2}, 6.0),
    "pCASL, pulses not known": (PCASL | SUPPRESSED, 6.0),
    "CASL": (PCASL | {"ArterialSpinLabelingType": "CASL"}, 6.0),
    "PASL, QUIPSS II 0.8 s": (PASL | {"BolusCutOffTechnique": "QUIPSSII", "BolusCutOffDelayTime": 0.8}, 6.0),
    "PASL, Q2TIPS 0.8 to 1.6 s": (PASL | {"BolusCutOffTechnique": "Q2TIPS", "BolusCutOffDelayTime": [0.8, 1.6]}, 6.0),
}
"""ASL-BIDS fields of a scan, and the TR of its M0."""

ELSEWHERE, TURNED = phantom.Pose(shift_mm=(2.0, 3.0, 0.0)), phantom.Pose(rotation_degrees=(0.0, 0.0, 1.5))
BAD_PAIRS: dict[str, dict[int, phantom.Pose]] = {
    "none": {},
    "4, 12, 25": dict.fromkeys((3, 11, 24), ELSEWHERE),
    "1, 12, 25": {0: ELSEWHERE, 11: TURNED, 24: TURNED},
}
"""Pairs as users count them, and as rows, with the pose of the head in their label image."""

LESION = phantom.Lesion(center_mm=(-38.0, -10.0, 20.0), radius_mm=14.0, factor=0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    peer.add_python_option(parser, "aslprep")
    parser.add_argument("--voxels", type=int, default=300, help="of the fit of several delays; default: %(default)s")
    options = parser.parse_args()
    subject = phantom.make_subject(phantom.default_anatomy(GEOMETRY), regional_sd=0.15, lesions=[LESION])
    deltam = phantom.true_deltam(subject, phantom.Protocol())
    arrivals = _arrivals(options.voxels)
    scans = [_scan(subject, bad) for bad in BAD_PAIRS.values()]
    maps = [np.where(subject.mask, cbf, np.float32(0.0)) for cbf in (subject.cbf, scans[0].mean(axis=0), scans[0][0])]
    theirs = peer.answers(
        options.python,
        "peer_aslprep.py",
        {
            "affine": GEOMETRY.ijk_to_ras(),
            "deltam": deltam,
            "m0": subject.m0,
            "mask": subject.mask,
            "grey": subject.tissue.grey,
            "white": subject.tissue.white,
            "csf": subject.tissue.csf,
            "cases": json.dumps([{"metadata": fields, "m0_tr": tr} for fields, tr in CASES.values()]),
            "series": np.stack(scans),
            "maps": np.stack(maps),
            **arrivals.given(),
        },
    )
    print(machine.description())
    print(f"aslprep {theirs['version']}; phantom of {GEOMETRY.shape[2]} x {GEOMETRY.shape[1]} x {GEOMETRY.shape[0]}")
    _print_single_delay(subject, deltam, theirs)
    _print_several_delays(arrivals, theirs)
    _print_outliers(subject, scans, theirs)
    _print_quality(subject, maps, theirs)


def _timed(work: Callable[..., T], *arguments: Any) -> tuple[T, float]:
    started = time.process_time()
    return work(*arguments), time.process_time() - started


def _print_single_delay(subject: phantom.Subject, deltam: Values, theirs: Mapping[str, Values]) -> None:
    print(
        f"\n{'CBF of a signal of 1 % of M0, mL/100g/min':42}{'DeepASL':>9}{'aslprep':>9}{'difference':>12}{'time':>8}"
    )
    seen = subject.mask & (deltam > 0.0)
    unit = 0.01 * subject.m0[seen] / deltam[seen]
    for number, (name, (fields, repetition_time)) in enumerate(CASES.items()):
        ours, seconds = _timed(_our_cbf, subject, deltam, fields, repetition_time)
        ours = unit * ours[seen]
        if (refusal := theirs.get(f"refusal{number}")) is not None:
            print(f"{name:42}{ours.mean():9.3f}  {refusal}")
            continue
        other = unit * theirs[f"cbf{number}"][seen]
        largest = 100.0 * (other / ours - 1.0)[np.argmax(np.abs(other / ours - 1.0))]
        ratio = float(theirs[f"seconds{number}"]) / seconds
        print(f"{name:42}{ours.mean():9.3f}{other.mean():9.3f}{largest:+z10.3f} %{ratio:8.0f}")


def _our_cbf(subject: phantom.Subject, deltam: Values, fields: dict[str, Any], repetition_time: float) -> Values:
    roles = (Role.DELTAM,)
    acquisition, _ = complete(
        acquisition_of(Sidecar(fields), roles).with_values(
            Source.USER, "comparison", m0_repetition_time=repetition_time
        )
    )
    m0scan = M0Scan(subject.m0[np.newaxis], GEOMETRY, "comparison")
    m0, _ = m0_map(
        AslSeries("comparison", deltam[np.newaxis], GEOMETRY, roles, acquisition, m0scan=m0scan), acquisition
    )
    cbf = blood_flow(deltam, m0, subject.mask, acquisition)
    assert cbf is not None
    return cbf


@dataclass(frozen=True)
class Arrivals:
    """Voxels of known flow ``[n]`` and their signals without noise ``[p, n]``."""

    cbf: Values
    att: Values
    pcasl: Acquisition
    pasl: Acquisition

    def signal(self, acquisition: Acquisition) -> Values:
        return M0 * self.cbf * label_model(acquisition).signal(self.att, self.timing(acquisition))

    def timing(self, acquisition: Acquisition) -> LabelTiming:
        pulsed = acquisition.labeling_type.value is LabelingType.PASL
        return LabelTiming(DELAYS, (BOLUS if pulsed else LABELING_DURATION,) * len(DELAYS))

    def given(self) -> dict[str, Any]:
        constants = {
            "m0": M0,
            "t1_blood": self.pcasl.t1_blood.require(),
            "duration": LABELING_DURATION,
            "bolus": BOLUS,
        }
        signals = {"pcasl": self.signal(self.pcasl).T, "pasl": self.signal(self.pasl).T}
        return {"cbf": self.cbf, "att": self.att, "delays": DELAYS, "constants": json.dumps(constants), **signals}

    def fitted(self, acquisition: Acquisition) -> tuple[Values, Values]:
        grid = (1, 1, len(self.cbf))
        means = self.signal(acquisition).reshape(len(DELAYS), *grid).astype(np.float32)
        images = DelayImages(self.timing(acquisition), means, (1,) * len(DELAYS), None)
        m0 = M0Map(np.full(grid, M0, dtype=np.float32), "comparison", 1.0)
        maps = run(quantify_delays(images, m0, np.ones(grid, dtype=np.bool_), acquisition))
        assert maps.cbf is not None
        assert maps.att is not None
        return maps.cbf.ravel(), maps.att.ravel()


def _arrivals(voxels: int) -> Arrivals:
    rng = np.random.default_rng(0)
    pcasl, pasl = (complete(acquisition_of(Sidecar(fields), (Role.DELTAM,)))[0] for fields in (PCASL, PASL))
    return Arrivals(rng.uniform(15.0, 90.0, voxels), rng.uniform(0.6, 2.4, voxels), pcasl, pasl)


def _print_several_delays(arrivals: Arrivals, theirs: Mapping[str, Values]) -> None:
    print(f"\n{len(arrivals.cbf)} voxels at {len(DELAYS)} delays, no noise; CBF 15 to 90 mL/100g/min, ATT 0.6 to 2.4 s")
    print(f"{'':30}{'CBF / truth':>26}{'ATT - truth, ms':>26}{'time':>8}")
    for name, acquisition, ways in (("pCASL", arrivals.pcasl, ("fit", "weighted")), ("PASL", arrivals.pasl, ("pasl",))):
        (cbf, att), seconds = _timed(arrivals.fitted, acquisition)
        _arrival_row(f"DeepASL, {name}", cbf / arrivals.cbf, att - arrivals.att, 1.0)
        for way in ways:
            title = "weighted delay" if way == "weighted" else "fit"
            ratio = float(theirs[f"{way}_seconds"]) / seconds
            late = theirs[f"{way}_att"] - arrivals.att
            _arrival_row(f"aslprep, {name}, {title}", theirs[f"{way}_cbf"] / arrivals.cbf, late, ratio)
    ours = arrivals.signal(arrivals.pcasl)
    largest = np.abs(theirs["signal"].T - ours).max() / ours.max()
    print(f"Signals of pCASL by the model of aslprep without its arterial part: largest difference {largest:.0e}")


def _arrival_row(name: str, ratio: Values, late: Values, times: float) -> None:
    """Median, and the range that 90 % of the voxels lie in."""
    ratios, milliseconds = (np.nanpercentile(values, (50, 5, 95)) for values in (ratio, 1000.0 * late))
    flow = f"{ratios[0]:.3f} ({ratios[1]:.3f} to {ratios[2]:.3f})"
    arrival = f"{milliseconds[0]:z.0f} ({milliseconds[1]:z.0f} to {milliseconds[2]:z.0f})"
    print(f"{name:30}{flow:>26}{arrival:>26}{times:8.0f}")


def _scan(subject: phantom.Subject, bad: Mapping[int, phantom.Pose]) -> Values:
    """CBF of each pair of a noisy scan ``[p, k, j, i]``."""
    protocol = phantom.Protocol(m0_volumes=0, static_fraction=STATIC)
    poses = [phantom.Pose()] * len(protocol.roles())
    for pair, pose in bad.items():
        poses[2 * pair + 1] = pose
    artifacts = phantom.Artifacts(poses=tuple(poses))
    scan = phantom.acquire(subject, protocol, noise_sd=NOISE, seed=1, artifacts=artifacts)
    differences = scan.volumes_of(Role.CONTROL) - scan.volumes_of(Role.LABEL)
    acquisition, _ = complete(scan.acquisition)
    m0 = M0Map(subject.m0, "comparison", 1.0)
    maps = [blood_flow(difference, m0, subject.mask, acquisition) for difference in differences]
    return np.stack([cbf for cbf in maps if cbf is not None])


def _print_outliers(subject: phantom.Subject, scans: list[Values], theirs: Mapping[str, Values]) -> None:
    lesion = subject.mask & phantom.lesion_mask(GEOMETRY, LESION)
    print(
        f"\n{len(scans[0])} pairs, noise {NOISE / M0:.1%} of M0 in each volume, {STATIC:.0%} of M0 in control images."
    )
    print("error: RMS of CBF in the brain, mL/100g/min; lesion: mean CBF over the truth, half of what is around it")
    print(f"{'bad pairs':12}{'':22}{'rejected':16}{'error':>8}{'lesion':>8}{'time':>8}")
    for number, (bad, scan) in enumerate(zip(BAD_PAIRS, scans, strict=True)):
        score, score_time = _timed(_our_average, subject, scan, OutlierRule.SCORE)
        robust, robust_time = _timed(_our_average, subject, scan, OutlierRule.ROBUST)
        their_score, their_scrub = (float(theirs[f"{name}_seconds{number}"]) for name in ("score", "scrub"))
        dropped = [each.index for each in score.dropped]
        for title, rejected, mean, ratio in (
            (f"{bad:12}all pairs", (), scan.mean(axis=0), None),
            ("DeepASL, SCORE", dropped, score.mean, 1.0),
            ("aslprep, SCORE", theirs[f"rejected{number}"], theirs[f"score{number}"], their_score / score_time),
            ("DeepASL, robust mean", (), robust.mean, 1.0),
            ("aslprep, then SCRUB", (), theirs[f"scrub{number}"], their_scrub / robust_time),
        ):
            error = math.sqrt(np.mean((mean - subject.cbf)[subject.mask] ** 2))
            figures = f"{error:8.1f}{mean[lesion].mean() / subject.cbf[lesion].mean():8.2f}"
            listed = ", ".join(str(row + 1) for row in rejected)
            indented = title if ratio is None else f"{'':12}{title}"
            print(f"{indented:34}{listed:16}{figures}" + ("" if ratio is None else f"{ratio:8.1f}"))


def _our_average(subject: phantom.Subject, scan: Values, rule: OutlierRule) -> Averaged:
    grey, white = (subject.mask & (share >= TISSUE_SHARE) for share in (subject.tissue.grey, subject.tissue.white))
    return run(average(scan, subject.mask, grey, white, rule))


def _print_quality(subject: phantom.Subject, maps: list[Values], theirs: Mapping[str, Values]) -> None:
    tissue = subject.tissue
    print(f"\n{'':30}{'index':>10}{'similarity':>12}{'dispersion':>12}{'negative':>11}{'time':>8}")
    for row, (title, cbf) in enumerate(zip(("true flow", "mean of 30 pairs", "one pair"), maps, strict=True)):
        parts, seconds = _timed(quality_evaluation, cbf, tissue.grey, tissue.white, tissue.csf, GEOMETRY)
        ours = (parts.index(), parts.similarity, parts.dispersion, parts.negative_grey)
        ratio = float(theirs["quality_seconds"][row]) / seconds
        _quality_row(f"{title:20}DeepASL", ours, 1.0)
        _quality_row(f"{'':20}aslprep", theirs["quality"][row] * (1.0, 1.0, 1.0, 0.01), ratio)


def _quality_row(title: str, figures: Iterable[float], ratio: float) -> None:
    index, similarity, dispersion, negative = figures
    print(f"{title:30}{index:10.4f}{similarity:12.4f}{dispersion:12.4f}{negative:9.2%}{ratio:10.1f}")


if __name__ == "__main__":
    main()
