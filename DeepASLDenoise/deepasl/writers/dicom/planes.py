"""The slices of a map as DICOM image planes: which way rows and columns run, and where each slice begins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from deepasl.display.orientation import SliceView, V, radiological_view
from deepasl.geometry import Geometry


@dataclass(frozen=True)
class Planes:
    """A grid cut into image planes (PS3.3, C.7.6.2.1.1), the way a radiologist looks at them.

    Viewers draw the first row on top. Rows and columns therefore run as in `radiological_view`, whatever the order of
    the array, and planes follow one another along the cross product of row and column direction, as readers sort them.

    Attributes:
        view: How the array is turned for display.
    """

    view: SliceView

    @cached_property
    def _matrix(self) -> NDArray[np.float64]:
        """From (column, row, plane, 1) to LPS mm."""
        matrix = self.view.picture_to_lps()
        if not self._against_normal:
            return matrix
        last = np.eye(4)
        last[2, 2], last[2, 3] = -1.0, self.count - 1
        return matrix @ last

    @cached_property
    def _against_normal(self) -> bool:
        """Whether the slices of the view run against the normal of its pictures, as sagittal ones do."""
        return bool(np.linalg.det(self.view.picture_to_lps()[:3, :3]) < 0)

    @property
    def count(self) -> int:
        """Number of planes."""
        return self.view.geometry.shape[self.view.axes[0]]

    @property
    def orientation(self) -> tuple[float, ...]:
        """Image Orientation (Patient): direction of a row, then of a column, LPS."""
        cosines = self._matrix[:3, :2] / np.linalg.norm(self._matrix[:3, :2], axis=0)
        return tuple(float(value) for value in cosines.T.ravel())

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector from one plane to the next, LPS."""
        along: NDArray[np.float64] = self._matrix[:3, 2] / self.spacing
        return along

    @property
    def pixel_spacing(self) -> tuple[float, float]:
        """Distance in mm between rows, then between columns."""
        _, rows, columns = self.view.spacing()
        return rows, columns

    @property
    def spacing(self) -> float:
        """Distance in mm between planes."""
        return self.view.spacing()[0]

    def position(self, plane: int) -> tuple[float, float, float]:
        """Image Position (Patient): centre of the first voxel of a plane, LPS mm."""
        x, y, z = (float(value) for value in (self._matrix @ [0.0, 0.0, plane, 1.0])[:3])
        return x, y, z

    def frames(self, volume: NDArray[V]) -> NDArray[V]:
        """A volume ``[k, j, i]`` as ``[plane, row, column]``."""
        pictures = self.view.show(volume)
        return np.ascontiguousarray(pictures[::-1]) if self._against_normal else pictures


def planes_of(geometry: Geometry) -> Planes:
    """The image planes of a grid."""
    return Planes(radiological_view(geometry))
