"""How close two images are, and figures of one image in a region.

Images are ``[k, j, i]`` (any shape will do) and masks bool of the same shape. Only voxels in the mask count;
sums are taken in float64. An empty mask, or shapes that differ, are errors of the caller: ValueError.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepasl.results import BoolArray, RegionStatistics

Image = NDArray[np.floating]
Values = NDArray[np.float64]


def rmse(image: Image, reference: Image, mask: BoolArray) -> float:
    """Root mean square difference in the mask, in the unit of the images."""
    difference = values_in(image, mask) - values_in(reference, mask)
    return float(np.sqrt(np.mean(difference**2)))


def psnr(image: Image, reference: Image, mask: BoolArray, *, peak: float | None = None) -> float:
    """Peak signal-to-noise ratio in the mask, in dB: ``20 log10(peak / RMSE)``.

    Args:
        image: What is judged.
        reference: The truth.
        mask: Where.
        peak: The signal range; None for the largest value of the reference in the mask. Ratios of different
            peaks cannot be compared, so say which was used.

    Returns:
        dB; infinite where both images are equal.

    Raises:
        ValueError: If the peak is not positive, the mask is empty or shapes differ.
    """
    top = float(values_in(reference, mask).max()) if peak is None else peak
    if not top > 0.0:
        raise ValueError(f"the peak of a PSNR must be positive, not {top:g}")
    error = rmse(image, reference, mask)
    return float("inf") if error == 0.0 else float(20.0 * np.log10(top / error))


def ccc(image: Image, reference: Image, mask: BoolArray) -> float:
    """Concordance correlation coefficient in the mask: Lin, Biometrics 1989;45:255-268.

    ``2 cov / (var_a + var_b + (mean_a - mean_b)^2)`` with moments over n, as in the paper. 1 only for
    identical images; unlike Pearson's r it falls with a bias or another scale. NaN where both images are one
    and the same constant.
    """
    a, b = values_in(image, mask), values_in(reference, mask)
    covariance = np.mean((a - a.mean()) * (b - b.mean()))
    spread = a.var() + b.var() + (a.mean() - b.mean()) ** 2
    return float(2.0 * covariance / spread) if spread > 0.0 else float("nan")


def region_statistics(values: Image, region_mask: BoolArray, *, region: str, map: str) -> RegionStatistics:
    """Figures of one map in one region.

    Args:
        values: The map.
        region_mask: The voxels that belong to the region.
        region: Name of the region, e.g. ``"grey matter"``.
        map: Name of the map, e.g. ``"denoised"``.

    Returns:
        In the unit of `values`. The SD is that of the voxels (n in the denominator); the coefficient of variation
        is NaN where the mean is 0.
    """
    inside = values_in(values, region_mask)
    mean, sd = float(inside.mean()), float(inside.std())
    return RegionStatistics(
        region=region,
        map=map,
        voxels=inside.size,
        mean=mean,
        standard_deviation=sd,
        median=float(np.median(inside)),
        coefficient_of_variation=sd / mean if mean != 0.0 else float("nan"),
        negative_fraction=float(np.mean(inside < 0.0)),
    )


def change_percent(before: float, after: float) -> float:
    """Change in percent of the size of the value before; NaN where that is 0."""
    return 100.0 * (after - before) / abs(before) if before else float("nan")


def values_in(image: Image, mask: BoolArray) -> Values:
    """The values in the mask, ``[n]`` float64.

    Raises:
        ValueError: If the mask is empty, or not of the shape of the image.
    """
    if image.shape != mask.shape:
        raise ValueError(f"the image {image.shape} and the mask {mask.shape} differ in shape")
    if not mask.any():
        raise ValueError("the mask is empty: there is nothing to measure")
    inside: Values = image[mask].astype(np.float64)
    return inside
