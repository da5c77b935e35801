"""The quality evaluation index: one number for how much a CBF map looks like one.

Dolui et al., J Magn Reson Imaging 2024;60:2497-2508, fitted to how radiologists rated maps. It asks three things of a
map smoothed by 5 mm: does it resemble the anatomy, is flow alike within each tissue, and how much of grey matter is
negative.

It is for judging scans, not denoisers: a filter that smooths raises it without being any closer to the truth, and a
network trained or chosen by it would learn to draw the anatomy. It needs tissue from an anatomical image: against
tissue told from the map itself a scan of a bottle of water has 0.70, above what is asked of people.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepasl.geometry import Geometry
from deepasl.perfusion.smoothing import smoothed
from deepasl.results import BoolArray
from deepasl.series import FloatArray

SMOOTHING_FWHM_MM = 5.0
TISSUE_SHARE = 0.7
"""A voxel with more of a tissue than this stands for it. Both as in aslprep, whose authors fitted the index."""

GREY_OVER_WHITE = 2.5
"""Flow of grey matter as a multiple of that of white matter, in the map that the anatomy lets expect."""

SIMILARITY = (3.0126, 2.4419)
DISPERSION = (0.054, 0.9272)
NEGATIVE = (2.8478, 0.5196)
"""Factor and exponent of the curves through the ratings, as aslprep has them."""

FEWEST_VOXELS = 2
"""Of a tissue, to have a variance."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class QualityEvaluation:
    """What the index is made of.

    Attributes:
        similarity: Correlation of the smoothed map with `GREY_OVER_WHITE` times grey plus white matter, wherever the
            smoothed map is not 0: beside the brain also its rim, to which smoothing has carried flow, as in aslprep.
        dispersion: Variance of the smoothed map within tissues, pooled, over its mean in grey matter, mL/100g/min.
        negative_grey: Fraction of grey matter where the smoothed map is negative.
    """

    similarity: float
    dispersion: float
    negative_grey: float

    def index(self) -> float:
        """From 0 to 1, the more the better; the geometric mean of what the three parts score; NaN where one is."""
        if math.isnan(self.similarity + self.dispersion + self.negative_grey):
            return float("nan")
        similar = 1.0 - math.exp(-_power(SIMILARITY, max(self.similarity, 0.0)))
        alike = math.exp(-_power(DISPERSION, self.dispersion))
        positive = math.exp(-_power(NEGATIVE, self.negative_grey))
        return math.cbrt(similar * alike * positive)


def quality_evaluation(
    cbf: FloatArray, grey: FloatArray, white: FloatArray, csf: FloatArray, geometry: Geometry
) -> QualityEvaluation:
    """The parts of the quality evaluation index of a CBF map.

    Args:
        cbf: mL/100g/min ``[k, j, i]``, 0 outside the brain.
        grey: Probability of grey matter ``[k, j, i]``, 0 to 1, from an anatomical image.
        white: That of white matter.
        csf: That of CSF.
        geometry: The grid of all of them.

    Returns:
        The parts; NaN where there is no grey matter to tell them of.
    """
    smooth = smoothed(cbf, SMOOTHING_FWHM_MM, geometry).astype(np.float64)
    of_grey = smooth[grey > TISSUE_SHARE]
    if of_grey.size < FEWEST_VOXELS or not of_grey.mean():
        return QualityEvaluation(float("nan"), float("nan"), float("nan"))
    expected = GREY_OVER_WHITE * grey.astype(np.float64) + white
    return QualityEvaluation(
        similarity=_correlation(smooth, expected, smooth != 0.0),
        dispersion=_pooled_variance([smooth[share > TISSUE_SHARE] for share in (grey, white, csf)])
        / abs(float(of_grey.mean())),
        negative_grey=float(np.mean(of_grey < 0.0)),
    )


def _power(curve: tuple[float, float], value: float) -> float:
    factor, exponent = curve
    return float(factor * value**exponent)


def _correlation(a: Values, b: Values, mask: BoolArray) -> float:
    if a[mask].std() == 0.0 or b[mask].std() == 0.0:
        return 0.0
    return float(np.corrcoef(a[mask], b[mask])[0, 1])


def _pooled_variance(groups: list[Values]) -> float:
    """Of values about the mean of their group."""
    known = [values for values in groups if values.size >= FEWEST_VOXELS]
    squares = sum(values.size * float(values.var()) for values in known)
    return squares / sum(values.size - 1 for values in known)
