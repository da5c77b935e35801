"""M0 without noise and rim: what the median heals, what it leaves, and that nothing of the background comes in."""

import numpy as np
import pytest

from deepasl.calibration.m0 import unusable_m0
from deepasl.calibration.smoothing import smoothed_m0
from deepasl.phantom import Subject
from deepasl.results import BoolArray
from deepasl.series import FloatArray


@pytest.fixture
def block() -> tuple[FloatArray, BoolArray]:
    """A brain of one brightness in the middle of brighter surroundings."""
    mask = np.zeros((7, 15, 15), dtype=bool)
    mask[:, 3:12, 3:12] = True
    return np.where(mask, 1000.0, 5000.0).astype(np.float32), mask


def test_nothing_of_bright_surroundings_comes_into_the_brain(block: tuple[FloatArray, BoolArray]) -> None:
    m0, mask = block
    np.testing.assert_allclose(smoothed_m0(m0, mask)[mask], 1000.0)


def test_surroundings_do_not_come_into_a_piece_too_thin_to_have_a_core() -> None:
    mask = np.zeros((5, 12, 12), dtype=bool)
    mask[:, 5:7, 2:10] = True
    m0 = np.where(mask, 1000.0, 5000.0).astype(np.float32)
    np.testing.assert_allclose(smoothed_m0(m0, mask)[mask], 1000.0)


def test_what_is_outside_the_brain_stays_as_it_was(block: tuple[FloatArray, BoolArray]) -> None:
    m0, mask = block
    np.testing.assert_array_equal(smoothed_m0(m0, mask)[~mask], 5000.0)


def test_a_rim_half_of_air_gets_the_m0_of_what_lies_deeper(block: tuple[FloatArray, BoolArray]) -> None:
    m0, mask = block
    m0[:, 3, 3:12] = 500.0
    np.testing.assert_allclose(smoothed_m0(m0, mask)[mask], 1000.0)


def test_the_first_and_last_slice_are_no_rim(block: tuple[FloatArray, BoolArray]) -> None:
    m0, mask = block
    m0 += 100.0 * np.arange(7, dtype=np.float32)[:, None, None]
    smooth = smoothed_m0(m0, mask)
    # The median of a ramp in a cube of two slices lies between them; one slice deeper would be 100 more.
    np.testing.assert_allclose(smooth[0, 7, 7], 1050.0)


@pytest.mark.parametrize("bad", [0.0, -300.0])
def test_a_single_voxel_without_m0_gets_that_of_its_neighbors(block: tuple[FloatArray, BoolArray], bad: float) -> None:
    m0, mask = block
    m0[3, 7, 7] = bad
    assert smoothed_m0(m0, mask)[3, 7, 7] == pytest.approx(1000.0)


def test_a_hole_stays_a_hole_and_does_not_spread(block: tuple[FloatArray, BoolArray]) -> None:
    m0, mask = block
    m0[:, 6:9, 6:9] = 0.0
    smooth = smoothed_m0(m0, mask)
    assert unusable_m0(smooth, mask)[3, 7, 7]
    # Nor is it healed from the side, where 9 of 27 neighbors can be used.
    assert unusable_m0(smooth, mask)[3, 6, 7]
    np.testing.assert_allclose(smooth[mask & ~unusable_m0(smooth, mask)], 1000.0)


def test_noise_of_m0_falls_and_its_tissues_stay(subject: Subject) -> None:
    noisy = subject.m0 + np.random.default_rng(3).normal(0.0, 50.0, subject.m0.shape).astype(np.float32)
    smooth = smoothed_m0(noisy, subject.mask)
    deep = subject.mask & (subject.tissue.white > 0.98)
    assert smooth[deep].std() < 0.6 * noisy[deep].std()
    assert smooth[deep].mean() == pytest.approx(subject.m0[deep].mean(), rel=0.05)


def test_an_empty_brain_leaves_m0_as_it_is(block: tuple[FloatArray, BoolArray]) -> None:
    m0, mask = block
    np.testing.assert_array_equal(smoothed_m0(m0, np.zeros_like(mask)), m0)
