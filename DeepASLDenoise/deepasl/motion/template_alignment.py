"""Where a head is in an image, against another image of the same contrast: least squares, a step at a time.

Gauss-Newton as in Friston et al., Hum Brain Mapp 1995;3:165-189, in its inverse compositional form (Baker and Matthews,
Int J Comput Vis 2004;56:221-255): the derivatives are those of the template, computed once for all volumes. The
brightness of each volume against the template is fitted along with its pose, so that drift and the global part of
labeling are no motion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from deepasl.geometry import Geometry
from deepasl.motion.rigid import (
    AT_REST,
    BRAIN_RADIUS_MM,
    Matrix,
    center_of,
    displacement,
    least_squares,
    slopes_along_lps,
    small_motion,
    spread_points,
)
from deepasl.perfusion.smoothing import FWHM_PER_SD, sigma_in_voxels
from deepasl.progress import Job, Progress
from deepasl.results import BoolArray
from deepasl.series import FloatArray

SMOOTHING_FWHM_MM = 8.0
"""Of 0, 3, 4, 5, 6, 8, 10 and 12 mm the one with the least error on moved phantoms: it takes noise and the aliasing of
thick slices away, and widens the reach."""

CONVERGED_MM = 0.002
MOST_ITERATIONS = 40

LEAST_LIKENESS = 0.5
"""Correlation with the template below which an image does not show the same thing."""


@dataclass(frozen=True)
class Template:
    """An image that others of the same contrast are aligned to.

    Attributes:
        geometry: Its grid, and theirs.
        points: Where it is compared, LPS mm, ``[3, n]``.
        model: What a volume is made of at the points: change by a shift of 1 mm along each axis (LPS), by a rotation of
            1 rad about each axis through `center`, and the template itself, ``[7, n]``.
        center: Of the grid, LPS mm.
        shared_noise: How many points have the noise of one of them, as images are smoothed before.
    """

    geometry: Geometry
    points: NDArray[np.float64]
    model: NDArray[np.float64]
    center: NDArray[np.float64]
    shared_noise: float


@dataclass(frozen=True)
class Estimate:
    """Where the head was found in a volume.

    Attributes:
        pose: From points of the template to those of the volume.
        likeness: Correlation of the volume in its pose with the template; NaN where there is nothing to compare.
        noise_mm: What noise alone may look like: root mean square displacement, mm. On phantoms 1.3 to 1.8 times what
            it was, as the noise of neighbors is taken to add up fully.
    """

    pose: Matrix
    likeness: float
    noise_mm: float = 0.0

    @property
    def trusted(self) -> bool:
        """Whether the volume shows what the template shows."""
        return self.likeness >= LEAST_LIKENESS


NOTHING_SEEN = Estimate(AT_REST, math.nan)


def make_template(volume: FloatArray, geometry: Geometry, mask: BoolArray) -> Template:
    """Prepare an image ``[k, j, i]`` for alignment of others to it in the voxels of `mask` ``[k, j, i]``."""
    smooth, center = _smoothed(volume, geometry), center_of(geometry)
    chosen, points = spread_points(mask, geometry)
    slopes = slopes_along_lps(smooth, geometry).reshape(3, -1)[:, chosen]
    turning = np.cross((points - center[:, None]).T, slopes.T).T
    model = np.concatenate([slopes, turning, smooth.ravel()[None, chosen]])
    return Template(geometry, points, model, center, _shared_noise(mask, geometry, len(chosen)))


def aligned(template: Template, volume: FloatArray, start: Matrix, progress: Progress) -> Job[Estimate]:
    """Find the pose of a volume.

    Args:
        template: What it is compared with.
        volume: ``[k, j, i]`` on the same grid.
        start: A first guess.
        progress: What to yield after each step.
    """
    smooth = _smoothed(volume, template.geometry)
    estimate = Estimate(start, math.nan)
    if not np.isfinite(smooth).all():
        return estimate
    coefficients = ndimage.spline_filter(smooth, order=3, output=np.float32)
    to_index = np.linalg.inv(template.geometry.ijk_to_lps())
    for _ in range(MOST_ITERATIONS):
        step = _step(template, coefficients, to_index @ estimate.pose)
        estimate = replace(step, pose=estimate.pose @ np.linalg.inv(step.pose))
        yield progress
        if not math.isfinite(step.likeness) or displacement(step.pose, AT_REST, template.geometry) < CONVERGED_MM:
            break
    return estimate


def _step(template: Template, coefficients: FloatArray, to_index: Matrix) -> Estimate:
    """How far the volume lies from where it is looked for, and how much it is like the template there."""
    index = to_index[:3, :3] @ template.points + to_index[:3, 3:]
    last = np.reshape(template.geometry.shape[::-1], (3, 1)) - 1
    seen = ((index >= 0.0) & (index <= last)).all(axis=0)
    if seen.sum() <= len(template.model):
        return NOTHING_SEEN
    values = ndimage.map_coordinates(coefficients, index[::-1, seen], order=3, prefilter=False, mode="nearest")
    model = template.model[:, seen]
    if not (values.std() > 0.0 and model[-1].std() > 0.0):
        return NOTHING_SEEN
    fitted = least_squares(model, values)
    likeness = float(np.corrcoef(values, model[-1])[0, 1])
    if not fitted[-1] > 0.0:
        return NOTHING_SEEN
    motion, left = fitted[:6] / fitted[-1], (values - fitted @ model) / fitted[-1]
    noise = math.sqrt(template.shared_noise * float(left.var())) * _displacement_per_noise(model)
    return Estimate(small_motion(template.center, motion[:3], motion[3:]), likeness, noise)


def _displacement_per_noise(model: NDArray[np.float64]) -> float:
    """Root mean square `deepasl.motion.rigid.displacement` that is seen in noise of SD 1, its own in each point, mm."""
    spread = np.diag(np.linalg.pinv(model @ model.T, hermitian=True))
    return math.sqrt(float(spread[:3].sum() + 2.0 / 5.0 * BRAIN_RADIUS_MM**2 * spread[3:6].sum()))


def _shared_noise(mask: BoolArray, geometry: Geometry, points: int) -> float:
    """Points in the volume over which a Gaussian of SD s correlates white noise: (4 pi)^1.5 s^3, at least 1."""
    extent = (math.sqrt(4.0 * math.pi) * SMOOTHING_FWHM_MM / FWHM_PER_SD) ** 3
    volume_of_point = float(mask.sum()) * math.prod(geometry.spacing) / max(1, points)
    return max(1.0, extent / volume_of_point)


def _smoothed(volume: FloatArray, geometry: Geometry) -> FloatArray:
    smooth: FloatArray = ndimage.gaussian_filter(volume, sigma_in_voxels(SMOOTHING_FWHM_MM, geometry))
    return smooth
