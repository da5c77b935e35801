"""What M0 looks like: on every scanner another contrast, coil, sharpness and noise."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from deepasl_trainer.synthetic.random_draws import chance, normal, smoothed, uniform
from deepasl_trainer.training.settings import M0Settings

COIL_DISTANCE_MM = 90.0
"""From the centre of a head to its rim, where a receive coil is brightest."""


@dataclass(frozen=True)
class M0Draw:
    """M0 of a batch as a fraction of its mean in the brain, ``[n, s, h, w]``.

    Attributes:
        true: What scales the perfusion signal.
        seen: What the M0 scan shows: blurred and noisy, 0 outside the brain.
    """

    true: Tensor
    seen: Tensor


def draw_m0(
    tissue: Tensor, brain: Tensor, brain_mean: Tensor, voxel: Tensor, settings: M0Settings, generator: torch.Generator
) -> M0Draw:
    """M0 with a random contrast.

    Args:
        tissue: Partial volumes of grey matter, white matter and CSF ``[n, 3, s, h, w]``.
        brain: Brain ``[n, s, h, w]`` bool.
        brain_mean: Mean partial volumes in the whole brain of each scan ``[n, 3]``.
        voxel: Voxel size (i, j, k) in mm ``[n, 3]``.
        settings: What is drawn.
        generator: The source of randomness.
    """
    count = len(tissue)
    white = torch.where(
        chance(settings.rare_share, (count, 1), generator),
        uniform(settings.white_rare, (count, 1), generator),
        uniform(settings.white, (count, 1), generator),
    )
    csf = uniform(settings.csf, (count, 1), generator)
    levels = torch.cat([torch.ones_like(white), white, csf], dim=1)
    levels = levels / (levels * brain_mean).sum(dim=1, keepdim=True)
    true = (levels[:, :, None, None, None] * tissue).sum(dim=1) * _receive_field(tissue, voxel, settings, generator)
    blurred = smoothed(true, uniform(settings.blur_voxels, (count,), generator))
    noise = uniform(settings.noise_percent, (count, 1, 1, 1), generator) / 100.0 * normal(true.shape, generator)
    return M0Draw(true, (blurred + noise) * _mask_found(brain, settings, generator))


def _mask_found(brain: Tensor, settings: M0Settings, generator: torch.Generator) -> Tensor:
    """The brain, or a voxel more all round, ``[n, s, h, w]``."""
    loose = chance(settings.loose_share, (len(brain), 1, 1, 1), generator)
    grown = functional.max_pool2d(brain.float(), 3, stride=1, padding=1)
    return torch.where(loose, grown, brain.float())


def _receive_field(tissue: Tensor, voxel: Tensor, settings: M0Settings, generator: torch.Generator) -> Tensor:
    """A coil that is brighter at the rim of the head, whose centre lies anywhere in the patch."""
    count, height, width = len(tissue), *tissue.shape[-2:]
    bias = uniform(settings.receive_bias, (count, 1, 1, 1), generator)
    centre = uniform((0.0, 1.0), (count, 2), generator)
    rows = (torch.arange(height, device=tissue.device) - centre[:, :1] * height) * voxel[:, 1:2]
    columns = (torch.arange(width, device=tissue.device) - centre[:, 1:] * width) * voxel[:, 0:1]
    squares = rows[:, None, :, None] ** 2 + columns[:, None, None, :] ** 2
    return 1.0 + bias * (squares / COIL_DISTANCE_MM**2).clamp(max=1.0)
