"""Figures that tell how good a scan is: noise, evenness of flow, contrast, motion.

They are for the conventional map. Of a denoised map some can be computed as well, but a smooth map has better figures
without being truer: what a denoiser is worth is told by `deepasl.quality.metrics` against a truth, never by these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepasl.geometry import Geometry
from deepasl.perfusion.pair_scatter import mean_and_sd
from deepasl.perfusion.smoothing import smoothed
from deepasl.progress import run
from deepasl.quality.qei import quality_evaluation
from deepasl.results import BoolArray, PerfusionMaps
from deepasl.series import FloatArray, mean_in
from deepasl.tissue.from_perfusion import SMOOTHING_FWHM_MM
from deepasl.tissue.maps import TissueProbability

UNKNOWN = float("nan")


@dataclass(frozen=True)
class QualityIndices:
    """Quality figures of one map; NaN where a figure is not known.

    Attributes:
        tsnr: Temporal signal-to-noise ratio of the difference images: mean over SD of the pairs in a voxel, the median
            over grey matter. That of the mean of n pairs is larger by the square root of n.
        spatial_cov: Spatial coefficient of variation in grey matter: SD over mean of its voxels.
        spatial_cov_of_noise: What noise alone makes of it: its SD in the mean difference image over the mean of that.
        negative_grey_fraction: Fraction of voxels of grey matter below 0.
        negative_brain_fraction: Fraction of the brain below 0 once smoothed by 8 mm. A half, if there is only noise.
            Unlike figures of grey matter it does not depend on how that was found.
        qei: Quality evaluation index, 0 to 1; known only for CBF and with tissue of an anatomical image.
        grey_white_ratio: Mean of grey over that of white matter; known only with tissue of an anatomical image, because
            tissue that was told by flow differs in flow whatever the scan shows.
        signal_percent: Mean difference signal of grey matter in percent of mean M0 in the brain.
        mean_displacement: Mean framewise displacement of the head, mm.
        max_displacement: The largest, mm.
        dropped_share: Fraction of pairs left out of the mean as outliers.
    """

    tsnr: float = UNKNOWN
    spatial_cov: float = UNKNOWN
    spatial_cov_of_noise: float = UNKNOWN
    negative_grey_fraction: float = UNKNOWN
    negative_brain_fraction: float = UNKNOWN
    qei: float = UNKNOWN
    grey_white_ratio: float = UNKNOWN
    signal_percent: float = UNKNOWN
    mean_displacement: float = UNKNOWN
    max_displacement: float = UNKNOWN
    dropped_share: float = UNKNOWN


def quality_indices(
    maps: PerfusionMaps,
    *,
    mask: BoolArray,
    grey: BoolArray,
    white: BoolArray,
    geometry: Geometry,
    differences: FloatArray | None = None,
    tissue: TissueProbability | None = None,
    signal_percent: float = UNKNOWN,
    displacement: NDArray[np.float64] | None = None,
    dropped_share: float = UNKNOWN,
) -> QualityIndices:
    """The quality figures of a map: of CBF, or of deltam where there is no CBF.

    Args:
        maps: The map.
        mask: The brain ``[k, j, i]``.
        grey: Grey matter.
        white: White matter.
        geometry: The grid of all of them.
        differences: The difference images that the map is the mean of ``[p, k, j, i]``, scanner units; None for a
            denoised map, or for several delays: nothing is said of noise then.
        tissue: Tissue probabilities, if they come from an anatomical image.
        signal_percent: Mean difference signal of grey matter in percent of mean M0, if known.
        displacement: Framewise displacement of the control and label volumes in mm, if it was measured.
        dropped_share: Fraction of pairs left out as outliers.
    """
    values = maps.deltam if maps.cbf is None else maps.cbf
    of_grey = values[grey].astype(np.float64)
    tsnr, noise_cov = (UNKNOWN, UNKNOWN) if differences is None else _of_noise(differences, grey)
    moved = displacement is not None and displacement.size > 0
    return QualityIndices(
        tsnr=tsnr,
        spatial_cov=_ratio(float(of_grey.std()), float(of_grey.mean())) if of_grey.size else UNKNOWN,
        spatial_cov_of_noise=noise_cov,
        negative_grey_fraction=float(np.mean(of_grey < 0.0)) if of_grey.size else UNKNOWN,
        negative_brain_fraction=_negative_fraction(values, mask, geometry),
        qei=_qei(maps, tissue, geometry),
        grey_white_ratio=UNKNOWN if tissue is None else _ratio(mean_in(values, grey), mean_in(values, white)),
        signal_percent=signal_percent,
        mean_displacement=float(np.mean(displacement)) if displacement is not None and moved else UNKNOWN,
        max_displacement=float(np.max(displacement)) if displacement is not None and moved else UNKNOWN,
        dropped_share=dropped_share,
    )


def _of_noise(differences: FloatArray, grey: BoolArray) -> tuple[float, float]:
    """tSNR, and the spatial coefficient of variation that noise makes; NaN for a single image."""
    count, voxels = len(differences), int(grey.sum())
    if count < 2 or not voxels:
        return UNKNOWN, UNKNOWN
    mean, sd = run(mean_and_sd(differences, grey))
    varying = sd > 0.0
    tsnr = float(np.median(mean[varying] / sd[varying])) if varying.any() else UNKNOWN
    return tsnr, _ratio(float(np.sqrt(np.mean(sd**2) / count)), float(mean.mean()))


def _negative_fraction(values: FloatArray, mask: BoolArray, geometry: Geometry) -> float:
    if not mask.any():
        return UNKNOWN
    smooth = smoothed(np.where(mask, values, np.float32(0.0)), SMOOTHING_FWHM_MM, geometry)
    return float(np.mean(smooth[mask] < 0.0))


def _qei(maps: PerfusionMaps, tissue: TissueProbability | None, geometry: Geometry) -> float:
    if maps.cbf is None or tissue is None:
        return UNKNOWN
    return quality_evaluation(maps.cbf, tissue.grey, tissue.white, tissue.csf, geometry).index()


def _ratio(of: float, to: float) -> float:
    """NaN unless what is divided by is positive: a coefficient of variation about nothing says nothing."""
    return of / to if to > 0.0 else UNKNOWN
