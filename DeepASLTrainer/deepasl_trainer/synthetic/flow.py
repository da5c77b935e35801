"""Blood flow of people that never were: tissue, regional variation, and lesions that leave no trace in M0.

A network that sees M0 learns to paint flow by anatomy unless flow often disagrees with it. Here it does: levels of grey
and white matter, their smooth variation, and lesions of every size and depth are drawn anew each time a patch is seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from deepasl.phantom import LESION_EDGE_MM
from deepasl_trainer.synthetic.random_draws import chance, log_uniform, normal, smoothed_noise, uniform
from deepasl_trainer.training.settings import FlowSettings


@dataclass(frozen=True)
class FlowDraw:
    """Blood flow of a batch, ``[n, s, h, w]``.

    Attributes:
        cbf: In mL/100g/min.
        lesion: What lesions multiply it with; 1 outside of them.
    """

    cbf: Tensor
    lesion: Tensor


def draw_flow(
    tissue: Tensor, brain: Tensor, voxel: Tensor, settings: FlowSettings, generator: torch.Generator
) -> FlowDraw:
    """Flow of people with lesions.

    Args:
        tissue: Partial volumes of grey matter, white matter and CSF ``[n, 3, s, h, w]``.
        brain: Brain ``[n, s, h, w]`` bool; lesions lie in it.
        voxel: Voxel size (i, j, k) in mm ``[n, 3]``.
        settings: What is drawn.
        generator: The source of randomness.
    """
    count = len(tissue)
    grey = uniform(settings.grey_cbf, (count, 1, 1, 1), generator)
    white = uniform(settings.white_cbf, (count, 1, 1, 1), generator)
    flow = grey * tissue[:, 0] + white * tissue[:, 1]
    flow = flow * _regional_factor(flow, voxel, settings, generator)
    lesion = _lesion_factor(brain, voxel, settings, generator) if settings.lesions else torch.ones_like(flow)
    perfused = ~chance(settings.null_share, (count, 1, 1, 1), generator)
    return FlowDraw(flow * lesion * perfused, lesion)


def _regional_factor(flow: Tensor, voxel: Tensor, settings: FlowSettings, generator: torch.Generator) -> Tensor:
    """A positive smooth field with mean 1."""
    fwhm = log_uniform(settings.regional_fwhm, (len(flow),), generator)
    sd = uniform(settings.regional_sd, (len(flow), 1, 1, 1), generator)
    return (1.0 + sd * smooth_field(flow, voxel, fwhm, generator)).clamp(min=0.0)


def smooth_field(like: Tensor, voxel: Tensor, fwhm: Tensor, generator: torch.Generator) -> Tensor:
    """A random field of mean 0 and SD 1 that is nearly the same in neighbouring slices, which lie close together.

    Args:
        like: Of the shape of the field ``[n, s, h, w]``.
        voxel: Voxel size (i, j, k) in mm ``[n, 3]``.
        fwhm: Its width in mm ``[n]``.
        generator: The source of randomness.
    """
    count, slices = like.shape[:2]
    ends = smoothed_noise(normal((count, 2, *like.shape[2:]), generator), fwhm / voxel[:, 0])
    # Along the slices the field turns from one random image into another within its own width.
    angle = (torch.arange(slices, device=like.device) - slices // 2)[None] * (voxel[:, 2] / fwhm)[:, None]
    angle = angle[:, :, None, None]
    return torch.cos(angle) * ends[:, :1] + torch.sin(angle) * ends[:, 1:]


def _lesion_factor(brain: Tensor, voxel: Tensor, settings: FlowSettings, generator: torch.Generator) -> Tensor:
    """What ellipsoids in the brain multiply flow with: 1 outside of them."""
    count, slices, height, width = brain.shape
    shape = (count, settings.lesions)
    middle = brain[:, slices // 2].reshape(count, -1).float()
    anywhere = torch.where(middle.sum(dim=1, keepdim=True) > 0, middle, torch.ones_like(middle))
    place = torch.multinomial(anywhere, settings.lesions, replacement=True, generator=generator)
    radius = log_uniform(settings.lesion_radius, shape, generator)
    stretch = log_uniform((1.0 / settings.lesion_stretch, settings.lesion_stretch), (*shape, 3), generator)
    factor = torch.where(
        chance(0.5, shape, generator),
        uniform(settings.hypo_factor, shape, generator),
        uniform(settings.hyper_factor, shape, generator),
    )
    # Some patches have many lesions, some have none.
    present = uniform((0.0, 1.0), shape, generator) < uniform((0.0, 1.0), (count, 1), generator)
    rise = torch.where(present, factor - 1.0, 0.0)
    height_mm = uniform((-1.0, 1.0), shape, generator) * radius
    rows = torch.arange(height, device=brain.device) - (place // width)[..., None]
    columns = torch.arange(width, device=brain.device) - (place % width)[..., None]
    planes = (torch.arange(slices, device=brain.device) - slices // 2)[None, None, :] * voxel[:, 2, None, None]
    dx = (columns * voxel[:, 0, None, None] / stretch[..., 0:1])[:, :, None, None, :]
    dy = (rows * voxel[:, 1, None, None] / stretch[..., 1:2])[:, :, None, :, None]
    dz = ((planes - height_mm[..., None]) / stretch[..., 2:3])[:, :, :, None, None]
    distance = (dx**2 + dy**2 + dz**2).sqrt()
    outside = (distance - radius[:, :, None, None, None]) / LESION_EDGE_MM
    weight = 0.5 - 0.5 * torch.sin(torch.pi * outside.clamp(-0.5, 0.5))
    return (1.0 + rise[:, :, None, None, None] * weight).prod(dim=1)
