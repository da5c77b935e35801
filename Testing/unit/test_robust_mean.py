"""The robust mean: as good as the plain one where nothing is wrong, and unmoved where something is."""

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from deepasl.perfusion.robust_mean import FEWEST_IMAGES, mean_of_known, robust_mean
from deepasl.progress import run
from deepasl.series import FloatArray

SHAPE = (4, 50, 50)
EVERYWHERE = np.ones(SHAPE, dtype=bool)


def noisy(images: int, mean: float = 5.0, sd: float = 2.0) -> FloatArray:
    return np.random.default_rng(images).normal(mean, sd, (images, *SHAPE)).astype(np.float32)


@pytest.mark.parametrize("images", [3, 5, 10, 30])
def test_clean_images_give_the_true_mean_with_little_more_noise(images: int) -> None:
    differences = noisy(images)
    robust = run(robust_mean(differences, EVERYWHERE))
    standard_error = 2.0 / np.sqrt(images)
    assert robust.mean.mean() == pytest.approx(5.0, abs=4.0 * standard_error / np.sqrt(robust.mean.size))
    efficiency = differences.mean(axis=0).var() / robust.mean.var()
    assert 0.92 < efficiency < 1.0
    assert 0.97 < robust.effective_share < 1.0


def test_one_corrupted_image_of_ten_does_not_move_it() -> None:
    differences = noisy(10)
    honest = differences[1:].mean(axis=0)
    differences[0] += 100.0
    robust = run(robust_mean(differences, EVERYWHERE))
    assert robust.mean.mean() == pytest.approx(5.0, abs=0.05)
    assert np.abs(robust.mean - honest).mean() < 0.25
    assert robust.effective_share == pytest.approx(0.9, abs=0.02)


def test_an_artifact_of_few_voxels_takes_nothing_from_the_others() -> None:
    differences = noisy(10)
    before = run(robust_mean(differences, EVERYWHERE)).mean
    differences[4, 0, 10:20, 10:20] -= 60.0
    after = run(robust_mean(differences, EVERYWHERE)).mean
    np.testing.assert_allclose(after[1:], before[1:], atol=2e-3)
    assert after[0, 10:20, 10:20].mean() == pytest.approx(5.0, abs=0.3)


def test_images_without_noise_give_their_value_exactly() -> None:
    differences = np.full((6, *SHAPE), 3.25, dtype=np.float32)
    robust = run(robust_mean(differences, EVERYWHERE))
    np.testing.assert_array_equal(robust.mean, 3.25)
    assert robust.effective_share == 1.0


def test_negative_flow_is_treated_as_positive_flow() -> None:
    differences = noisy(9)
    differences[2] += 30.0
    np.testing.assert_allclose(
        run(robust_mean(-differences, EVERYWHERE)).mean, -run(robust_mean(differences, EVERYWHERE)).mean, rtol=1e-5
    )


def test_outside_the_mask_the_mean_is_the_plain_one() -> None:
    differences = noisy(8)
    differences[0] += 50.0
    half = EVERYWHERE.copy()
    half[:, :, 25:] = False
    robust = run(robust_mean(differences, half)).mean
    np.testing.assert_allclose(robust[~half], differences.mean(axis=0)[~half], rtol=1e-5)
    assert np.abs(robust[half] - 5.0).mean() < 1.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_do_not_count(bad: float) -> None:
    differences = noisy(10)
    others = run(robust_mean(differences[1:], EVERYWHERE)).mean
    differences[0] = bad
    robust = run(robust_mean(differences, EVERYWHERE))
    np.testing.assert_allclose(robust.mean, others, atol=0.15)
    assert robust.effective_share < 0.91


def test_a_voxel_that_no_image_knows_is_zero() -> None:
    differences = noisy(5)
    differences[:, 1, 2, 3] = np.nan
    mean = run(robust_mean(differences, EVERYWHERE)).mean
    assert mean[1, 2, 3] == 0.0
    assert np.isfinite(mean).all()


def test_an_empty_mask_gives_the_plain_mean() -> None:
    differences = noisy(5)
    robust = run(robust_mean(differences, ~EVERYWHERE))
    np.testing.assert_allclose(robust.mean, differences.mean(axis=0), rtol=1e-5)
    assert robust.effective_share == 1.0


def test_two_images_are_too_few() -> None:
    with pytest.raises(ValueError, match=f"{FEWEST_IMAGES} images, not 2"):
        run(robust_mean(noisy(2), EVERYWHERE))


def test_many_images_need_little_memory_beside_them() -> None:
    differences: NDArray[np.float32] = np.random.default_rng(0).standard_normal((400, 8, 48, 48), dtype=np.float32)
    tracemalloc.start()
    run(robust_mean(differences, np.ones((8, 48, 48), dtype=bool)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.8 * differences.nbytes


def test_the_mean_of_what_is_known_is_taken_over_the_rows_asked_for() -> None:
    images = np.array([1.0, 2.0, np.nan, 9.0], dtype=np.float32).reshape(4, 1, 1, 1)
    assert run(mean_of_known(images, (0, 1, 2))) == pytest.approx(1.5)
    assert run(mean_of_known(images, (2,))) == 0.0
