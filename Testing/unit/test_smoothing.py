"""Gaussian kernels have the width in mm that is asked for."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from deepasl.geometry import Geometry
from deepasl.perfusion.smoothing import sigma_in_voxels


def test_a_smoothed_point_falls_to_one_half_at_half_the_width():
    geometry = Geometry((41, 41, 41), (1.0, 2.0, 4.0))
    point = np.zeros(geometry.shape)
    point[20, 20, 20] = 1.0
    smooth = gaussian_filter(point, sigma_in_voxels(16.0, geometry), truncate=6.0)
    peak = smooth[20, 20, 20]
    assert smooth[22, 20, 20] == pytest.approx(peak / 2.0, rel=1e-3)
    assert smooth[20, 24, 20] == pytest.approx(peak / 2.0, rel=1e-3)
    assert smooth[20, 20, 28] == pytest.approx(peak / 2.0, rel=1e-3)
