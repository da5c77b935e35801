"""Which values of a map the ends of its color scale stand for, chosen once for pictures, report and scene."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating]

SHOWN_PERCENT = 99.0
"""Share of the voxels that a suggested window shows without saturation."""


@dataclass(frozen=True)
class Windows:
    """Value ranges of the color scales, in the unit of the maps.

    Attributes:
        maps: The lowest and highest value shown of the conventional and of the denoised map.
        difference: The same for their difference, symmetric about 0.
    """

    maps: tuple[float, float]
    difference: tuple[float, float]


def suitable_windows(conventional: Values, denoised: Values) -> Windows:
    """Windows with round ends for two maps that are compared.

    The noise of the conventional map would stretch its window over values that no tissue has, so the denoised map
    decides; one window serves both.

    Args:
        conventional: Values inside the brain, any shape.
        denoised: The same voxels.
    """
    return Windows((0.0, upper_end(denoised)), symmetric_window(conventional - denoised))


def upper_end(values: Values) -> float:
    """A round number that 99 % of the values do not exceed; 1 where there is nothing positive to show."""
    finite = values[np.isfinite(values)]
    return round_up(float(np.percentile(finite, SHOWN_PERCENT))) if finite.size else 1.0


def symmetric_window(values: Values) -> tuple[float, float]:
    """A window about 0 with round ends that 99 % of the values lie in."""
    span = upper_end(np.abs(values))
    return -span, span


def round_up(value: float) -> float:
    """The next number not below `value` with one digit, or two if it begins with 1; 1 for what is not positive."""
    if not value > 0:
        return 1.0
    step = 10.0 ** math.floor(math.log10(value))
    if value < 2 * step:
        step /= 10
    # The small number keeps 90.000000001 from becoming 100.
    return float(f"{math.ceil(value / step - 1e-9) * step:.6g}")
