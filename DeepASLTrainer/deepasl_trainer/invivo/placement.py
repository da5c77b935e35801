"""A real scan laid on a grid of whole patches: as it was acquired, or turned and shifted in plane."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from deepasl.calibration.m0 import unusable_m0
from deepasl.results import BoolArray
from deepasl.series import FloatArray
from deepasl_trainer.invivo.rigid import STAY, Move, moved, room_for
from deepasl_trainer.invivo.scans import InVivoScan, cbf_of_one_percent
from deepasl_trainer.invivo.settings import InVivoSettings


@dataclass(frozen=True)
class LaidScan:
    """A scan whose rows and columns are multiples of a patch; voxels that were not scanned are 0.

    Attributes:
        pairs: Control minus label ``[p, k, j, i]``, percent of mean M0.
        m0: M0 as a fraction of its mean in the brain ``[k, j, i]``; 0 outside the brain.
        cbf_per_percent: CBF in mL/100g/min of 1 % of mean M0 ``[k, j, i]``; 0 outside the brain.
        brain: Brain ``[k, j, i]``.
        scanned: Voxels of the field of view ``[k, j, i]``.
    """

    pairs: FloatArray
    m0: FloatArray
    cbf_per_percent: FloatArray
    brain: BoolArray
    scanned: BoolArray


def draw_move(settings: InVivoSettings, size: int, rng: np.random.Generator) -> Move:
    """A turn within `settings`, and a shift of up to half a patch, so that patches begin anywhere."""
    rows, columns = rng.uniform(-size / 2.0, size / 2.0, 2).tolist()
    return Move(float(rng.uniform(-settings.turn_degrees, settings.turn_degrees)), rows, columns)


def lay(scan: InVivoScan, move: Move, size: int) -> LaidScan:
    """The scan after a motion in plane that pairs, M0 and brain make together.

    The patches lie around the middle of the brain as acquired. Where they reach beyond the field of view, as those of
    a small matrix do (32x28 voxels are common at 8 mm), there is nothing: zeros, as convolutions add at the border
    of a whole image.

    Args:
        scan: The scan.
        move: The motion, in voxels of the scan.
        size: Side of a patch in voxels.
    """
    observation = scan.observation
    planes = [*scan.pairs_percent(), observation.m0, observation.brain, np.ones(observation.geometry.shape)]
    images, grown = _moved(np.stack(planes).astype(np.float32), move, observation.geometry.spacing)
    brain = images[-2] > 0.5
    brain &= ~unusable_m0(images[-3], brain)
    top, rows = _covering(brain, _middle(observation.brain, 1) + grown[0], size, 1)
    left, columns = _covering(brain, _middle(observation.brain, 2) + grown[1], size, 2)

    def on_canvas(volumes: FloatArray) -> FloatArray:
        return _window(volumes, top, left, rows, columns)

    return LaidScan(
        pairs=on_canvas(images[:-3]),
        m0=on_canvas(np.where(brain, images[-3] / np.float32(observation.mean_m0), np.float32(0.0))),
        cbf_per_percent=on_canvas(cbf_of_one_percent(scan, images[-3], brain)),
        brain=on_canvas(brain.astype(np.float32)) > 0.0,
        scanned=on_canvas(images[-1]) > 0.5,
    )


def _moved(images: FloatArray, move: Move, spacing: tuple[float, float, float]) -> tuple[FloatArray, tuple[int, int]]:
    """Images after a motion, on a grid with room for it, and how many rows and columns that grid begins earlier."""
    if move == STAY:
        return images, (0, 0)
    height, width = images.shape[-2:]
    rows, columns = room_for(move, height, width, spacing[:2])
    above, before = (rows - height) // 2, (columns - width) // 2
    return moved(_window(images, -above, -before, rows, columns), move, spacing[:2]), (above, before)


def _extent(brain: BoolArray, axis: int) -> tuple[int, int]:
    """First voxel of the brain ``[k, j, i]`` along an axis, and the first after it."""
    inside = np.argwhere(brain)[:, axis]
    return int(inside.min()), int(inside.max()) + 1


def _middle(brain: BoolArray, axis: int) -> int:
    return sum(_extent(brain, axis)) // 2


def _covering(brain: BoolArray, middle: int, size: int, axis: int) -> tuple[int, int]:
    """First voxel and number of voxels of the fewest patches around `middle` that cover the brain along an axis."""
    low, high = _extent(brain, axis)
    count = math.ceil(2 * max(middle - low, high - middle) / size) * size
    return middle - count // 2, count


def _window(volumes: FloatArray, top: int, left: int, rows: int, columns: int) -> FloatArray:
    """A rectangle of each slice of ``[..., j, i]``, 0 where there is none."""
    height, width = volumes.shape[-2:]
    window = np.zeros((*volumes.shape[:-2], rows, columns), dtype=volumes.dtype)
    inside_rows = slice(max(top, 0), min(top + rows, height))
    inside_columns = slice(max(left, 0), min(left + columns, width))
    window[
        ...,
        inside_rows.start - top : inside_rows.stop - top,
        inside_columns.start - left : inside_columns.stop - left,
    ] = volumes[..., inside_rows, inside_columns]
    return window
