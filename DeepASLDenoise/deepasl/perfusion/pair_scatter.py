"""How difference images scatter about their mean in each voxel.

Slice by slice: in double precision, those of all slices at once would take as much memory as the scan.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepasl.results import BoolArray
from deepasl.series import FloatArray


def mean_and_sd(images: FloatArray, mask: BoolArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and sample SD over images in each voxel of a mask.

    Args:
        images: Two or more, ``[p, k, j, i]``.
        mask: Where, ``[k, j, i]`` bool.

    Returns:
        Both ``[n]``, in the order of ``images[:, mask]``.
    """
    mean, sd = np.zeros(mask.shape), np.zeros(mask.shape)
    for k, inside in enumerate(mask):
        values = images[:, k, inside]
        mean[k][inside] = values.mean(axis=0, dtype=np.float64)
        sd[k][inside] = values.std(axis=0, ddof=1, dtype=np.float64)
    return mean[mask], sd[mask]


def variance(images: FloatArray) -> NDArray[np.float64]:
    """Sample variance ``[k, j, i]`` over two or more images ``[p, k, j, i]``."""
    return np.stack([plane.var(axis=0, ddof=1, dtype=np.float64) for plane in images.swapaxes(0, 1)])
