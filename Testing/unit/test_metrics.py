"""Figures of merit against numbers worked out by hand."""

import math

import numpy as np
import pytest

from deepasl.quality.metrics import ccc, change_percent, psnr, region_statistics, rmse

EVERYWHERE = np.ones((1, 2, 2), dtype=bool)
NOWHERE = np.zeros((1, 2, 2), dtype=bool)
TRUTH = np.array([[[10.0, 20.0], [30.0, 40.0]]], dtype=np.float32)


def test_rmse_of_known_errors():
    errors = np.array([[[1.0, -1.0], [3.0, -3.0]]], dtype=np.float32)
    assert rmse(TRUTH + errors, TRUTH, EVERYWHERE) == pytest.approx(math.sqrt(5.0))


def test_voxels_outside_the_mask_do_not_count():
    image, mask = TRUTH.copy(), EVERYWHERE.copy()
    image[0, 1, 1] = np.nan
    mask[0, 1, 1] = False
    assert rmse(image, TRUTH, mask) == 0.0
    assert ccc(image, TRUTH, mask) == pytest.approx(1.0)
    assert region_statistics(image, mask, region="brain", map="conventional").mean == pytest.approx(20.0)


def test_psnr_takes_the_largest_value_of_the_reference_in_the_mask_for_its_peak():
    mask = EVERYWHERE.copy()
    mask[0, 1, 1] = False
    assert psnr(TRUTH + 3.0, TRUTH, EVERYWHERE) == pytest.approx(20.0 * math.log10(40.0 / 3.0))
    assert psnr(TRUTH + 3.0, TRUTH, mask) == pytest.approx(20.0 * math.log10(30.0 / 3.0))


def test_psnr_with_a_named_peak():
    assert psnr(TRUTH + 3.0, TRUTH, EVERYWHERE, peak=300.0) == pytest.approx(40.0)


def test_psnr_of_equal_images_is_infinite_and_without_a_positive_peak_refused():
    assert psnr(TRUTH, TRUTH, EVERYWHERE) == math.inf
    with pytest.raises(ValueError, match="positive"):
        psnr(TRUTH, -TRUTH, EVERYWHERE)


def test_concordance_of_a_worked_example():
    # means 2 and 3, variances 2/3 and 2/3 (over n), covariance 2/3: 2*(2/3) / (2/3 + 2/3 + 1) = 4/7
    a, b = np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0])
    assert ccc(a, b, np.ones(3, dtype=bool)) == pytest.approx(4.0 / 7.0)


@pytest.mark.parametrize("distorted", [TRUTH + 5.0, 0.8 * TRUTH], ids=["bias", "scale"])
def test_concordance_falls_where_correlation_does_not(distorted: np.ndarray):
    assert np.corrcoef(distorted.ravel(), TRUTH.ravel())[0, 1] == pytest.approx(1.0)
    assert ccc(distorted, TRUTH, EVERYWHERE) < 0.95


def test_concordance_of_a_mirrored_image_is_negative():
    assert ccc(50.0 - TRUTH, TRUTH, EVERYWHERE) == pytest.approx(-1.0)


def test_concordance_of_two_equal_constants_is_undefined():
    assert math.isnan(ccc(np.full(3, 7.0), np.full(3, 7.0), np.ones(3, dtype=bool)))


def test_a_large_offset_does_not_eat_the_digits():
    rng = np.random.default_rng(0)
    a = rng.standard_normal(1000).astype(np.float32)
    mask = np.ones(1000, dtype=bool)
    shifted = np.float64(1e6) + a
    assert ccc(shifted, shifted, mask) == pytest.approx(1.0, abs=1e-12)


def test_region_statistics_of_known_values():
    values = np.array([-10.0, 10.0, 20.0, 60.0])
    figures = region_statistics(values, np.ones(4, dtype=bool), region="grey matter", map="denoised")
    assert (figures.region, figures.map, figures.voxels) == ("grey matter", "denoised", 4)
    assert figures.mean == pytest.approx(20.0)
    assert figures.median == pytest.approx(15.0)
    assert figures.standard_deviation == pytest.approx(math.sqrt(650.0))
    assert figures.coefficient_of_variation == pytest.approx(math.sqrt(650.0) / 20.0)
    assert figures.negative_fraction == 0.25


def test_a_region_of_mean_zero_has_no_coefficient_of_variation():
    figures = region_statistics(np.array([-1.0, 1.0]), np.ones(2, dtype=bool), region="brain", map="conventional")
    assert math.isnan(figures.coefficient_of_variation)


@pytest.mark.parametrize("measure", [rmse, psnr, ccc])
def test_an_empty_mask_is_refused_in_words(measure):
    with pytest.raises(ValueError, match="mask is empty"):
        measure(TRUTH, TRUTH, NOWHERE)


def test_statistics_of_an_empty_region_are_refused_in_words():
    with pytest.raises(ValueError, match="mask is empty"):
        region_statistics(TRUTH, NOWHERE, region="white matter", map="denoised")


def test_images_on_different_grids_are_refused():
    with pytest.raises(ValueError, match="differ in shape"):
        rmse(TRUTH[:, :1], TRUTH, EVERYWHERE)


def test_a_change_is_told_in_percent_of_what_was_there_before():
    assert change_percent(50.0, 45.0) == pytest.approx(-10.0)
    assert change_percent(-50.0, -45.0) == pytest.approx(10.0)
    assert math.isnan(change_percent(0.0, 1.0))
