"""A mean that a few corrupted images do not move: an M-estimate in every voxel.

Maumet et al., Magn Reson Imaging 2014;32:497-504, average ASL images so. Values count the less the further they are
from where most are, by Tukey's biweight (Beaton and Tukey, Technometrics 1974;16:147-185), and beyond a point not at
all. The weights are even in the distance, so noise that is as often up as down leaves no bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepasl.progress import Job, Progress, batches
from deepasl.results import BoolArray
from deepasl.series import FloatArray

TUKEY = 4.685
"""Values further off than so many SD do not count. Of normal values the mean then has a variance 1/0.95 of that of the
plain mean, whether of 3 values or of many."""

SD_PER_MAD = 1.4826
"""SD of a normal distribution by its median absolute deviation."""

FEW_VALUES = (1.0, 1.0, 1.196, 1.495, 1.363, 1.206, 1.200, 1.140, 1.129, 1.107)
"""By how much the median absolute deviation of so few values (the index) is too small on the average: Croux and
Rousseeuw, Computational Statistics 1992;1:411-428. Of more (n) it is n / (n - 0.8)."""

FEWEST_IMAGES = 3
"""Of two that differ nobody knows which is wrong."""

BLOCK_VALUES = 2**20
"""Values worked on at a time, so that the memory needed beside the images stays small."""

STEPS, TOLERANCE = 30, 1e-3
"""Weights are set anew until no voxel moves by more than this fraction of its SD, 30 times at most."""

AVERAGING, WEIGHING = "Averaging the pairs", "Weighing the pairs"

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class RobustMean:
    """A robust mean.

    Attributes:
        mean: ``[k, j, i]`` float32; outside the mask the plain mean.
        effective_share: How many of the images count, as a fraction: (sum w)^2 / (p sum w^2), the mean over the mask.
    """

    mean: FloatArray
    effective_share: float


def robust_mean(differences: FloatArray, mask: BoolArray) -> Job[RobustMean]:
    """The M-estimate of the mean over images in every voxel of a mask.

    Args:
        differences: Control minus label ``[p, k, j, i]``, at least `FEWEST_IMAGES` of them. Values that are not numbers
            do not count.
        mask: Where, ``[k, j, i]`` bool.

    Yields:
        Progress in images, then in blocks of voxels, each of which is worked on twice.

    Raises:
        ValueError: If there are fewer images.
    """
    count = len(differences)
    if count < FEWEST_IMAGES:
        raise ValueError(f"a robust mean needs {FEWEST_IMAGES} images, not {count}")
    mean = yield from mean_of_known(differences, range(count))
    voxels = np.flatnonzero(mask & _known_once(differences))
    if not voxels.size:
        return RobustMean(mean, 1.0)
    values, flat = differences.reshape(count, -1), mean.reshape(-1)
    blocks = np.array_split(np.arange(voxels.size), -(-voxels.size * count // BLOCK_VALUES))
    center, spread = np.empty(voxels.size, np.float32), np.empty(voxels.size, np.float32)
    for done, block in enumerate(blocks):
        yield Progress(WEIGHING, done, 2 * len(blocks))
        center[block], spread[block] = _center_and_spread(_rows(values, voxels[block]))
    reach = np.float32(TUKEY) * np.maximum(spread, np.median(spread))
    reach[~(reach > 0.0)] = 1.0
    share = 0.0
    for done, block in enumerate(blocks, start=len(blocks)):
        progress = Progress(WEIGHING, done, 2 * len(blocks))
        rows = _rows(values, voxels[block])
        flat[voxels[block]], shares = yield from _estimate(rows, center[block], reach[block], progress)
        share += float(shares.sum(dtype=np.float64))
    return RobustMean(mean, share / voxels.size)


def mean_of_known(images: FloatArray, rows: Sequence[int]) -> Job[FloatArray]:
    """The mean over some images ``[p, k, j, i]`` in each voxel, of what is a number; 0 where nothing is."""
    total, count = np.zeros(images.shape[1:]), np.zeros(images.shape[1:], dtype=np.intp)
    for batch in batches(len(rows), total.size):
        yield Progress(AVERAGING, batch.start, len(rows))
        for row in rows[batch.start : batch.stop]:
            known = np.isfinite(images[row])
            np.add(total, images[row], out=total, where=known)
            count += known
    mean: FloatArray = (total / np.maximum(count, 1)).astype(np.float32)
    return mean


def _known_once(images: FloatArray) -> BoolArray:
    """Where at least one image is a number."""
    known = np.zeros(images.shape[1:], dtype=np.bool_)
    for image in images:
        known |= np.isfinite(image)
    return known


def _rows(values: Matrix, voxels: NDArray[np.intp]) -> Matrix:
    """All values of some voxels, ``[n, p]``."""
    return np.ascontiguousarray(values[:, voxels].T)


def _center_and_spread(values: Matrix) -> tuple[Matrix, Matrix]:
    """The median of each row ``[n, p]``, and the SD by the median absolute deviation from it."""
    count = values.shape[1]
    few = FEW_VALUES[count] if count < len(FEW_VALUES) else count / (count - 0.8)
    center = _median(values)
    return center, _median(np.abs(values - center[:, None])) * np.float32(SD_PER_MAD * few)


def _estimate(values: Matrix, center: Matrix, reach: Matrix, progress: Progress) -> Job[tuple[Matrix, Matrix]]:
    """M-estimates of rows ``[n, p]``, and how many of their values count, as a fraction.

    Args:
        values: The rows.
        center: Where to start ``[n]``.
        reach: Values further off than this do not count ``[n]``.
        progress: Yielded before each few steps: how many are needed is not known.
    """
    out_of_reach = (center + 2.0 * reach)[:, None]
    values = np.where(np.isfinite(values), values, out_of_reach)
    for _ in range(STEPS):
        yield progress
        before, (center, weights) = center, _weighted_mean(values, center, reach)
        if np.max(np.abs(center - before) / reach) < TOLERANCE / TUKEY:
            break
    share: Matrix = weights.sum(axis=1) ** 2 / (weights.shape[1] * np.square(weights).sum(axis=1))
    return center, share


def _weighted_mean(values: Matrix, center: Matrix, reach: Matrix) -> tuple[Matrix, Matrix]:
    """The mean of rows ``[n, p]`` by Tukey's weights about a center ``[n]``, and these weights."""
    weights = (values - center[:, None]) / reach[:, None]
    np.square(weights, out=weights)
    np.subtract(1.0, weights, out=weights)
    np.maximum(weights, 0.0, out=weights)
    np.square(weights, out=weights)
    return np.einsum("np,np->n", weights, values) / weights.sum(axis=1), weights


def _median(values: Matrix) -> Matrix:
    """Of each row ``[n, p]``, of what is a number in it."""
    median: Matrix = np.median(values, axis=1)
    unknown = ~np.isfinite(values).all(axis=1)
    if unknown.any():
        median[unknown] = np.nanmedian(np.where(np.isfinite(values[unknown]), values[unknown], np.nan), axis=1)
    return median
