"""M0 without its noise and without the dark rim that partial volume with air gives it.

Difference images are divided by M0, so that its noise becomes noise of flow, and what M0 loses at the rim flow seems to
gain. As in the BASIL tools (oxasl, edge correction), M0 is filtered by a median, the outermost voxels of the brain are
given up, and what lies deeper is continued into them.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from deepasl.calibration.m0 import unusable_m0
from deepasl.results import BoolArray
from deepasl.series import FloatArray

MEDIAN_VOXELS = 3
"""Edge of the cube that a median is taken of."""

CONTINUED_FROM_VOXELS = 5
"""Edge of the square, in plane, that the rim takes its mean from."""

FEWEST_USABLE = 14
"""Of the 27 voxels of the cube: with fewer, a voxel that cannot be divided by lies in a hole or outside."""


def smoothed_m0(m0: FloatArray, mask: BoolArray) -> FloatArray:
    """M0 filtered by a median of 3x3x3 voxels and continued into the rim of the brain.

    Only voxels of the mask are used, so that neither air nor scalp comes in, and only those that can be divided by.
    A single bad voxel gets the median of its neighbors; where most neighbors are bad too it stays as it is.

    Args:
        m0: ``[k, j, i]``, scanner units.
        mask: The brain ``[k, j, i]``.

    Returns:
        ``[k, j, i]`` float32; outside the mask as it was.
    """
    usable = mask & ~unusable_m0(m0, mask)
    neighbors = _neighbors(np.where(usable, m0, np.nan), mask)
    healed = usable[mask] | (np.isfinite(neighbors).sum(axis=1) >= FEWEST_USABLE)
    brain = np.zeros_like(mask)
    brain[mask] = healed
    if not brain.any():
        return m0
    smooth = m0.copy()
    smooth[brain] = np.nanmedian(neighbors[healed], axis=1)
    return _continued(smooth, brain)


def _neighbors(values: FloatArray, mask: BoolArray) -> FloatArray:
    """The cube around every voxel of the mask, ``[n, 27]``; NaN beyond the grid."""
    around = np.pad(values, MEDIAN_VOXELS // 2, constant_values=np.nan)
    cubes = np.lib.stride_tricks.sliding_window_view(around, (MEDIAN_VOXELS,) * 3)
    return cubes[mask].reshape(-1, MEDIAN_VOXELS**3)


def _continued(m0: FloatArray, brain: BoolArray) -> FloatArray:
    """The outermost voxels of the brain replaced by the mean of deeper ones near by, else by the nearest of them."""
    # The first and the last slice are no outline.
    core = ndimage.binary_erosion(brain, ndimage.generate_binary_structure(3, 1), border_value=1)
    if not core.any():
        return m0
    rim = brain & ~core
    square = (1, CONTINUED_FROM_VOXELS, CONTINUED_FROM_VOXELS)
    share = ndimage.uniform_filter(core.astype(np.float64), square, mode="constant")
    total = ndimage.uniform_filter(np.where(core, m0, 0.0).astype(np.float64), square, mode="constant")
    # The filter leaves sums that are not quite zero where there is nothing.
    near = share > 0.5 / CONTINUED_FROM_VOXELS**2
    _, nearest = ndimage.distance_transform_edt(~core, return_indices=True)
    deeper = np.divide(total, share, out=m0[tuple(nearest)].astype(np.float64), where=near)
    return np.where(rim, deeper, m0).astype(np.float32)
