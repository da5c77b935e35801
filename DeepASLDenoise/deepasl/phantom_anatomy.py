"""A brain made by code: the default anatomy of the phantom, on any voxel grid, without any download.

Surfaces are described by signed distances in mm in a RAS frame whose origin lies between the two thalami
(x to the right, y to the front, z up). Cortex follows from them: grey matter is whatever lies within the
cortical thickness of the outer surface or of a sulcus, so that the ribbon folds as the sulci do. Sizes are those
of an adult brain. The two hemispheres differ in folding, length (right frontal and left occipital petalia)
and ventricle size, so that an image flipped by mistake can be told from a right one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from deepasl.geometry import Geometry

Field = NDArray[np.float32]

SAMPLE_STEP_MM = 1.4
"""Largest distance between the points averaged into a voxel."""

CORTEX_MM = 2.8
SULCUS_HALF_WIDTH_MM = 0.6
SUBARACHNOID_MM = 3.0
SULCUS_DEPTH_MM = 17.0
GYRUS_WAVELENGTH_MM = 27.0

LATERAL_VENTRICLE = ((13, 31, 6, 3.5), (9, 14, 13, 5.5), (13, -10, 20, 5.5), (23, -34, 13, 7.5), (24, -60, 6, 3.0))
TEMPORAL_HORN = ((23, -34, 11, 6.0), (33, -22, -8, 3.0), (32, -6, -15, 2.5))
CAUDATE = ((14, 22, 3, 6.0), (17, 6, 15, 4.5), (22, -20, 19, 2.5))
"""Chains of spheres (x, y, z, radius) in mm, right side."""


@dataclass(frozen=True)
class Ellipsoid:
    """Centre and semi-axes in mm (RAS)."""

    centre: tuple[float, float, float]
    radii: tuple[float, float, float]

    def depth(self, x: Field, y: Field, z: Field) -> Field:
        """Distance below its surface in mm, to first order; negative outside."""
        u, v, w = ((p - c) / r for p, c, r in zip((x, y, z), self.centre, self.radii, strict=True))
        reach = np.sqrt(u**2 + v**2 + w**2)
        slope = np.sqrt((u / self.radii[0]) ** 2 + (v / self.radii[1]) ** 2 + (w / self.radii[2]) ** 2)
        depth: Field = (1.0 - reach) * reach / np.maximum(slope, 1e-6)
        return depth


CALLOSUM = Ellipsoid((0.0, -4.0, 2.0), (60.0, 46.0, 27.0))
THALAMUS = Ellipsoid((11.0, -15.0, 7.0), (8.5, 15.0, 10.0))
PUTAMEN = Ellipsoid((26.0, 4.0, 2.0), (5.5, 17.0, 11.0))
THIRD_VENTRICLE = Ellipsoid((0.0, -10.0, 2.0), (2.2, 17.0, 12.0))


def tissue_fractions(geometry: Geometry) -> tuple[Field, Field, Field]:
    """Partial volumes of grey matter, white matter and CSF, each ``[k, j, i]`` in 0..1.

    Each voxel averages points no further than `SAMPLE_STEP_MM` apart.
    """
    maps = [_slice_fractions(geometry, k) for k in range(geometry.shape[0])]
    grey, white, csf = (np.stack(planes).astype(np.float32) for planes in zip(*maps, strict=True))
    return grey, white, csf


def _slice_fractions(geometry: Geometry, k: int) -> tuple[Field, Field, Field]:
    """One slice, so that the finer points of only one are in memory."""
    per_axis = [max(1, math.ceil(s / SAMPLE_STEP_MM)) for s in geometry.spacing]
    x, y, z = _sample_points(geometry, k, per_axis)
    step = float(np.mean([s / n for s, n in zip(geometry.spacing, per_axis, strict=True)]))
    inside = np.flatnonzero(_hull_depth(x, y, z) > -SUBARACHNOID_MM - step)
    fractions = np.zeros((3, x.size), dtype=np.float32)
    fractions[:, inside] = _point_fractions(x[inside], y[inside], z[inside], step)
    ni, nj, nk = per_axis
    fine = fractions.reshape(3, nk, geometry.shape[1], nj, geometry.shape[2], ni)
    grey, white, csf = fine.mean(axis=(1, 3, 5), dtype=np.float32)
    return grey, white, csf


def _sample_points(geometry: Geometry, k: int, per_axis: list[int]) -> tuple[Field, Field, Field]:
    """RAS coordinates of the points inside slice k, ordered (nk, j, nj, i, ni), flattened."""
    counts = (geometry.shape[2], geometry.shape[1])
    i, j = ((np.arange(n * m) + 0.5) / m - 0.5 for n, m in zip(counts, per_axis[:2], strict=True))
    kk = k + (np.arange(per_axis[2]) + 0.5) / per_axis[2] - 0.5
    grid_k, grid_j, grid_i = np.meshgrid(kk, j, i, indexing="ij")
    matrix = geometry.ijk_to_ras()
    x, y, z = (
        (row[0] * grid_i + row[1] * grid_j + row[2] * grid_k + row[3]).astype(np.float32).ravel() for row in matrix[:3]
    )
    return x, y, z


def _point_fractions(x: Field, y: Field, z: Field, step: float) -> Field:
    """Grey, white and CSF at points that stand for `step` mm around them, ``[3, n]``."""
    depth = _hull_depth(x, y, z)
    sulcus = np.minimum(_sulcus_distance(x, y, z, depth), _fissure_distance(x, y, z)) - SULCUS_HALF_WIDTH_MM
    ventricle = _ventricle_depth(x, y, z)
    tissue_depth = np.minimum(depth, sulcus)
    parenchyma = _cover(np.minimum(tissue_depth, -ventricle), step)
    grey = parenchyma * _cover(np.maximum(CORTEX_MM - tissue_depth, _nuclei_depth(x, y, z)), step)
    csf = _cover(depth + SUBARACHNOID_MM, step) - parenchyma
    return np.stack([grey, parenchyma - grey, np.maximum(csf, 0.0)])


def _cover(depth: Field, step: float) -> Field:
    """Fraction of a cell of `step` mm that lies within a surface `depth` mm away."""
    covered: Field = np.clip(0.5 + depth / step, 0.0, 1.0)
    return covered


def _hull_depth(x: Field, y: Field, z: Field) -> Field:
    """Depth in mm below the smooth outline of both hemispheres."""
    petalia = 3.0 * np.tanh(x / 25.0)
    squeezed = y - petalia
    wide = Ellipsoid((0.0, -4.0, 8.0), (67.0, 86.0, 62.0))
    return wide.depth(x, squeezed, z)


def _sulcus_distance(x: Field, y: Field, z: Field, depth: Field) -> Field:
    """Distance in mm to the nearest sulcus: the zeros of a random wave on the outline, continued inward.

    A sum of plane waves of one wavelength has zeros as winding and as evenly spaced as sulci are.
    """
    outward = 62.0 / np.maximum(62.0 - depth, 12.0)
    points = np.stack([x, y, z + 0.0], axis=1) * outward[:, None]
    waves, phases = _waves()
    angle = points @ waves + phases
    value = np.cos(angle).sum(axis=1)
    gradient = -np.sin(angle) @ waves.T
    normal = points / np.linalg.norm(points, axis=1, keepdims=True)
    along = np.einsum("nd,nd->n", gradient, normal)
    steepness = np.sqrt(np.maximum((gradient**2).sum(axis=1) - along**2, 0.0))
    typical = np.sqrt(waves.shape[1] / 2.0) * 2.0 * np.pi / GYRUS_WAVELENGTH_MM
    sideways = np.abs(value) / (np.maximum(steepness, 0.4 * typical) * outward)
    below = np.maximum(depth - SULCUS_DEPTH_MM, 0.0)
    distance: Field = np.hypot(sideways, below)
    return distance


def _waves() -> tuple[Field, Field]:
    """Wave vectors ``[3, n]`` in rad/mm and phases ``[n]``, the same on every call."""
    rng = np.random.default_rng(2018)
    directions = rng.standard_normal((3, 24))
    waves = directions / np.linalg.norm(directions, axis=0) * 2.0 * np.pi / GYRUS_WAVELENGTH_MM
    return waves.astype(np.float32), rng.uniform(0.0, 2.0 * np.pi, 24).astype(np.float32)


def _fissure_distance(x: Field, y: Field, z: Field) -> Field:
    """Distance in mm to the interhemispheric fissure and the Sylvian fissures."""
    midline = x - 1.2 * np.sin(y / 16.0) - 0.8 * np.sin(z / 11.0)
    between = np.hypot(midline, np.maximum(CALLOSUM.depth(x, y, z), 0.0))
    aside = np.abs(x)
    insula = 39.0 - 0.008 * (y - 4.0) ** 2
    above_below = np.maximum(np.abs(z - 2.0) - 14.0, 0.0)
    front_back = np.maximum(np.abs(y - 4.0) - 20.0, 0.0)
    insular = np.sqrt((aside - insula) ** 2 + above_below**2 + front_back**2)
    opening = np.sqrt((y - 8.0 + 0.5 * z) ** 2 + np.maximum(insula - aside, 0.0) ** 2 + above_below**2)
    nearest: Field = np.minimum(between, np.minimum(insular, opening))
    return nearest


def _ventricle_depth(x: Field, y: Field, z: Field) -> Field:
    """Depth in mm inside the ventricles; those of the left side are wider."""
    aside = np.abs(x)
    wider = np.where(x < 0.0, 1.8, 0.0).astype(np.float32)
    lateral = np.maximum(_chain_depth(LATERAL_VENTRICLE, aside, y, z), _chain_depth(TEMPORAL_HORN, aside, y, z))
    deepest: Field = np.maximum(lateral + wider, THIRD_VENTRICLE.depth(x, y, z))
    return deepest


def _nuclei_depth(x: Field, y: Field, z: Field) -> Field:
    """Depth in mm inside the deep grey nuclei."""
    aside = np.abs(x)
    turned_x, turned_y = aside - 0.25 * (y - 4.0), y
    nuclei = np.maximum(THALAMUS.depth(aside, y, z), PUTAMEN.depth(turned_x, turned_y, z))
    deepest: Field = np.maximum(nuclei, _chain_depth(CAUDATE, aside, y, z))
    return deepest


def _chain_depth(chain: Iterable[tuple[float, float, float, float]], x: Field, y: Field, z: Field) -> Field:
    """Depth in mm inside a tube along a chain of spheres (x, y, z, radius), which taper into each other."""
    spheres = [np.asarray(sphere, dtype=np.float32) for sphere in chain]
    points = np.stack([x, y, z], axis=1)
    tubes = []
    for start, end in pairwise(spheres):
        axis = end[:3] - start[:3]
        along = np.clip((points - start[:3]) @ axis / (axis @ axis), 0.0, 1.0)
        radius = start[3] + along * (end[3] - start[3])
        tubes.append(radius - np.linalg.norm(points - start[:3] - along[:, None] * axis, axis=1))
    deepest: Field = np.max(tubes, axis=0)
    return deepest
