"""SCORE: which difference images contaminate the mean, told by how uniform it leaves grey and white matter.

Dolui et al., J Magn Reson Imaging 2017;45:1786-1797. Flow differs little within a tissue and much between tissues. An
image with an artifact makes the mean less uniform within each tissue; having been added to the mean, a strong artifact
is also what the mean resembles most. So the image most like the mean goes, as long as that makes the tissues of the
mean of the others more uniform. An artifact too weak to show in the mean is not found this way; it does little harm.
Where flow is not even within a tissue, as where arteries are seen, the pairs that show it best are taken for outliers:
of a scan with a delay of 0.2 s 12 of 51 pairs go, and 6 % of the signal with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepasl.progress import Job, Progress, batches
from deepasl.results import BoolArray
from deepasl.series import FloatArray

STAGE = "Looking for outliers"

FAR_SD = 2.5
"""An image whose mean in grey matter is so many SD from the median of all goes first (Dolui 2017, "SCORE+"). Of images
with nothing but noise one in 80 is as far; what it takes with it is an 80th of the signal."""

SD_PER_MAD = 1.0 / 0.675
"""SD of a normal distribution by its median absolute deviation, rounded as Dolui's own program has it."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Rejection:
    """What SCORE makes of the images.

    Attributes:
        far: Images whose mean in grey matter is far from that of the others, and by how many SD.
        contaminating: Images that made the tissues of the mean less uniform, in the order they went, each with its
            correlation with the mean of those that were left.
    """

    far: dict[int, float]
    contaminating: dict[int, float]

    @property
    def images(self) -> frozenset[int]:
        """All that go."""
        return frozenset(self.far) | frozenset(self.contaminating)


@dataclass(frozen=True)
class Products:
    """All that SCORE needs to know of the images: the mean of any of them has a variance that follows from these.

    Attributes:
        grey_means: Mean of each image in grey matter ``[p]``.
        within: Sums over voxels of products of two images, each about its mean in the tissue of the voxel ``[p, p]``.
        about_mean: The same about the mean over all voxels ``[p, p]``.
    """

    grey_means: Matrix
    within: Matrix
    about_mean: Matrix

    def spread(self, kept: Matrix) -> float:
        """Pooled variance within the tissues of the mean of the images kept ``[p]`` (1 or 0), but for a factor."""
        return float(kept @ self.within @ kept / kept.sum() ** 2)

    def likeness(self, kept: Matrix) -> Matrix:
        """Correlation of each image with the mean of those kept ``[p]``; -1 where one of them is flat."""
        with_sum = self.about_mean @ kept
        size = np.sqrt(np.diag(self.about_mean).clip(0.0) * max(float(kept @ with_sum), 0.0))
        return np.divide(with_sum, size, out=np.full_like(with_sum, -1.0), where=size > 0.0)


def score(differences: FloatArray, grey: BoolArray, white: BoolArray) -> Job[Rejection]:
    """The images that SCORE rejects, however many.

    One image is always left. Voxels that are not a number in any of the images are not looked at.

    Args:
        differences: Control minus label ``[p, k, j, i]``.
        grey: Grey matter ``[k, j, i]``, with at least one voxel that is a number in every image.
        white: White matter; may be empty.

    Yields:
        Progress in slices, before each few of them.
    """
    known = known_in_all(differences)
    products = yield from _products(differences, [grey & known, white & known & ~grey])
    far = _far(products.grey_means)
    kept = np.ones(len(differences))
    kept[list(far)] = 0.0
    contaminating: dict[int, float] = {}
    while kept.sum() > 1:
        likeness = products.likeness(kept)
        most = int(np.argmax(np.where(kept > 0.0, likeness, -np.inf)))
        others = kept.copy()
        others[most] = 0.0
        if products.spread(others) >= products.spread(kept):
            break
        kept = others
        contaminating[most] = float(likeness[most])
    return Rejection(far, contaminating)


def known_in_all(images: FloatArray) -> BoolArray:
    """Where every image is a number, ``[k, j, i]``."""
    known = np.ones(images.shape[1:], dtype=np.bool_)
    for image in images:
        known &= np.isfinite(image)
    return known


def _far(grey_means: Matrix) -> dict[int, float]:
    """Images whose mean in grey matter is far from the median, and by how many SD (infinite if the others agree)."""
    away = np.abs(grey_means - np.median(grey_means))
    sd = float(np.median(away)) * SD_PER_MAD
    far = np.flatnonzero(away > FAR_SD * sd)
    return {int(p): float(away[p] / sd) if sd > 0.0 else float("inf") for p in far}


def _products(differences: FloatArray, tissues: list[BoolArray]) -> Job[Products]:
    count = len(differences)
    within, total, sums = np.zeros((count, count)), np.zeros((count, count)), np.zeros(count)
    voxels, grey_means = 0, np.zeros(count)
    for number, tissue in enumerate(tissues):
        size = int(tissue.sum())
        if not size:
            continue
        product, means = np.zeros((count, count)), np.zeros(count)
        for batch in batches(len(tissue), differences[:, 0].size):
            yield Progress(STAGE, number * len(tissue) + batch.start, len(tissues) * len(tissue))
            for k in batch:
                values = differences[:, k, tissue[k]].astype(np.float64)
                product += values @ values.T
                means += values.sum(axis=1) / size
        within += product - size * np.outer(means, means)
        total += product
        sums += size * means
        voxels += size
        grey_means = means if number == 0 else grey_means
    return Products(grey_means, within, total - np.outer(sums, sums) / max(voxels, 1))
