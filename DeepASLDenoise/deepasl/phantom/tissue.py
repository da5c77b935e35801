"""What the voxels of a head consist of."""

from __future__ import annotations

from dataclasses import dataclass

from deepasl.geometry import Geometry
from deepasl.phantom.anatomy import tissue_fractions
from deepasl.phantom.shape import BrainShape
from deepasl.series import FloatArray

DEFAULT_GEOMETRY = Geometry(shape=(20, 80, 80), spacing=(2.7, 2.7, 5.0), origin=(-106.65, -102.65, -34.0))
"""The resolution of the in-vivo scans of the DeepASL paper, over a field of view that holds the brain."""


@dataclass(frozen=True)
class TissueMaps:
    """How much of each voxel is which tissue.

    Attributes:
        grey, white, csf: Partial volumes ``[k, j, i]`` float32 in 0..1; what they leave of 1 gives no signal.
        geometry: Their voxel grid.
    """

    grey: FloatArray
    white: FloatArray
    csf: FloatArray
    geometry: Geometry

    def __post_init__(self) -> None:
        for name in ("grey", "white", "csf"):
            if (shape := getattr(self, name).shape) != self.geometry.shape:
                raise ValueError(f"the {name} map {shape} does not lie on the grid {self.geometry.shape}")


def default_anatomy(geometry: Geometry | None = None, shape: BrainShape | None = None) -> TissueMaps:
    """A brain made by code on `geometry` (by default 80x80x20 voxels of 2.7x2.7x5 mm).

    Its center is the origin of the patient coordinate system. Left and right differ: see `deepasl.phantom.anatomy`.

    Args:
        geometry: The voxel grid.
        shape: Whose brain; by default that of an adult with the usual volumes.
    """
    grid = DEFAULT_GEOMETRY if geometry is None else geometry
    return TissueMaps(*tissue_fractions(grid, BrainShape() if shape is None else shape), grid)
