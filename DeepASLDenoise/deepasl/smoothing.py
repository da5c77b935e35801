"""Gaussian kernels given as they are in papers: by their full width at half maximum in mm."""

from __future__ import annotations

import math

from deepasl.geometry import Geometry

FWHM_PER_SD = 2.0 * math.sqrt(2.0 * math.log(2.0))


def sigma_in_voxels(fwhm_mm: float, geometry: Geometry) -> tuple[float, float, float]:
    """The standard deviation of a Gaussian of this width along (k, j, i), as `scipy.ndimage` takes it."""
    i, j, k = (fwhm_mm / FWHM_PER_SD / spacing for spacing in geometry.spacing)
    return k, j, i
