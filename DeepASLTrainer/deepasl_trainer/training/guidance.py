"""What an M0 image tells about a noisy difference image before anything is learned.

Voxels that lie near each other and have the same M0 are the same mixture of tissues, and so have about the same
perfusion: averaging over them removes noise and keeps the borders of tissue. This is the joint bilateral filter
(Petschnigg et al., ACM TOG 23:664, 2004), here over neighbouring slices, by its fast form of one Gaussian filter for
each of a few levels of M0 (bilateral grid: Chen et al., ACM TOG 26:103, 2007).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from deepasl.smoothing import FWHM_PER_SD

LOWEST_M0, HIGHEST_M0, LEVELS = 0.55, 1.55, 24
"""Levels of M0 / mean M0; what lies beyond counts as the nearest. White matter, grey matter and CSF differ by 0.15."""

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
        here: How much each voxel of the middle slice belongs to each level ``[n, levels, h, w]``.
        sums: Sum of the difference images over the slices, then of how much they belong ``[n, 2 * levels, h, w]``.
    """

    here: Tensor
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
    member = functional.relu(1.0 - distance / step) * brain
    sums = torch.cat([(member * deltam[:, :, None]).sum(dim=1), member.sum(dim=1)], dim=1)
    return Grid(member[:, m0.shape[1] // 2], sums)


def joint_bilateral(grid: Grid, fwhm: float) -> tuple[Tensor, Tensor]:
    """Mean over nearby voxels of the same M0, and of any M0, for the middle slice; both ``[n, 1, h, w]``.

    Args:
        grid: The sorted voxels.
        fwhm: How near, in voxels in plane; all slices count alike.
    """
    total, weight = torch.chunk(gaussian(grid.sums, fwhm), 2, dim=1)
    same = (grid.here * total).sum(dim=1, keepdim=True) / ((grid.here * weight).sum(dim=1, keepdim=True) + SMALL_WEIGHT)
    return same, total.sum(dim=1, keepdim=True) / (weight.sum(dim=1, keepdim=True) + SMALL_WEIGHT)


def _band(images: Tensor, axis: int, fwhm: float) -> Tensor:
    """The matrix that smooths along an axis."""
    place = torch.arange(images.shape[axis], device=images.device, dtype=images.dtype)
    apart = (place[:, None] - place[None, :]).abs()
    sd = fwhm / FWHM_PER_SD
    weights = torch.exp(-0.5 * (apart / sd) ** 2) * (apart <= gaussian_reach(fwhm)).to(images.dtype)
    return weights / (sd * math.sqrt(2.0 * math.pi))
