"""Flow of pure grey and pure white matter in voxels that hold both.

Linear regression after Asllani et al., Magn Reson Med 2008;60:1362-1371: in a square of neighboring voxels of a slice,
flow of a tissue is taken to be the same, and the partial volumes of the voxels tell the tissues apart. The price is
smoothing: a change of flow narrower than the square is seen as wide as it. Unlike Asllani, who unmixes difference and
M0 images apart, the ratio of both is unmixed: then the receive field falls out, and the tissues mixed again give the
flow of the voxel that the uncorrected map shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from deepasl.calibration.m0 import unusable_m0
from deepasl.geometry import Geometry
from deepasl.results import BoolArray
from deepasl.series import FloatArray
from deepasl.tissue.maps import TissueProbability

KERNEL_MM = 15.0
"""Width of the square: 5 x 5 voxels of 3 to 4 mm, Asllani's."""

FEWEST_VOXELS_ACROSS = 3

LEAST_SHARE = 0.1
"""Of a tissue in a voxel below which nothing is said of its flow there."""

CONDITION = 1e-4
"""Ratio of the eigenvalues of the normal matrix below which the partial volumes do not tell the tissues apart."""


@dataclass(frozen=True)
class Unmixed:
    """Difference signals of pure tissue.

    Attributes:
        grey: What the difference image would be if the voxel, with the M0 it has, were grey matter alone; divided by M0
            and quantified as any difference image it gives the flow of grey matter. ``[k, j, i]`` float32, scanner
            units; 0 where there is less than `LEAST_SHARE` of it, and outside the mask.
        white: The same for white matter.
    """

    grey: FloatArray
    white: FloatArray


def unmixed(
    deltam: FloatArray,
    m0: FloatArray,
    tissue: TissueProbability,
    mask: BoolArray,
    geometry: Geometry,
    kernel_mm: float = KERNEL_MM,
) -> Unmixed:
    """Difference signals of grey and of white matter by linear regression in a square around every voxel.

    Args:
        deltam: Control minus label ``[k, j, i]``, scanner units.
        m0: What it is divided by, ``[k, j, i]``, scanner units.
        tissue: Partial volumes.
        mask: The brain.
        geometry: The grid.
        kernel_mm: Width of the square in the slice; at least `FEWEST_VOXELS_ACROSS` voxels are taken.
    """
    usable = mask & ~unusable_m0(m0, mask)
    ratio = np.divide(deltam, m0, out=np.zeros(m0.shape), where=usable)
    grey, white = (np.where(usable, share, 0.0).astype(np.float64) for share in (tissue.grey, tissue.white))
    size = (1, *(_voxels_across(kernel_mm, spacing) for spacing in (geometry.spacing[1], geometry.spacing[0])))

    def around(values: NDArray[np.float64]) -> NDArray[np.float64]:
        mean: NDArray[np.float64] = ndimage.uniform_filter(values, size, mode="constant")
        return mean[usable]

    normal = np.stack([around(grey * grey), around(grey * white), around(grey * white), around(white * white)], axis=-1)
    signal = np.stack([around(grey * ratio), around(white * ratio)], axis=-1)
    inverse = np.linalg.pinv(normal.reshape(-1, 2, 2), rcond=CONDITION, hermitian=True)
    per_tissue = np.einsum("nab,nb->an", inverse, signal)
    grey_signal, white_signal = (
        _placed(flow * m0[usable], usable, share) for flow, share in zip(per_tissue, (grey, white), strict=True)
    )
    return Unmixed(grey_signal, white_signal)


def _placed(values: NDArray[np.float64], usable: BoolArray, share: NDArray[np.float64]) -> FloatArray:
    volume = np.zeros(usable.shape, dtype=np.float32)
    volume[usable] = values
    return np.where(share >= LEAST_SHARE, volume, np.float32(0.0))


def _voxels_across(kernel_mm: float, spacing: float) -> int:
    """An odd number of voxels, as near to the width as can be."""
    return max(FEWEST_VOXELS_ACROSS, 2 * round((kernel_mm / spacing - 1.0) / 2.0) + 1)
