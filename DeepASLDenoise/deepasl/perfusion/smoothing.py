"""Gaussian smoothing given as it is in papers: by its full width at half maximum in mm."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.series import FloatArray

FWHM_PER_SD = 2.0 * math.sqrt(2.0 * math.log(2.0))

WIDEST_MM = 20.0
"""Nothing of the brain is left to see beyond."""


def sigma_in_voxels(fwhm_mm: float, geometry: Geometry) -> tuple[float, float, float]:
    """The standard deviation of a Gaussian of this width along (k, j, i), as `scipy.ndimage` takes it."""
    i, j, k = (fwhm_mm / FWHM_PER_SD / spacing for spacing in geometry.spacing)
    return k, j, i


def smoothed(images: FloatArray, fwhm_mm: float, geometry: Geometry) -> FloatArray:
    """Images ``[..., k, j, i]`` smoothed in three dimensions by so many mm; as they are for 0.

    Edges are mirrored. The filter is linear: to smooth control and label images, as Ulas et al. (MICCAI 2018) do, is to
    smooth their difference.

    Raises:
        InputError: If the width is not between 0 and `WIDEST_MM`.
    """
    if not 0.0 <= fwhm_mm <= WIDEST_MM:
        raise InputError(
            f"a smoothing of {fwhm_mm:g} mm cannot be", remedy=f"Choose 0 (none) to {WIDEST_MM:g} mm, such as 4."
        )
    if fwhm_mm == 0.0:
        return images
    others = (0.0,) * (images.ndim - 3)
    result: FloatArray = ndimage.gaussian_filter(images, (*others, *sigma_in_voxels(fwhm_mm, geometry)))
    return result


def smooth_ratio(numerator: FloatArray, denominator: FloatArray, fwhm_mm: float, geometry: Geometry) -> FloatArray:
    """One image over another, both smoothed first, so that nothing comes in from where both are 0.

    Difference over M0 is perfusion without the receive field; an image over its mask is its mean near by.

    Args:
        numerator: ``[k, j, i]``.
        denominator: ``[k, j, i]``, not negative.
        fwhm_mm: Width of the Gaussian.
        geometry: The grid.

    Returns:
        ``[k, j, i]`` float32, 0 where the denominator is.
    """
    sigma = sigma_in_voxels(fwhm_mm, geometry)
    above, below = (ndimage.gaussian_filter(image.astype(np.float64), sigma) for image in (numerator, denominator))
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0.0).astype(np.float32)
