"""Random numbers and fields, one for each patch of a batch, on the device of the batch."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from deepasl.perfusion.smoothing import FWHM_PER_SD
from deepasl_trainer.training.settings import Range


def uniform(limits: Range, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Values between two limits."""
    low, high = limits
    return low + (high - low) * torch.rand(shape, generator=generator, device=generator.device)


def log_uniform(limits: Range, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Values between two positive limits, as often in each octave."""
    low, high = limits
    return uniform((math.log(low), math.log(high)), shape, generator).exp()


def chance(probability: float, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """True with a probability."""
    return torch.rand(shape, generator=generator, device=generator.device) < probability


def normal(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Normally distributed values with mean 0 and SD 1."""
    return torch.randn(shape, generator=generator, device=generator.device)


def smoothed(images: Tensor, fwhm: Tensor) -> Tensor:
    """Images ``[n, ..., h, w]`` filtered in plane with a Gaussian of `fwhm` voxels ``[n]``.

    The filter wraps around the image: a random field is as random at its border as in its middle.
    """
    transfer = _transfer(images, fwhm)
    filtered: Tensor = torch.fft.irfft2(torch.fft.rfft2(images) * transfer, s=images.shape[-2:])
    return filtered


def smoothed_noise(white: Tensor, fwhm: Tensor) -> Tensor:
    """White noise ``[n, ..., h, w]`` filtered as `smoothed` does, its variance kept."""
    transfer = _transfer(white, fwhm)
    power = _mean_square(transfer, white.shape[-1])
    filtered: Tensor = torch.fft.irfft2(torch.fft.rfft2(white) * (transfer / power.sqrt()), s=white.shape[-2:])
    return filtered


def _transfer(images: Tensor, fwhm: Tensor) -> Tensor:
    """Fourier transform of the Gaussian, ``[n, 1..., h, w // 2 + 1]``."""
    height, width = images.shape[-2:]
    rows = torch.fft.fftfreq(height, device=images.device)[:, None]
    columns = torch.fft.rfftfreq(width, device=images.device)[None, :]
    sigma = (fwhm / FWHM_PER_SD).reshape(-1, *(1,) * (images.ndim - 1))
    return torch.exp(-2.0 * (math.pi * sigma) ** 2 * (rows**2 + columns**2))


def _mean_square(transfer: Tensor, width: int) -> Tensor:
    """Mean square over all frequencies, of which a real transform holds one of each pair."""
    weight = torch.full((transfer.shape[-1],), 2.0, device=transfer.device)
    weight[0] = 1.0
    if width % 2 == 0:
        weight[-1] = 1.0
    total = (transfer**2 * weight).sum(dim=(-2, -1), keepdim=True)
    return total / (transfer.shape[-2] * width)
