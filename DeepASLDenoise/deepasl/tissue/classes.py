"""Grey matter, white matter and CSF by their brightness in a T1-weighted image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import special

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.images import to_sitk
from deepasl.results import BoolArray
from deepasl.series import FloatArray

FIELD_GRID_MM = 4.0
"""A receive field has no detail finer than this."""

FIELD_ITERATIONS = (30, 20, 10)
"""Of N4 at each of its levels."""

EXTREMES = (0.1, 99.9)
"""Percentiles beyond which brightness is that of vessels or holes."""

BINS = 256

STARTS = ((5.0, 35.0, 80.0), (15.0, 50.0, 85.0), (25.0, 65.0, 90.0))
"""Percentiles of brightness of CSF, grey and white matter to begin with: for young brains up to wasted ones."""

MOST_ITERATIONS = 200
CONVERGED = 1e-5

LEAST_APART = 1.5
"""Distance of two tissues in SDs of the wider one below which the image does not tell them apart."""

LEAST_SHARE = 0.03
"""Of the brain that each tissue has, in anybody."""

SMALLEST = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Mixture:
    """The brightness of a brain: three tissues, and voxels mixed of two that are neighbors in brightness.

    Attributes:
        means: Of CSF, grey and white matter ``[3]``, ascending.
        deviations: Their SDs ``[3]``.
        shares: How many voxels are CSF, grey, white, CSF and grey, grey and white ``[5]``.
    """

    means: NDArray[np.float64]
    deviations: NDArray[np.float64]
    shares: NDArray[np.float64]

    def likelihood(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Density of each kind of voxel at each of `values` ``[n]``, weighted by its share, ``[5, n]``.

        Pure tissue is normally distributed; in mixed voxels every ratio is as frequent as any other (Santago and Gage,
        IEEE Trans Med Imaging 1993;12:566-574).
        """
        scaled = (values - self.means[:, None]) / self.deviations[:, None]
        pure = np.exp(-0.5 * scaled**2) / (np.sqrt(2.0 * np.pi) * self.deviations[:, None])
        below = special.ndtr((values - self.means[:-1, None]) / self.deviations[:-1, None])
        above = special.ndtr((values - self.means[1:, None]) / self.deviations[1:, None])
        mixed = np.maximum(below - above, 0.0) / np.diff(self.means)[:, None]
        density: NDArray[np.float64] = self.shares[:, None] * np.concatenate([pure, mixed])
        return density

    def posterior(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Probability of each kind of voxel at each of `values` ``[n]``: ``[5, n]``."""
        likelihood = self.likelihood(values)
        probability: NDArray[np.float64] = likelihood / np.maximum(likelihood.sum(axis=0), SMALLEST)
        return probability

    def tissues(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Expected share of CSF, grey and white matter in voxels of each of `values` ``[n]``: ``[3, n]``."""
        csf, grey, white, dark, bright = self.posterior(values)
        of_dark, of_bright = np.clip((values - self.means[:-1, None]) / np.diff(self.means)[:, None], 0.0, 1.0)
        return np.stack(
            [
                csf + dark * (1.0 - of_dark),
                grey + dark * of_dark + bright * (1.0 - of_bright),
                white + bright * of_bright,
            ]
        )


def without_receive_field(volume: FloatArray, mask: BoolArray, geometry: Geometry) -> FloatArray:
    """The image divided by the smooth field that brightens it, found by N4 in the mask.

    Tustison et al., IEEE Trans Med Imaging 2010;29:1310-1320.
    """
    image = to_sitk(volume.astype(np.float32), geometry)
    factors = [max(1, round(FIELD_GRID_MM / spacing)) for spacing in geometry.spacing]
    coarse = sitk.BinShrink(image, factors)
    inside = sitk.BinShrink(to_sitk(mask.astype(np.float32), geometry), factors) > 0.5
    n4 = sitk.N4BiasFieldCorrectionImageFilter()
    n4.SetMaximumNumberOfIterations(FIELD_ITERATIONS)
    n4.Execute(coarse, sitk.Cast(inside, sitk.sitkUInt8))
    resampler = sitk.ResampleImageFilter()
    resampler.SetReferenceImage(image)
    resampler.SetUseNearestNeighborExtrapolator(True)
    field = resampler.Execute(sitk.Exp(n4.GetLogBiasFieldAsImage(coarse)))
    flat: FloatArray = sitk.GetArrayFromImage(image) / sitk.GetArrayViewFromImage(field)
    return flat.astype(np.float32)


def tissues_by_brightness(volume: FloatArray, mask: BoolArray) -> FloatArray:
    """Share of grey matter, white matter and CSF in every voxel by its brightness.

    Args:
        volume: T1-weighted, without its receive field, ``[k, j, i]``.
        mask: The brain.

    Returns:
        ``[3, k, j, i]`` float32 that add up to 1 in the mask, 0 outside.

    Raises:
        InputError: If the brightness does not tell three tissues apart.
    """
    inside = volume[mask]
    if not inside.size or not np.ptp(inside) > 0.0:
        raise InputError("there is no brain in the anatomical image, or no contrast")
    low, high = np.percentile(inside, EXTREMES)
    csf, grey, white = fitted_mixture(inside).tissues(np.clip(inside, low, high))
    shares = np.zeros((3, *volume.shape), dtype=np.float32)
    shares[:, mask] = grey, white, csf
    return shares


def fitted_mixture(values: NDArray[np.floating]) -> Mixture:
    """The most likely of several mixtures fitted to the brightness of voxels ``[n]`` by expectation maximization.

    Raises:
        InputError: If they are not three tissues.
    """
    counts, edges = np.histogram(values, BINS, range=tuple(np.percentile(values, EXTREMES)))
    middles, weights = 0.5 * (edges[:-1] + edges[1:]), counts / counts.sum()
    fits = [_fitted(np.percentile(values, start), middles, weights) for start in STARTS]
    told = [mixture for mixture in fits if _is_three_tissues(mixture)]
    if not told:
        raise InputError(
            "the brightness of the anatomical image does not tell CSF, grey and white matter apart",
            remedy="Give a T1-weighted image of the whole brain, or tissue maps made elsewhere.",
        )
    return max(told, key=lambda mixture: weights @ np.log(mixture.likelihood(middles).sum(axis=0) + SMALLEST))


def _fitted(means: NDArray[np.float64], middles: NDArray[np.float64], weights: NDArray[np.float64]) -> Mixture:
    """Expectation maximization from these means on a histogram."""
    range_ = middles[-1] - middles[0]
    mixture = Mixture(means, np.full(3, range_ / 15.0), np.full(5, 0.2))
    for _ in range(MOST_ITERATIONS):
        before, mixture = mixture, _maximized(mixture, middles, weights)
        if np.abs(mixture.means - before.means).max() < CONVERGED * range_:
            break
    return mixture


def _maximized(mixture: Mixture, middles: NDArray[np.float64], weights: NDArray[np.float64]) -> Mixture:
    """One step; mixed voxels follow from the pure ones."""
    belongs = weights * mixture.posterior(middles)
    shares = np.maximum(belongs.sum(axis=1), SMALLEST)
    pure, amount = belongs[:3], shares[:3]
    means = pure @ middles / amount
    variances = (pure * (middles - means[:, None]) ** 2).sum(axis=1) / amount
    bin_width = middles[1] - middles[0]
    # Tissues nearer than a bin, or narrower, cannot be seen.
    apart = np.maximum(np.diff(means), bin_width)
    ascending = np.concatenate([means[:1], means[0] + np.cumsum(apart)])
    return Mixture(ascending, np.sqrt(np.maximum(variances, bin_width**2)), shares)


def _is_three_tissues(mixture: Mixture) -> bool:
    """Whether each is there and can be told from the next."""
    csf, grey, white, dark, bright = mixture.shares
    present = min(csf + dark / 2.0, grey + (dark + bright) / 2.0, white + bright / 2.0) >= LEAST_SHARE
    apart = np.diff(mixture.means) / np.maximum(mixture.deviations[1:], mixture.deviations[:-1])
    return present and bool(apart.min() >= LEAST_APART)
