"""Grey and white matter estimated from perfusion itself, for scans that come without an anatomical image.

Grey matter takes up two to four times as much blood as white matter, so the two form two groups of voxels once
noise is smoothed away. The estimate serves to compare maps of one scan in the same voxels and to notice values out
of range. It is no segmentation: thin cortex is mixed with its neighbors, lesions go to the wrong side, and
voxels chosen for high flow in a noisy image have a mean that is too high (white matter: too low). Smoothing before
choosing keeps that error small; it grows with noise.
"""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from deepasl.calibration.m0 import unusable_m0
from deepasl.geometry import Geometry
from deepasl.images import to_sitk
from deepasl.perfusion.smoothing import smooth_ratio
from deepasl.results import BoolArray
from deepasl.series import FloatArray

SMOOTHING_FWHM_MM = 8.0
"""Of 6, 7 and 8 mm the one with the least error of mean flow in noisy phantoms."""

CORTEX_DEPTH_MM = 8.0
"""White matter lies deeper below the outline of the brain than CSF and cortex reach."""

CSF_FRACTION_OF_GREY = 0.3
"""Flow below this fraction of that of the grey matter found is CSF; white matter has 0.35 to 0.55 of it, because
what is found as grey matter is mixed with its neighbors."""


def estimate_tissue(
    deltam: FloatArray, m0: FloatArray | None, mask: BoolArray, geometry: Geometry
) -> tuple[BoolArray, BoolArray]:
    """Grey and white matter by their perfusion.

    Control minus label over M0 is smoothed inside the mask; Otsu's threshold (IEEE Trans Syst Man Cybern
    1979;9:62-66) parts grey matter from the rest. White matter is the rest that is neither near the outline of
    the brain nor as little perfused as CSF.

    Args:
        deltam: Control minus label ``[k, j, i]``, any unit.
        m0: Calibration image ``[k, j, i]``, which takes out the receive field; None if there is none.
        mask: Brain ``[k, j, i]``.
        geometry: The grid of all of them.

    Returns:
        Grey and white matter, ``[k, j, i]`` bool, disjoint and inside the mask. Both empty where the mask is
        empty or perfusion is the same everywhere.
    """
    usable = mask if m0 is None else mask & ~unusable_m0(m0, mask)
    if not usable.any():
        return np.zeros_like(mask), np.zeros_like(mask)
    weight = usable.astype(np.float32) if m0 is None else np.where(usable, m0, np.float32(0.0))
    perfusion = smooth_ratio(np.where(usable, deltam, np.float32(0.0)), weight, SMOOTHING_FWHM_MM, geometry)
    grey = usable & (perfusion > _otsu_threshold(perfusion, usable, geometry))
    if not grey.any():
        return grey, np.zeros_like(mask)
    perfused = perfusion > CSF_FRACTION_OF_GREY * np.median(perfusion[grey])
    white = usable & ~grey & perfused & (depth_mm(mask, geometry) > CORTEX_DEPTH_MM)
    return grey, white


def _otsu_threshold(perfusion: FloatArray, mask: BoolArray, geometry: Geometry) -> float:
    """The value that parts the voxels of the mask best in two groups; the largest value if they are all the same."""
    low, high = np.percentile(perfusion[mask], [1.0, 99.0])
    if not high > low:
        return float(perfusion[mask].max())
    # Large vessels and the rim would stretch the histogram.
    scaled = (np.clip(perfusion, low, high) - low) / (high - low)
    otsu = sitk.OtsuThresholdImageFilter()
    otsu.SetMaskValue(1)
    otsu.SetNumberOfHistogramBins(256)
    otsu.Execute(to_sitk(scaled.astype(np.float32), geometry), to_sitk(mask, geometry))
    return float(low + otsu.GetThreshold() * (high - low))


def depth_mm(mask: BoolArray, geometry: Geometry) -> FloatArray:
    """Distance in mm of each voxel of the mask to the outside; the first and last slice are no outline."""
    around = np.pad(mask, ((0, 0), (1, 1), (1, 1)))
    depth = ndimage.distance_transform_edt(around, sampling=geometry.spacing[::-1])
    return depth[:, 1:-1, 1:-1].astype(np.float32)
