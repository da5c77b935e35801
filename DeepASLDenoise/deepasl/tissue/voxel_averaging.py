"""Fine images on a coarse grid: the mean over each coarse voxel, as the scanner itself averages tissue."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from deepasl.geometry import Geometry
from deepasl.motion.rigid import AT_REST, Matrix
from deepasl.series import FloatArray


def averaged_onto(images: FloatArray, grid: Geometry, onto: Geometry, pose: Matrix = AT_REST) -> FloatArray:
    """The mean of images over the voxels of another grid.

    Points no farther apart than the voxels of `images` are interpolated linearly and averaged in every voxel.

    Args:
        images: ``[n, k, j, i]``.
        grid: Their grid.
        onto: The grid of the result, finer or coarser.
        pose: From points of the result to those of the images, LPS mm.

    Returns:
        ``[n, k, j, i]`` float32; what lies beyond the images counts as 0.
    """
    averages = np.empty((len(images), *onto.shape), dtype=np.float32)
    for k in range(onto.shape[0]):
        index, samples = points_in_slice(k, grid, onto, pose)
        for average, image in zip(averages, images, strict=True):
            values = ndimage.map_coordinates(image, index, order=1, mode="constant", output=np.float32)
            average[k] = values.reshape(samples, -1).mean(axis=0).reshape(onto.shape[1:])
    return averages


def points_in_slice(k: int, grid: Geometry, onto: Geometry, pose: Matrix) -> tuple[NDArray[np.float64], int]:
    """Points that fill the voxels of one slice evenly.

    Args:
        k: The slice of `onto`.
        grid: The grid that is looked up.
        onto: The grid whose voxels are filled.
        pose: From points of `onto` to those of `grid`, LPS mm.

    Returns:
        Indices (k, j, i) in `grid`, ``[3, sample * j * i]``, and how many samples there are in each voxel.
    """
    to_index = np.linalg.inv(grid.ijk_to_lps()) @ pose @ onto.ijk_to_lps()
    offsets = _offsets(to_index)
    j, i = np.indices(onto.shape[1:]).reshape(2, -1)
    centers = np.stack([i, j, np.full_like(i, k)])
    within = (centers[:, None, :] + offsets[:, :, None]).reshape(3, -1)
    return (to_index[:3, :3] @ within + to_index[:3, 3:])[::-1], offsets.shape[1]


def _offsets(to_index: Matrix) -> NDArray[np.float64]:
    """Evenly spaced points of a voxel about its center, in its units (i, j, k), ``[3, sample]``.

    Along each of its axes as many as it is voxels of the other grid long, so that images on one grid stay as they are.
    """
    counts = [max(1, math.ceil(length - 1e-3)) for length in np.abs(to_index[:3, :3]).max(axis=0)]
    even = [(np.arange(n) + 0.5) / n - 0.5 for n in counts]
    return np.stack([points.ravel() for points in np.meshgrid(*even, indexing="ij")])
