"""Cerebral blood flow and arterial transit time (ATT) together, from difference signals at several delays.

For one ATT the signal is proportional to CBF, so that the best CBF is known in closed form and only ATT is searched for
(variable projection: Golub and Pereyra, Inverse Problems 2003;19:R1-R26). The search looks at every ATT that the delays
can tell, 10 ms apart, so that no local minimum can catch it, and is then refined between the neighbors of the best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepasl.errors import InputError
from deepasl.quantification.label_timing import LabelModel, LabelTiming
from deepasl.series import FloatArray

STEP = 0.01
"""Between the transit times of the first search, s."""

REFINEMENTS = 12
"""Each shortens the interval of 2 `STEP` by the golden ratio: 12 of them to 0.06 ms."""

GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0

SLOPE_STEP = 0.001
"""To both sides of an ATT, s, for the slope of the signal there."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class TransitFit:
    """What was found in each voxel ``[n]``, float32.

    Attributes:
        cbf: mL/100g/min; negative where the signal is.
        att: s; 0 where no blood is seen to arrive, that is where `cbf` is not above 0. At the ends of what the delays
            can tell (`LabelModel.told_by`) it means: that early or earlier, that late or later.
        cbf_error: Standard error of `cbf` by the noise; NaN where nothing is left to tell noise by.
        att_error: Standard error of `att`, never above the width of the search; 0 where `att` is 0, NaN as `cbf_error`.
        misfit: Root mean square of what the model leaves of the mean signals, dM / M0.
    """

    cbf: FloatArray
    att: FloatArray
    cbf_error: FloatArray
    att_error: FloatArray
    misfit: FloatArray


def fit_transit(
    means: NDArray[Any],
    timing: LabelTiming,
    model: LabelModel,
    *,
    counts: Sequence[int] | None = None,
    scatter: NDArray[Any] | None = None,
) -> TransitFit:
    """Fit CBF and ATT in voxels that are sampled at the same times, by least squares over all difference images.

    Standard errors follow from the slopes of the signal at the best fit and from the noise. Noise is what the model
    leaves, together with the scatter of single images about their mean where that is known. They say nothing about
    errors of the model itself.

    Args:
        means: Mean dM / M0 at each delay, ``[p, n]``.
        timing: The delays, ``p`` of them.
        model: How the label comes and decays.
        counts: How many images were averaged at each delay; 1 if None.
        scatter: Sum of squares of the single images about the mean of their delay, ``[n]``, in the square of the unit
            of `means`; None if not known.

    Raises:
        InputError: If there are not two different delays.
        ValueError: If the arguments do not fit together.
    """
    images = np.ones(len(timing)) if counts is None else np.asarray(counts, dtype=np.float64)
    if means.ndim != 2 or not len(means) == len(timing) == len(images):
        raise ValueError(
            f"signals {means.shape} of {len(timing)} delays, averaged from {len(images)} numbers of images"
        )
    if len(set(zip(timing.delays, timing.durations, strict=True))) < 2:
        raise InputError(
            "one delay does not tell the transit time", remedy="Quantify the scan as one with a single delay."
        )
    search = _Search(timing, model, np.sqrt(images)[:, np.newaxis])
    seen = means.astype(np.float64) * search.weight
    values = len(timing) if scatter is None else int(images.sum())
    noise = np.zeros(seen.shape[1]) if scatter is None else scatter
    return search.described(search.best_att(seen), seen, noise, freedom=values - 2)


@dataclass(frozen=True)
class _Search:
    """One fit: `weight` is the root of the number of images at each delay, ``[p, 1]``."""

    timing: LabelTiming
    model: LabelModel
    weight: Values

    def best_att(self, seen: Values) -> Values:
        """The ATT that explains most of the weighted signals ``[p, n]``."""
        low, high = self.model.told_by(self.timing)
        grid = np.linspace(low, high, max(2, round((high - low) / STEP) + 1))
        signals = self._signal(grid)
        power = np.sqrt((signals**2).sum(axis=0))
        # Both signs: noise about no flow is as often negative, and a mean over voxels must stay unbiased.
        chosen = np.argmax(np.abs((signals / power).T @ seen), axis=0)
        return self._refined(grid[np.maximum(chosen - 1, 0)], grid[np.minimum(chosen + 1, len(grid) - 1)], seen)

    def described(self, att: Values, seen: Values, scatter: NDArray[Any], *, freedom: int) -> TransitFit:
        """CBF, standard errors and misfit at an ATT."""
        low, high = self.model.told_by(self.timing)
        signal = self._signal(att)
        power = (signal**2).sum(axis=0)
        cbf = (signal * seen).sum(axis=0) / power
        left = ((seen - cbf * signal) ** 2).sum(axis=0)
        before, after = np.maximum(att - SLOPE_STEP, low), np.minimum(att + SLOPE_STEP, high)
        slope = (self._signal(after) - self._signal(before)) / (after - before)
        steep, shared = (slope**2).sum(axis=0), (slope * signal).sum(axis=0)
        # The inverse of the 2 x 2 normal matrix of (signal, cbf * slope).
        variance = (left + scatter) / freedom if freedom > 0 else np.full_like(left, np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            determinant = power * steep - shared**2
            cbf_error = np.sqrt(variance * steep / determinant)
            att_error = np.sqrt(variance * power / determinant) / np.abs(cbf)
        arrives = cbf > 0.0
        certain = 0.0 * variance  # Not a number where noise is not known.
        return TransitFit(
            cbf=cbf.astype(np.float32),
            att=np.where(arrives, att, 0.0).astype(np.float32),
            cbf_error=cbf_error.astype(np.float32),
            att_error=np.where(arrives, np.minimum(att_error, high - low), certain).astype(np.float32),
            misfit=np.sqrt(left / (self.weight**2).sum()).astype(np.float32),
        )

    def _refined(self, left: Values, right: Values, seen: Values) -> Values:
        """The best ATT between two others, by golden-section search in all voxels at once."""
        for _ in range(REFINEMENTS):
            width = GOLDEN * (right - left)
            early, late = right - width, left + width
            earlier_is_better = self._explained(early, seen) > self._explained(late, seen)
            left, right = np.where(earlier_is_better, left, early), np.where(earlier_is_better, late, right)
        return (left + right) / 2.0

    def _explained(self, att: Values, seen: Values) -> Values:
        """How much of the sum of squares goes away with the best CBF for this ATT."""
        signal = self._signal(att)
        explained: Values = (signal * seen).sum(axis=0) ** 2 / (signal**2).sum(axis=0)
        return explained

    def _signal(self, att: Values) -> Values:
        return self.model.signal(att, self.timing) * self.weight
