"""What a network is and takes, in words: for its card and its file."""

from __future__ import annotations

from deepasl.denoising.network_input import InputSpec
from deepasl_trainer.training.networks import DILATIONS
from deepasl_trainer.training.settings import ModelSettings

OUTPUT_WORDS = "float32 [n, 1, height, width]: the noise of the (middle) slice, percent of the mean M0 of the brain"


def describe_network(model: ModelSettings) -> str:
    """Its layers and where they were published."""
    match model.network:
        case "paper":
            return (
                f"{model.depth} x (convolution 3x3, {model.filters} feature maps, PReLU for each), convolution 3x3; "
                "Ulas et al., DeepASL, MICCAI 2018"
            )
        case "dilated":
            dilations = ", ".join(str(dilation) for dilation in DILATIONS)
            return (
                f"convolution 3x3, two paths of {len(DILATIONS)} convolutions side by side, one with dilations "
                f"{dilations}, two convolutions on both; {model.filters} feature maps, ReLU; "
                "Kim et al., Radiology 2018, as the authors of DeepASL rebuilt it"
            )
        case "guided":
            most = model.filters * min(2 ** (model.depth - 1), 4)
            return (
                f"a U-Net of {model.depth} resolutions, {model.filters} to {most} feature maps, two convolutions 3x3 "
                "with ReLU at each on the way down and up, that weighs estimates of the signal in every voxel: the "
                "measurement, averages over voxels of the same M0 nearby (joint bilateral filter, three widths), and "
                "such an average corrected by how much more or less was measured around (three widths); what is left "
                "of the measurement is the noise"
            )


def describe_input(spec: InputSpec) -> str:
    """The tensor it takes, channel by channel."""
    several = spec.slices > 1
    what = (
        f"{spec.slices} neighbouring slices of the difference image" if several else "a slice of the difference image"
    )
    m0 = f"; then the same slice{'s' * several} of M0 / mean M0 of the brain, 0 outside the brain" if spec.m0 else ""
    ends = "; slices beyond the first or last are all zeros" if several else ""
    return f"float32 [n, {spec.channels}, height, width]: {what}, 100 x dM / mean M0 of the brain{m0}{ends}"
