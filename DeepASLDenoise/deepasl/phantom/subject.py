"""A synthetic person: the truth about flow, arrival and M0 in every voxel.

Flow is mixed by the partial volumes of the tissues: 65 in grey and 20 mL/100g/min in white matter, as in
Ulas et al., DeepASL (MICCAI 2018), section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from deepasl.geometry import Geometry
from deepasl.phantom.fields import receive_field, smooth_variation
from deepasl.phantom.lesion import Lesion, lesion_weight
from deepasl.phantom.tissue import TissueMaps
from deepasl.phantom.transit import Transit, TransitMaps, transit_maps
from deepasl.results import BoolArray
from deepasl.series import FloatArray

REGIONAL_FWHM_MM = 25.0


@dataclass(frozen=True)
class Subject:
    """The truth about one synthetic person.

    Attributes:
        tissue: The anatomy.
        cbf: Blood flow ``[k, j, i]`` float32, mL/100g/min.
        m0: Fully recovered M0 ``[k, j, i]`` float32, scanner units; 0 where there is no tissue.
        mask: Brain ``[k, j, i]``: voxels with at least half parenchyma, and what they enclose.
        transit: When blood arrives; None if all of it has arrived before any scan and its label decays with the T1 of
            blood, as equation 1 of the white paper assumes.
        lesions: What is wrong with this person; `cbf` and `transit` hold it already.
    """

    tissue: TissueMaps
    cbf: FloatArray
    m0: FloatArray
    mask: BoolArray
    transit: TransitMaps | None = None
    lesions: tuple[Lesion, ...] = ()


def make_subject(
    tissue: TissueMaps,
    *,
    grey_cbf: float = 65.0,
    white_cbf: float = 20.0,
    lesions: Sequence[Lesion] = (),
    regional_sd: float = 0.0,
    regional_fwhm_mm: float = REGIONAL_FWHM_MM,
    receive_bias: float = 0.0,
    m0_grey: float = 1000.0,
    m0_white: float = 850.0,
    m0_csf: float = 1200.0,
    transit: Transit | None = None,
    seed: int = 0,
) -> Subject:
    """A person with this anatomy.

    Args:
        tissue: The anatomy.
        grey_cbf: Blood flow of pure grey matter, mL/100g/min.
        white_cbf: Blood flow of pure white matter, mL/100g/min.
        lesions: Where flow is changed.
        regional_sd: SD of the smooth regional variation of flow, as a fraction of it.
        regional_fwhm_mm: Its correlation length: white noise is smoothed by a Gaussian of this width.
        receive_bias: How much the coil brightens the rim against the center: 0.3 for 30 % of M0.
        m0_grey: M0 of pure grey matter, scanner units.
        m0_white: M0 of pure white matter, scanner units.
        m0_csf: M0 of pure CSF, scanner units.
        transit: When blood arrives; None for before any scan.
        seed: Of the regional variations.
    """
    cbf = grey_cbf * tissue.grey + white_cbf * tissue.white
    if regional_sd > 0.0:
        cbf = cbf * _regional_factor(tissue.geometry, regional_sd, regional_fwhm_mm, seed)
    for lesion in lesions:
        cbf = cbf * (1.0 + (lesion.factor - 1.0) * lesion_weight(tissue.geometry, lesion))
    m0 = m0_grey * tissue.grey + m0_white * tissue.white + m0_csf * tissue.csf
    m0 = m0 * receive_field(tissue.geometry, receive_bias)
    arrival = None if transit is None else transit_maps(tissue, grey_cbf, white_cbf, transit, lesions, seed)
    return Subject(tissue, cbf.astype(np.float32), m0.astype(np.float32), _brain_mask(tissue), arrival, tuple(lesions))


def _brain_mask(tissue: TissueMaps) -> BoolArray:
    parenchyma = tissue.grey + tissue.white >= 0.5
    mask: BoolArray = ndimage.binary_fill_holes(ndimage.binary_closing(parenchyma)) | parenchyma
    return mask


def _regional_factor(geometry: Geometry, sd: float, fwhm_mm: float, seed: int) -> FloatArray:
    """A smooth positive random map with mean about 1 and SD about `sd`."""
    variation = smooth_variation(geometry, fwhm_mm, np.random.default_rng(seed))
    factor: FloatArray = np.maximum(1.0 + sd * variation, 0.0).astype(np.float32)
    return factor
