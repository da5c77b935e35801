"""The standard error of the mean difference image: it holds 68 % of the true values, however few pairs there are."""

from dataclasses import replace

import numpy as np
import pytest

from deepasl.perfusion.differences import choose_pairs, subtract
from deepasl.phantom import Protocol, Subject, acquire, true_deltam
from deepasl.progress import run
from deepasl.quality.uncertainty import mean_of_neighbours, standard_error, student_factor
from deepasl.series import AslSeries, Role

ONE_SIGMA = 0.6827


def uneven_noise(subject: Subject) -> np.ndarray:
    """SD of one image: three times as strong on one side of the head as on the other, as of a surface coil."""
    width = subject.m0.shape[2]
    return np.broadcast_to(np.linspace(0.5, 1.5, width, dtype=np.float32), subject.m0.shape)


def differences_of(series: AslSeries) -> np.ndarray:
    return run(subtract(series, choose_pairs(series, None)[0])).volumes


@pytest.mark.parametrize("pairs", [2, 4, 6, 12, 30])
def test_68_percent_of_the_true_values_lie_within_one_standard_error(subject: Subject, pairs: int) -> None:
    protocol = Protocol(pairs=pairs)
    differences = differences_of(acquire(subject, protocol, noise_sd=uneven_noise(subject), seed=pairs))
    error = run(standard_error(differences, subject.mask))
    assert error is not None
    off = np.abs(differences.mean(axis=0) - true_deltam(subject, protocol))
    left, right = (np.zeros_like(subject.mask) for _ in range(2))
    left[..., :24], right[..., 24:] = subject.mask[..., :24], subject.mask[..., 24:]
    for half in (left, right):
        assert np.mean(off[half] < error[half]) == pytest.approx(ONE_SIGMA, abs=0.03)


def test_the_plain_scatter_of_four_pairs_promises_too_much(subject: Subject) -> None:
    """Why neighbours and Student's t are asked: without them only 61 % lie within one standard error."""
    protocol = Protocol(pairs=4)
    differences = differences_of(acquire(subject, protocol, noise_sd=uneven_noise(subject), seed=4))
    plain = differences.std(axis=0, ddof=1) / 2.0
    inside = np.abs(differences.mean(axis=0) - true_deltam(subject, protocol)) < plain
    assert np.mean(inside[subject.mask]) == pytest.approx(0.609, abs=0.03)


def test_the_standard_error_is_that_of_the_noise_and_falls_with_the_root_of_the_pairs(subject: Subject) -> None:
    for pairs in (9, 36):
        differences = differences_of(acquire(subject, Protocol(pairs=pairs), noise_sd=2.0, seed=1))
        error = run(standard_error(differences, subject.mask))
        assert error is not None
        assert np.mean(error[subject.mask]) == pytest.approx(2.0 * np.sqrt(2.0 / pairs), rel=0.03)


def test_subtracted_volumes_tell_the_error_as_well_as_the_pairs_they_came_from(series: AslSeries) -> None:
    differences = differences_of(series)
    mask = np.ones(series.geometry.shape, dtype=bool)
    subtracted = replace(
        series, volumes=differences, roles=(Role.DELTAM,) * len(differences), role_evidence=(), m0scan=None
    )
    of_pairs, of_deltam = (run(standard_error(each, mask)) for each in (differences, differences_of(subtracted)))
    assert of_pairs is not None
    np.testing.assert_array_equal(of_deltam, of_pairs)


def test_a_single_pair_tells_no_error(series: AslSeries) -> None:
    assert run(standard_error(differences_of(series)[:1], np.ones(series.geometry.shape, dtype=bool))) is None


def test_noise_outside_the_brain_has_no_part_in_it(subject: Subject) -> None:
    quiet = np.random.default_rng(0).standard_normal((6, *subject.mask.shape)).astype(np.float32)
    loud = np.where(subject.mask, quiet, np.float32(1e4) * quiet)
    inside, outside = run(standard_error(quiet, subject.mask)), run(standard_error(loud, subject.mask))
    assert inside is not None
    np.testing.assert_allclose(outside, inside, rtol=1e-6)
    assert not inside[~subject.mask].any()
    assert (inside[subject.mask] > 0).all()


def test_neighbours_are_those_of_the_slice_and_of_the_brain() -> None:
    mask = np.ones((2, 3, 3), dtype=bool)
    mask[0, 0] = False
    volume = np.zeros((2, 3, 3))
    volume[0, 1, 1], volume[0, 0, 0], volume[1] = 6.0, 1e9, 100.0
    mean, voxels = mean_of_neighbours(volume, mask)
    assert (mean[0, 1, 1], voxels[0, 1, 1]) == (pytest.approx(1.0), 6)
    assert (mean[0, 2, 0], voxels[0, 2, 0]) == (pytest.approx(1.5), 4)
    assert mean[1] == pytest.approx(100.0)


@pytest.mark.parametrize(("freedom", "factor"), [(1, 1.837), (3, 1.197), (10, 1.053), (1e6, 1.0)])
def test_the_factor_is_that_of_the_tables_of_students_t(freedom: float, factor: float) -> None:
    assert float(student_factor(np.array(freedom))) == pytest.approx(factor, abs=5e-4)
