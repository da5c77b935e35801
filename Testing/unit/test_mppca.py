"""MP-PCA takes noise out of control and label images, and leaves what they show."""

from functools import cache

import numpy as np
import pytest
from dipy.denoise.localpca import mppca as dipy_mppca
from numpy.typing import NDArray

from deepasl.brain.masking import brain_mask
from deepasl.errors import InputError
from deepasl.perfusion.mppca import FEWEST_VOLUMES, denoise_mppca
from deepasl.progress import run
from deepasl.series import FloatArray, Role
from moving_heads import image
from phantom_scans import COARSE

PAIRS = 12
STRONG_NOISE, WEAK_NOISE = 10.0, 3.0
"""1 % and 0.3 % of M0 of grey matter."""


@cache
def brain() -> NDArray[np.bool_]:
    return brain_mask(image(), COARSE)


@cache
def lesion() -> NDArray[np.bool_]:
    """A ball of 12 mm radius."""
    k, j, i = np.indices(COARSE.shape)
    return ((k - 7) * 8.0) ** 2 + ((j - 30) * 4.5) ** 2 + ((i - 16) * 4.5) ** 2 < 12.0**2


def true_difference(lesion_flow: float = 1.0) -> FloatArray:
    difference = image() - image(role=Role.LABEL)
    return np.where(lesion(), lesion_flow * difference, difference)


def images(noise_sd: float, *, pairs: int = PAIRS, lesion_flow: float = 1.0) -> tuple[FloatArray, FloatArray]:
    """Control and label images in turn, with noise and without, ``[t, k, j, i]``."""
    clean = np.stack([image(), image() - true_difference(lesion_flow)] * pairs)
    noise = np.random.default_rng(0).normal(0.0, noise_sd, clean.shape)
    return (clean + noise).astype(np.float32), clean


def difference(volumes: FloatArray) -> FloatArray:
    return (volumes[::2] - volumes[1::2]).mean(axis=0)


def test_most_of_the_noise_of_each_image_is_gone():
    noisy, clean = images(STRONG_NOISE)
    denoised = run(denoise_mppca(noisy, brain()))
    assert (denoised - clean)[:, brain()].std() < 0.35 * STRONG_NOISE


def test_noise_of_the_mean_difference_falls_beyond_what_averaging_does():
    noisy, _ = images(STRONG_NOISE)
    denoised = run(denoise_mppca(noisy, brain()))
    before, after = ((difference(v) - true_difference())[brain()].std() for v in (noisy, denoised))
    assert after < 0.4 * before


@pytest.mark.parametrize("noise_sd", [WEAK_NOISE, STRONG_NOISE])
def test_the_mean_signal_and_the_mean_difference_stay(noise_sd: float):
    noisy, _ = images(noise_sd)
    denoised = run(denoise_mppca(noisy, brain()))
    np.testing.assert_allclose(denoised[:, brain()].mean(axis=1), noisy[:, brain()].mean(axis=1), rtol=2e-4)
    differences = (true_difference(), difference(noisy), difference(denoised))
    mean, before, after = (float(each[brain()].mean()) for each in differences)
    assert after == pytest.approx(before, abs=0.02 * mean)


@pytest.mark.parametrize("flow", [0.0, 2.5], ids=["without flow", "of high flow"])
def test_a_lesion_that_stands_out_of_the_noise_is_kept(flow: float):
    noisy, _ = images(WEAK_NOISE, lesion_flow=flow)
    denoised = run(denoise_mppca(noisy, brain()))
    contrast = (true_difference(flow) - true_difference())[lesion()].mean()
    kept = (difference(denoised) - true_difference())[lesion()].mean() / contrast
    assert 0.6 < kept < 1.1


def test_images_without_noise_stay_as_they_are():
    _, clean = images(0.0)
    np.testing.assert_allclose(run(denoise_mppca(clean, brain())), clean, atol=0.01)


def test_outside_of_the_mask_and_in_what_was_given_nothing_changes():
    noisy, _ = images(STRONG_NOISE, pairs=4)
    before = noisy.copy()
    denoised = run(denoise_mppca(noisy, brain()))
    np.testing.assert_array_equal(denoised[:, ~brain()], noisy[:, ~brain()])
    np.testing.assert_array_equal(noisy, before)
    assert (denoised[:, brain()] != noisy[:, brain()]).mean() > 0.99


def test_it_agrees_with_dipy():
    """Away from the edge of the field of view, where dipy has no neighborhoods."""
    noisy = images(STRONG_NOISE, pairs=6)[0].astype(np.float64)
    mask = brain().copy()
    mask[:3], mask[-3:] = False, False
    with np.errstate(invalid="ignore"):  # of voxels without a neighborhood
        theirs = dipy_mppca(
            noisy.transpose(3, 2, 1, 0), mask=mask.transpose(2, 1, 0), patch_radius=1, suppress_warning=True
        ).transpose(3, 2, 1, 0)
    np.testing.assert_allclose(run(denoise_mppca(noisy, mask))[:, mask], theirs[:, mask], atol=0.01)


@pytest.mark.parametrize("volumes", [20, 27, 28, 60, 200])
def test_of_noise_alone_hardly_anything_is_left(volumes: int):
    """The mean of each neighborhood stays, and is averaged with those around it."""
    noise = np.random.default_rng(0).standard_normal((volumes, 8, 20, 20)).astype(np.float32)
    denoised = run(denoise_mppca(noise, np.ones(noise.shape[1:], dtype=bool)))
    assert denoised.std() < 0.145


@pytest.mark.parametrize(("volumes", "most_left"), [(20, 0.35), (60, 0.27), (200, 0.23)])
def test_one_thing_in_common_is_kept_of_few_images_and_of_many(volumes: int, most_left: float):
    rng = np.random.default_rng(0)
    pattern, course = 0.45 * rng.standard_normal((9, 9, 9)), rng.standard_normal(volumes)
    clean = course[:, None, None, None] * pattern
    noisy = (clean + rng.standard_normal(clean.shape)).astype(np.float32)
    denoised = run(denoise_mppca(noisy, np.ones(pattern.shape, dtype=bool)))
    assert (denoised - clean).std() < most_left
    assert (denoised * clean).sum() == pytest.approx((clean**2).sum(), rel=0.1)


@pytest.mark.parametrize("shape", [(1, 12, 12), (2, 5, 12), (1, 1, 30)])
def test_thin_grids_and_voxels_at_every_edge_are_denoised(shape: tuple[int, int, int]):
    noise = np.random.default_rng(0).normal(100.0, 1.0, (20, *shape)).astype(np.float32)
    denoised = run(denoise_mppca(noise, np.ones(shape, dtype=bool)))
    assert np.isfinite(denoised).all()
    assert denoised.std() < noise.std()


def test_an_empty_mask_leaves_everything():
    noisy, _ = images(STRONG_NOISE, pairs=3)
    np.testing.assert_array_equal(run(denoise_mppca(noisy, np.zeros(COARSE.shape, dtype=bool))), noisy)


def test_too_few_images_are_refused():
    noisy, _ = images(STRONG_NOISE, pairs=2)
    with pytest.raises(InputError, match=f"in 4 control and label images.*at least {FEWEST_VOLUMES}"):
        run(denoise_mppca(noisy, brain()))


def test_the_job_yields_often_and_may_be_closed():
    noisy, _ = images(STRONG_NOISE)
    before = noisy.copy()
    steps = list(denoise_mppca(noisy, brain()))
    assert len(steps) > 5
    assert steps[-1].done == steps[-1].total
    job = denoise_mppca(noisy, brain())
    next(job)
    job.close()
    np.testing.assert_array_equal(noisy, before)
