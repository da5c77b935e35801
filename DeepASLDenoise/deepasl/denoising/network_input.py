"""What a network sees of a scan: each slice with its neighbours, and the M0 image if it wants it. Built here only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepasl.series import FloatArray


@dataclass(frozen=True)
class InputSpec:
    """The channels of a network's input tensor ``[n, channels, height, width]``.

    First come the slices of the difference image, in percent of the mean M0 of the brain, in the order of the image's
    first axis, then the same slices of M0 as a fraction of that mean if `m0`. The network denoises the middle slice.

    Attributes:
        slices: Number of neighbouring slices, the one to denoise among them; odd.
        m0: Whether it sees M0 too.

    Raises:
        ValueError: If `slices` is not an odd number of 1 or more.
    """

    slices: int
    m0: bool

    def __post_init__(self) -> None:
        if self.slices < 1 or self.slices % 2 == 0:
            raise ValueError(f"a network sees an odd number of slices, not {self.slices}")

    @property
    def channels(self) -> int:
        """The length of the channel axis."""
        return self.slices * (2 if self.m0 else 1)

    def describe(self) -> str:
        """In words, e.g. ``"1 slice"`` or ``"3 slices + M0"``."""
        return f"{self.slices} slice{'s' if self.slices > 1 else ''}" + (" + M0" if self.m0 else "")


def stack_slices(
    deltam_percent: FloatArray,
    m0_fraction: FloatArray | None,
    spec: InputSpec,
    chosen: Sequence[int] | None = None,
) -> FloatArray:
    """The input tensor of a network, one entry for each slice to denoise.

    Neighbours beyond the first and the last slice are all zeros, of both images.

    Args:
        deltam_percent: Difference image ``[k, j, i]`` float32, percent of the mean M0 of the brain.
        m0_fraction: M0 ``[k, j, i]`` float32, divided by its mean in the brain, 0 outside; not used unless `spec.m0`.
        spec: What the network sees.
        chosen: The slices to denoise, as indices k; all of them if None. The tensor of all is `spec.channels` times
            as large as the image, so take a few at a time where memory counts.

    Returns:
        A new array ``[n, channels, j, i]`` float32, n the number of chosen slices.

    Raises:
        ValueError: If an image that is needed is missing or not ``[k, j, i]`` like the other, or a slice is not there.
    """
    images = [deltam_percent, *_required_m0(m0_fraction, spec)]
    if deltam_percent.ndim != 3 or any(image.shape != deltam_percent.shape for image in images):
        raise ValueError(f"images of one scan are [k, j, i], not {[image.shape for image in images]}")
    count = len(deltam_percent)
    middle = np.arange(count) if chosen is None else np.asarray(chosen, dtype=np.intp)
    if ((middle < 0) | (middle >= count)).any():
        raise ValueError(f"slices {middle.tolist()} are not all among the {count} of the image")
    stack = np.zeros((len(middle), spec.channels, *deltam_percent.shape[1:]), dtype=np.float32)
    offsets = np.arange(spec.slices) - spec.slices // 2
    for channel, (image, offset) in enumerate((image, offset) for image in images for offset in offsets):
        neighbor = middle + offset
        there = (neighbor >= 0) & (neighbor < count)
        stack[there, channel] = image[neighbor[there]]
    return stack


def _required_m0(m0_fraction: FloatArray | None, spec: InputSpec) -> tuple[FloatArray, ...]:
    if not spec.m0:
        return ()
    if m0_fraction is None:
        raise ValueError(f"a network that sees {spec.describe()} needs M0")
    return (m0_fraction,)
