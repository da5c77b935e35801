"""Windows: what is compared is shown on one scale, and noise does not set it."""

import numpy as np
import pytest

from deepasl.display.windows import round_up, suitable_windows, symmetric_window, upper_end


@pytest.mark.parametrize(
    ("value", "end"), [(61.3, 70), (70.0, 70), (98, 100), (104, 110), (0.0123, 0.013), (7, 7), (-4, 1), (np.nan, 1)]
)
def test_ends_are_round_and_not_below_the_value(value: float, end: float) -> None:
    assert round_up(value) == pytest.approx(end)


def test_the_denoised_map_sets_the_window_of_both() -> None:
    rng = np.random.default_rng(0)
    denoised = rng.uniform(0, 80, 5000)
    noisy = denoised + rng.normal(0, 40, 5000)
    assert suitable_windows(noisy, denoised).maps == (0.0, 80.0)


def test_a_difference_is_shown_symmetrically_however_lopsided_it_is() -> None:
    low, high = suitable_windows(np.full(100, 50.0), np.linspace(20, 50, 100)).difference
    assert low == -high
    assert high == pytest.approx(30)


def test_a_few_vessels_do_not_stretch_the_window() -> None:
    values = np.full(10_000, 55.0)
    values[:50] = 2000.0
    assert upper_end(values) == 60.0


def test_voxels_that_are_not_numbers_do_not_count() -> None:
    assert upper_end(np.array([np.nan, np.inf, 4.0])) == 4.0
    assert symmetric_window(np.array([np.nan])) == (-1.0, 1.0)
