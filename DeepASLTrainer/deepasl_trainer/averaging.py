"""Noise as averaging leaves it, drawn afresh each time a patch is seen."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from deepasl.smoothing import FWHM_PER_SD
from deepasl_trainer.settings import NoiseSettings, Range


def averaged_noise_percent(image_percent: float | Tensor, pairs: float | Tensor) -> float | Tensor:
    """SD of the mean difference of `pairs` pairs, from the SD of one image: sqrt(2 / pairs) of it."""
    return image_percent * (2.0 / pairs) ** 0.5


def draw_noise(
    noise_shape: Tensor, noise_percent: Tensor, settings: NoiseSettings, generator: torch.Generator
) -> Tensor:
    """Noise of averaged difference images, in percent of mean M0.

    Each patch draws its own level: the measured noise after averaging one of the given fractions of the pairs, or any
    level in a broad range, between even and shaped as measured. Some noise is correlated between neighbours, as
    interpolation and motion correction leave it.

    Args:
        noise_shape: Measured SD over its mean in the brain ``[n, h, w]``.
        noise_percent: That mean, for one image ``[n]``.
        settings: What is drawn.
        generator: The source of randomness.

    Returns:
        ``[n, h, w]``.
    """
    count = len(noise_shape)
    fractions = torch.tensor(settings.fractions)
    fraction = fractions[torch.randint(len(fractions), (count,), generator=generator)]
    measured = averaged_noise_percent(settings.measured_scale * noise_percent, settings.pairs * fraction)
    low, high = (math.log(value) for value in settings.broad_percent)
    broad = torch.exp(_uniform((low, high), count, generator))
    is_measured = torch.rand(count, generator=generator) < settings.measured_share
    level = torch.where(is_measured, measured, broad)
    evenness = torch.where(is_measured, 0.0, torch.rand(count, generator=generator))[:, None, None]
    sd = level[:, None, None] * (evenness + (1.0 - evenness) * noise_shape)
    is_correlated = torch.rand(count, generator=generator) < settings.correlated_share
    fwhm = torch.where(is_correlated, _uniform(settings.correlation_voxels, count, generator), 0.0)
    white = torch.randn(noise_shape.shape, generator=generator)
    return sd * correlated(white, fwhm)


def correlated(white: Tensor, fwhm: Tensor) -> Tensor:
    """White noise ``[n, h, w]`` smoothed with a Gaussian of `fwhm` voxels ``[n]``, its variance kept.

    The filter wraps around the patch, so that the noise is the same everywhere in it.
    """
    height, width = white.shape[1:]
    squares = torch.fft.fftfreq(height)[:, None] ** 2 + torch.fft.fftfreq(width)[None, :] ** 2
    sigma = fwhm[:, None, None] / FWHM_PER_SD
    transfer = torch.exp(-2.0 * (math.pi * sigma) ** 2 * squares)
    transfer = transfer / (transfer**2).mean(dim=(1, 2), keepdim=True).sqrt()
    noise: Tensor = torch.fft.ifft2(torch.fft.fft2(white) * transfer).real
    return noise


def _uniform(limits: Range, count: int, generator: torch.Generator) -> Tensor:
    low, high = limits
    return low + (high - low) * torch.rand(count, generator=generator)
