"""Thermal noise of an image, of any correlation between neighbouring voxels."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from deepasl.geometry import Geometry
from deepasl.perfusion.smoothing import sigma_in_voxels
from deepasl.series import FloatArray

TRUNCATE = 4.0
"""Where Gaussian kernels end, in SD."""


def unit_noise(geometry: Geometry, fwhm_mm: float, rng: np.random.Generator) -> FloatArray:
    """Gaussian noise of SD 1 in every voxel ``[k, j, i]``.

    Args:
        geometry: The voxel grid.
        fwhm_mm: Width of the Gaussian that white noise is smoothed with; 0 for independent voxels. The SD stays 1.
        rng: Where it is drawn from.
    """
    if fwhm_mm == 0.0:
        return rng.standard_normal(geometry.shape, dtype=np.float32)
    sigma = sigma_in_voxels(fwhm_mm, geometry)
    rims = [int(TRUNCATE * s + 0.5) for s in sigma]
    # A rim is drawn and cut off, so that the noise at the edges is like that inside.
    wider = [n + 2 * rim for n, rim in zip(geometry.shape, rims, strict=True)]
    smooth = ndimage.gaussian_filter(rng.standard_normal(wider, dtype=np.float32), sigma, truncate=TRUNCATE)
    inside = smooth[tuple(slice(rim, rim + n) for n, rim in zip(geometry.shape, rims, strict=True))]
    noise: FloatArray = (inside / np.prod([_remaining_sd(s) for s in sigma])).astype(np.float32)
    return noise


def _remaining_sd(sigma: float) -> float:
    """SD of white noise of SD 1 after smoothing along one axis: the root of the summed squares of the kernel."""
    impulse = np.zeros(2 * int(TRUNCATE * sigma + 0.5) + 1)
    impulse[len(impulse) // 2] = 1.0
    return float(np.linalg.norm(ndimage.gaussian_filter1d(impulse, sigma, mode="constant", truncate=TRUNCATE)))
