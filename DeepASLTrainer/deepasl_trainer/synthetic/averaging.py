"""Noise as averaging leaves it, drawn afresh each time a patch is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import overload

import torch
from torch import Tensor

from deepasl_trainer.synthetic.random_draws import chance, log_uniform, normal, smoothed_noise, uniform
from deepasl_trainer.training.settings import NoiseSettings


@overload
def averaged_noise_percent(image_percent: float, pairs: float) -> float: ...


@overload
def averaged_noise_percent(image_percent: Tensor, pairs: float | Tensor) -> Tensor: ...


def averaged_noise_percent(image_percent: float | Tensor, pairs: float | Tensor) -> float | Tensor:
    """SD of the mean difference of `pairs` pairs, from the SD of one image: sqrt(2 / pairs) of it."""
    return image_percent * (2.0 / pairs) ** 0.5


@dataclass(frozen=True)
class NoiseLevel:
    """How noisy the averaged difference images of a batch are.

    Attributes:
        sd: In percent of mean M0 ``[n, s, h, w]``.
        fwhm: In-plane width of its correlation in voxels ``[n]``.
        through: Weight in it of the slices above and below ``[n]``.
    """

    sd: Tensor
    fwhm: Tensor
    through: Tensor

    def draw(self, generator: torch.Generator) -> Tensor:
        """Noise of one image of each ``[n, s, h, w]``."""
        return self.sd * correlated(normal(self.sd.shape, generator), self.fwhm, self.through)


def draw_noise_level(
    noise_shape: Tensor, noise_percent: Tensor, settings: NoiseSettings, generator: torch.Generator
) -> NoiseLevel:
    """Each patch draws its own level of noise.

    It is the measured noise after averaging one of the given fractions of the pairs, or any level in a broad range,
    between even and shaped as measured. Some noise is correlated between neighbours, as interpolation, smoothing and 3D
    readouts leave it.

    Args:
        noise_shape: Measured SD over its mean in the brain ``[n, s, h, w]``.
        noise_percent: That mean, for one image ``[n]``.
        settings: What is drawn.
        generator: The source of randomness.
    """
    count = len(noise_shape)
    is_measured = chance(settings.measured_share, (count,), generator)
    measured = _measured_level(noise_percent, settings, generator)
    level = torch.where(is_measured, measured, log_uniform(settings.broad_percent, (count,), generator))
    evenness = torch.where(is_measured, 0.0, uniform((0.0, 1.0), (count,), generator))
    each = (slice(None), None, None, None)
    sd = level[each] * (evenness[each] + (1.0 - evenness[each]) * noise_shape)
    is_correlated = chance(settings.correlated_share, (count,), generator)
    fwhm = torch.where(is_correlated, uniform(settings.correlation_voxels, (count,), generator), 0.0)
    through = torch.where(is_correlated, uniform((0.0, settings.through_plane), (count,), generator), 0.0)
    return NoiseLevel(sd, fwhm, through)


def correlated(white: Tensor, fwhm: Tensor, through: Tensor) -> Tensor:
    """White noise ``[n, s, h, w]`` made alike between neighbours, its variance kept.

    Args:
        white: Independent normal values.
        fwhm: Width in voxels ``[n]`` of a Gaussian filter in plane. It wraps around the patch, so that the noise is the
            same everywhere in it.
        through: Weight ``[n]`` of the slices above and below in each; beyond the first and last slice they wrap around.
    """
    weight = through[:, None, None, None]
    mixed = white + weight * (white.roll(1, dims=1) + white.roll(-1, dims=1)) if white.shape[1] > 2 else white
    scale = (1.0 + 2.0 * weight**2).sqrt() if white.shape[1] > 2 else torch.ones_like(weight)
    return smoothed_noise(mixed / scale, fwhm)


def _measured_level(noise_percent: Tensor, settings: NoiseSettings, generator: torch.Generator) -> Tensor:
    fractions = torch.tensor(settings.fractions, device=noise_percent.device)
    shape = (len(noise_percent),)
    fraction = fractions[torch.randint(len(fractions), shape, generator=generator, device=noise_percent.device)]
    return averaged_noise_percent(settings.measured_scale * noise_percent, settings.pairs * fraction)
