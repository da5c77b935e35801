"""Agreement of two maps of the same thing, after Bland and Altman.

J. M. Bland, D. G. Altman: Statistical methods for assessing agreement between two methods of clinical measurement.
Lancet 1986;1:307-310. The regression of differences on means, for a bias that depends on the value, is from the
same authors: Measuring agreement in method comparison studies. Stat Methods Med Res 1999;8:135-160, section 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepasl.quality.metrics import Image, Values, values_in
from deepasl.results import BoolArray

LIMITS_OF_AGREEMENT_SD = 1.96
"""95 % of normally distributed differences lie within this many SD of their mean."""


@dataclass(frozen=True)
class Differences:
    """What a Bland-Altman plot shows: one point for each voxel.

    Attributes:
        mean: (a + b) / 2 ``[n]``, in the unit of the images.
        difference: a - b ``[n]``.
    """

    mean: Values
    difference: Values


@dataclass(frozen=True)
class BlandAltman:
    """Agreement of two measurements a and b.

    Neighboring voxels are not independent, so the figures describe these maps; they are no test.

    Attributes:
        voxels: Number of voxels.
        mean_difference: Mean of a - b, in the unit of the images.
        standard_deviation: SD of a - b (n - 1 in the denominator).
        lower, upper: 95 % limits of agreement, mean difference -/+ 1.96 SD.
        slope: Change of a - b per unit of the mean (a + b) / 2 (least squares): 0 where a bias does not depend on
            the value. NaN where all means are equal. Of two maps of which one is noisier it is not 0 even without
            any bias: noise enters mean and difference alike.
        intercept: a - b on the regression line where the mean is 0; NaN where there is no slope.
    """

    voxels: int
    mean_difference: float
    standard_deviation: float
    lower: float
    upper: float
    slope: float
    intercept: float


def differences(a: Image, b: Image, mask: BoolArray) -> Differences:
    """Mean and difference of `a` and `b` in each voxel of the mask, in the order of the array."""
    first, second = values_in(a, mask), values_in(b, mask)
    return Differences((first + second) / 2.0, first - second)


def bland_altman(a: Image, b: Image, mask: BoolArray) -> BlandAltman:
    """Agreement of `a` with `b` in the mask.

    Raises:
        ValueError: If there are less than two voxels in the mask, or shapes differ.
    """
    points = differences(a, b, mask)
    mean, difference = points.mean, points.difference
    if difference.size < 2:
        raise ValueError("limits of agreement need at least two voxels in the mask")
    bias, sd = float(difference.mean()), float(difference.std(ddof=1))
    slope = _slope(mean, difference)
    return BlandAltman(
        voxels=difference.size,
        mean_difference=bias,
        standard_deviation=sd,
        lower=bias - LIMITS_OF_AGREEMENT_SD * sd,
        upper=bias + LIMITS_OF_AGREEMENT_SD * sd,
        slope=slope,
        intercept=bias - slope * float(mean.mean()),
    )


def thinned(points: Differences, most: int) -> Differences:
    """At most `most` points, for drawing: evenly spaced in rank of their mean, the least and the largest included.

    The same points every time; a map of few voxels keeps them all. Points come back ordered by mean.
    """
    order = np.argsort(points.mean, kind="stable")
    if order.size > most:
        order = order[_evenly(order.size, most)]
    return Differences(points.mean[order], points.difference[order])


def _evenly(count: int, most: int) -> NDArray[np.intp]:
    return np.linspace(0, count - 1, most).round().astype(np.intp)


def _slope(mean: Values, difference: Values) -> float:
    """Least squares of the difference on the mean."""
    variance = float(mean.var())
    covariance = float(np.mean((mean - mean.mean()) * (difference - difference.mean())))
    return covariance / variance if variance > 0.0 else float("nan")
