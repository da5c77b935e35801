"""Bland-Altman figures against numbers worked out by hand."""

import math

import numpy as np
import pytest

from deepasl.quality.bland_altman import Differences, bland_altman, differences, thinned

EVERYWHERE = np.ones((1, 2, 2), dtype=bool)
TRUTH = np.array([[[10.0, 20.0], [30.0, 40.0]]], dtype=np.float32)


def test_points_are_means_and_signed_differences_of_the_voxels_in_the_mask():
    mask = np.array([[[True, False], [False, True]]])
    points = differences(TRUTH + np.array([[[2.0, 9.0], [9.0, -4.0]]]), TRUTH, mask)
    assert points.mean.tolist() == [11.0, 38.0]
    assert points.difference.tolist() == [2.0, -4.0]


def test_limits_are_1_96_standard_deviations_from_the_mean_difference():
    agreement = bland_altman(TRUTH + np.array([[[1.0, 3.0], [1.0, 3.0]]]), TRUTH, EVERYWHERE)
    sd = math.sqrt(4.0 / 3.0)
    assert agreement.voxels == 4
    assert agreement.mean_difference == pytest.approx(2.0)
    assert agreement.standard_deviation == pytest.approx(sd)
    assert (agreement.lower, agreement.upper) == pytest.approx((2.0 - 1.96 * sd, 2.0 + 1.96 * sd))


def test_the_slope_shows_a_map_pulled_toward_zero():
    # a = 0.8 b: the difference is -0.2 b and the mean 0.9 b
    shrunk = bland_altman(0.8 * TRUTH, TRUTH, EVERYWHERE)
    assert shrunk.slope == pytest.approx(-0.2 / 0.9)
    assert shrunk.intercept == pytest.approx(0.0, abs=1e-9)


def test_a_constant_bias_has_no_slope_and_is_the_intercept():
    shifted = bland_altman(TRUTH + 4.0, TRUTH, EVERYWHERE)
    assert shifted.slope == pytest.approx(0.0, abs=1e-9)
    assert shifted.intercept == pytest.approx(4.0)


def test_the_regression_line_of_a_worked_example():
    # means 0, 1, 2, 3 and differences 1, 3, 2, 4: slope 4/5, mean difference 2.5 at mean 1.5, so intercept 1.3
    mean, difference = np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0, 4.0])
    agreement = bland_altman(mean + difference / 2, mean - difference / 2, np.ones(4, dtype=bool))
    assert agreement.slope == pytest.approx(0.8)
    assert agreement.intercept == pytest.approx(1.3)


def test_noise_in_one_map_alone_tilts_the_line_without_any_bias():
    rng = np.random.default_rng(3)
    noisy = 50.0 + 5.0 * rng.standard_normal(20000)
    agreement = bland_altman(np.full(20000, 50.0), noisy, np.ones(20000, dtype=bool))
    assert agreement.mean_difference == pytest.approx(0.0, abs=0.1)
    assert agreement.slope == pytest.approx(-2.0)


def test_constants_have_no_line_and_one_voxel_no_limits():
    flat = bland_altman(np.full(3, 2.0), np.full(3, 1.0), np.ones(3, dtype=bool))
    assert math.isnan(flat.slope)
    assert math.isnan(flat.intercept)
    with pytest.raises(ValueError, match="two voxels"):
        bland_altman(TRUTH, TRUTH, TRUTH == 10.0)


def test_an_empty_mask_is_refused_in_words():
    with pytest.raises(ValueError, match="mask is empty"):
        bland_altman(TRUTH, TRUTH, TRUTH > 100.0)


def test_few_points_are_all_drawn():
    points = Differences(np.array([3.0, 1.0, 2.0]), np.array([30.0, 10.0, 20.0]))
    drawn = thinned(points, 3)
    assert drawn.mean.tolist() == [1.0, 2.0, 3.0]
    assert drawn.difference.tolist() == [10.0, 20.0, 30.0]


def test_many_points_are_thinned_evenly_ends_kept_the_same_each_time():
    rng = np.random.default_rng(0)
    points = Differences(rng.standard_normal(10001), rng.standard_normal(10001))
    drawn = thinned(points, 101)
    assert drawn.mean.size == 101
    assert (drawn.mean[0], drawn.mean[-1]) == (points.mean.min(), points.mean.max())
    assert np.array_equal(drawn.mean, np.sort(points.mean)[::100])
    assert np.array_equal(drawn.difference, thinned(points, 101).difference)
    pairs = set(zip(points.mean, points.difference, strict=True))
    assert all(pair in pairs for pair in zip(drawn.mean, drawn.difference, strict=True))
