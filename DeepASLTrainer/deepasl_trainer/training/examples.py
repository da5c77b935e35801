"""What a network is trained on: noisy images with the noise that is in them, whatever they were made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class Examples:
    """A batch.

    Attributes:
        noisy: Averaged difference images ``[n, s, h, w]`` in percent of mean M0; of the `s` neighbouring slices (odd),
            bottom to top, the middle one is to be denoised.
        m0: The same slices of M0 as measured, as a fraction of its mean in the brain; 0 outside the brain.
        noise: Noise of the middle slice ``[n, h, w]``, percent of mean M0.
        cbf_per_percent: CBF in mL/100g/min of a signal of 1 % of mean M0 ``[n, h, w]``; 0 where CBF does not count.
        near_brain: Where the removed noise counts ``[n, h, w]`` bool; at least one voxel of each image.
        lesion: By how much lesions raise flow, as a fraction of it ``[n, h, w]``: negative where they lower it, 0 where
            there is none.
        tissue: Where grey and where white matter is pure ``[n, 2, h, w]`` bool; nowhere if that is not known.
    """

    noisy: Tensor
    m0: Tensor
    noise: Tensor
    cbf_per_percent: Tensor
    near_brain: Tensor
    lesion: Tensor
    tissue: Tensor

    @property
    def deltam(self) -> Tensor:
        """The middle slice without its noise ``[n, h, w]``, percent of mean M0."""
        return self.noisy[:, self.noisy.shape[1] // 2] - self.noise


class PatchSet(Protocol):
    """Patches that examples are drawn from, on one device."""

    def __len__(self) -> int: ...

    def to(self, device: torch.device | str) -> Self:
        """The same patches on another device."""
        ...

    def draw(self, chosen: Tensor, generator: torch.Generator) -> Examples:
        """Examples of the chosen patches.

        Args:
            chosen: Numbers of patches ``[n]`` int64, on the device of the patches.
            generator: The source of all randomness, on the same device; the same state gives the same examples.
        """
        ...
