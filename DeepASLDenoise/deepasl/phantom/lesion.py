"""Regions of low or high blood flow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepasl.geometry import Geometry
from deepasl.phantom.fields import ras_coordinates
from deepasl.results import BoolArray
from deepasl.series import FloatArray

LESION_EDGE_MM = 3.0
"""Width of the edge over which a lesion fades."""


@dataclass(frozen=True)
class Lesion:
    """An ellipsoid in which blood flow is too low or too high; M0 shows no trace of it.

    Attributes:
        center_mm: Its center (x, y, z) in RAS mm.
        radius_mm: Where the change has fallen to one half.
        factor: Flow inside as a multiple of what it would be: below 1 a deficit, above 1 hyperperfusion.
        elongation: Its semi-axes along (x, y, z) as multiples of the radius; a ball by default.
        att_delay: How much later blood arrives inside, in s; it matters only to subjects with transit times.
    """

    center_mm: tuple[float, float, float]
    radius_mm: float
    factor: float
    elongation: tuple[float, float, float] = (1.0, 1.0, 1.0)
    att_delay: float = 0.0


def lesion_weight(geometry: Geometry, lesion: Lesion) -> FloatArray:
    """How much of its change a lesion makes in every voxel ``[k, j, i]``: 1 inside, 0 outside, a soft edge between."""
    offsets = [
        (p - c) / e for p, c, e in zip(ras_coordinates(geometry), lesion.center_mm, lesion.elongation, strict=True)
    ]
    outside = (np.sqrt(sum(offset**2 for offset in offsets)) - lesion.radius_mm) / LESION_EDGE_MM
    weight: FloatArray = (0.5 - 0.5 * np.sin(np.pi * np.clip(outside, -0.5, 0.5))).astype(np.float32)
    return weight


def lesion_mask(geometry: Geometry, lesion: Lesion) -> BoolArray:
    """Voxels ``[k, j, i]`` in which a lesion makes at least half of its change."""
    inside: BoolArray = lesion_weight(geometry, lesion) >= 0.5
    return inside
