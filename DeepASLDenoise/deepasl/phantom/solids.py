"""Solids of which the built-in anatomy is made, described by how deep a point lies below their surface."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Points = NDArray[np.float32]
"""RAS coordinates in mm, ``[3, n]``."""


@dataclass(frozen=True)
class Ellipsoid:
    """Center and semi-axes in mm (RAS)."""

    center: tuple[float, float, float]
    radii: tuple[float, float, float]

    def depth(self, points: Points) -> Field:
        """Distance below its surface in mm, to first order; negative outside."""
        radii = np.asarray(self.radii, dtype=np.float32)[:, None]
        unit = (points - np.asarray(self.center, dtype=np.float32)[:, None]) / radii
        reach, slope = length(unit), length(unit / radii)
        depth: Field = ((1.0 - reach) * reach / np.maximum(slope, 1e-6)).astype(np.float32)
        return depth


@dataclass(frozen=True)
class Tube:
    """A chain of spheres (x, y, z, radius in mm) that taper into each other."""

    spheres: tuple[tuple[float, float, float, float], ...]

    def depth(self, points: Points) -> Field:
        """Distance below its surface in mm; negative outside."""
        deepest = np.full(points.shape[1], -np.inf, dtype=np.float32)
        for start, end in pairwise(np.asarray(self.spheres, dtype=np.float32)):
            axis = (end - start)[:3]
            from_start = points - start[:3, None]
            along = np.clip(axis @ from_start / (axis @ axis), 0.0, 1.0)
            radius = start[3] + along * (end[3] - start[3])
            across = from_start - axis[:, None] * along
            np.maximum(deepest, radius - length(across), out=deepest)
        return deepest


def length(vectors: NDArray[np.floating]) -> Field:
    """Lengths of the columns of ``[3, n]``."""
    lengths: Field = np.sqrt(np.einsum("in,in->n", vectors, vectors))
    return lengths


def cover(depth: NDArray[np.floating], step: float) -> Field:
    """Fraction of a cell of `step` mm that lies within a surface `depth` mm away."""
    covered: Field = np.clip(0.5 + depth / step, 0.0, 1.0).astype(np.float32, copy=False)
    return covered
