"""CBF in 16-bit integers: as fine as possible, never wrapped around, zero stays zero."""

from decimal import Decimal

import numpy as np
import pytest

from deepasl.errors import OutputError
from deepasl.writers.dicom.scaling import LARGEST, common_step, stored_values


@pytest.mark.parametrize(
    ("largest", "step"),
    [(0.0, "0.001"), (32.7, "0.001"), (65.5, "0.002"), (120.0, "0.005"), (327.0, "0.01"), (1e6, "50")],
)
def test_the_step_is_the_finest_short_decimal_that_holds_the_largest_flow(largest: float, step: str) -> None:
    values = np.array([-largest / 3, largest], np.float32)
    assert common_step(values) == Decimal(step)


@pytest.mark.parametrize("largest", [1.0, 32.767, 99.9, 163.835, 163.9, 5000.0])
def test_no_value_wraps_around_and_none_is_off_by_more_than_half_a_step(largest: float) -> None:
    values = np.linspace(-largest, largest, 4001, dtype=np.float32)
    step = common_step(values)
    stored = stored_values(values, step)
    assert np.abs(stored.astype(int)).max() <= LARGEST
    assert np.abs(stored * float(step) - values).max() <= 0.5 * float(step) * (1 + 1e-6)


def test_no_flow_is_stored_as_zero() -> None:
    assert stored_values(np.zeros(3, np.float32), Decimal("0.005")).tolist() == [0, 0, 0]


def test_the_map_with_the_largest_flow_decides_the_step_of_both() -> None:
    low, high = np.array([1.0], np.float32), np.array([-300.0], np.float32)
    assert common_step(low, high) == common_step(high, low) == Decimal("0.01")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_map_with_values_that_are_not_numbers_is_refused(bad: float) -> None:
    with pytest.raises(OutputError, match="not numbers"):
        common_step(np.array([1.0, bad], np.float32))
