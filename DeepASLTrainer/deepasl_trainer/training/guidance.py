"""What an M0 image tells about a noisy difference image before anything is learned.

Voxels that lie near each other and have the same M0 are the same mixture of tissues, and so have about the same
perfusion: averaging over them removes noise and keeps the borders of tissue. This is the joint bilateral filter
(Petschnigg et al., ACM TOG 23:664, 2004), here over neighbouring slices, by its fast form of one Gaussian filter for
each of a few levels of M0 (bilateral grid: Chen et al., ACM TOG 26:103, 2007).

What M0 does not show, a lesion or a region with more flow, such an average hides. It is still in what was measured
beyond the average: where that, smoothed regardless of M0, is more than noise leaves (`departure`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from deepasl.perfusion.smoothing import FWHM_PER_SD

LOWEST_M0, HIGHEST_M0, LEVELS = 0.55, 1.55, 24
"""Levels of M0 / mean M0; what lies beyond counts as the nearest. White matter, grey matter and CSF differ by 0.15."""

SLICE_DISTANCE = 1.4
"""Distance of slices in voxels in plane, as usual; a network is not told the voxel size."""

SMALL_WEIGHT = 1e-3
"""Added where weights are divided by, so that nothing is divided by zero."""


def gaussian(images: Tensor, fwhm: float) -> Tensor:
    """Images ``[..., h, w]`` smoothed in plane with a Gaussian of `fwhm` voxels, nothing beyond their border.

    As products with two banded matrices, which is many times faster than depthwise convolution.
    """
    return _band(images, -2, fwhm) @ images @ _band(images, -1, fwhm)


def gaussian_reach(fwhm: float) -> int:
    """How far in voxels `gaussian` looks."""
    return round(3.0 * fwhm / FWHM_PER_SD)


@dataclass(frozen=True)
class Grid:
    """Sums of a stack of slices for each level of M0, the "bilateral grid".

    Attributes:
        members: How much each voxel of each slice belongs to each level ``[n, s, levels, h, w]``.
        sums: Sum of the difference images over the slices, then of how much they belong ``[n, 2 * levels, h, w]``.
    """

    members: Tensor
    sums: Tensor


def bilateral_grid(deltam: Tensor, m0: Tensor) -> Grid:
    """Sort the voxels of neighbouring slices by their M0.

    Args:
        deltam: Difference images ``[n, s, h, w]``.
        m0: Their M0 as a fraction of its mean in the brain; 0 outside the brain.
    """
    levels = torch.linspace(LOWEST_M0, HIGHEST_M0, LEVELS, device=m0.device, dtype=m0.dtype)[:, None, None]
    step = (HIGHEST_M0 - LOWEST_M0) / (LEVELS - 1)
    brain = (m0 > 0).to(m0.dtype)[:, :, None]
    distance = (m0.clamp(LOWEST_M0, HIGHEST_M0)[:, :, None] - levels).abs()
    members = functional.relu(1.0 - distance / step) * brain
    sums = torch.cat([(members * deltam[:, :, None]).sum(dim=1), members.sum(dim=1)], dim=1)
    return Grid(members, sums)


@dataclass(frozen=True)
class Nearby:
    """A bilateral grid smoothed in plane: what lies near each voxel, for each level of M0 ``[n, levels, h, w]``.

    Attributes:
        total: Sum of the difference images.
        weight: How many voxels that was.
    """

    total: Tensor
    weight: Tensor

    @classmethod
    def of(cls, grid: Grid, fwhm: float) -> Nearby:
        """Of a grid; near is what a Gaussian of `fwhm` voxels says, all slices count alike."""
        return cls(*torch.chunk(gaussian(grid.sums, fwhm), 2, dim=1))

    def same_m0(self, members: Tensor) -> Tensor:
        """Mean over nearby voxels of the same M0 ``[n, s, h, w]``, for slices whose `Grid.members` are given."""
        total = (members * self.total[:, None]).sum(dim=2)
        return total / ((members * self.weight[:, None]).sum(dim=2) + SMALL_WEIGHT)

    def any_m0(self) -> Tensor:
        """Mean over nearby voxels of any M0 ``[n, 1, h, w]``."""
        return self.total.sum(dim=1, keepdim=True) / (self.weight.sum(dim=1, keepdim=True) + SMALL_WEIGHT)


def around(images: Tensor, brain: Tensor, fwhm: float) -> Tensor:
    """Mean over the brain around each voxel of the middle slice, in three dimensions, ``[n, 1, h, w]``.

    Args:
        images: ``[n, s, h, w]``.
        brain: 1 in the brain, 0 elsewhere, of the same shape.
        fwhm: Width of the Gaussian weights, voxels in plane.
    """
    across = _slice_weights(images, fwhm)
    total = gaussian((images * brain * across).sum(dim=1, keepdim=True), fwhm)
    weight = gaussian((brain * across).sum(dim=1, keepdim=True), fwhm)
    return total / (weight + SMALL_WEIGHT)


def noise_left(images: Tensor, fwhm: float) -> Tensor:
    """SD that `around` leaves of independent noise with SD 1; a single number."""
    across = _slice_weights(images, fwhm)
    in_plane = FWHM_PER_SD / (fwhm * math.sqrt(4.0 * math.pi))
    return in_plane * (across**2).sum().sqrt() / across.sum()


def _slice_weights(images: Tensor, fwhm: float) -> Tensor:
    """Gaussian weights of the slices of a stack ``[s, 1, 1]``."""
    slices = images.shape[1]
    place = SLICE_DISTANCE * (torch.arange(slices, device=images.device, dtype=images.dtype) - slices // 2)
    return torch.exp(-0.5 * (place * FWHM_PER_SD / fwhm) ** 2)[:, None, None]


def _band(images: Tensor, axis: int, fwhm: float) -> Tensor:
    """The matrix that smooths along an axis."""
    place = torch.arange(images.shape[axis], device=images.device, dtype=images.dtype)
    apart = (place[:, None] - place[None, :]).abs()
    sd = fwhm / FWHM_PER_SD
    weights = torch.exp(-0.5 * (apart / sd) ** 2) * (apart <= gaussian_reach(fwhm)).to(images.dtype)
    return weights / (sd * math.sqrt(2.0 * math.pi))
