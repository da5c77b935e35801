import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from trainer_cases import dome_noise, tiny_settings

from deepasl.errors import InputError
from deepasl_trainer.averaging import averaged_noise_percent, correlated, draw_noise
from deepasl_trainer.noise import noise_over, read_measured_noise
from deepasl_trainer.settings import NoiseSettings


def levels(**changed: object) -> NoiseSettings:
    return dataclasses.replace(tiny_settings().noise, **changed)  # type: ignore[arg-type]


def drawn(settings: NoiseSettings, count: int = 400) -> np.ndarray:
    generator = torch.Generator().manual_seed(2)
    return draw_noise(torch.ones((count, 20, 20)), torch.full((count,), 1.1), settings, generator).numpy()


def test_averaging_pairs_gives_the_noise_of_their_mean_difference() -> None:
    images = np.random.default_rng(0).normal(0.0, 0.77, (12, 2, 50_000))
    mean_difference = (images[:, 0] - images[:, 1]).mean(axis=0)
    assert averaged_noise_percent(0.77, 12) == pytest.approx(mean_difference.std(), rel=0.02)


def test_each_patch_draws_one_of_the_four_levels() -> None:
    settings = levels(measured_share=1.0, correlated_share=0.0)
    found = drawn(settings).std(axis=(1, 2))
    expected = np.array([0.7 * 1.1 * np.sqrt(2.0 / n) for n in (6, 12, 18, 24)])
    nearest = np.abs(found[:, None] / expected - 1.0)
    assert nearest.min(axis=1).max() < 0.2
    assert np.bincount(nearest.argmin(axis=1), minlength=4).min() > 60


def test_broad_levels_stay_in_their_range_and_fill_it() -> None:
    settings = levels(measured_share=0.0, correlated_share=0.0)
    found = drawn(settings).std(axis=(1, 2))
    assert 0.045 < found.min() < 0.07
    assert 0.8 < found.max() < 1.15
    assert np.median(found) == pytest.approx(np.sqrt(0.05 * 1.0), rel=0.2)


def test_correlated_noise_keeps_its_strength_and_ties_neighbours() -> None:
    white = torch.randn((200, 40, 40), generator=torch.Generator().manual_seed(1))
    smooth = correlated(white, torch.full((200,), 2.0)).numpy()
    assert smooth.std() == pytest.approx(1.0, rel=0.02)
    # Two Gaussians of FWHM 2 convolved: neighbours one voxel apart correlate by exp(-1 / (4 sigma^2)).
    assert (smooth[:, 1:] * smooth[:, :-1]).mean() == pytest.approx(np.exp(-1.0 / (4 * (2.0 / 2.3548) ** 2)), abs=0.03)
    assert torch.allclose(correlated(white, torch.zeros(200)), white, atol=1e-5)


def test_the_same_seed_draws_the_same_noise() -> None:
    settings = tiny_settings().noise
    assert np.array_equal(drawn(settings, 5), drawn(settings, 5))


def test_measured_noise_is_stretched_over_the_brain() -> None:
    measured = dome_noise()
    brain = np.zeros((12, 80, 60), dtype=np.bool_)
    brain[2:10, 30:70, 10:40] = True
    sd = noise_over(measured, brain)
    _, j, i = np.unravel_index(sd.argmax(), sd.shape)
    assert (j, i) == pytest.approx((49.5, 24.5), abs=2.0)
    assert sd[5, 49, 24] > 1.2 * sd[5, 30, 24]


def test_file_without_noise_maps_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.mat").write_bytes(b"not a MATLAB file")
    with pytest.raises(InputError, match="measured noise cannot be read"):
        read_measured_noise(tmp_path / "other.mat")


def test_noise_of_the_authors_is_one_percent_of_m0_in_the_brain(shared_data: Path) -> None:
    measured = read_measured_noise(shared_data / "noise" / "synthetic_common_vars.mat")
    assert measured.sd.shape == (17, 128, 128)
    assert np.median(measured.sd[:, 20:110, 35:95]) == pytest.approx(0.0085, abs=0.0005)
