"""What each step of a run did, in the order of processing: those that were switched off too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deepasl.calibration.settings import M0Method, M0Smoothing
from deepasl.perfusion.outliers import OutlierRule
from deepasl.results import Result
from deepasl.run_record import RunRecord
from deepasl.series import Role


@dataclass(frozen=True)
class Step:
    """One step of a run.

    Attributes:
        title: Its name.
        done: Whether it changed anything.
        told: What it did, or why it did nothing.
    """

    title: str
    done: bool
    told: str


Outcome = tuple[bool, str]


def steps_of(result: Result) -> tuple[Step, ...]:
    """All steps in order; nothing for maps read back from a file or a scene, which do not tell."""
    record = result.record
    if record is None:
        return ()
    return tuple(Step(title, *outcome(result, record)) for title, outcome in _STEPS)


def _motion(result: Result, record: RunRecord) -> Outcome:
    if record.motion is None:
        return False, "not looked for"
    if not record.motion.corrected:
        return False, "looked for; the head kept still, and images are left as acquired"
    largest = record.motion.framewise_displacement.max()
    return True, f"corrected; framewise displacement of up to {largest:.2f} mm"


def _m0(result: Result, record: RunRecord) -> Outcome:
    if result.m0 is None:
        return False, "none that can be used"
    factor = f", multiplied by {result.m0.recovery:.3f} for its TR" if result.m0.recovery != 1.0 else ""
    chosen = record.settings.m0
    plain = chosen.smoothing is M0Smoothing.NONE and chosen.method is M0Method.VOXELWISE
    return True, f"{result.m0.origin}{factor}{', voxel by voxel as measured' if plain else ''}"


def _mppca(_: Result, record: RunRecord) -> Outcome:
    if record.mppca:
        return True, "control and label images together"
    return False, "asked for, but not done (see findings)" if record.settings.mppca else "none"


def _smoothing(result: Result, _: RunRecord) -> Outcome:
    return bool(result.smoothing_fwhm), f"{result.smoothing_fwhm:g} mm (FWHM)" if result.smoothing_fwhm else "none"


def _outliers(result: Result, record: RunRecord) -> Outcome:
    if record.settings.outliers is OutlierRule.ROBUST:
        return True, "robust mean: odd values count less in each voxel"
    if record.settings.outliers is OutlierRule.SCORE:
        count = len(result.pairs) or result.roles.count(Role.DELTAM) - len(record.dropped)
        left_out = len(record.dropped)
        return bool(left_out), f"SCORE: {left_out or 'none'} of {count + left_out} left out"
    return False, "not looked for: plain mean"


def _tissue(_: Result, record: RunRecord) -> Outcome:
    return bool(record.tissue_origin), record.tissue_origin or "estimated from perfusion itself"


def _network(result: Result, _: RunRecord) -> Outcome:
    each = ", each delay for itself" if result.conventional.att is not None else ""
    return True, f"{result.model.title}{each}"


def _quantification(result: Result, _: RunRecord) -> Outcome:
    if result.conventional.att is not None:
        flow = "transit time" if result.conventional.cbf is None else "CBF and transit time"
        return True, f"{flow} by the general kinetic model, fitted to all delays"
    if result.conventional.cbf is None:
        return False, "none, because there is no M0"
    return True, "CBF by the single-compartment model"


def _partial_volume(result: Result, record: RunRecord) -> Outcome:
    if result.conventional.cbf_grey is not None:
        return True, "CBF of pure grey and of pure white matter, beside the maps as measured"
    return False, "asked for, but not done (see findings)" if record.settings.partial_volume_correction else "none"


def _uncertainty(result: Result, record: RunRecord) -> Outcome:
    known = [
        kind
        for kind, maps in (("conventional", result.conventional), ("denoised", result.denoised))
        if maps.cbf_error is not None
    ]
    if known:
        return True, f"of {' and '.join(known)} CBF"
    return False, "asked for, but not known (see findings)" if record.settings.uncertainty else "not computed"


_STEPS: tuple[tuple[str, Callable[[Result, RunRecord], Outcome]], ...] = (
    ("Head motion", _motion),
    ("M0", _m0),
    ("MP-PCA", _mppca),
    ("Smoothing", _smoothing),
    ("Outliers", _outliers),
    ("Grey and white matter", _tissue),
    ("Network", _network),
    ("Quantification", _quantification),
    ("Partial volume", _partial_volume),
    ("Standard errors", _uncertainty),
)
