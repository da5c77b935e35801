"""The loss of the DeepASL paper, Ulas et al. (MICCAI 2018), equation 2, and terms for what a reader looks at.

``lambda * |N - N~|^2 + (1 - lambda) * |f_t - f(dM_n - N~)|^2``, f the quantification formula. N is of the order of
1 % of M0 and f of 50 mL/100g/min, so lambda balances nothing unless each term is divided by what it would be for
a network that learned nothing. So it is here: 1 means nothing learned, 0 perfect, in any units.

The error of a voxel says little about the error of a region: a denoiser that dampens all of a lesion by a third errs
little in each voxel. The other terms are errors of means: over regions of several sizes, over all lesions of a patch,
over its pure grey and white matter. Noise averages out in them, so that to shrink towards the usual no longer pays.
And where lesions are rare, to miss them costs little: their voxels may count more.

At several post-labeling delays f is the least-squares fit of CBF and arterial transit time to all of them, to first
order about the truth, and the error of the transit time has a term of its own: what the paper leaves to future work.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from deepasl_trainer.synthetic.random_draws import smoothed
from deepasl_trainer.training.examples import Examples
from deepasl_trainer.training.settings import LossSettings

SMALL_CHANGE = 0.01
"""A lesion that changes flow by less is none."""


@dataclass(frozen=True)
class LossTerms:
    """Each a fraction of what it would be if nothing were known.

    Attributes:
        noise: Mean square error of the noise estimate in each patch over the variance of its noise, averaged over
            patches, so that weak and strong noise count alike.
        cbf: Mean square error of CBF over the variance of the reference CBF, in all patches together.
        region: Mean square error of regional means of CBF over the same variance and that of the noise of the patch, so
            that not only the noisiest patches count; 0 where none is asked for.
        whole_lesion: The same of means over the hypo- and over the hyperperfused lesions of each patch.
        tissue: The same of means over pure grey and over pure white matter outside lesions.
        arrival: Mean square error of the fitted transit time over its variance, voxels counting by the square of their
            CBF; 0 at one delay.
    """

    noise: Tensor
    cbf: Tensor
    region: Tensor
    whole_lesion: Tensor
    tissue: Tensor
    arrival: Tensor

    def weighted(self, settings: LossSettings) -> Tensor:
        """Equation 2 and the terms of means."""
        paper = settings.noise_weight * self.noise + (1.0 - settings.noise_weight) * self.cbf
        means = settings.region_weight * self.region + settings.whole_lesion_weight * self.whole_lesion
        return paper + means + settings.tissue_weight * self.tissue + settings.arrival_weight * self.arrival


def loss_terms(predicted: Tensor, examples: Examples, settings: LossSettings) -> LossTerms:
    """Judge a noise estimate.

    Args:
        predicted: The estimate ``[n, h, w]``, percent of mean M0.
        examples: What it was made from, and the truth.
        settings: Widths of regions, weight of lesions.
    """
    error = predicted.float() - examples.noise
    near_brain = examples.near_brain
    noise_term = (_masked_mean(error**2, near_brain) / _masked_variance(examples.noise, near_brain)).mean()
    brain, cbf = examples.brain, examples.cbf_of(examples.deltam)
    variance = cbf[brain].var(correction=0)
    cbf_error = examples.cbf_of(error)
    weight = (1.0 + settings.lesion_weight * examples.lesion.abs())[brain]
    cbf_term = _weighted_mean((cbf_error**2)[brain], weight) / variance
    # How wrong a mean may be depends on the noise.
    scale = (variance + _masked_mean(examples.cbf_of(examples.noise) ** 2, brain)).sqrt()[:, None, None]
    relative = cbf_error / scale
    regions = [_weighted_mean(_regional_square(relative, brain, fwhm)[brain], weight) for fwhm in settings.region_fwhm]
    healthy = (examples.lesion.abs() < SMALL_CHANGE)[:, None] & examples.tissue
    lesions = torch.stack([(-examples.lesion).clamp(min=0.0), examples.lesion.clamp(min=0.0)], dim=1)
    return LossTerms(
        noise=noise_term,
        cbf=cbf_term,
        region=torch.stack(regions).mean() if regions else torch.zeros_like(cbf_term),
        whole_lesion=_square_of_means(relative, lesions * brain[:, None]),
        tissue=_square_of_means(relative, (healthy & brain[:, None]).float()),
        arrival=_arrival_term(error, examples) if settings.arrival_weight else torch.zeros_like(cbf_term),
    )


def _arrival_term(error: Tensor, examples: Examples) -> Tensor:
    """Error of the fitted transit time, against that of one transit time for all."""
    arrival, brain = examples.arrival, examples.brain
    if arrival is None:
        raise ValueError("one delay does not tell the transit time")
    flow = examples.cbf_of(examples.deltam)[brain]
    att = arrival.att[brain]
    usual = _weighted_mean(att, flow**2)
    unknown = (flow * (att - usual)).square().mean()
    return examples.moment_of(error, arrival)[brain].square().mean() / unknown


def _square_of_means(error: Tensor, parts: Tensor) -> Tensor:
    """Mean square of the error averaged over parts of patches ``[n, parts, h, w]``, larger ones counting more."""
    size = parts.sum(dim=(2, 3))
    means = (error[:, None] * parts).sum(dim=(2, 3)) / size.clamp(min=SMALL_CHANGE)
    return _weighted_mean(means**2, size) if size.sum() > 0 else torch.zeros_like(error[0, 0, 0])


def _regional_square(error: Tensor, brain: Tensor, fwhm: float) -> Tensor:
    """Square of the error averaged over the part of each neighbourhood that lies in the brain ``[n, h, w]``."""
    width = torch.full((len(error),), fwhm, device=error.device)
    total = smoothed(error, width)
    weight = smoothed(brain.float(), width).clamp(min=0.1)
    return (total / weight) ** 2


def _weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum()


def _masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum(dim=(1, 2)) / mask.sum(dim=(1, 2)).clamp(min=1)


def _masked_variance(values: Tensor, mask: Tensor) -> Tensor:
    mean = _masked_mean(values, mask)[:, None, None]
    return _masked_mean((values - mean) ** 2, mask)
