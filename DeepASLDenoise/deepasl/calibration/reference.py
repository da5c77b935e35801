"""M0 from one tissue whose M0 against blood is known: one number for the whole brain.

``M0 of blood = S / (1 - exp(-TR/T1)) * exp(-TE/T2 of blood) / exp(-TE/T2) / partition coefficient`` of the reference
tissue, as in the BASIL tools (oxasl, calibration by a reference region). It leaves M0 of single voxels, its noise and
partial volume with air out of flow; what it cannot take out is the receive field of the coil.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from scipy import ndimage

from deepasl.calibration.settings import M0Method
from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.perfusion.smoothing import smooth_ratio
from deepasl.quantification.buxton import m0_recovery
from deepasl.results import BoolArray
from deepasl.series import FloatArray
from deepasl.tissue.from_perfusion import depth_mm, estimate_tissue


class Echo(StrEnum):
    """What refocuses the signal: it tells whether it decays with T2 or with T2*."""

    SPIN = "spin echo"
    GRADIENT = "gradient echo"


@dataclass(frozen=True)
class ReferenceTissue:
    """A tissue M0 can be told from, at 3 T.

    Attributes:
        title: Its name.
        t1: In s.
        decay: T2 (spin echo) and T2* (gradient echo) in s.
        partition_coefficient: Its water against that of blood, mL/mL.
    """

    title: str
    t1: float
    decay: Mapping[Echo, float]
    partition_coefficient: float


REFERENCE_TISSUES: Mapping[M0Method, ReferenceTissue] = MappingProxyType(
    {
        M0Method.CSF: ReferenceTissue("CSF", 4.3, {Echo.SPIN: 0.75, Echo.GRADIENT: 0.4}, 1.15),
        M0Method.WHITE_MATTER: ReferenceTissue("white matter", 1.0, {Echo.SPIN: 0.069, Echo.GRADIENT: 0.06}, 0.82),
    }
)
"""As in oxasl: partition coefficients after Herscovitch and Raichle, J Cereb Blood Flow Metab 1985;5:65-69, with a
water content of blood of 0.87; T2* of white matter after Foucher et al., J Magn Reson Imaging 2011;34:785-790. T2 of
white matter after Stanisz et al., Magn Reson Med 2005;54:507-512 (oxasl has 0.05 s, which is less than its T2*)."""

BLOOD_DECAY: Mapping[Echo, float] = MappingProxyType({Echo.SPIN: 0.15, Echo.GRADIENT: 0.05})
"""T2 of arterial blood in s: Lu et al., Magn Reson Med 2012;67:42-49; T2*: Petersen et al., Magn Reson Med
2006;55:219-232."""

VENTRICLE_DEPTH_MM = 20.0
"""Ventricles lie deeper below the outline of the brain than sulci."""

SURROUNDINGS_FWHM_MM = 40.0
"""Brightness is judged against that around, which takes the receive field out."""

VENTRICLE_BRIGHTNESS = 1.15
"""CSF against its surroundings, where the repetition time lets it recover; seen on four scanners: 1.2 to 1.9."""

VENTRICLE_PERFUSION = 0.6
"""Smoothed perfusion of ventricles against that of grey matter; some comes in from around."""

PERFUSION_FWHM_MM = 5.0

FEWEST_VOXELS = 20
LEAST_MILLILITERS = 2.0
"""A reference smaller than this is a mistake, or all of it is partial volume."""

LARGER_HALF = 75.0
"""Percentile of M0 in ventricles: the median of the brighter half, as the darker is mixed with tissue."""


def blood_m0(
    signal: float, tissue: ReferenceTissue, *, repetition_time: float, echo_time: float | None, echo: Echo
) -> float:
    """M0 of arterial blood, as the readout of the ASL images sees it.

    Args:
        signal: Of the reference tissue in the M0 image, scanner units.
        tissue: What it is.
        repetition_time: Of the M0 image, s.
        echo_time: Of the M0 image, s; None to leave decay out of account.
        echo: What decay is.

    Returns:
        In scanner units.
    """
    recovered = signal * m0_recovery(repetition_time, tissue.t1) / tissue.partition_coefficient
    if echo_time is None:
        return recovered
    return recovered * math.exp(echo_time / tissue.decay[echo] - echo_time / BLOOD_DECAY[echo])


def reference_signal(method: M0Method, m0: FloatArray, region: BoolArray) -> float:
    """What one number stands for the tissue in its region: the median, of ventricles that of their brighter half."""
    return float(np.percentile(m0[region], LARGER_HALF if method is M0Method.CSF else 50.0))


def reference_region(
    method: M0Method, m0: FloatArray, deltam: FloatArray, mask: BoolArray, geometry: Geometry
) -> BoolArray:
    """Find the reference tissue without an atlas.

    Ventricles are the largest piece of what is bright in M0, little perfused and deep in the brain. White matter is
    that of `deepasl.tissue.from_perfusion`, without its edge.

    Args:
        method: Which tissue.
        m0: M0 as measured ``[k, j, i]``.
        deltam: Control minus label ``[k, j, i]``.
        mask: The brain.
        geometry: The grid.

    Returns:
        ``[k, j, i]`` bool.

    Raises:
        InputError: If there is too little of it, or nothing tells it from the rest.
    """
    if method is M0Method.CSF:
        region, problem = _ventricles(m0, deltam, mask, geometry), "the ventricles do not stand out in the M0 image"
    else:
        _, white = estimate_tissue(deltam, m0, mask, geometry)
        in_plane = ndimage.generate_binary_structure(2, 1)[None]
        region, problem = ndimage.binary_erosion(white, in_plane), "too little white matter was found"
    return require_enough(region, geometry, f"{problem}, as at a short repetition time or with large voxels")


def require_enough(region: BoolArray, geometry: Geometry, problem: str) -> BoolArray:
    """The region, if M0 can be told from it.

    Raises:
        InputError: If it has fewer than `FEWEST_VOXELS`, or less than `LEAST_MILLILITERS`.
    """
    voxels = int(region.sum())
    if voxels < FEWEST_VOXELS or voxels * float(np.prod(geometry.spacing)) < 1000.0 * LEAST_MILLILITERS:
        raise InputError(
            f"no reference for M0: {problem} ({voxels} voxels)",
            remedy="Give a mask of the reference tissue, or use M0 voxel by voxel.",
        )
    return region


def _ventricles(m0: FloatArray, deltam: FloatArray, mask: BoolArray, geometry: Geometry) -> BoolArray:
    grey, _ = estimate_tissue(deltam, m0, mask, geometry)
    if not grey.any():
        return np.zeros_like(mask)
    inside = np.where(mask, np.maximum(m0, 0.0), 0.0)
    around = smooth_ratio(inside, mask.astype(np.float32), SURROUNDINGS_FWHM_MM, geometry)
    perfusion = smooth_ratio(np.where(mask, deltam, 0.0), inside, PERFUSION_FWHM_MM, geometry)
    csf = mask & (depth_mm(mask, geometry) > VENTRICLE_DEPTH_MM) & (m0 > VENTRICLE_BRIGHTNESS * around)
    csf &= perfusion < VENTRICLE_PERFUSION * np.median(perfusion[grey])
    pieces, _ = ndimage.label(csf, np.ones((3, 3, 3)))
    sizes = np.bincount(pieces[csf], minlength=2)
    largest: BoolArray = csf & (pieces == int(sizes.argmax()))
    return largest
