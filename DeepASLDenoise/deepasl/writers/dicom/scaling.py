"""Fractional CBF in 16-bit integers: one decimal step for all maps, so that a viewer shows the same value as we do."""

from __future__ import annotations

from decimal import Decimal
from itertools import count

import numpy as np
from numpy.typing import NDArray

from deepasl.errors import OutputError
from deepasl.series import FloatArray

Int16Array = NDArray[np.int16]

LARGEST = 32767
"""Of a signed 16-bit integer; its negative is used as the smallest, so that the range is symmetric."""

FINEST_EXPONENT = -3
"""No step below 0.001 mL/100g/min: the noise of CBF is thousands of times larger."""


def common_step(*maps: FloatArray) -> Decimal:
    """The finest of 1, 2, 5 times a power of ten with which all values fit into signed 16-bit integers.

    Such a step is a short decimal number, so the rescale slope is stored without rounding (value representation DS).

    Args:
        *maps: Values in the unit of the step, any shape.

    Raises:
        OutputError: If a value is not a number.
    """
    if not all(np.isfinite(values).all() for values in maps):
        raise OutputError(
            "a map holds values that are not numbers (NaN or infinite)", remedy="Check the M0 image and compute again."
        )
    largest = max(float(np.abs(values).max(initial=0.0)) for values in maps)
    steps = (Decimal(digit).scaleb(exponent) for exponent in count(FINEST_EXPONENT) for digit in (1, 2, 5))
    return next(step for step in steps if largest <= LARGEST * float(step))


def stored_values(values: FloatArray, step: Decimal) -> Int16Array:
    """The integers that stand for `values`: they times `step` differ from the values by at most half a step."""
    stored: Int16Array = np.rint(values.astype(np.float64) / float(step)).astype(np.int16)
    return stored
