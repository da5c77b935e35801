"""Networks that see the noise in difference images: that of the DeepASL paper, its rival, and ours.

All take ``[n, channels, height, width]`` as `deepasl.network_input` stacks it, any height and width, and return the noise
of the middle slice ``[n, 1, height, width]`` in percent of mean M0; the caller subtracts it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from deepasl.network_input import InputSpec
from deepasl_trainer.settings import ModelSettings

KERNEL = 3

PRELU_SLOPE = 0.25
"""Initial slope, that of He et al., ICCV 2015."""

M0_CONTRAST = 5.0
"""Factor on the deviation of M0 from its mean in the brain."""

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
    """A U-Net (Ronneberger et al., MICCAI 2015) that sees neighbouring slices and their M0.

    M0 tells where tissue begins and ends; the neighbouring slices and the coarse resolutions tell real changes of flow,
    which reach across slices and over centimetres, from noise, which does not. For every voxel it gives the signal it
    expects from all of these, and how much of the measured difference from it is noise, 0 to 1: their product is the
    noise. So a voxel can be left as it was measured, or be replaced, and little has to be learned for either.

    Each of `depth` resolutions has twice the feature maps of the finer one, up to four times `filters`, and two
    convolutions 3x3 with ReLU on the way down and up. Pooling rounds up and upsampling goes to the size of the finer
    resolution, so that any height and width will do.
    """

    def __init__(self, filters: int = 32, depth: int = 4, slices: int = 5) -> None:
        super().__init__()
        self.spec = InputSpec(slices=slices, m0=True)
        widths = [filters * min(2**level, 4) for level in range(depth)]
        inputs = [self.spec.channels + 1, *widths[:-1]]
        self.receptive_field = _field_of_unet(depth)
        self.down = nn.ModuleList(_block(a, b) for a, b in zip(inputs, widths, strict=True))
        self.up = nn.ModuleList(
            _block(coarse + fine, fine) for coarse, fine in zip(widths[1:], widths[:-1], strict=True)
        )
        self.last = _convolution(filters, 2)
        self.apply(_keep_variance)

    def forward(self, image: Tensor) -> Tensor:
        """The noise in the middle slice of a stack."""
        features = self._visible(image)
        finer: list[Tensor] = []
        for level, block in enumerate(self.down):
            if level:
                finer.append(features)
                features = functional.max_pool2d(features, 2, ceil_mode=True)
            features = block(features)
        for block in reversed(self.up):
            fine = finer.pop()
            features = functional.interpolate(features, size=fine.shape[2:], mode="nearest")
            features = block(torch.cat([features, fine], dim=1))
        expected, doubt = self.last(features).split(1, dim=1)
        middle = self.spec.slices // 2
        return torch.sigmoid(doubt) * (image[:, middle : middle + 1] - expected)

    def _visible(self, image: Tensor) -> Tensor:
        """The stack with the contrast of M0 as strong as that of the difference images, and the brain of the slice.

        Tissues differ by some 15 % of M0: without this a network learns their contrast many times slower.
        """
        deltam, m0 = image.split(self.spec.slices, dim=1)
        brain = (m0 > 0).to(m0.dtype)
        middle = self.spec.slices // 2
        return torch.cat([deltam, M0_CONTRAST * (m0 - brain), brain[:, middle : middle + 1]], dim=1)


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
    return nn.Conv2d(inputs, outputs, KERNEL, padding="same", dilation=dilation)


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
