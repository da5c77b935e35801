"""The mean of a scan by each rule for outliers: what is dropped, what is never dropped, and what is said."""

import numpy as np
import pytest

from deepasl.errors import InputError
from deepasl.findings import Severity
from deepasl.perfusion.differences import choose_pairs, subtract
from deepasl.perfusion.outliers import FEWEST_KEPT, OutlierRule, average, most_to_drop
from deepasl.phantom import Protocol, Subject, acquire, true_deltam
from deepasl.progress import run
from deepasl.results import BoolArray
from deepasl.series import FloatArray, mean_volume

PAIRS = 12
NOISE = 0.3


@pytest.fixture(scope="module")
def brain(subject: Subject) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Brain, grey and white matter of the phantom."""
    tissue = subject.tissue
    grey, white = tissue.grey > 0.8, tissue.white > 0.8
    return tissue.grey + tissue.white + tissue.csf > 0.5, grey, white


@pytest.fixture
def differences(subject: Subject) -> FloatArray:
    """Those of a still phantom, which a test may spoil."""
    series = acquire(subject, Protocol(pairs=PAIRS), noise_sd=NOISE, seed=11)
    pairs, _ = choose_pairs(series, None)
    return run(subtract(series, pairs)).volumes


def moved(image: FloatArray, amount: float) -> FloatArray:
    """A head moved between label and control: edges of opposite sign, whose mean is small."""
    spoiled: FloatArray = image + amount * np.gradient(image, axis=2)
    return spoiled


@pytest.mark.parametrize("rule", OutlierRule)
def test_a_clean_scan_is_averaged_whole(
    rule: OutlierRule, differences: FloatArray, brain: tuple[BoolArray, BoolArray, BoolArray], subject: Subject
) -> None:
    averaged = run(average(differences, *brain, rule))
    assert averaged.kept == tuple(range(PAIRS))
    assert averaged.dropped == ()
    error = (averaged.mean - true_deltam(subject, Protocol()))[brain[0]]
    assert np.abs(error).mean() < 1.3 * NOISE * np.sqrt(2.0 / PAIRS)
    assert abs(error.mean()) < 0.01


def test_without_a_rule_the_mean_is_that_of_a_plain_run_to_the_digit(
    differences: FloatArray, brain: tuple[BoolArray, BoolArray, BoolArray]
) -> None:
    averaged = run(average(differences, *brain, OutlierRule.NONE))
    np.testing.assert_array_equal(averaged.mean, mean_volume(differences))
    assert averaged.findings == ()


def test_score_drops_the_pair_in_which_the_head_moved(
    differences: FloatArray, brain: tuple[BoolArray, BoolArray, BoolArray]
) -> None:
    differences[5] = moved(differences[5], 60.0)
    averaged = run(average(differences, *brain, OutlierRule.SCORE))
    assert [dropped.index for dropped in averaged.dropped] == [5]
    assert averaged.kept == tuple(row for row in range(PAIRS) if row != 5)
    np.testing.assert_allclose(averaged.mean, mean_volume(np.delete(differences, 5, axis=0)), rtol=1e-5)
    (told,) = averaged.findings
    assert told.code == "outliers-dropped"
    assert "1 of 12 pairs are left out of the mean as outliers: 6." in told.message


def test_score_drops_a_pair_of_another_signal(
    differences: FloatArray, brain: tuple[BoolArray, BoolArray, BoolArray]
) -> None:
    differences[0] += 5.0 * NOISE
    (dropped,) = run(average(differences, *brain, OutlierRule.SCORE)).dropped
    assert dropped.index == 0
    assert "SD from the median" in dropped.reason


def test_an_outlier_that_changes_little_is_a_note(
    differences: FloatArray, brain: tuple[BoolArray, BoolArray, BoolArray]
) -> None:
    differences[0] += 5.0 * NOISE
    (told,) = run(average(differences, *brain, OutlierRule.SCORE)).findings
    assert (told.code, told.severity) == ("outliers-dropped", Severity.NOTE)


def test_an_outlier_that_carried_much_of_the_signal_is_a_warning(
    differences: FloatArray, brain: tuple[BoolArray, BoolArray, BoolArray]
) -> None:
    differences[2] *= 4.0
    averaged = run(average(differences, *brain, OutlierRule.SCORE))
    assert [dropped.index for dropped in averaged.dropped] == [2]
    (told,) = averaged.findings
    assert told.severity is Severity.WARNING
    assert "grey matter by -19.9 %" in told.message


def test_the_robust_mean_drops_no_pair_and_is_not_moved_by_one_of_twelve(
    differences: FloatArray, brain: tuple[BoolArray, BoolArray, BoolArray], subject: Subject
) -> None:
    differences[5] += 100.0
    averaged = run(average(differences, *brain, OutlierRule.ROBUST))
    assert averaged.dropped == ()
    truth = true_deltam(subject, Protocol())
    assert abs((averaged.mean - truth)[brain[0]].mean()) < 0.02
    (told,) = averaged.findings
    assert "91 % of 12 pairs count" in told.message


def test_white_matter_may_be_empty(differences: FloatArray, brain: tuple[BoolArray, BoolArray, BoolArray]) -> None:
    mask, grey, white = brain
    differences[5] = moved(differences[5], 60.0)
    averaged = run(average(differences, mask, grey, np.zeros_like(white), OutlierRule.SCORE))
    assert 5 in [dropped.index for dropped in averaged.dropped]


def test_without_grey_matter_nothing_is_dropped_and_this_is_said(
    differences: FloatArray, brain: tuple[BoolArray, BoolArray, BoolArray]
) -> None:
    mask, grey, white = brain
    averaged = run(average(differences, mask, np.zeros_like(grey), white, OutlierRule.SCORE))
    assert averaged.kept == tuple(range(PAIRS))
    assert [finding.code for finding in averaged.findings] == ["outliers-not-judged"]


@pytest.mark.parametrize("rule", [OutlierRule.SCORE, OutlierRule.ROBUST])
@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_pairs_pass_through(
    count: int, rule: OutlierRule, differences: FloatArray, brain: tuple[BoolArray, BoolArray, BoolArray]
) -> None:
    averaged = run(average(differences[:count], *brain, rule))
    np.testing.assert_array_equal(averaged.mean, mean_volume(differences[:count]))
    assert averaged.kept == tuple(range(count))
    assert [finding.code for finding in averaged.findings] == ["outliers-too-few"]


@pytest.mark.parametrize(("count", "most"), [(1, 0), (2, 0), (3, 1), (4, 2), (5, 2), (30, 15)])
def test_at_most_half_are_dropped_and_two_are_left(count: int, most: int) -> None:
    assert most_to_drop(count) == most
    assert count - most >= min(count, FEWEST_KEPT)


def test_where_more_than_half_would_be_dropped_all_are_kept_and_this_is_said(
    differences: FloatArray, brain: tuple[BoolArray, BoolArray, BoolArray]
) -> None:
    for number in range(8):
        differences[number] = moved(differences[number], 40.0 * 1.5**number)
    averaged = run(average(differences, *brain, OutlierRule.SCORE))
    assert averaged.kept == tuple(range(PAIRS))
    (told,) = averaged.findings
    assert (told.code, told.severity) == ("outliers-too-many", Severity.WARNING)


def test_a_pair_without_numbers_is_dropped_and_single_voxels_are_not_averaged(
    differences: FloatArray, brain: tuple[BoolArray, BoolArray, BoolArray]
) -> None:
    differences[3] = np.nan
    differences[8, 6, 24, 20:24] = np.inf
    averaged = run(average(differences, *brain, OutlierRule.SCORE))
    assert [dropped.index for dropped in averaged.dropped] == [3]
    assert "not numbers" in averaged.dropped[0].reason
    assert np.isfinite(averaged.mean).all()
    assert averaged.mean[6, 24, 21] == pytest.approx(
        np.delete(differences, (3, 8), axis=0)[:, 6, 24, 21].mean(), rel=1e-5
    )


def test_an_outlier_after_a_pair_without_numbers_is_dropped_under_its_own_number(
    differences: FloatArray, brain: tuple[BoolArray, BoolArray, BoolArray]
) -> None:
    differences[3] = np.nan
    differences[9] = moved(differences[9], 60.0)
    averaged = run(average(differences, *brain, OutlierRule.SCORE))
    assert [dropped.index for dropped in averaged.dropped] == [3, 9]
    assert "not numbers" in averaged.dropped[0].reason
    assert "in grey matter" in averaged.dropped[1].reason


@pytest.mark.parametrize("rule", [OutlierRule.SCORE, OutlierRule.ROBUST])
def test_a_scan_without_numbers_is_refused(
    rule: OutlierRule, differences: FloatArray, brain: tuple[BoolArray, BoolArray, BoolArray]
) -> None:
    with pytest.raises(InputError, match="no difference image holds numbers in the brain"):
        run(average(np.full_like(differences, np.nan), *brain, rule))
