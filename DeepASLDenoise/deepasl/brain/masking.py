"""A brain mask from the ASL images themselves: no template, no anatomical scan."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from deepasl.geometry import Geometry
from deepasl.images import to_sitk
from deepasl.perfusion.smoothing import sigma_in_voxels, smooth_ratio
from deepasl.progress import Job, Progress, run
from deepasl.results import BoolArray
from deepasl.series import AslSeries, FloatArray, Role, mean_volume

SMOOTHING_MM = 2.0
DETACH_MM = 10.0
"""Radius of the opening that cuts the brain from scalp, eyes and neck."""

SUBTRACTED_FWHM_MM = 10.0
"""Smoothing of a subtracted image, in which white matter is nearly dark and noise is strong."""

DARK_FRACTION = 0.5
"""Of the brightness of the brain near by, below which a part of the head is muscle or fat; 0.45 leaves most of the
muscles of a Philips scan in, 0.6 takes 3 % off every brain."""

NEAR_BY_FWHM_MM = 40.0
"""Coils brighten the head more smoothly than this."""

SMOOTH_OUTLINE_MM = 5.0
"""Radius of the opening that takes away what sticks out of the grown brain, such as an ear."""

STAGE = "Finding the brain"


def brain_mask(volume: FloatArray, geometry: Geometry) -> BoolArray:
    """The brain in an M0 or mean control image; see `masking`."""
    return run(masking(volume, geometry))


def masking(volume: FloatArray, geometry: Geometry) -> Job[BoolArray]:
    """Find the brain in an M0 or mean control image.

    Smoothing and Otsu's threshold find the head; an opening of 10 mm cuts bridges to the scalp; of what is left the
    largest piece is kept, the head is rid of what is half as bright as that near by, and the piece is grown back inside
    it; what sticks out of it is cut off, and its holes are filled slice by slice.

    Args:
        volume: ``[k, j, i]`` float32, brighter in the brain than in air.
        geometry: Its grid.

    Yields:
        Progress after each part of the work.

    Returns:
        ``[k, j, i]`` bool; all False where the image has no contrast.
    """
    if not np.ptp(volume) > 0:
        return np.zeros(geometry.shape, dtype=np.bool_)
    # The brightest voxels (eyes, vessels, unsuppressed fat) must not set the threshold.
    clipped = to_sitk(np.clip(volume, 0.0, np.percentile(volume, 99.5)).astype(np.float32), geometry)
    smooth = sitk.SmoothingRecursiveGaussian(clipped, SMOOTHING_MM)
    head = _above_otsu(smooth)
    yield Progress(STAGE, 1, 4)
    head = _as_bright_as(_core(head, geometry), smooth, head, geometry)
    yield Progress(STAGE, 2, 4)
    # One slice up and down too: the temporal poles are too small to have a core in every slice.
    in_plane = _radius_voxels(geometry, DETACH_MM + min(geometry.spacing[:2]))
    grown = sitk.BinaryDilate(_core(head, geometry), [*in_plane[:2], 1])
    yield Progress(STAGE, 3, 4)
    brain = sitk.BinaryMorphologicalOpening(sitk.And(grown, head), _radius_voxels(geometry, SMOOTH_OUTLINE_MM))
    return _filled(sitk.GetArrayFromImage(_largest_piece(brain)) > 0)


def reference_image(series: AslSeries) -> FloatArray:
    """The image the brain shows best in: M0, else control, else the subtracted one, smoothed and without its sign."""
    scan = series.m0scan
    if scan is not None and scan.geometry.matches(series.geometry):
        return mean_volume(scan.volumes)
    if series.indices(Role.M0SCAN):
        return series.mean_of(Role.M0SCAN)
    if series.indices(Role.CONTROL):
        return series.mean_of(Role.CONTROL)
    if series.indices(Role.DELTAM):
        return _without_sign(series.mean_of(Role.DELTAM), series.geometry)
    return mean_volume(series.volumes)


def _without_sign(deltam: FloatArray, geometry: Geometry) -> FloatArray:
    """Where there is perfusion or noise of tissue, which air has little of."""
    smooth: FloatArray = ndimage.gaussian_filter(np.abs(deltam), sigma_in_voxels(SUBTRACTED_FWHM_MM, geometry))
    return smooth


def _above_otsu(smooth: sitk.Image) -> sitk.Image:
    threshold = sitk.OtsuThresholdImageFilter()
    threshold.SetInsideValue(0)
    threshold.SetOutsideValue(1)
    threshold.SetNumberOfHistogramBins(256)
    return threshold.Execute(smooth)


def _core(head: sitk.Image, geometry: Geometry) -> sitk.Image:
    """The largest piece of the head that is left when bridges to the scalp are cut; of a tiny head its largest."""
    eroded = sitk.BinaryErode(head, _radius_voxels(geometry, DETACH_MM))
    return _largest_piece(eroded if _count(eroded) else head)


def _as_bright_as(core: sitk.Image, smooth: sitk.Image, head: sitk.Image, geometry: Geometry) -> sitk.Image:
    """The head without what is much darker than the core near by."""
    inside = sitk.GetArrayFromImage(core).astype(np.float32)
    image = sitk.GetArrayFromImage(smooth)
    bright = image > DARK_FRACTION * smooth_ratio(inside * image, inside, NEAR_BY_FWHM_MM, geometry)
    return sitk.And(head, to_sitk(bright, geometry))


def _radius_voxels(geometry: Geometry, millimetres: float) -> list[int]:
    """A radius in voxels along i and j. Not along k: thick slices would be lost at top and bottom."""
    return [round(millimetres / s) for s in geometry.spacing[:2]] + [0]


def _largest_piece(mask: sitk.Image) -> sitk.Image:
    pieces = sitk.RelabelComponent(sitk.ConnectedComponent(mask), sortByObjectSize=True)
    return sitk.Cast(pieces == 1, sitk.sitkUInt8)


def _count(mask: sitk.Image) -> int:
    return int(sitk.GetArrayViewFromImage(mask).sum())


def _filled(mask: BoolArray) -> BoolArray:
    """Fill holes slice by slice: ventricles and sulci that a 3D filling leaves open at the image border."""
    neighbors = ndimage.generate_binary_structure(2, 1)[np.newaxis]
    filled: BoolArray = ndimage.binary_fill_holes(mask, neighbors)
    return filled
