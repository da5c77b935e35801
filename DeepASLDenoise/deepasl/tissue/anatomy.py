"""Tissue of an ASL scan from a T1-weighted image of the same person."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.images import Image, to_sitk
from deepasl.motion.contrast_alignment import contrast_aligned
from deepasl.motion.rigid import AT_REST, Matrix, displacement, sitk_transform
from deepasl.progress import Job, Progress
from deepasl.results import BoolArray
from deepasl.series import FloatArray
from deepasl.tissue.classes import tissues_by_brightness, without_receive_field
from deepasl.tissue.maps import TissueProbability
from deepasl.tissue.voxel_averaging import averaged_onto

ALIGNING = "Aligning the anatomical image"
CLASSIFYING = "Finding tissues in the anatomical image"

ALIGNED_AT_MM = 3.0

BEYOND_MM = 2.0
"""How far tissue is looked for beyond the brain of the ASL scan: its voxels end there, and scalp is farther."""

MARGIN_MM = 10.0
"""Around the brain, for filters."""

LEAST_COVERED = 0.9
"""Of the brain of the scan, that an anatomical image has to show."""

FARTHEST_MM = 60.0
"""Images of one session that seem farther apart were matched by mistake."""


def tissue_of_anatomy(
    anatomy: Image, reference: FloatArray, geometry: Geometry, mask: BoolArray, origin: str
) -> Job[TissueProbability]:
    """Align a T1-weighted image with the scan, find its tissues, and average them over the voxels of the scan.

    Args:
        anatomy: T1-weighted, one volume, of the whole head or of the brain.
        reference: M0 or mean control image ``[k, j, i]``, which it is aligned with.
        geometry: The grid of the scan.
        mask: The brain on it.
        origin: The file of the anatomical image, in words.

    Yields:
        Progress.

    Raises:
        InputError: If the image is not one volume of numbers, cannot be aligned, or shows no three tissues.
    """
    volume = _one_volume(anatomy, origin)
    coarse, coarse_grid = _coarse(volume, anatomy.geometry)
    estimate = yield from contrast_aligned(reference, geometry, coarse, coarse_grid, mask, stage=ALIGNING)
    away = displacement(estimate.pose, AT_REST, geometry)
    if not estimate.trusted or away > FARTHEST_MM:
        raise InputError(
            f"the anatomical image could not be aligned with the ASL scan (correlation ratio {estimate.told:.2f})",
            where=origin,
            remedy="Check that both show the same person, and that their headers place them on each other.",
        )
    yield Progress(CLASSIFYING, 0, 3)
    inside = _on_anatomy(mask, geometry, anatomy.geometry, estimate.pose)
    _require_covered(_milliliters(inside, anatomy.geometry) / _milliliters(mask, geometry), origin)
    volume, grid, inside = _cropped(volume, anatomy.geometry, inside)
    brain = ndimage.distance_transform_edt(~inside, sampling=grid.spacing[::-1]) <= BEYOND_MM
    flat = without_receive_field(volume, brain, grid)
    yield Progress(CLASSIFYING, 1, 3)
    classes = tissues_by_brightness(flat, brain)
    yield Progress(CLASSIFYING, 2, 3)
    grey, white, csf = averaged_onto(classes, grid, geometry, estimate.pose)
    told = f"{origin}, T1-weighted, aligned by {away:.1f} mm (correlation ratio {estimate.told:.2f})"
    return TissueProbability(grey, white, csf, told)


def _one_volume(anatomy: Image, origin: str) -> FloatArray:
    if len(anatomy.volumes) != 1 or not np.isfinite(anatomy.volumes).all():
        raise InputError(
            "the anatomical image must be one volume without voxels that are no numbers",
            where=origin,
            remedy="Give a T1-weighted image.",
        )
    volume: FloatArray = anatomy.volumes[0]
    return volume


def _milliliters(mask: BoolArray, geometry: Geometry) -> float:
    return float(mask.sum() * np.prod(geometry.spacing)) / 1000.0


def _require_covered(fraction: float, origin: str) -> None:
    if fraction < LEAST_COVERED:
        raise InputError(
            f"the anatomical image shows only {100.0 * fraction:.0f} % of the brain in the ASL scan",
            where=origin,
            remedy="Give one of the whole head.",
        )


def _coarse(volume: FloatArray, grid: Geometry) -> tuple[FloatArray, Geometry]:
    """The image averaged to voxels of `ALIGNED_AT_MM`: it is smoothed by more before it is aligned."""
    factors = [max(1, round(ALIGNED_AT_MM / spacing)) for spacing in grid.spacing]
    image = sitk.BinShrink(to_sitk(volume, grid), factors)
    coarse: FloatArray = sitk.GetArrayFromImage(image)
    k, j, i = coarse.shape
    return coarse, Geometry((k, j, i), image.GetSpacing(), image.GetOrigin(), image.GetDirection())


def _on_anatomy(mask: BoolArray, geometry: Geometry, onto: Geometry, pose: Matrix) -> BoolArray:
    """The brain of the scan on the grid of the anatomical image."""
    resampler = sitk.ResampleImageFilter()
    resampler.SetReferenceImage(to_sitk(np.empty(onto.shape, dtype=np.float32), onto))
    resampler.SetTransform(sitk_transform(np.linalg.inv(pose).astype(np.float64)))
    share = sitk.GetArrayFromImage(resampler.Execute(to_sitk(mask.astype(np.float32), geometry)))
    inside: BoolArray = share > 0.5
    return inside


def _cropped(volume: FloatArray, grid: Geometry, mask: BoolArray) -> tuple[FloatArray, Geometry, BoolArray]:
    """The part of an image that holds the mask, for speed."""
    found = ndimage.find_objects(mask.astype(np.uint8))
    margins = [round(MARGIN_MM / spacing) for spacing in grid.spacing[::-1]]
    box = tuple(
        slice(max(0, part.start - margin), part.stop + margin) for part, margin in zip(found[0], margins, strict=True)
    )
    corner = grid.ijk_to_lps() @ [*(part.start for part in reversed(box)), 1.0]
    part = volume[box]
    origin = (float(corner[0]), float(corner[1]), float(corner[2]))
    return part, Geometry(part.shape, grid.spacing, origin, grid.direction), mask[box]
