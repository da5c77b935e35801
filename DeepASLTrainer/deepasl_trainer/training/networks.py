"""Networks that see the noise in difference images: that of the DeepASL paper, its rival, and ours.

All take ``[n, channels, height, width]`` as `deepasl.network_input` stacks it, any height and width, and return the
noise of the middle slice ``[n, 1, height, width]`` in percent of mean M0; the caller subtracts it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from deepasl.network_input import InputSpec
from deepasl_trainer.training.guidance import SMALL_WEIGHT, bilateral_grid, gaussian, gaussian_reach, joint_bilateral
from deepasl_trainer.training.settings import ModelSettings

KERNEL = 3

PRELU_SLOPE = 0.25
"""Initial slope, that of He et al., ICCV 2015."""

BILATERAL_FWHM = (3.0, 6.0, 12.0)
"""Widths in voxels of the averages over voxels of the same M0; the second is the first guess, the last the level."""

FINE_FWHM, COARSE_FWHM = 2.0, 5.0
"""Widths in voxels of the smoothing regardless of M0."""

LEAST_LEVEL = 0.05
"""Added to the mean signal that perfusion is given relative to, percent of mean M0: no scan is without noise."""

LARGEST = 6.0
"""Relative perfusion and noise are cut off here."""

M0_CONTRAST = 5.0
"""Factor on the deviation of M0 from its mean in the brain, which is small."""

DOUBT_AT_FIRST = 3.0
"""At first 95 % of what is not expected is taken for noise; also how fast that changes."""

DILATIONS = (2, 4, 8, 16)
"""Of the global path of the dilated network."""


class DenoisingNetwork(nn.Module):
    """What all of them have in common.

    Attributes:
        spec: What it sees.
        receptive_field: Width in voxels of the neighbourhood that reaches one output voxel.
    """

    spec: InputSpec
    receptive_field: int


class PaperNetwork(DenoisingNetwork):
    """Ulas et al., DeepASL (MICCAI 2018), section 2.3.

    `depth` convolutions 3x3 with `filters` feature maps and a PReLU with one slope for each map, then one
    convolution to a single map. Zero padding keeps the size. With the 48 filters and depth 8 of the paper it has
    146,785 parameters.
    """

    def __init__(self, filters: int = 48, depth: int = 8) -> None:
        super().__init__()
        self.spec = InputSpec(slices=1, m0=False)
        self.receptive_field = 1 + (KERNEL - 1) * (depth + 1)
        layers: list[nn.Module] = []
        channels = 1
        for _ in range(depth):
            layers += [_convolution(channels, filters), nn.PReLU(filters, init=PRELU_SLOPE)]
            channels = filters
        self.layers = nn.Sequential(*layers, _convolution(channels, 1))
        self.apply(_keep_variance)

    def forward(self, image: Tensor) -> Tensor:
        """The noise in a slice."""
        noise: Tensor = self.layers(image)
        return noise


class DilatedNetwork(DenoisingNetwork):
    """Kim et al., Radiology 287:658 (2018), as the authors of DeepASL rebuilt it for comparison.

    A convolution, then two paths of four convolutions side by side, one local, one with dilations 2, 4, 8 and 16, then
    two convolutions on both together; ReLU between. With 64 filters it has 444,801 parameters. The number of filters is
    that of the DeepASL authors' code; Kim's own is not published in an open place.
    """

    def __init__(self, filters: int = 64) -> None:
        super().__init__()
        self.spec = InputSpec(slices=1, m0=False)
        self.receptive_field = 1 + (KERNEL - 1) * (3 + sum(DILATIONS))
        self.first = nn.Sequential(_convolution(1, filters), nn.ReLU())
        self.local_path = nn.Sequential(*self._path(filters, (1,) * len(DILATIONS)))
        self.global_path = nn.Sequential(*self._path(filters, DILATIONS))
        self.last = nn.Sequential(_convolution(2 * filters, 2 * filters), nn.ReLU(), _convolution(2 * filters, 1))
        self.apply(_keep_variance)

    @staticmethod
    def _path(filters: int, dilations: tuple[int, ...]) -> list[nn.Module]:
        layers = ([_convolution(filters, filters, dilation), nn.ReLU()] for dilation in dilations)
        return [layer for pair in layers for layer in pair]

    def forward(self, image: Tensor) -> Tensor:
        """The noise in a slice."""
        features = self.first(image)
        noise: Tensor = self.last(torch.cat([self.local_path(features), self.global_path(features)], dim=1))
        return noise


class GuidedNetwork(DenoisingNetwork):
    """A U-Net (Ronneberger et al., MICCAI 2015) that corrects what neighbouring slices and M0 let expect.

    It sees the difference images smoothed and averaged over voxels of the same M0 (`training.guidance`), M0, and how
    strong the noise is. All perfusion is given relative to its mean over the surroundings, so that a scan with
    twice the signal and twice the noise is denoised alike. For every voxel it finds the signal to be expected, and how
    much of the measured difference from it is noise, 0 to 1: their product is the noise. So a voxel can be left as it
    was measured, or replaced, and little has to be learned for either.

    Each of `depth` resolutions has twice the feature maps of the finer one, up to four times `filters`, and two
    convolutions 3x3 with ReLU on the way down and up. Pooling rounds up and upsampling goes to the size of the finer
    resolution, so that any height and width will do.
    """

    def __init__(self, filters: int = 32, depth: int = 4, slices: int = 5) -> None:
        super().__init__()
        self.spec = InputSpec(slices=slices, m0=True)
        # Same M0 and any M0 for each width, M0 and fine smoothing of every slice, coarse smoothing, noise, brain.
        features = 2 * len(BILATERAL_FWHM) + 2 * slices + 3
        widths = [filters * min(2**level, 4) for level in range(depth)]
        inputs = [features, *widths[:-1]]
        self.receptive_field = _field_of_unet(depth) + 2 * gaussian_reach(max(BILATERAL_FWHM))
        self.down = nn.ModuleList(_block(a, b) for a, b in zip(inputs, widths, strict=True))
        self.up = nn.ModuleList(
            _block(coarse + fine, fine) for coarse, fine in zip(widths[1:], widths[:-1], strict=True)
        )
        self.last = _convolution(filters + features, 2)
        self.apply(_keep_variance)
        # The first guess is the joint bilateral filter, and that all else is noise.
        nn.init.zeros_(self.last.weight)

    def forward(self, image: Tensor) -> Tensor:
        """The noise in the middle slice of a stack."""
        visible, guess, level = self._visible(image)
        features = visible
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
        correction, doubt = torch.chunk(self.last(torch.cat([features, visible], dim=1)), 2, dim=1)
        middle = self.spec.slices // 2
        expected = guess + level * correction
        return torch.sigmoid(DOUBT_AT_FIRST + DOUBT_AT_FIRST * doubt) * (image[:, middle : middle + 1] - expected)

    def _visible(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the U-Net sees ``[n, features, h, w]``; the first guess and the level of perfusion ``[n, 1, h, w]``."""
        deltam, m0 = torch.chunk(image, 2, dim=1)
        brain = (m0 > 0).to(m0.dtype)
        middle = self.spec.slices // 2
        here, measured = brain[:, middle : middle + 1], deltam[:, middle : middle + 1]
        grid = bilateral_grid(deltam, m0)
        filtered = [joint_bilateral(grid, fwhm) for fwhm in BILATERAL_FWHM]
        level = functional.relu(filtered[-1][1]) + LEAST_LEVEL
        fine = gaussian(deltam * brain, FINE_FWHM) / (gaussian(brain, FINE_FWHM) + SMALL_WEIGHT) * brain
        slice_and_noise = torch.cat([measured, (measured - fine[:, middle : middle + 1]) ** 2], dim=1) * here
        coarse = gaussian(slice_and_noise, COARSE_FWHM) / (gaussian(here, COARSE_FWHM) + SMALL_WEIGHT)
        mean, variance = torch.chunk(coarse, 2, dim=1)
        perfusion = [part for pair in filtered for part in pair]
        relative = torch.cat([*perfusion, fine, mean, (variance + SMALL_WEIGHT**2).sqrt()], dim=1) / level
        visible = torch.cat([relative.clamp(-LARGEST, LARGEST), M0_CONTRAST * (m0 - brain), here], dim=1) * here
        return visible, filtered[1][0], level


def build_network(settings: ModelSettings) -> DenoisingNetwork:
    """The network that settings describe, with random weights."""
    match settings.network:
        case "paper":
            return PaperNetwork(settings.filters, settings.depth)
        case "dilated":
            return DilatedNetwork(settings.filters)
        case "guided":
            return GuidedNetwork(settings.filters, settings.depth, settings.slices)


def _convolution(inputs: int, outputs: int, dilation: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size: its padding in voxels, as ONNX Runtime refuses "same" with a dilation."""
    return nn.Conv2d(inputs, outputs, KERNEL, padding=dilation * (KERNEL // 2), dilation=dilation)


def _block(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(_convolution(inputs, outputs), nn.ReLU(), _convolution(outputs, outputs), nn.ReLU())


def _field_of_unet(depth: int) -> int:
    """Two convolutions at each resolution on the way down and up, two at the coarsest, and the pooling between."""
    steps = [1 << level for level in range(depth)]
    convolutions = (KERNEL - 1) * (1 + 4 * sum(steps[:-1]) + 2 * steps[-1])
    pooling = 2 * (steps[-1] - 1)
    return 1 + convolutions + pooling


def _keep_variance(layer: nn.Module) -> None:
    """Initial weights that neither fade nor grow with depth: He et al., ICCV 2015."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, a=PRELU_SLOPE)
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
