"""The loss of the DeepASL paper: Ulas et al. (MICCAI 2018), equation 2.

``lambda * |N - N~|^2 + (1 - lambda) * |f_t - f(dM_n - N~)|^2``, f the quantification formula. N is of the order of
1 % of M0 and f of 50 mL/100g/min, so lambda balances nothing unless each term is divided by what it would be for
a network that learned nothing. So it is here: 1 means nothing learned, 0 perfect, in any units.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class LossTerms:
    """Both terms of equation 2, each a fraction of its reference variance.

    Attributes:
        noise: Mean square error of the noise estimate in each patch over the variance of its noise, averaged over
            patches, so that weak and strong noise count alike.
        cbf: Mean square error of CBF over the variance of the reference CBF, in all patches together.
    """

    noise: Tensor
    cbf: Tensor

    def weighted(self, noise_weight: float) -> Tensor:
        """Equation 2 with lambda = `noise_weight`."""
        return noise_weight * self.noise + (1.0 - noise_weight) * self.cbf


def loss_terms(
    predicted: Tensor, noise: Tensor, deltam: Tensor, m0: Tensor, gain: Tensor, near_brain: Tensor
) -> LossTerms:
    """Judge a noise estimate.

    Args:
        predicted: The estimate ``[n, h, w]``, in the unit of `deltam`.
        noise: The true noise, likewise.
        deltam: The noise-free difference image, likewise.
        m0: M0 ``[n, h, w]`` in the unit of `deltam`; 0 outside the brain, where CBF does not count.
        gain: CBF per unit of dM/M0 ``[n]``, from `deepasl.quantification.pcasl_gain`.
        near_brain: Where the noise counts, ``[n, h, w]`` bool; at least one voxel in each patch.
    """
    error = predicted.float() - noise
    noise_term = (_masked_mean(error**2, near_brain) / _masked_variance(noise, near_brain)).mean()
    brain = m0 > 0
    cbf_of = (gain[:, None, None] / torch.where(brain, m0, torch.ones_like(m0))) * brain
    reference = cbf_of * deltam
    restored = cbf_of * (deltam + noise - predicted.float())
    squares = ((reference - restored) ** 2)[brain].mean()
    return LossTerms(noise_term, squares / reference[brain].var(correction=0))


def _masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum(dim=(1, 2)) / mask.sum(dim=(1, 2))


def _masked_variance(values: Tensor, mask: Tensor) -> Tensor:
    mean = _masked_mean(values, mask)[:, None, None]
    return _masked_mean((values - mean) ** 2, mask)
