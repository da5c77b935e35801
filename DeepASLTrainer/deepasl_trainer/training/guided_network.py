"""Our network: a U-Net that weighs what neighbouring slices and M0 let expect against what was measured."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from deepasl.denoising.network_input import InputSpec
from deepasl_trainer.training.guidance import (
    SMALL_WEIGHT,
    Nearby,
    around,
    bilateral_grid,
    gaussian,
    gaussian_reach,
    noise_left,
)
from deepasl_trainer.training.layers import KERNEL, DenoisingNetwork, convolution, keep_variance

BILATERAL_FWHM = (3.0, 6.0, 12.0)
"""Widths in voxels of the averages over voxels of the same M0."""

GUESS = 1
"""Which of them is the first guess."""

DEPARTURE_FWHM = (2.5, 4.0, 7.0)
"""Widths in voxels over which the guess is compared with what was measured."""

FINE_FWHM, COARSE_FWHM = 2.0, 5.0
"""Widths in voxels of the smoothing regardless of M0; the second is that of the strength of noise."""

LEAST_LEVEL = 0.05
"""Added to the mean signal that perfusion is given relative to, percent of mean M0: no scan is without noise."""

LARGEST = 6.0
"""Relative perfusion and noise are cut off here."""

LARGEST_RATIO = 4.0
"""So much more or less than the guess a place can have."""

M0_CONTRAST = 5.0
"""Factor on the deviation of M0 from its mean in the brain, which is small."""

STEEPNESS = 3.0
"""Factor on what chooses between estimates: how fast that is learned. At first the guess leads by as much."""


@dataclass(frozen=True)
class Evidence:
    """What is known before anything is learned.

    Attributes:
        estimates: Of the perfusion signal of the middle slice, from trusting one voxel to trusting all around it
            ``[n, estimates, h, w]``, percent of mean M0.
        level: Mean perfusion signal around each voxel ``[n, 1, h, w]``, percent of mean M0.
        features: What the U-Net sees ``[n, features, h, w]``.
    """

    estimates: Tensor
    level: Tensor
    features: Tensor


class GuidedNetwork(DenoisingNetwork):
    """A U-Net (Ronneberger et al., MICCAI 2015) that chooses among estimates of the perfusion signal in every voxel.

    The estimates are the measurement itself; averages over voxels of the same M0 (`deepasl_trainer.training.guidance`),
    narrow and wide; and the average corrected by how much more or less was measured around the voxel, in three widths:
    so a lesion that M0 does not show has an estimate that holds it. The U-Net sees them all, M0, how strong the noise
    is, and how many of its standard deviations each correction is worth. It gives each estimate a weight, and adds what
    none of them has. All perfusion is given relative to its mean over the surroundings, so that a scan with twice the
    signal and twice the noise is denoised alike.

    Each of `depth` resolutions has twice the feature maps of the finer one, up to four times `filters`, and two
    convolutions 3x3 with ReLU on the way down and up. Pooling rounds up and upsampling goes to the size of the finer
    resolution, so that any height and width will do.
    """

    def __init__(self, filters: int = 32, depth: int = 4, slices: int = 5) -> None:
        super().__init__()
        self.spec = InputSpec(slices=slices, m0=True)
        estimates = 1 + len(BILATERAL_FWHM) + len(DEPARTURE_FWHM)
        # Estimates but the measurement, averages over any M0, what departures are worth; fine smoothing and M0 of every
        # slice; coarse smoothing, noise, brain.
        features = estimates - 1 + len(BILATERAL_FWHM) + len(DEPARTURE_FWHM) + 2 * slices + 3
        widths = [filters * min(2**level, 4) for level in range(depth)]
        inputs = [features, *widths[:-1]]
        guided = gaussian_reach(BILATERAL_FWHM[GUESS]) + gaussian_reach(max(DEPARTURE_FWHM))
        self.receptive_field = _field_of_unet(depth) + 2 * max(guided, gaussian_reach(max(BILATERAL_FWHM)))
        self.down = nn.ModuleList(_block(a, b) for a, b in zip(inputs, widths, strict=True))
        self.up = nn.ModuleList(
            _block(coarse + fine, fine) for coarse, fine in zip(widths[1:], widths[:-1], strict=True)
        )
        self.last = convolution(filters + features, estimates + 1)
        self.apply(keep_variance)
        # The first guess is the joint bilateral filter.
        nn.init.zeros_(self.last.weight)
        with torch.no_grad():
            self.last.bias[1 + GUESS] = 1.0  # type: ignore[index]

    def forward(self, image: Tensor) -> Tensor:
        """The noise in the middle slice of a stack."""
        evidence = self._evidence(image)
        # Convolutions are a third faster so; all before is faster in the usual order.
        features = evidence.features.contiguous(memory_format=torch.channels_last)
        finer: list[Tensor] = []
        for resolution, block in enumerate(self.down):
            if resolution:
                finer.append(features)
                features = functional.max_pool2d(features, 2, ceil_mode=True)
            features = block(features)
        for block in reversed(self.up):
            fine = finer.pop()
            features = functional.interpolate(features, size=fine.shape[2:], mode="nearest")
            features = block(torch.cat([features, fine], dim=1))
        found = self.last(torch.cat([features, evidence.features], dim=1))
        weights = torch.softmax(STEEPNESS * found[:, :-1], dim=1)
        expected = (weights * evidence.estimates).sum(dim=1, keepdim=True) + evidence.level * found[:, -1:]
        noise: Tensor = evidence.estimates[:, :1] - expected
        return noise

    def _evidence(self, image: Tensor) -> Evidence:
        deltam, m0 = (part.contiguous() for part in torch.chunk(image, 2, dim=1))
        brain = (m0 > 0).to(m0.dtype)
        middle = slice(self.spec.slices // 2, self.spec.slices // 2 + 1)
        here, measured = brain[:, middle], deltam[:, middle]
        grid = bilateral_grid(deltam, m0)
        nearby = [Nearby.of(grid, fwhm) for fwhm in BILATERAL_FWHM]
        same, any_m0 = [one.same_m0(grid.members[:, middle]) for one in nearby], [one.any_m0() for one in nearby]
        level = functional.relu(any_m0[-1]) + LEAST_LEVEL
        fine = gaussian(deltam * brain, FINE_FWHM) / (gaussian(brain, FINE_FWHM) + SMALL_WEIGHT) * brain
        coarse, sd = _level_and_noise(measured, fine[:, middle], here)
        corrected, worth = _departures(deltam, nearby[GUESS].same_m0(grid.members), brain, sd)
        corrected = [same[GUESS] * ratio for ratio in corrected]
        relative = torch.cat([*same, *corrected, *any_m0, fine, coarse, sd], dim=1) / level
        bounded = torch.cat([relative, *worth], dim=1).clamp(-LARGEST, LARGEST)
        features = torch.cat([bounded, M0_CONTRAST * (m0 - brain), here], dim=1) * here
        return Evidence(torch.cat([measured, *same, *corrected], dim=1), level, features)


def _level_and_noise(measured: Tensor, fine: Tensor, here: Tensor) -> tuple[Tensor, Tensor]:
    """Mean signal of the middle slice around each voxel, and SD of the noise there, ``[n, 1, h, w]`` both."""
    both = torch.cat([measured, (measured - fine) ** 2], dim=1) * here
    mean, variance = torch.chunk(gaussian(both, COARSE_FWHM) / (gaussian(here, COARSE_FWHM) + SMALL_WEIGHT), 2, dim=1)
    return mean, (variance + SMALL_WEIGHT**2).sqrt()


def _departures(deltam: Tensor, guess: Tensor, brain: Tensor, sd: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """How a stack differs from the guess around each voxel of its middle slice, for each width.

    Returns:
        Ratios to the guess, and differences in SD of the noise that the width leaves, ``[n, 1, h, w]`` each.
    """
    ratios, worth = [], []
    for fwhm in DEPARTURE_FWHM:
        seen, expected = around(deltam, brain, fwhm), around(guess, brain, fwhm)
        ratios.append(((seen + LEAST_LEVEL) / (functional.relu(expected) + LEAST_LEVEL)).clamp(-1.0, LARGEST_RATIO))
        worth.append((seen - expected) / (sd * noise_left(deltam, fwhm)))
    return ratios, worth


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(convolution(inputs, outputs), nn.ReLU(), convolution(outputs, outputs), nn.ReLU())


def _field_of_unet(depth: int) -> int:
    """Two convolutions at each resolution on the way down and up, two at the coarsest, and the pooling between."""
    steps = [1 << level for level in range(depth)]
    convolutions = (KERNEL - 1) * (1 + 4 * sum(steps[:-1]) + 2 * steps[-1])
    pooling = 2 * (steps[-1] - 1)
    return 1 + convolutions + pooling
