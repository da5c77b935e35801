"""What a network is trained on: noisy images with the noise that is in them, whatever they were made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class Arrival:
    """What is known of examples at several delays.

    Attributes:
        delays: Number p of delays. Images in a row show one place at each of them.
        att: Arterial transit time of each of the `m` places ``[m, h, w]``, s.
        moment_per_percent: By how much a signal of 1 % of mean M0 moves the fitted transit time, times CBF: it is CBF
            that says how much a transit time means. mL/100g/min times s, ``[n, h, w]``; 0 where CBF does not count.
    """

    delays: int
    att: Tensor
    moment_per_percent: Tensor


@dataclass(frozen=True)
class Examples:
    """A batch of `n` images of `m` places: n = m at one delay, n = p m at p delays.

    Attributes:
        noisy: Averaged difference images ``[n, s, h, w]`` in percent of mean M0; of the `s` neighbouring slices (odd),
            bottom to top, the middle one is to be denoised.
        m0: The same slices of M0 as measured, as a fraction of its mean in the brain; 0 outside the brain.
        noise: Noise of the middle slice ``[n, h, w]``, percent of mean M0.
        cbf_per_percent: CBF in mL/100g/min of a signal of 1 % of mean M0 ``[n, h, w]``; 0 where CBF does not count. At
            several delays, what that signal adds to the fitted CBF.
        near_brain: Where the removed noise counts ``[n, h, w]`` bool; at least one voxel of each image.
        lesion: By how much lesions raise flow, as a fraction of it ``[m, h, w]``: negative where they lower it, 0 where
            there is none.
        tissue: Where grey and where white matter is pure ``[m, 2, h, w]`` bool; nowhere if that is not known.
        arrival: What is known of several delays; None at one delay.
    """

    noisy: Tensor
    m0: Tensor
    noise: Tensor
    cbf_per_percent: Tensor
    near_brain: Tensor
    lesion: Tensor
    tissue: Tensor
    arrival: Arrival | None = None

    @property
    def delays(self) -> int:
        """How many images in a row show one place."""
        return 1 if self.arrival is None else self.arrival.delays

    @property
    def brain(self) -> Tensor:
        """Where CBF counts ``[m, h, w]`` bool."""
        return self._of_places(self.cbf_per_percent != 0).any(dim=1)

    def cbf_of(self, signal: Tensor) -> Tensor:
        """CBF of signals ``[n, h, w]`` in percent of mean M0: ``[m, h, w]``, mL/100g/min."""
        return self._of_places(self.cbf_per_percent * signal).sum(dim=1)

    def moment_of(self, signal: Tensor, arrival: Arrival) -> Tensor:
        """By how much signals ``[n, h, w]`` move the fitted transit time, times CBF: ``[m, h, w]``."""
        return self._of_places(arrival.moment_per_percent * signal).sum(dim=1)

    def _of_places(self, images: Tensor) -> Tensor:
        """``[n, h, w]`` as ``[m, p, h, w]``."""
        return images.reshape(-1, self.delays, *images.shape[1:])

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
