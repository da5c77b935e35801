"""Which pairs of a scan are averaged for the noisy image, and which for the reference it is judged against.

``"halves"``: the pairs fall into two halves at random; some pairs of the one are the noisy image, all of the other the
reference. The two share the blood flow and no noise, so that a network trained towards the reference learns what
it would learn from the truth: Lehtinen et al., "Noise2Noise", ICML 2018 (arXiv 1803.04189). Of N pairs with noise
variance v, the noisy image of n pairs has v / n, the reference v / (N - N // 2): no network gets below the latter.

``"mean-of-all"``, the protocol of Ulas et al., "DeepASL", MICCAI 2018: some of the pairs against the mean of all. Noise
of the two is correlated by sqrt(n / N), and keeping noise looks like finding truth.
"""

from __future__ import annotations

import torch
from torch import Tensor

from deepasl_trainer.invivo.settings import Reference

LEAST_PAIRS = 2
"""One for each half."""

LEAST_AVERAGED = 2


def shuffle(counts: Tensor, width: int, generator: torch.Generator) -> Tensor:
    """A random order of the pairs of each scan.

    Args:
        counts: How many pairs each has ``[n]`` int64, at most `width`.
        width: How many there is room for.
        generator: The source of randomness, on the device of `counts`.

    Returns:
        The rank of each pair ``[n, width]`` int64: 0 to `counts` - 1, room without a pair above.
    """
    keys = torch.rand((len(counts), width), generator=generator, device=counts.device)
    keys[torch.arange(width, device=counts.device) >= counts[:, None]] = 2.0
    return keys.argsort(dim=1).argsort(dim=1)


def choose(ranks: Tensor, counts: Tensor, fractions: Tensor, reference: Reference) -> tuple[Tensor, Tensor]:
    """The pairs of the noisy image and those of the reference.

    Args:
        ranks: Order of the pairs ``[n, width]``: see `shuffle`.
        counts: How many pairs there are ``[n]``, at least `LEAST_PAIRS`.
        fractions: The part of the pairs there are to choose from that is averaged ``[n]``. Two pairs are averaged at
            least, so that their spread tells the noise, where there are so many; and never all that the reference is
            made of.
        reference: The protocol.

    Returns:
        Two masks ``[n, width]`` bool, in this order.
    """
    available = counts // 2 if reference == "halves" else counts
    most = available if reference == "halves" else counts - 1
    taken = torch.minimum((fractions * available).round().long().clamp(min=LEAST_AVERAGED), most)
    noisy = ranks < taken[:, None]
    first = available if reference == "halves" else torch.zeros_like(counts)
    return noisy, (ranks >= first[:, None]) & (ranks < counts[:, None])


def mean_of(pairs: Tensor, chosen: Tensor) -> Tensor:
    """The mean of the chosen pairs of each scan.

    Multiplied and summed in float32, not as a matrix product, which autocasting to bfloat16 would spoil.

    Args:
        pairs: ``[n, width, ...]``, finite everywhere.
        chosen: ``[n, width]`` bool, at least one in each row.

    Returns:
        ``[n, ...]`` float32.
    """
    weights = chosen.float() / chosen.sum(dim=1, keepdim=True)
    return (pairs * weights.reshape(*chosen.shape, *(1,) * (pairs.ndim - 2))).sum(dim=1)
