"""The error of a denoised image: noise that is left, and perfusion that the network took away."""

from collections.abc import Callable

import numpy as np
import onnx_networks as networks
import pytest

from deepasl.denoising.denoiser import Denoiser
from deepasl.phantom import Protocol, Subject, true_deltam
from deepasl.progress import run
from deepasl.quality.denoised_uncertainty import PROBES, STAGE, DenoisedError, contrasts, denoised_error
from phantom_scans import COARSE

NOISE = 5.0
"""SD of one difference image, scanner units; about the signal of grey matter."""

MakeDenoiser = Callable[..., Denoiser]


@pytest.fixture
def network(tmp_path) -> MakeDenoiser:
    """Makes a denoiser of any network."""

    def make(graph) -> Denoiser:
        return Denoiser(networks.entry(graph, tmp_path), provider="cpu")

    return make


@pytest.fixture(scope="module")
def truth(subject: Subject) -> np.ndarray:
    return true_deltam(subject, Protocol())


def noisy(truth: np.ndarray, pairs: int, seed: int = 0) -> np.ndarray:
    """Difference images of a scan of so many pairs."""
    noise = np.random.default_rng(seed).standard_normal((pairs, *truth.shape), dtype=np.float32)
    return truth + np.float32(NOISE) * noise


def judged(denoiser: Denoiser, differences: np.ndarray, subject: Subject) -> tuple[np.ndarray, DenoisedError]:
    """The denoised mean of the differences, and its error."""
    scale = float(subject.m0[subject.mask].mean())
    mean = differences.mean(axis=0)
    denoised = run(denoiser.denoise(mean, scale))
    error = run(denoised_error(differences, mean, denoised, denoiser, scale, subject.mask, COARSE))
    assert error is not None
    return denoised, error


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


@pytest.mark.parametrize("pairs", [2, 3, 6, 24])
def test_contrasts_have_the_variance_of_the_mean_and_are_independent_of_it_and_of_each_other(pairs: int) -> None:
    weights = contrasts(pairs)
    assert len(weights) == min(PROBES, pairs - 1)
    np.testing.assert_allclose(weights.sum(axis=1), 0.0, atol=1e-6)
    np.testing.assert_allclose(weights @ weights.T, np.eye(len(weights)) / pairs, atol=1e-6)


@pytest.mark.parametrize("pairs", [2, 4, 12])
def test_an_image_left_as_it_is_has_the_error_of_the_mean(
    network: MakeDenoiser, truth: np.ndarray, subject: Subject, pairs: int
) -> None:
    _, error = judged(network(networks.affine(0.0)), noisy(truth, pairs), subject)
    expected = NOISE / np.sqrt(pairs)
    assert error.noise == pytest.approx(expected, rel=0.05)
    assert error.total == pytest.approx(expected, rel=0.05)
    assert rms(error.volume[subject.mask]) == pytest.approx(error.total, rel=0.05)


def test_a_network_that_halves_the_image_errs_by_half_the_noise_and_half_the_perfusion(
    network: MakeDenoiser, truth: np.ndarray, subject: Subject
) -> None:
    _, error = judged(network(networks.affine(0.5)), noisy(truth, 12), subject)
    left = 0.5 * NOISE / np.sqrt(12)
    assert error.noise == pytest.approx(left, rel=0.05)
    assert error.total == pytest.approx(np.hypot(left, 0.5 * rms(truth[subject.mask])), rel=0.05)


def test_an_image_without_noise_and_without_perfusion_errs_by_all_of_the_perfusion(
    network: MakeDenoiser, truth: np.ndarray, subject: Subject
) -> None:
    """Nothing varies in it from pair to pair, and yet it is not right."""
    denoised, error = judged(network(networks.affine(1.0)), noisy(truth, 12), subject)
    np.testing.assert_allclose(denoised, 0.0, atol=1e-4)
    assert error.noise == pytest.approx(0.0, abs=1e-4)
    assert error.total == pytest.approx(rms(truth[subject.mask]), rel=0.05)
    assert rms(error.volume[subject.mask]) == pytest.approx(error.total, rel=0.05)


def test_without_any_noise_the_error_is_what_the_network_invents(network: MakeDenoiser, subject: Subject) -> None:
    nothing = np.zeros((6, *subject.mask.shape), dtype=np.float32)
    denoised, error = judged(network(networks.affine(0.0, offset=1.0)), nothing, subject)
    assert error.noise == 0.0
    np.testing.assert_allclose(error.volume[subject.mask], np.abs(denoised[subject.mask]), rtol=1e-5)


def test_errors_follow_noise_that_is_stronger_in_one_half_of_the_brain(
    network: MakeDenoiser, truth: np.ndarray, subject: Subject
) -> None:
    noise = noisy(truth, 12) - truth
    noise[..., 24:] *= 4.0
    _, error = judged(network(networks.affine(0.0)), truth + noise, subject)
    far = subject.mask.copy()
    far[..., 20:28] = False
    left, right = error.volume[..., :24][far[..., :24]], error.volume[..., 24:][far[..., 24:]]
    assert rms(right) / rms(left) == pytest.approx(4.0, rel=0.1)


def test_about_68_percent_of_a_brain_lies_within_one_standard_error_of_the_shipped_network(
    denoiser: Denoiser, truth: np.ndarray, subject: Subject
) -> None:
    for pairs in (6, 24):
        denoised, error = judged(denoiser, noisy(truth, pairs), subject)
        off = np.abs(denoised - truth)[subject.mask]
        assert error.total == pytest.approx(rms(off), rel=0.15)
        assert 0.60 < np.mean(off < error.volume[subject.mask]) < 0.80


def test_the_error_is_the_same_each_time_and_has_the_unit_of_the_scanner(
    denoiser: Denoiser, truth: np.ndarray, subject: Subject
) -> None:
    differences = noisy(truth, 4)
    _, first = judged(denoiser, differences, subject)
    _, again = judged(denoiser, differences, subject)
    np.testing.assert_array_equal(first.volume, again.volume)
    scale = float(subject.m0[subject.mask].mean())
    louder = 10.0 * differences
    mean = louder.mean(axis=0)
    denoised = run(denoiser.denoise(mean, 10.0 * scale))
    error = run(denoised_error(louder, mean, denoised, denoiser, 10.0 * scale, subject.mask, COARSE))
    assert error is not None
    np.testing.assert_allclose(error.volume, 10.0 * first.volume, rtol=1e-3, atol=1e-4)


def test_a_single_pair_or_no_brain_tells_no_error(denoiser: Denoiser, truth: np.ndarray, subject: Subject) -> None:
    nowhere = np.zeros_like(subject.mask)
    for differences, mask in ((noisy(truth, 1), subject.mask), (noisy(truth, 6), nowhere)):
        job = denoised_error(differences, truth, truth, denoiser, 100.0, mask, COARSE)
        assert run(job) is None


def test_outside_the_brain_there_is_no_error_and_nothing_there_matters(
    network: MakeDenoiser, truth: np.ndarray, subject: Subject
) -> None:
    quiet = noisy(truth, 6)
    loud = np.where(subject.mask, quiet, np.float32(100.0) * quiet)
    inside, outside = (judged(network(networks.affine(0.5)), each, subject)[1] for each in (quiet, loud))
    assert not inside.volume[~subject.mask].any()
    np.testing.assert_allclose(outside.volume, inside.volume, rtol=1e-3, atol=1e-4)


def test_progress_runs_over_the_slices_of_all_runs(denoiser: Denoiser, truth: np.ndarray, subject: Subject) -> None:
    differences = noisy(truth, 4)
    job = denoised_error(differences, truth, truth, denoiser, 70.0, subject.mask, COARSE)
    steps = [step for step in job if step.stage == STAGE]
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert (done[-1], steps[-1].total) == (3 * len(truth), 3 * len(truth))
