"""The maps of a result as JSON: turned for display, cut to the head, packed into 16-bit integers."""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepasl.display.colormaps import BLUE_WHITE_RED, SEQUENTIAL
from deepasl.display.orientation import SliceView, radiological_view
from deepasl.report.layers import LARGEST, Layer, layers_of, scales_of
from deepasl.results import BoolArray, Result
from deepasl.series import FloatArray

NO_VALUE = -32768
"""What voxels that are not numbers are stored as."""

MARGIN_MM = 10.0
"""How much is kept around the brain in the plane of the slices."""

Box = tuple[slice, slice]


def maps_data(result: Result) -> dict[str, Any]:
    """All that the page needs to draw the maps.

    Volumes are indexed ``[slice, row, column]`` in radiological convention (see `deepasl.display.orientation`) and
    stored as base64 of little-endian int16: ``value = step * integer``. The mask is base64 of packed bits, most
    significant bit first.
    """
    view = radiological_view(result.geometry)
    shown_mask = view.show(result.mask)
    box = _brain_box(shown_mask, view.spacing())
    return {
        "grid": _grid(view, shown_mask, box),
        "mask": _base64(np.packbits(shown_mask[:, *box])),
        "layers": [_packed(layer, view, box) for layer in layers_of(result)],
        "scales": scales_of(result),
        "colormaps": [
            {"name": c.name, "title": c.title, "sequential": c in SEQUENTIAL, "table": _base64(c.table())}
            for c in (*SEQUENTIAL, BLUE_WHITE_RED)
        ],
    }


def pack(volume: FloatArray, step: float) -> tuple[NDArray[np.int16], int]:
    """Round to multiples of `step`.

    Returns:
        The integers, and how many values lay beyond the largest integer and were set to it.
    """
    finite = np.isfinite(volume)
    steps = np.rint(np.where(finite, volume, 0.0) / step)
    beyond = int(np.count_nonzero(np.abs(steps) > LARGEST))
    packed = np.where(finite, np.clip(steps, -LARGEST, LARGEST), NO_VALUE)
    return packed.astype("<i2"), beyond


def _packed(layer: Layer, view: SliceView, box: Box) -> dict[str, Any]:
    described = {
        "name": layer.name,
        "title": layer.title,
        "unit": layer.unit,
        "scale": layer.scale,
        "brainOnly": layer.brain_only,
    }
    if layer.values is None:
        return described | {"minus": ["conventional", "denoised"]}
    integers, beyond = pack(view.show(layer.values)[:, *box], layer.step)
    return described | {"step": layer.step, "data": _base64(integers), "beyond": beyond}


def _grid(view: SliceView, mask: BoolArray, box: Box) -> dict[str, Any]:
    between_slices, row_mm, column_mm = view.spacing()
    cut = np.eye(4)
    cut[:2, 3] = box[1].start, box[0].start
    slices, rows, columns = mask[:, *box].shape
    return {
        "slices": slices,
        "rows": rows,
        "columns": columns,
        "columnMm": column_mm,
        "rowMm": row_mm,
        "sliceMm": between_slices,
        "plane": view.plane,
        "tiltDegrees": round(view.tilt, 1),
        "edges": {"left": view.left, "right": view.right, "top": view.top, "bottom": view.bottom},
        "positions": view.slice_positions(),
        "pictureToVoxel": (view.picture_to_ijk() @ cut).tolist(),
        "pictureToLps": (view.picture_to_lps() @ cut).tolist(),
        "startSlice": int(mask.sum(axis=(1, 2)).argmax()) if mask.any() else slices // 2,
    }


def _brain_box(mask: BoolArray, spacing: tuple[float, float, float]) -> Box:
    """Rows and columns that hold the brain in any slice, and a margin; everything where there is no brain."""
    if not mask.any():
        return slice(0, mask.shape[1]), slice(0, mask.shape[2])
    _, rows, columns = np.nonzero(mask)
    return _span(rows, spacing[1], mask.shape[1]), _span(columns, spacing[2], mask.shape[2])


def _span(occupied: NDArray[np.intp], millimetres: float, size: int) -> slice:
    margin = math.ceil(MARGIN_MM / millimetres)
    return slice(max(int(occupied.min()) - margin, 0), min(int(occupied.max()) + 1 + margin, size))


def _base64(array: NDArray[Any]) -> str:
    return base64.b64encode(array.tobytes()).decode("ascii")
