import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from trainer_cases import dome_noise, tiny_draws

from deepasl.errors import InputError
from deepasl_trainer.synthetic.averaging import averaged_noise_percent, correlated, draw_noise_level
from deepasl_trainer.synthetic.noise import noise_over, read_measured_noise
from deepasl_trainer.training.settings import NoiseSettings


def levels(**changed: object) -> NoiseSettings:
    return dataclasses.replace(tiny_draws().noise, **changed)  # type: ignore[arg-type]


def drawn(settings: NoiseSettings, count: int = 400) -> np.ndarray:
    generator = torch.Generator().manual_seed(2)
    shape = torch.ones((count, 3, 20, 20))
    return draw_noise_level(shape, torch.full((count,), 1.1), settings, generator).draw(generator).numpy()


def test_averaging_pairs_gives_the_noise_of_their_mean_difference() -> None:
    images = np.random.default_rng(0).normal(0.0, 0.77, (12, 2, 50_000))
    mean_difference = (images[:, 0] - images[:, 1]).mean(axis=0)
    assert averaged_noise_percent(0.77, 12) == pytest.approx(mean_difference.std(), rel=0.02)


def test_each_patch_draws_one_of_the_four_levels() -> None:
    settings = levels(measured_share=1.0, correlated_share=0.0)
    found = drawn(settings).std(axis=(1, 2, 3))
    expected = np.array([0.7 * 1.1 * np.sqrt(2.0 / n) for n in (6, 12, 18, 24)])
    nearest = np.abs(found[:, None] / expected - 1.0)
    assert nearest.min(axis=1).max() < 0.2
    assert np.bincount(nearest.argmin(axis=1), minlength=4).min() > 60


def test_broad_levels_stay_in_their_range_and_fill_it() -> None:
    settings = levels(measured_share=0.0, correlated_share=0.0)
    found = drawn(settings).std(axis=(1, 2, 3))
    assert 0.045 < found.min() < 0.07
    assert 0.8 < found.max() < 1.15
    assert np.median(found) == pytest.approx(np.sqrt(0.05 * 1.0), rel=0.2)


def test_correlated_noise_keeps_its_strength_and_ties_neighbours_in_plane() -> None:
    white = torch.randn((100, 3, 40, 40), generator=torch.Generator().manual_seed(1))
    none = torch.zeros(100)
    smooth = correlated(white, torch.full((100,), 2.0), none).numpy()
    assert smooth.std() == pytest.approx(1.0, rel=0.02)
    # Two Gaussians of FWHM 2 convolved: neighbours one voxel apart correlate by exp(-1 / (4 sigma^2)).
    expected = np.exp(-1.0 / (4 * (2.0 / 2.3548) ** 2))
    assert (smooth[..., 1:, :] * smooth[..., :-1, :]).mean() == pytest.approx(expected, abs=0.03)
    assert (smooth[:, 1:] * smooth[:, :-1]).mean() == pytest.approx(0.0, abs=0.02)
    assert torch.allclose(correlated(white, none, none), white, atol=1e-5)


def test_noise_correlated_through_plane_ties_the_slices() -> None:
    white = torch.randn((100, 5, 40, 40), generator=torch.Generator().manual_seed(1))
    mixed = correlated(white, torch.zeros(100), torch.full((100,), 0.5)).numpy()
    assert mixed.std() == pytest.approx(1.0, rel=0.02)
    # Weights 0.5, 1, 0.5 in each slice: next neighbours share 2 x 0.5 x 1 of 1.5.
    assert (mixed[:, 1:] * mixed[:, :-1]).mean() == pytest.approx(1.0 / 1.5, abs=0.03)


def test_the_same_seed_draws_the_same_noise() -> None:
    settings = tiny_draws().noise
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
