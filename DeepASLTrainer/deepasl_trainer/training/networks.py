"""Networks that see the noise in difference images: that of the DeepASL paper, its rival, and ours.

All take ``[n, channels, height, width]`` as `deepasl.denoising.network_input` stacks it, any height and width, and
return the noise of the middle slice ``[n, 1, height, width]`` in percent of mean M0; the caller subtracts it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from deepasl.denoising.network_input import InputSpec
from deepasl_trainer.training.guided_network import GuidedNetwork
from deepasl_trainer.training.layers import KERNEL, PRELU_SLOPE, DenoisingNetwork, convolution, keep_variance
from deepasl_trainer.training.settings import ModelSettings

DILATIONS = (2, 4, 8, 16)
"""Of the global path of the dilated network."""


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
            layers += [convolution(channels, filters), nn.PReLU(filters, init=PRELU_SLOPE)]
            channels = filters
        self.layers = nn.Sequential(*layers, convolution(channels, 1))
        self.apply(keep_variance)

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
        self.first = nn.Sequential(convolution(1, filters), nn.ReLU())
        self.local_path = nn.Sequential(*self._path(filters, (1,) * len(DILATIONS)))
        self.global_path = nn.Sequential(*self._path(filters, DILATIONS))
        self.last = nn.Sequential(convolution(2 * filters, 2 * filters), nn.ReLU(), convolution(2 * filters, 1))
        self.apply(keep_variance)

    @staticmethod
    def _path(filters: int, dilations: tuple[int, ...]) -> list[nn.Module]:
        layers = ([convolution(filters, filters, dilation), nn.ReLU()] for dilation in dilations)
        return [layer for pair in layers for layer in pair]

    def forward(self, image: Tensor) -> Tensor:
        """The noise in a slice."""
        features = self.first(image)
        noise: Tensor = self.last(torch.cat([self.local_path(features), self.global_path(features)], dim=1))
        return noise


def build_network(settings: ModelSettings) -> DenoisingNetwork:
    """The network that settings describe, with random weights."""
    match settings.network:
        case "paper":
            return PaperNetwork(settings.filters, settings.depth)
        case "dilated":
            return DilatedNetwork(settings.filters)
        case "guided":
            return GuidedNetwork(settings.filters, settings.depth, settings.slices)
