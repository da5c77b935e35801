"""How difference images scatter about their mean in each voxel.

Slice by slice: in double precision, those of all slices at once would take as much memory as the scan.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepasl.progress import Job, Progress, batches
from deepasl.results import BoolArray
from deepasl.series import FloatArray

STAGE = "Measuring the scatter of the pairs"

Values = NDArray[np.float64]


def mean_and_sd(images: FloatArray, mask: BoolArray) -> Job[tuple[Values, Values]]:
    """Mean and sample SD over images in each voxel of a mask.

    Args:
        images: Two or more, ``[p, k, j, i]``.
        mask: Where, ``[k, j, i]`` bool.

    Yields:
        Progress in slices, before each few of them.

    Returns:
        Both ``[n]``, in the order of ``images[:, mask]``.
    """
    mean, sd = np.zeros(mask.shape), np.zeros(mask.shape)
    for batch in batches(len(mask), images[:, 0].size):
        yield Progress(STAGE, batch.start, len(mask))
        for k in batch:
            values = images[:, k, mask[k]]
            mean[k][mask[k]] = values.mean(axis=0, dtype=np.float64)
            sd[k][mask[k]] = values.std(axis=0, ddof=1, dtype=np.float64)
    return mean[mask], sd[mask]


def variance(images: FloatArray) -> Job[Values]:
    """Sample variance ``[k, j, i]`` over two or more images ``[p, k, j, i]``; yields progress in slices."""
    result = np.empty(images.shape[1:])
    for batch in batches(len(result), images[:, 0].size):
        yield Progress(STAGE, batch.start, len(result))
        for k in batch:
            result[k] = images[:, k].var(axis=0, ddof=1, dtype=np.float64)
    return result
