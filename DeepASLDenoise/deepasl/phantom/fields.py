"""What varies smoothly from place to place in a head."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from deepasl.geometry import Geometry
from deepasl.perfusion.smoothing import sigma_in_voxels
from deepasl.series import FloatArray

HEAD_RADIUS_MM = 90.0


def ras_coordinates(geometry: Geometry) -> tuple[FloatArray, FloatArray, FloatArray]:
    """RAS coordinates in mm of every voxel center, three arrays ``[k, j, i]``."""
    k, j, i = np.indices(geometry.shape, dtype=np.float32)
    rows = geometry.ijk_to_ras()[:3].astype(np.float32)
    x, y, z = (row[0] * i + row[1] * j + row[2] * k + row[3] for row in rows)
    return x, y, z


def smooth_variation(geometry: Geometry, fwhm_mm: float, rng: np.random.Generator) -> FloatArray:
    """A random map ``[k, j, i]`` of SD 1 over the grid: white noise smoothed by a Gaussian of this width."""
    white = rng.standard_normal(geometry.shape, dtype=np.float32)
    smooth = ndimage.gaussian_filter(white, sigma_in_voxels(fwhm_mm, geometry), mode="wrap")
    unit: FloatArray = smooth / smooth.std()
    return unit


def receive_field(geometry: Geometry, bias: float) -> FloatArray:
    """Sensitivity of a head coil: 1 at the center of the grid, 1 + `bias` at the edge of a head."""
    middle = geometry.ijk_to_ras() @ [*((n - 1) / 2.0 for n in reversed(geometry.shape)), 1.0]
    squares = [(p - c) ** 2 for p, c in zip(ras_coordinates(geometry), middle[:3], strict=True)]
    field: FloatArray = (1.0 + bias * sum(squares) / HEAD_RADIUS_MM**2).astype(np.float32)
    return field
