"""How far a denoised difference image may be from the truth: what is left of the noise, and what the network changed.

Subsets of the pairs do not tell it: a network that sees the mean of fewer pairs sees more noise and smooths more. Here
it always works on the image that it was given. Two questions are asked of it.

Noise: differences between pairs hold no perfusion and have the noise of their mean, with its pattern and the
correlation of its voxels, and are independent of it. A little of such noise is added, and the answer of the network
told by the change of its output: its response is nearly linear in so small a step.

Everything: Stein's unbiased estimate of the squared error (Stein, Ann Stat 1981;9:1135-1151; the divergence by random
probes: Ramani et al., IEEE Trans Image Process 2008;17:1540-1554) needs no truth: of the squared difference between
input and output, take away the variance of the noise, and add twice its covariance with the response. In single voxels
it is far too noisy to be of use, over a brain it is not. Where it is more than the noise explains, the network has
changed perfusion as well, and the standard errors are raised by the same factor everywhere.

So about 68 % of the voxels of a brain lie within one standard error, but not of every part of it: the factor cannot
know where the network erred. Measured on six simulated scans of three people with lesions that no network was trained
or chosen with, at 6, 12 and 24 pairs (Testing/benchmarks/benchmark_uncertainty.py), the true value lies within one
standard error in

    deepasl-guided: grey matter 67, 66, 66 %; white matter 73, 72, 73 %; lesions 63, 64, 64 %; brain 67, 65, 66 %
    deepasl-paper:  grey matter 49, 55, 60 %; white matter 74, 74, 74 %; lesions 51, 52, 58 %; brain 64, 64, 66 %

deepasl-paper lowers all of pure grey matter and the contrast of lesions; an error that has the same sign in a whole
tissue is told as the mean over the brain only. Probes, step and smoothing were chosen on two other people; no factor
was fitted to simulated scans.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from deepasl.denoising.denoiser import Denoiser
from deepasl.geometry import Geometry
from deepasl.perfusion.smoothing import sigma_in_voxels
from deepasl.progress import Job, Progress
from deepasl.quality.uncertainty import variance_of_mean
from deepasl.results import BoolArray
from deepasl.series import FloatArray

STAGE = "Estimating the error of the denoised image"

PROBES = 6
"""Runs of the network at most."""

STEP = 0.3
"""Noise added, as a fraction of that in the image: with as much again the network would smooth more."""

RESPONSE_FWHM_MM = 6.0
"""Smoothing of the squared responses, which a few probes tell poorly in single voxels."""

SEED = 20180916
"""Of the probes: the same scan has the same errors."""


@dataclass(frozen=True)
class DenoisedError:
    """Standard errors of a denoised difference image, scanner units.

    Attributes:
        volume: ``[k, j, i]`` float32, 0 outside the mask; its root mean square in the brain is about `total`.
        noise: Root mean square in the brain of the error that noise alone makes in the denoised image.
        total: The same of the whole error, by Stein's estimate; never below `noise`.
    """

    volume: FloatArray
    noise: float
    total: float


def denoised_error(
    differences: FloatArray,
    deltam: FloatArray,
    denoised: FloatArray,
    denoiser: Denoiser,
    scale: float,
    mask: BoolArray,
    geometry: Geometry,
    m0: FloatArray | None = None,
) -> Job[DenoisedError | None]:
    """Standard errors of what `denoiser` made of the mean difference image.

    Runs the network `PROBES` times, or once less than there are pairs.

    Args:
        differences: What was averaged, ``[p, k, j, i]``, scanner units.
        deltam: Its mean ``[k, j, i]``: what the network was given.
        denoised: What the network made of it.
        denoiser: The network.
        scale: Mean M0 in the brain, as the network was given it.
        mask: The brain, ``[k, j, i]`` bool.
        geometry: The grid.
        m0: M0 ``[k, j, i]``, 0 outside the brain, as the network was given it; needed only by networks that see it.

    Yields:
        Progress of the scatter of the pairs, then in slices of all runs.

    Returns:
        The errors; None for a single pair or an empty mask, which tell none. Noise of M0 is not part of them.

    Raises:
        DeepASLError: As `Denoiser.denoise`.
    """
    if len(differences) < 2 or not mask.any():
        return None
    variance = yield from variance_of_mean(differences)
    weights = contrasts(len(differences))
    squared = np.zeros(mask.shape, dtype=np.float64)
    shared = np.zeros(mask.shape, dtype=np.float64)
    for number, weight in enumerate(weights):
        noise: FloatArray = np.tensordot(weight, differences, axes=1)
        yield Progress(STAGE, number * len(mask), len(weights) * len(mask))
        job = denoiser.denoise(deltam + np.float32(STEP) * noise, scale, m0)
        try:
            while True:
                step = next(job)
                yield Progress(STAGE, number * len(mask) + step.done, len(weights) * len(mask))
        except StopIteration as end:
            response = (end.value - denoised).astype(np.float64) / STEP
        squared += response**2 / len(weights)
        shared += noise * response / len(weights)
    stein = (deltam - denoised).astype(np.float64) ** 2 - variance + 2.0 * shared
    by_noise = float(squared[mask].mean())
    total = max(by_noise, float(stein[mask].mean()))
    # A network that answers no noise has its error everywhere alike, for all that is known.
    shape = _smoothed_inside(squared, mask, geometry) / by_noise if by_noise > 0 else np.ones(mask.shape)
    volume = np.where(mask, np.sqrt(total * shape), 0.0).astype(np.float32)
    return DenoisedError(volume, math.sqrt(by_noise), math.sqrt(total))


def contrasts(count: int) -> FloatArray:
    """Weights of `count` images ``[n, p]`` whose sums have the variance of their mean, and none of what they share.

    The rows are orthogonal, so that in Gaussian noise the sums are independent of each other and of the mean. There are
    `PROBES` of them, or all `count` - 1 that can be.
    """
    drawn = np.random.default_rng(SEED).standard_normal((count, min(PROBES, count - 1)))
    basis, _ = np.linalg.qr(drawn - drawn.mean(axis=0))
    weights: FloatArray = (basis.T / math.sqrt(count)).astype(np.float32)
    return weights


def _smoothed_inside(volume: NDArray[np.float64], mask: BoolArray, geometry: Geometry) -> NDArray[np.float64]:
    """Smoothed as if there were nothing outside the mask."""
    sigma = sigma_in_voxels(RESPONSE_FWHM_MM, geometry)
    inside = ndimage.gaussian_filter(mask.astype(np.float64), sigma, mode="constant")
    total = ndimage.gaussian_filter(np.where(mask, volume, 0.0), sigma, mode="constant")
    smooth: NDArray[np.float64] = np.divide(total, inside, out=np.zeros_like(total), where=mask)
    return smooth
