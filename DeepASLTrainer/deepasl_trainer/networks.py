"""The network of the DeepASL paper."""

from __future__ import annotations

from torch import Tensor, nn

KERNEL = 3

PRELU_SLOPE = 0.25
"""Initial slope, that of He et al., ICCV 2015."""


class PaperNetwork(nn.Module):
    """Estimates the noise in a difference image: Ulas et al., DeepASL (MICCAI 2018), section 2.3.

    `depth` convolutions 3x3 with `filters` feature maps and a PReLU with one slope for each map, then one
    convolution to a single map. Zero padding keeps the size. With the 48 filters and depth 8 of the paper it has
    146,785 parameters. What it returns is subtracted from its input by the caller.
    """

    def __init__(self, filters: int = 48, depth: int = 8) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for _ in range(depth):
            layers += [nn.Conv2d(channels, filters, KERNEL, padding="same"), nn.PReLU(filters, init=PRELU_SLOPE)]
            channels = filters
        self.depth = depth
        self.layers = nn.Sequential(*layers, nn.Conv2d(channels, 1, KERNEL, padding="same"))
        self.apply(_keep_variance)

    @property
    def receptive_field(self) -> int:
        """Width in voxels of the neighbourhood that reaches one output voxel."""
        return 1 + (KERNEL - 1) * (self.depth + 1)

    def forward(self, deltam: Tensor) -> Tensor:
        """The noise in `deltam`, both ``[n, 1, height, width]`` in percent of mean M0."""
        noise: Tensor = self.layers(deltam)
        return noise


def _keep_variance(layer: nn.Module) -> None:
    """Initial weights that neither fade nor grow with depth: He et al., ICCV 2015, for a PReLU of slope 0.25."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, a=PRELU_SLOPE)
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
