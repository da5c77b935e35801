"""Real scans, of which nobody knows the truth: one half of the pairs denoised, against the average of the other half.

The halves share the blood flow and no noise. What a method leaves of its noise, and what it does to the flow, both put
it further from the other half; the noise of that half is the same for every method.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from deepasl.errors import InputError
from deepasl.quality.metrics import ccc, rmse
from deepasl.results import BoolArray
from deepasl.series import FloatArray, mean_in
from deepasl.tissue.from_perfusion import estimate_tissue
from deepasl_trainer.evaluation.baselines import Method
from deepasl_trainer.evaluation.judging import CCC, NULL, RMSE
from deepasl_trainer.evaluation.observation import Observation
from deepasl_trainer.evaluation.records import Condition, Record
from deepasl_trainer.evaluation.scoring import Candidate
from deepasl_trainer.invivo.scans import InVivoScan, read_invivo_scan
from deepasl_trainer.invivo.settings import InVivoSettings

HALVES = "real scans, half against half"
NULL_SCANS = "real scans without perfusion"
"""What tables call the two protocols."""

GREY_CHANGE = "grey_change"
UNSELECTED_GREY_CHANGE = "unselected_grey_change"

LEAST_PAIRS = 2
"""What a method gets."""

SCHEME = 2
"""Raised when figures are computed in another way, so that those of before are computed again."""


def judge_halves(scan: InVivoScan, method: Method) -> dict[str, float]:
    """Figures of a method on a real scan.

    Returns:
        ``rmse`` (mL/100g/min) and ``ccc`` of CBF of one half of the pairs, denoised, against the average of the other
        half; mean of both ways round. ``grey_change``: how much the mean CBF of grey matter changes when all pairs are
        denoised, percent. Grey matter is told from perfusion, so voxels whose noise is high are among it and any
        smoothing lowers their mean; ``unselected_grey_change`` is free of that: the change in one half, in grey matter
        told from the other one. Both are absent where no grey matter is found.
    """
    halves = _every_other(scan.observation, 0), _every_other(scan.observation, 1)
    both_ways = [_against(scan, noisy, other, method) for noisy, other in (halves, halves[::-1])]
    names = [name for name in both_ways[0] if name in both_ways[1]]
    figures = {name: float(np.mean([figures[name] for figures in both_ways])) for name in names}
    if scan.grey.any():
        whole = scan.observation
        figures[GREY_CHANGE] = _change_percent(scan, whole.deltam, method(whole), scan.grey)
    return figures


def judge_null(scan: InVivoScan, method: Method) -> dict[str, float]:
    """``null``: mean of the absolute CBF in an object without any flow, all pairs denoised, mL/100g/min."""
    whole = scan.observation
    return {NULL: mean_in(np.abs(scan.cbf_per_percent() * method(whole)), whole.brain)}


def score_real_scans(
    files: Iterable[Path], protocol: str, methods: Sequence[Candidate], kept: Iterable[Record]
) -> Iterator[Record]:
    """All figures that are not kept yet.

    Args:
        files: The scans, with all parameters in BIDS sidecars beside them.
        protocol: `HALVES` or `NULL_SCANS`.
        methods: What to judge.
        kept: Figures of before; those of the same files and methods are not computed again.

    Raises:
        DeepASLError: If a scan cannot be used.
    """
    judge = {HALVES: judge_halves, NULL_SCANS: judge_null}[protocol]
    done = {(record.condition.protocol, record.condition.person, record.method, record.version) for record in kept}
    for file in files:
        content = file.read_bytes()
        name = scan_name(file)
        missing = [m for m in methods if (protocol, name, m.name, _version(content, m)) not in done]
        if not missing:
            continue
        scan = read_invivo_scan(file, name, InVivoSettings())
        pairs = len(scan.observation.control) // (2 if protocol == HALVES else 1)
        _require_pairs(pairs, file)
        for candidate in missing:
            condition = Condition(protocol, name, 0, pairs)
            noise = scan.observation.noise_percent
            yield Record(condition, candidate.name, _version(content, candidate), noise, judge(scan, candidate.method))


def current_real_scans(
    files: Iterable[Path], protocol: str, methods: Sequence[Candidate], kept: Iterable[Record]
) -> list[Record]:
    """The kept figures of these scans and methods."""
    by_key = {(r.condition.protocol, r.condition.person, r.method, r.version): r for r in kept}
    contents = [(scan_name(file), file.read_bytes()) for file in files]
    keys = [(protocol, name, m.name, _version(content, m)) for name, content in contents for m in methods]
    return [by_key[key] for key in keys if key in by_key]


def scan_name(file: Path) -> str:
    """What tables call a scan: its file name without suffixes."""
    return file.name.split(".")[0]


def _against(scan: InVivoScan, noisy: Observation, other: Observation, method: Method) -> dict[str, float]:
    """One half denoised, the other half averaged."""
    denoised, brain, per_percent = method(noisy), noisy.brain, scan.cbf_per_percent()
    cbf, reference = per_percent * denoised, per_percent * other.deltam
    figures = {RMSE: rmse(cbf, reference, brain), CCC: ccc(cbf, reference, brain)}
    grey, _ = estimate_tissue(other.deltam, other.m0, brain, other.geometry)
    if grey.any():
        figures[UNSELECTED_GREY_CHANGE] = _change_percent(scan, noisy.deltam, denoised, grey)
    return figures


def _change_percent(scan: InVivoScan, before: FloatArray, after: FloatArray, grey: BoolArray) -> float:
    """Of the mean CBF in grey matter, from two difference images in percent of mean M0."""
    per_percent = scan.cbf_per_percent()
    return 100.0 * (mean_in(per_percent * after, grey) / mean_in(per_percent * before, grey) - 1.0)


def _every_other(scan: Observation, first: int) -> Observation:
    """Every other pair, so that drift and motion are alike in both halves."""
    return replace(scan, control=scan.control[first::2], label=scan.label[first::2])


def _require_pairs(count: int, file: Path) -> None:
    """The spread of two pairs at least tells methods how strong the noise is."""
    if count < LEAST_PAIRS:
        raise InputError(
            f"it has too few pairs of control and label: {LEAST_PAIRS} are needed, in each half where it is halved",
            where=file,
            remedy="Leave this scan out.",
        )


def _version(content: bytes, candidate: Candidate) -> str:
    return hashlib.sha256(content + repr((SCHEME, candidate.version)).encode()).hexdigest()[:16]
