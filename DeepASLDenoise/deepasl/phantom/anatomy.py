"""A brain made by code: the default anatomy of the phantom, on any voxel grid, without any download.

Surfaces are described by signed distances in mm, positive inside, in a RAS frame whose origin lies between the
two thalami (x to the right, y to the front, z up). Cortex follows from them: grey matter is whatever lies within the
cortical thickness of the outer surface or of a sulcus, so that the ribbon folds as the sulci do. Sizes are those of
an adult brain. The two hemispheres differ in folding, length (right frontal and left occipital petalia) and
ventricle size, so that an image flipped by mistake can be told from a right one. `BrainShape` makes other people of it.
"""

from __future__ import annotations

import math

import numpy as np

from deepasl.geometry import Geometry
from deepasl.phantom.shape import BrainShape
from deepasl.phantom.solids import Ellipsoid, Field, Points, Tube, cover, length

SAMPLE_STEP_MM = 1.7
"""Largest distance between the points averaged into a voxel."""

SUBARACHNOID_MM = 3.0
SULCUS_WAVENUMBER = 2.0 * math.pi / 27.0
"""In rad/mm; sulci are half a wavelength apart."""

CEREBELLAR_CORTEX_MM = 1.8
FOLIUM_SPACING_MM = 7.5
FOLIUM_DEPTH_MM = 9.0
FOLIUM_HALF_WIDTH_MM = 0.6

CEREBRUM = Ellipsoid((0.0, -4.0, 8.0), (67.0, 86.0, 62.0))
ORBITS = Ellipsoid((0.0, 64.0, -48.0), (75.0, 46.0, 34.0))
CEREBELLUM = Ellipsoid((0.0, -57.0, -36.0), (51.0, 33.0, 25.0))
BRAINSTEM = Tube(((0, -19, -12, 12), (0, -22, -28, 14), (0, -30, -52, 11)))
CISTERNS = Tube(((0, 12, -20, 8), (0, -16, -16, 14), (0, -22, -28, 18), (0, -30, -60, 16)))
CALLOSUM = Ellipsoid((0.0, -4.0, 2.0), (60.0, 46.0, 27.0))

# The right one of each pair; the left is its mirror image.
LATERAL_VENTRICLE = Tube(((13, 31, 6, 3.5), (9, 14, 13, 5.5), (13, -10, 20, 5.5), (23, -34, 13, 7.5), (24, -60, 6, 3)))
TEMPORAL_HORN = Tube(((23, -34, 11, 6), (33, -22, -8, 3), (32, -6, -15, 2.5)))
THIRD_VENTRICLE = Ellipsoid((0.0, -10.0, 2.0), (2.2, 17.0, 12.0))
CAUDATE = Tube(((14, 22, 3, 6), (17, 6, 15, 4.5), (22, -20, 19, 2.5)))
PUTAMEN = Tube(((24, 17, 1, 5), (27, 4, 3, 6), (31, -11, 1, 3)))
THALAMUS = Ellipsoid((11.0, -15.0, 7.0), (8.5, 15.0, 10.0))


def tissue_fractions(geometry: Geometry, shape: BrainShape) -> tuple[Field, Field, Field]:
    """Partial volumes of grey matter, white matter and CSF of a brain of this shape, each ``[k, j, i]`` in 0..1.

    Each voxel averages points no further than `SAMPLE_STEP_MM` apart.
    """
    slices = [_slice_fractions(geometry, k, shape) for k in range(geometry.shape[0])]
    grey, white, csf = np.stack(slices, axis=1)
    return grey, white, csf


def _slice_fractions(geometry: Geometry, k: int, shape: BrainShape) -> Field:
    """Grey, white and CSF of one slice ``[3, j, i]``; its finer points alone are in memory."""
    centers = _voxel_centers(geometry, k)
    offsets, step = _offsets_in_voxel(geometry)
    reach = 0.6 * float(length(np.asarray(geometry.spacing)[:, None])[0]) / min(shape.stretch)
    head = np.flatnonzero(_cranial_depth(shape.to_default(centers)) > -reach)
    points = (centers[:, head, None] + offsets[:, None, :]).reshape(3, -1)
    fractions = np.zeros((3, centers.shape[1]), dtype=np.float32)
    parts = _fractions_at(shape.to_default(points), step, shape)
    fractions[:, head] = parts.reshape(3, len(head), offsets.shape[1]).mean(axis=2)
    return fractions.reshape(3, *geometry.shape[1:])


def _voxel_centers(geometry: Geometry, k: int) -> Points:
    """The centers of the voxels of slice k, row by row."""
    j, i = np.indices(geometry.shape[1:]).reshape(2, -1)
    matrix = geometry.ijk_to_ras()
    centers: Points = (matrix[:3, :3] @ np.stack([i, j, np.full_like(i, k)]) + matrix[:3, 3:]).astype(np.float32)
    return centers


def _offsets_in_voxel(geometry: Geometry) -> tuple[Points, float]:
    """Evenly spaced points around the center of a voxel, and their largest distance along an axis in mm."""
    counts = [max(1, math.ceil(spacing / SAMPLE_STEP_MM)) for spacing in geometry.spacing]
    axes = [(np.arange(n) + 0.5) / n - 0.5 for n in counts]
    index = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")])
    offsets: Points = (geometry.ijk_to_ras()[:3, :3] @ index).astype(np.float32)
    return offsets, max(spacing / n for spacing, n in zip(geometry.spacing, counts, strict=True))


def _fractions_at(points: Points, step: float, shape: BrainShape) -> Field:
    """Grey, white and CSF at points that each stand for `step` mm around them, ``[3, n]``."""
    cisterns = CISTERNS.depth(points)
    convexity = _convexity_depth(points)
    surface = np.minimum(np.minimum(convexity, -cisterns), _sulcal_distance(points, convexity, shape))
    cerebral = cover(np.minimum(surface, -_ventricle_depth(points, shape)), step)
    grey = cerebral * cover(np.maximum(shape.cortex_mm - surface, _deep_grey_depth(points)), step)
    folia = np.minimum(_folia_depth(points), -cisterns)
    cerebellar = cover(folia, step) * (1.0 - cerebral)
    grey += cerebellar * cover(CEREBELLAR_CORTEX_MM - folia, step)
    stem = cover(BRAINSTEM.depth(points), step) * (1.0 - cerebral - cerebellar)
    tissue = cerebral + cerebellar + stem
    csf = np.maximum(cover(_cranial_depth(points), step) - tissue, 0.0)
    return np.stack([grey, tissue - grey, csf])


def _outline_depth(points: Points) -> Field:
    """Depth in mm below the outline of the cerebrum, as if it had neither folds nor base."""
    x, y, z = points
    # Petalia: the right side reaches further to the front, the left to the back.
    symmetric = np.stack([x, y - 3.0 * np.tanh(x / 25.0), z])
    depth: Field = np.minimum(CEREBRUM.depth(symmetric), -ORBITS.depth(points))
    return depth


def _cranial_depth(points: Points) -> Field:
    """Depth in mm inside the space that brain and CSF fill."""
    depth: Field = np.maximum(_outline_depth(points), CEREBELLUM.depth(points)) + np.float32(SUBARACHNOID_MM)
    return depth


def _convexity_depth(points: Points) -> Field:
    """Depth in mm below the smooth outline of both hemispheres, on top of orbits and tentorium."""
    above_tentorium = -SUBARACHNOID_MM - CEREBELLUM.depth(points)
    depth: Field = np.minimum(_outline_depth(points), above_tentorium).astype(np.float32)
    return depth


def _sulcal_distance(points: Points, depth: Field, shape: BrainShape) -> Field:
    """Distance in mm to the wall of the nearest sulcus or fissure; negative in its CSF."""
    distance = _fissure_distance(points)
    near = np.flatnonzero(np.abs(depth) < 1.4 * shape.sulcus_depth_mm + 2.0 * shape.cortex_mm)
    distance[near] = np.minimum(distance[near], _sulcus_distance(points[:, near], depth[near], shape))
    return distance - np.float32(shape.sulcus_half_width_mm)


def _sulcus_distance(points: Points, depth: Field, shape: BrainShape) -> Field:
    """Distance in mm to the nearest sulcus: the zeros of a random wave on the outline, continued inward.

    The zeros of a sum of plane waves of one length wind and space themselves as sulci do. Near them the sum is a
    sine of the distance, which its value and its slope along the surface together give.
    """
    from_center = points - np.asarray(CEREBRUM.center, dtype=np.float32)[:, None]
    stretch = CEREBRUM.radii[2] / np.maximum(CEREBRUM.radii[2] - depth, 12.0)
    waves, phases = shape.folds(SULCUS_WAVENUMBER)
    angle = waves.T @ (from_center * stretch) + phases[:, None]
    value = np.cos(angle).sum(axis=0)
    slope = waves @ np.sin(angle)
    # At the very center no direction is outward.
    outward = from_center / np.maximum(length(from_center), np.float32(1e-6))
    slope -= outward * np.einsum("in,in->n", outward, slope)
    steepness = length(slope) / SULCUS_WAVENUMBER
    sideways = np.arctan2(np.abs(value), steepness) / (SULCUS_WAVENUMBER * stretch)
    x, y, z = points
    floor = shape.sulcus_depth_mm * (1.0 + 0.4 * np.sin(x / 9.0 + z / 14.0) * np.sin(y / 10.0))
    distance: Field = np.hypot(sideways, np.maximum(depth - floor, 0.0)).astype(np.float32)
    return distance


def _fissure_distance(points: Points) -> Field:
    """Distance in mm to the interhemispheric fissure (down to the callosum) and to the Sylvian fissures."""
    x, y, z = points
    midline = x - 1.2 * np.sin(y / 16.0) - 0.8 * np.sin(z / 11.0)
    between = np.hypot(midline, np.maximum(CALLOSUM.depth(points), 0.0))
    aside = np.abs(x)
    insula = 39.0 - 0.008 * (y - 4.0) ** 2
    above_below = np.maximum(np.abs(z - 2.0) - 14.0, 0.0)
    front_back = np.maximum(np.abs(y - 4.0) - 20.0, 0.0)
    insular = np.sqrt((aside - insula) ** 2 + above_below**2 + front_back**2)
    opening = np.sqrt((y - 8.0 + 0.5 * z) ** 2 + np.maximum(insula - aside, 0.0) ** 2 + above_below**2)
    nearest: Field = np.minimum(between, np.minimum(insular, opening))
    return nearest


def _folia_depth(points: Points) -> Field:
    """Depth in mm below the surface of the cerebellum and of its folds, which lie around the fourth ventricle."""
    depth = CEREBELLUM.depth(points)
    x, y, z = points
    around = np.sqrt((0.6 * x) ** 2 + (y + 40.0) ** 2 + (z + 34.0) ** 2)
    to_fold = np.abs(np.mod(around, FOLIUM_SPACING_MM) - FOLIUM_SPACING_MM / 2.0)
    fold = np.hypot(to_fold, np.maximum(depth - FOLIUM_DEPTH_MM, 0.0)) - FOLIUM_HALF_WIDTH_MM
    folded: Field = np.minimum(depth, fold)
    return folded


def _mirrored(points: Points) -> Points:
    """The points of the left side moved to the right."""
    x, y, z = points
    return np.stack([np.abs(x), y, z])


def _ventricle_depth(points: Points, shape: BrainShape) -> Field:
    """Depth in mm inside the ventricles; the left lateral ventricle is the wider one."""
    right = _mirrored(points)
    lateral = np.maximum(LATERAL_VENTRICLE.depth(right), TEMPORAL_HORN.depth(right))
    lateral += np.where(points[0] < 0.0, np.float32(shape.wider_left_ventricle_mm), np.float32(0.0))
    deepest: Field = np.maximum(lateral, THIRD_VENTRICLE.depth(points)) + np.float32(shape.wider_ventricles_mm)
    return deepest


def _deep_grey_depth(points: Points) -> Field:
    """Depth in mm inside thalamus, putamen and caudate nucleus."""
    right = _mirrored(points)
    deepest: Field = np.maximum.reduce([nucleus.depth(right) for nucleus in (THALAMUS, PUTAMEN, CAUDATE)])
    return deepest
