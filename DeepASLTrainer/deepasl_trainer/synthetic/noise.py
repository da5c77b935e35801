"""The noise measured by the authors of DeepASL, laid over the brain of anybody."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.io
from scipy import ndimage
from scipy.io.matlab import MatReadError

from deepasl.errors import InputError
from deepasl.results import BoolArray
from deepasl.series import FloatArray

BRAIN_THRESHOLD = 0.65
"""The smoothed SD falls below this fraction of its centre where the measured brain ends."""

OUTLIER = 3.0
"""Pulsating vessels stand out of the SD map; above this multiple of its centre they would hide the thermal noise."""


@dataclass(frozen=True)
class MeasuredNoise:
    """SD over the repeats of one scan.

    Attributes:
        sd: ``[k, j, i]`` float32: SD of one image as a fraction of M0 of the brain, the root mean square of control and
            label, i to the left, j to the back, k to the top.
        low, high: First and last voxel (k, j, i) of the brain.
    """

    sd: FloatArray
    low: tuple[int, ...]
    high: tuple[int, ...]


def read_measured_noise(path: Path | str) -> MeasuredNoise:
    """Read ``control_noise_std`` and ``label_noise_std`` of the authors' ``synthetic_common_vars.mat``.

    Raises:
        InputError: If the file is absent, not MATLAB, or lacks these maps.
    """
    try:
        content = scipy.io.loadmat(str(path), squeeze_me=True, struct_as_record=False)
        control, label = content["param"].control_noise_std, content["param"].label_noise_std
    except (OSError, ValueError, KeyError, AttributeError, MatReadError) as error:
        raise InputError(
            f"the measured noise cannot be read ({error})",
            where=path,
            remedy="Name the synthetic_common_vars.mat of github.com/cagdasulas/ASL_CNN.",
        ) from error
    # The file is indexed [row, column, slice], rows from front to back.
    both = np.sqrt((control**2 + label**2) / 2.0).transpose(2, 0, 1).astype(np.float32)
    return measured_noise(both)


def measured_noise(sd: FloatArray) -> MeasuredNoise:
    """An SD map ``[k, j, i]``, with the extent of the brain found in it."""
    k, j, i = (slice(n // 3, -(n // 3)) for n in sd.shape)
    centre = float(np.median(sd[k, j, i]))
    limited = np.minimum(sd, OUTLIER * centre)
    inside = np.argwhere(ndimage.gaussian_filter(limited, (0.5, 3.0, 3.0)) > BRAIN_THRESHOLD * centre)
    low, high = inside.min(axis=0), inside.max(axis=0)
    return MeasuredNoise(limited, tuple(low.tolist()), tuple(high.tolist()))


def noise_over(measured: MeasuredNoise, brain: BoolArray) -> FloatArray:
    """The measured SD stretched so that its brain fills another, ``[k, j, i]`` float32, fraction of M0.

    Args:
        measured: The measured noise.
        brain: A brain mask whose axes run as those of `MeasuredNoise.sd` do.
    """
    inside = np.argwhere(brain)
    low, high = inside.min(axis=0), inside.max(axis=0)
    axes = [
        first + (np.arange(n) - a) / max(int(b - a), 1) * (last - first)
        for n, a, b, first, last in zip(brain.shape, low, high, measured.low, measured.high, strict=True)
    ]
    coordinates = np.meshgrid(*axes, indexing="ij")
    field: FloatArray = ndimage.map_coordinates(measured.sd, coordinates, order=1, mode="nearest").astype(np.float32)
    return field
