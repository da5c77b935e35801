"""Where voxels lie in the patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])

IDENTITY_DIRECTION = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class Geometry:
    """A regular voxel grid in the DICOM patient coordinate system (LPS, mm).

    Attributes:
        shape: Number of voxels ``(k, j, i)``: slices, rows, columns, as numpy arrays are indexed.
        spacing: Voxel size ``(i, j, k)`` in mm.
        origin: Centre of voxel (0, 0, 0) in mm, LPS.
        direction: Row-major 3x3 direction cosines, LPS, as SimpleITK has them.
    """

    shape: tuple[int, int, int]
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = IDENTITY_DIRECTION

    def ijk_to_lps(self) -> NDArray[np.float64]:
        """Homogeneous 4x4 matrix from voxel index (i, j, k, 1) to LPS mm."""
        matrix = np.eye(4)
        matrix[:3, :3] = np.reshape(self.direction, (3, 3)) * self.spacing
        matrix[:3, 3] = self.origin
        return matrix

    def ijk_to_ras(self) -> NDArray[np.float64]:
        """Homogeneous 4x4 matrix from voxel index (i, j, k, 1) to RAS mm, as MRML and NIfTI have it."""
        return LPS_TO_RAS @ self.ijk_to_lps()

    @classmethod
    def from_ijk_to_ras(cls, matrix: NDArray[np.float64], shape: tuple[int, int, int]) -> Geometry:
        """The grid of `shape` (k, j, i) that `matrix` (4x4, RAS mm) describes.

        Raises:
            ValueError: If an axis has no length, or the axes are not perpendicular.
        """
        lps = LPS_TO_RAS @ np.asarray(matrix, dtype=float)
        spacing = np.linalg.norm(lps[:3, :3], axis=0)
        if not np.all(spacing > 0):
            raise ValueError("the IJK-to-RAS matrix has an axis of zero length")
        direction = lps[:3, :3] / spacing
        if not np.allclose(direction.T @ direction, np.eye(3), atol=1e-3):
            raise ValueError("the IJK-to-RAS matrix is sheared; its axes must be perpendicular")
        i, j, k = (float(s) for s in spacing)
        x, y, z = (float(v) for v in lps[:3, 3])
        return cls(shape, (i, j, k), (x, y, z), tuple(float(v) for v in direction.ravel()))

    def matches(self, other: Geometry, *, tolerance: float = 1e-2) -> bool:
        """Whether both grids have the same shape and no corner lies further apart than `tolerance` voxels."""
        if self.shape != other.shape:
            return False
        k, j, i = (n - 1 for n in self.shape)
        corners = np.array([[x, y, z, 1] for x in (0, i) for y in (0, j) for z in (0, k)], dtype=float).T
        apart = np.linalg.norm((self.ijk_to_lps() - other.ijk_to_lps()) @ corners, axis=0)
        return bool(apart.max() <= tolerance * min(self.spacing))

    def describe(self) -> str:
        """Matrix and voxel size in words, e.g. ``64x57x16 of 4.00x3.93x6.00 mm``."""
        size = "x".join(str(n) for n in reversed(self.shape))
        voxel = "x".join(f"{s:.2f}" for s in self.spacing)
        return f"{size} of {voxel} mm"
