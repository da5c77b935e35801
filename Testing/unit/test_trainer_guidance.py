"""What M0 and the surroundings tell about a noisy difference image."""

import pytest
import torch

from deepasl_trainer.training.guidance import Nearby, around, bilateral_grid, noise_left
from deepasl_trainer.training.guided_network import DEPARTURE_FWHM, GUESS, GuidedNetwork

WHITE, GREY = 0.85, 1.05


def two_tissues(side: int = 48, slices: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    """Stripes of white and grey matter six voxels wide, dM 0.25 and 0.75 % of mean M0, and their M0."""
    stripes = (torch.arange(side) // 6 % 2 == 0)[None, None, None, :].expand(1, slices, side, side)
    return torch.where(stripes, 0.75, 0.25), torch.where(stripes, GREY, WHITE)


def test_voxels_of_the_same_m0_are_averaged_without_blurring_tissue() -> None:
    deltam, m0 = two_tissues()
    noisy = deltam + 0.5 * torch.randn(deltam.shape, generator=torch.Generator().manual_seed(2))
    grid = bilateral_grid(noisy, m0)
    same = Nearby.of(grid, 6.0).same_m0(grid.members)
    inner = (..., slice(10, -10), slice(10, -10))
    assert (same - deltam)[inner].std() < 0.06
    assert abs((same - deltam)[inner].mean()) < 0.02
    assert (Nearby.of(grid, 6.0).any_m0()[inner] - 0.5).abs().max() < 0.2


@pytest.mark.parametrize("fwhm", DEPARTURE_FWHM)
def test_noise_that_is_left_is_as_computed(fwhm: float) -> None:
    noise = torch.randn((20, 5, 64, 64), generator=torch.Generator().manual_seed(3))
    left = around(noise, torch.ones_like(noise), fwhm)[..., 16:-16, 16:-16].std()
    assert left.item() == pytest.approx(noise_left(noise, fwhm).item(), rel=0.1)


def test_the_mean_around_a_voxel_is_that_of_the_brain_alone() -> None:
    brain = torch.zeros((1, 5, 32, 32))
    brain[..., 8:24, 8:24] = 1.0
    mean = around(torch.where(brain > 0, 0.6, 9.0), brain, 4.0)
    torch.testing.assert_close(mean[..., 8:24, 8:24], torch.full((1, 1, 16, 16), 0.6), atol=0.005, rtol=0.0)


def test_a_lesion_that_m0_does_not_show_is_held_by_an_estimate() -> None:
    healthy, m0 = two_tissues()
    lesion = torch.zeros_like(healthy, dtype=torch.bool)
    lesion[:, 1:4, 20:28, 20:28] = True
    deltam = torch.where(lesion, 0.4 * healthy, healthy)
    estimates = GuidedNetwork(4, 2, 5)._evidence(torch.cat([deltam, m0], dim=1)).estimates[0]
    inside = lesion[0, 2] & (torch.arange(48)[:, None] > 21) & (torch.arange(48)[:, None] < 26)
    expected, truth = healthy[0, 2][inside].mean(), deltam[0, 2][inside].mean()
    recovered = [((expected - one[inside].mean()) / (expected - truth)).item() for one in estimates]
    guess, corrected = recovered[1 + GUESS], recovered[-len(DEPARTURE_FWHM)]
    assert recovered[0] == pytest.approx(1.0)
    assert guess < 0.6
    assert corrected > guess + 0.25


def test_at_first_the_guess_leads() -> None:
    network = GuidedNetwork(4, 2, 5)
    deltam, m0 = two_tissues()
    noisy = deltam + 0.3 * torch.randn(deltam.shape, generator=torch.Generator().manual_seed(4))
    denoised = noisy[:, 2:3] - network(torch.cat([noisy, m0], dim=1))
    assert (denoised - deltam[:, 2:3]).std() < 0.3 * (noisy - deltam).std()


def test_twice_the_signal_and_noise_give_twice_the_estimate() -> None:
    network = GuidedNetwork(4, 2, 5)
    torch.nn.init.normal_(network.last.weight, std=0.05)
    deltam, m0 = two_tissues()
    noisy = 10.0 * (deltam + 0.1 * torch.randn(deltam.shape, generator=torch.Generator().manual_seed(5)))
    once, twice = (network(torch.cat([scale * noisy, m0], dim=1)) for scale in (1.0, 2.0))
    assert (twice - 2.0 * once).abs().max() < 0.05 * twice.abs().max()
