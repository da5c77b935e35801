"""The mean of the difference images, and which of them are left out of it or count less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from deepasl.errors import InputError
from deepasl.findings import Finding, note, warning
from deepasl.perfusion.robust_mean import mean_of_known, robust_mean
from deepasl.perfusion.score import STAGE, Rejection, known_in_all, score
from deepasl.progress import Job, Progress
from deepasl.quality.metrics import change_percent
from deepasl.results import BoolArray
from deepasl.series import FloatArray, mean_in, mean_volume

FEWEST_KEPT = 2
"""So many images are always left, if there were as many: the noise of a single one is not known."""


USABLE_SHARE = 0.5
"""An image that is not a number in more of the brain than this leaves is not averaged."""

UNUSABLE = "most of its values in the brain are not numbers"


TOLERATED_CHANGE_PERCENT = 5.0
"""Outliers may change the mean signal of grey matter by so much without a warning, as the network may."""


class OutlierRule(StrEnum):
    """How difference images that do not fit in are dealt with."""

    NONE = "none"
    """The plain mean of all, as in the white paper."""
    SCORE = "score"
    """Images that make the tissues of the mean less uniform are dropped as a whole: see `deepasl.perfusion.score`."""
    ROBUST = "robust"
    """In each voxel, values far from most others count less or not at all: see `deepasl.perfusion.robust_mean`."""


@dataclass(frozen=True)
class Dropped:
    """A difference image that was left out of the mean.

    Attributes:
        index: Its row among the differences, from 0.
        reason: Why, in words.
    """

    index: int
    reason: str


@dataclass(frozen=True)
class Averaged:
    """The mean of difference images.

    Attributes:
        mean: ``[k, j, i]`` float32, in the unit of the differences.
        kept: Rows of the differences that it was made from, in order.
        dropped: Those left out, in order.
        findings: What is to be said about it.
    """

    mean: FloatArray
    kept: tuple[int, ...]
    dropped: tuple[Dropped, ...]
    findings: tuple[Finding, ...]


def average(
    differences: FloatArray, mask: BoolArray, grey: BoolArray, white: BoolArray, rule: OutlierRule
) -> Job[Averaged]:
    """The mean of difference images by a rule for outliers.

    No more than half of the images are dropped, and no fewer than two are left unless there were fewer. A rule that
    would drop more has lost sight of what most images show: all are kept then, and this is said. A single image passes
    through.

    Args:
        differences: Control minus label, one image for each pair ``[p, k, j, i]``.
        mask: The brain ``[k, j, i]``.
        grey: Grey matter ``[k, j, i]``.
        white: White matter ``[k, j, i]``; where it is empty, images are judged by grey matter alone.
        rule: The rule.

    Yields:
        Progress of each part of the work.

    Raises:
        InputError: If a rule is asked for and no image is a number anywhere in the brain.
    """
    everything = tuple(range(len(differences)))
    if rule is OutlierRule.NONE:
        return Averaged(mean_volume(differences), everything, (), ())
    if len(differences) <= FEWEST_KEPT:
        why = (
            f"Outliers were not looked for: of {len(differences)} difference image(s) none can be told from the others."
        )
        return Averaged(mean_volume(differences), everything, (), (note("outliers-too-few", why),))
    yield Progress(STAGE, 0, 1)
    known = _known_shares(differences, mask)
    if not any(known):
        raise InputError("no difference image holds numbers in the brain", remedy="Export the scan again.")
    if rule is OutlierRule.ROBUST:
        return (yield from _robust(differences, mask, everything))
    usable = [row for row, share in enumerate(known) if share >= USABLE_SHARE]
    return (yield from _without_rejected(differences, usable, grey, white))


def most_to_drop(count: int) -> int:
    """How many of so many images may be dropped."""
    return min(count // 2, max(count - FEWEST_KEPT, 0))


def _known_shares(differences: FloatArray, mask: BoolArray) -> list[float]:
    """How much of the brain each image knows; all of it, if there is no brain."""
    inside = np.flatnonzero(mask)
    if not inside.size:
        return [1.0] * len(differences)
    return [float(np.isfinite(image.take(inside)).mean()) for image in differences]


def _robust(differences: FloatArray, mask: BoolArray, everything: tuple[int, ...]) -> Job[Averaged]:
    robust = yield from robust_mean(differences, mask)
    told = note(
        "outliers-robust",
        f"The mean is a robust one: values far from those of most pairs count less. On the average over the brain "
        f"{100.0 * robust.effective_share:.0f} % of {len(differences)} pairs count.",
    )
    return Averaged(robust.mean, everything, (), (told,))


def _without_rejected(
    differences: FloatArray, usable: Sequence[int], grey: BoolArray, white: BoolArray
) -> Job[Averaged]:
    """The mean of what SCORE leaves of the usable images."""
    count = len(differences)
    dropped = {row: UNUSABLE for row in range(count) if row not in usable}
    images = differences[usable] if dropped else differences
    if not _can_judge(images, grey):
        why = "Outliers were not looked for: there is no grey matter, or there are too few images, to judge them by."
        return (yield from _averaged(differences, dropped, (note("outliers-not-judged", why),)))
    rejected = yield from score(images, grey, white)
    if len(dropped) + len(rejected.images) > most_to_drop(count):
        why = (
            f"{len(dropped) + len(rejected.images)} of {count} pairs would be dropped as outliers, which is too many "
            "to know which are right: those are kept. Look at the signal of each volume; if the head moved, correct "
            "the motion, or repeat the scan."
        )
        return (yield from _averaged(differences, dropped, (warning("outliers-too-many", why),)))
    reasons = {usable[row]: reason for row, reason in _reasons(rejected).items()}
    averaged = yield from _averaged(differences, dropped | reasons, ())
    change = yield from _change_percent(differences, averaged.mean, grey)
    return replace(averaged, findings=_told(averaged, count, change))


def _can_judge(images: FloatArray, grey: BoolArray) -> bool:
    return len(images) > FEWEST_KEPT and bool((grey & known_in_all(images)).any())


def _reasons(rejected: Rejection) -> dict[int, str]:
    far = {
        row: f"its mean in grey matter lies {sd:.1f} SD from the median of all pairs"
        if np.isfinite(sd)
        else "its mean in grey matter differs, and that of all other pairs does not"
        for row, sd in rejected.far.items()
    }
    contaminating = {
        row: f"without it the mean is more uniform within grey and white matter (correlation with the mean {r:.2f})"
        for row, r in rejected.contaminating.items()
    }
    return far | contaminating


def _change_percent(differences: FloatArray, mean: FloatArray, grey: BoolArray) -> Job[float]:
    """By how much what was left out changes the mean of grey matter, percent; NaN where there was none before."""
    before = yield from mean_of_known(differences, range(len(differences)))
    return change_percent(mean_in(before, grey), mean_in(mean, grey))


def _told(averaged: Averaged, count: int, change: float) -> tuple[Finding, ...]:
    if not averaged.dropped:
        return (note("outliers-none", f"No outlier was found among {count} pairs; all are averaged."),)
    pairs = ", ".join(str(dropped.index + 1) for dropped in averaged.dropped)
    told = (
        f"{len(averaged.dropped)} of {count} pairs are left out of the mean as outliers: {pairs}. This changes the "
        f"mean signal of grey matter by {change:+.1f} %."
    )
    if abs(change) <= TOLERATED_CHANGE_PERCENT:
        return (note("outliers-dropped", told),)
    doubt = (
        " Either they were far off, or flow is not even within the tissues, as where arteries are seen, and the pairs "
        "that show it best were taken for outliers: look at the signal of each volume, and compare with the robust "
        "mean."
    )
    return (warning("outliers-dropped", told + doubt),)


def _averaged(differences: FloatArray, dropped: dict[int, str], findings: tuple[Finding, ...]) -> Job[Averaged]:
    kept = tuple(row for row in range(len(differences)) if row not in dropped)
    reasons = tuple(Dropped(row, reason) for row, reason in sorted(dropped.items()))
    return Averaged((yield from mean_of_known(differences, kept)), kept, reasons, findings)
