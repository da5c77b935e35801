"""When labeled blood arrives, and how long its label lasts in tissue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepasl.phantom.fields import smooth_variation
from deepasl.phantom.lesion import Lesion, lesion_weight
from deepasl.phantom.tissue import TissueMaps
from deepasl.series import FloatArray


@dataclass(frozen=True)
class Transit:
    """Arrival of blood in pure tissue. Times in s.

    The defaults are those of the 3 T digital reference object of ASLDRO (Gold Standard Phantoms).

    Attributes:
        grey_att, white_att: Arterial transit time.
        grey_t1, white_t1: T1 of the tissue.
        regional_sd: SD of the smooth regional variation of the transit time.
        regional_fwhm_mm: Its correlation length: white noise is smoothed by a Gaussian of this width.
    """

    grey_att: float = 0.8
    white_att: float = 1.2
    grey_t1: float = 1.33
    white_t1: float = 0.83
    regional_sd: float = 0.0
    regional_fwhm_mm: float = 40.0


@dataclass(frozen=True)
class TransitMaps:
    """The truth about the arrival of blood; 0 where no blood flows.

    Attributes:
        att: Arterial transit time ``[k, j, i]`` float32, s.
        t1: T1 of the tissue ``[k, j, i]`` float32, s.
    """

    att: FloatArray
    t1: FloatArray


def transit_maps(
    tissue: TissueMaps, grey_flow: float, white_flow: float, transit: Transit, lesions: Sequence[Lesion], seed: int
) -> TransitMaps:
    """Transit times and T1 of every voxel: one of each, the mean over the blood that flows into it.

    One transit time and one T1 in each voxel make the two-parameter model (CBF and ATT) exact in all of them.

    Args:
        tissue: The anatomy.
        grey_flow: Blood flow of pure grey matter, any unit.
        white_flow: Blood flow of pure white matter, in the same.
        transit: Times of pure tissue and their variation.
        lesions: Where blood arrives later.
        seed: Of the regional variation.
    """
    grey, white = grey_flow * tissue.grey, white_flow * tissue.white
    total = grey + white
    share = np.divide(grey, total, out=np.zeros_like(total), where=total > 0)
    att = transit.white_att + (transit.grey_att - transit.white_att) * share
    if transit.regional_sd > 0.0:
        # A stream of its own: the same seed draws the regional variation of flow.
        rng = np.random.default_rng((seed, 1))
        att = att + transit.regional_sd * smooth_variation(tissue.geometry, transit.regional_fwhm_mm, rng)
    for lesion in lesions:
        att = att + lesion.att_delay * lesion_weight(tissue.geometry, lesion)
    t1 = transit.white_t1 + (transit.grey_t1 - transit.white_t1) * share
    flowing = total > 0
    return TransitMaps(
        np.where(flowing, np.maximum(att, 0.0), 0.0).astype(np.float32), np.where(flowing, t1, 0.0).astype(np.float32)
    )
