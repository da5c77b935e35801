"""How far the mean difference image may be from the truth by noise alone, voxel by voxel, told by the pairs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import stdtrit

from deepasl.perfusion.pair_scatter import variance
from deepasl.progress import Job
from deepasl.results import BoolArray
from deepasl.series import FloatArray

NEIGHBOURS = (1, 3, 3)
"""Voxels (k, j, i) that tell the noise of the one in their middle. Within a slice: of a 2D readout each slice has its
own noise."""

ONE_SIGMA = 0.8413447460685429
"""The normal distribution below one standard deviation: 68.27 % lie within one on both sides."""


def standard_error(differences: FloatArray, mask: BoolArray) -> Job[FloatArray | None]:
    """Standard error of the mean of difference images.

    With few pairs the scatter of a single voxel tells its noise poorly: of four pairs, only 61 % of the true values lie
    within ``SD / sqrt(n)``. Noise changes slowly over an image, so the variances of neighbours are averaged, and what
    is still too few is made up for by Student's t (Biometrika 1908;6:1-25): 68 % of the true values lie within one
    standard error, for any number of pairs.

    Args:
        differences: Control minus label, one for each pair ``[p, k, j, i]``, or the volumes of an already subtracted
            scan; scanner units.
        mask: The brain, ``[k, j, i]`` bool.

    Yields:
        Progress in slices.

    Returns:
        ``[k, j, i]`` float32, scanner units, 0 outside the mask; None for a single pair, which tells no noise.
    """
    if len(differences) < 2:
        return None
    averaged, voxels = mean_of_neighbours((yield from variance_of_mean(differences)), mask)
    error = np.sqrt(averaged[mask]) * student_factor((len(differences) - 1) * voxels[mask])
    result = np.zeros(mask.shape, dtype=np.float32)
    result[mask] = error
    return result


def variance_of_mean(differences: FloatArray) -> Job[NDArray[np.float64]]:
    """Variance of the mean ``[k, j, i]`` of two or more images ``[p, k, j, i]``, told by their scatter."""
    return (yield from variance(differences)) / float(len(differences))


def mean_of_neighbours(volume: NDArray[np.float64], mask: BoolArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean over those of the `NEIGHBOURS` that lie in the mask, and how many they are; both ``[k, j, i]``."""
    share = ndimage.uniform_filter(mask.astype(np.float64), NEIGHBOURS, mode="constant")
    total = ndimage.uniform_filter(np.where(mask, volume, 0.0), NEIGHBOURS, mode="constant")
    mean = np.divide(total, share, out=np.zeros_like(total), where=mask)
    return np.maximum(mean, 0.0), np.rint(share * np.prod(NEIGHBOURS))


def student_factor(freedom: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a standard error told by so many degrees of freedom is multiplied with to hold 68.27 % of the values."""
    factor: NDArray[np.float64] = np.asarray(stdtrit(freedom, ONE_SIGMA), dtype=np.float64)
    return factor
