"""What all networks are made of."""

from __future__ import annotations

from torch import nn

from deepasl.denoising.network_input import InputSpec

KERNEL = 3
"""Width of every convolution."""

PRELU_SLOPE = 0.25
"""Initial slope, that of He et al., ICCV 2015."""


class DenoisingNetwork(nn.Module):
    """What all networks have in common.

    Attributes:
        spec: What it sees.
        receptive_field: Width in voxels of the neighbourhood that reaches one output voxel.
    """

    spec: InputSpec
    receptive_field: int


def convolution(inputs: int, outputs: int, dilation: int = 1) -> nn.Conv2d:
    """A convolution that keeps the size: its padding in voxels, as ONNX Runtime refuses "same" with a dilation."""
    return nn.Conv2d(inputs, outputs, KERNEL, padding=dilation * (KERNEL // 2), dilation=dilation)


def keep_variance(layer: nn.Module) -> None:
    """Initial weights that neither fade nor grow with depth: He et al., ICCV 2015."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, a=PRELU_SLOPE)
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
