"""The simulated scans that methods are judged on: what is true of them, and what a method gets to see."""

import dataclasses

import numpy as np
import pytest
from simulated_cases import EMPTY, PERFUSED, SEED, case, somebody
from trainer_cases import dome_noise

from deepasl.series import mean_in
from deepasl_trainer.evaluation.cases import build_case


def test_true_flow_is_that_of_the_tissues() -> None:
    truth = case().cbf(case().patient.deltam)
    assert truth[case().grey].max() == pytest.approx(65.0, abs=0.1)
    assert 0.9 * 65.0 < mean_in(truth, case().grey) <= 65.0
    assert 20.0 <= mean_in(truth, case().white) < 20.0 + 0.1 * 45.0
    assert not truth[~case().brain].any()


def test_noise_of_the_average_is_that_of_one_image_times_root_two_over_pairs() -> None:
    scan = case().patient.observed
    for pairs in (4, 8):
        part = scan.first(pairs)
        error = part.deltam - scan.to_percent(case().patient.deltam)
        assert error[case().brain].std() == pytest.approx(0.5 * np.sqrt(2.0 / pairs), rel=0.05)
        assert part.noise_percent == pytest.approx(0.5 * np.sqrt(2.0 / pairs), rel=0.15)


def test_fewer_pairs_are_the_first_of_the_same_scan() -> None:
    scan = case().patient.observed
    np.testing.assert_array_equal(scan.first(4).label, scan.label[:4])
    with pytest.raises(ValueError, match="9 pairs of a scan with 8"):
        scan.first(9)


def test_noise_is_the_same_with_and_without_lesions() -> None:
    healthy = case().healthy
    assert healthy is not None
    with_lesions, without = case().patient, healthy
    np.testing.assert_array_equal(with_lesions.observed.control, without.observed.control)
    change = with_lesions.observed.deltam - without.observed.deltam
    true_change = with_lesions.observed.to_percent(with_lesions.deltam - without.deltam)
    np.testing.assert_allclose(change, true_change, atol=1e-4)


def test_lesions_change_flow_by_their_factor_and_leave_no_trace_in_m0() -> None:
    healthy = case().healthy
    assert healthy is not None
    before, after = case().cbf(healthy.deltam), case().cbf(case().patient.deltam)
    assert sorted(placed.lesion.factor for placed in case().lesions) == [0.4, 1.8]
    for placed in case().lesions:
        ratio = after[placed.mask & case().brain] / before[placed.mask & case().brain]
        change = (ratio - 1.0) / (placed.lesion.factor - 1.0)
        assert change.max() == pytest.approx(1.0, abs=0.01)
        assert change.min() > 0.49
    np.testing.assert_array_equal(case().patient.observed.m0, healthy.observed.m0)


def test_lesions_stay_in_place_when_voxels_grow() -> None:
    large = case(dataclasses.replace(PERFUSED, voxels=((8.0, 8.0, 8.0),)))
    assert [placed.lesion for placed in large.lesions] == [placed.lesion for placed in case().lesions]
    for placed in large.lesions:
        assert 2 <= placed.mask.sum() <= 14


def test_pure_tissue_is_told_outside_lesions() -> None:
    for placed in case().lesions:
        assert not (placed.mask & (case().grey | case().white)).any()


def test_m0_is_seen_with_noise() -> None:
    seen, brain = case().patient.observed, case().brain
    error = 100.0 * (seen.m0 - case().m0)[brain] / seen.mean_m0
    assert error.std() == pytest.approx(0.5, rel=0.05)
    assert not seen.m0_fraction[~brain].any()
    assert mean_in(seen.m0_fraction, brain) == pytest.approx(1.0, abs=1e-4)


def test_m0_in_another_unit_changes_the_scale_that_methods_see() -> None:
    wrong = case(dataclasses.replace(PERFUSED, m0_scale=10.0)).patient.observed
    np.testing.assert_allclose(wrong.deltam, case().patient.observed.deltam / 10.0, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(wrong.from_percent(wrong.deltam), wrong.control.mean(0) - wrong.label.mean(0), atol=0.01)


def test_the_same_seed_gives_the_same_scan_and_another_person_another() -> None:
    again = build_case(somebody(), PERFUSED, 0, dome_noise(), SEED)
    np.testing.assert_array_equal(again.patient.observed.label, case().patient.observed.label)
    other = build_case(dataclasses.replace(somebody(), name="person_2"), PERFUSED, 0, dome_noise(), SEED)
    assert not np.array_equal(other.patient.observed.label, case().patient.observed.label)


def test_scans_of_a_person_cover_the_range_of_noise() -> None:
    wide = dataclasses.replace(EMPTY, scans=3, image_noise=(0.3, 0.9))
    first, second, third = (case(wide, scan).image_noise for scan in range(3))
    assert 0.3 <= first <= 0.5 <= second <= 0.7 <= third <= 0.9


def test_measured_noise_keeps_its_shape_and_strength() -> None:
    measured = case(dataclasses.replace(EMPTY, image_noise=None, measured_scale=0.5))
    scan = measured.patient.observed
    spread = (scan.control - scan.label).std(axis=0, ddof=1) / np.sqrt(2.0) / scan.mean_m0
    k, j, i = (int(np.median(axis)) for axis in np.nonzero(measured.brain))
    centre = spread[k - 1 : k + 2, j - 3 : j + 4, i - 3 : i + 4].mean()
    assert 0.5 * 0.007 < centre < 0.5 * 0.0105
    assert spread[measured.brain][:200].mean() < centre
    assert measured.image_noise < 0.5


def test_suppressed_background_leaves_the_difference() -> None:
    dark = case(dataclasses.replace(PERFUSED, static_fraction=0.1))
    np.testing.assert_allclose(dark.patient.observed.deltam, case().patient.observed.deltam, atol=2e-3)
    assert mean_in(dark.patient.observed.control[0], dark.brain) < 0.12 * dark.patient.observed.mean_m0


def test_noise_can_be_correlated_between_neighbours() -> None:
    smooth = case(dataclasses.replace(EMPTY, noise_fwhm=8.0)).patient.observed.deltam
    rough = case(EMPTY).patient.observed.deltam

    def correlation(image: np.ndarray) -> float:
        return float(np.corrcoef(image[:, :, 1:].ravel(), image[:, :, :-1].ravel())[0, 1])

    assert abs(correlation(rough)) < 0.05
    assert correlation(smooth) > 0.4
    assert smooth.std() == pytest.approx(rough.std(), rel=0.1)
