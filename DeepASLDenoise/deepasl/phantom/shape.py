"""What makes the built-in brain of one person another than that of the next."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from deepasl.phantom.solids import Field, Points

WARP_WAVELENGTH_MM = 140.0
"""Brains differ in form over lengths of a lobe or more."""


@dataclass(frozen=True)
class BrainShape:
    """Size, form, folding and atrophy. Lengths in mm; the defaults are the adult brain of `default_anatomy`.

    Attributes:
        folding: Seed of the course of the sulci and of the warp.
        stretch: Size along (x, y, z) as a multiple.
        warp_mm: How far the form is bent, smoothly, out of that of the default.
        cortex_mm: Thickness of the cortex.
        sulcus_depth_mm: Mean depth of the sulci.
        sulcus_half_width_mm: Half of the width of the CSF in a sulcus; atrophy opens it.
        wider_ventricles_mm: How far the walls of all ventricles have moved outwards; negative inwards.
        wider_left_ventricle_mm: How far those of the left lateral ventricle have moved beyond that.
    """

    folding: int = 2018
    stretch: tuple[float, float, float] = (1.0, 1.0, 1.0)
    warp_mm: float = 0.0
    cortex_mm: float = 2.8
    sulcus_depth_mm: float = 17.0
    sulcus_half_width_mm: float = 0.6
    wider_ventricles_mm: float = 0.0
    wider_left_ventricle_mm: float = 1.8

    def to_default(self, points: Points) -> Points:
        """Where points (RAS mm) of this brain lie in the default one, ``[3, n]``."""
        scaled: Points = (points / np.asarray(self.stretch, dtype=np.float32)[:, None]).astype(np.float32)
        if self.warp_mm == 0.0:
            return scaled
        rng = np.random.default_rng((self.folding, 1))
        directions = rng.standard_normal((3, 3))
        waves = 2.0 * math.pi / WARP_WAVELENGTH_MM * directions / np.linalg.norm(directions, axis=1, keepdims=True)
        phases = rng.uniform(0.0, 2.0 * math.pi, 3).astype(np.float32)
        bent: Points = scaled + np.float32(self.warp_mm) * np.sin(waves.astype(np.float32) @ scaled + phases[:, None])
        return bent

    def folds(self, wavenumber: float) -> tuple[Field, Field]:
        """Wave vectors ``[3, n]`` in rad/mm and phases ``[n]`` of the waves whose zeros are the sulci."""
        rng = np.random.default_rng(self.folding)
        # Less upward than sideways: most sulci stand upright, and axial slices cut them across.
        directions = rng.standard_normal((3, 24)) * [[1.0], [1.0], [0.5]]
        waves = wavenumber * directions / np.linalg.norm(directions, axis=0)
        return waves.astype(np.float32), rng.uniform(0.0, 2.0 * math.pi, 24).astype(np.float32)
