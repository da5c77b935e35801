"""The maps of a result as JSON: turned for display, cut to the head, packed into 16-bit integers."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepasl.colormaps import BLUE_WHITE_RED, GREY, SEQUENTIAL, VIRIDIS
from deepasl.orientation import SliceView, radiological_view
from deepasl.results import DELTAM_UNIT, BoolArray, Result
from deepasl.series import FloatArray
from deepasl.windows import suitable_windows, symmetric_window, upper_end

CBF_STEP = 0.05
"""mL/100g/min from one stored integer to the next; the rounding error is half of it."""

ATT_STEP = 0.001
"""s."""

LARGEST = 32767
NO_VALUE = -32768
"""What voxels that are not numbers are stored as."""

MARGIN_MM = 10.0
"""How much is kept around the brain in the plane of the slices."""

Box = tuple[slice, slice]


def maps_data(result: Result) -> dict[str, Any]:
    """All that the page needs to draw the maps.

    Volumes are indexed ``[slice, row, column]`` in radiological convention (see `deepasl.orientation`) and stored
    as base64 of little-endian int16: ``value = step * integer``. The mask is base64 of packed bits, most
    significant bit first.
    """
    view = radiological_view(result.geometry)
    shown_mask = view.show(result.mask)
    box = _brain_box(shown_mask, view.spacing())
    return {
        "grid": _grid(view, shown_mask, box),
        "mask": _base64(np.packbits(shown_mask[:, *box])),
        "layers": [_packed(layer, view, box) for layer in _layers(result)],
        "scales": _scales(result),
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


def finest_step(*volumes: FloatArray) -> float:
    """The smallest step with which no finite value of these volumes lies beyond the largest integer."""
    peak = max(float(np.max(np.abs(v), where=np.isfinite(v), initial=0.0)) for v in volumes)
    return peak / LARGEST if peak > 0 else 1.0


@dataclass(frozen=True)
class _Layer:
    """A map that can be shown.

    Attributes:
        name: For programs.
        title: What users read.
        unit: Of its values.
        scale: Which entry of the scales it is colored by.
        brain_only: Whether it has no meaning outside the brain.
        values: The map ``[k, j, i]``; None for the difference, which the page computes itself.
        step: From one stored integer to the next.
    """

    name: str
    title: str
    unit: str
    scale: str
    brain_only: bool
    values: FloatArray | None
    step: float = 0.0


def _layers(result: Result) -> list[_Layer]:
    """What can be shown: the two that are compared, then those offered for the third place."""
    conventional, denoised = result.conventional, result.denoised
    removed = _Layer(
        "removed", "Removed noise (ΔM)", DELTAM_UNIT, "removed", False, result.removed, finest_step(result.removed)
    )
    if conventional.cbf is None or denoised.cbf is None:
        step = finest_step(conventional.deltam, denoised.deltam)
        layers = [
            _Layer("conventional", "Conventional ΔM", DELTAM_UNIT, "maps", False, conventional.deltam, step),
            _Layer("denoised", "Denoised ΔM", DELTAM_UNIT, "maps", False, denoised.deltam, step),
            removed,
        ]
    else:
        unit = result.statistics_unit
        layers = [
            _Layer("conventional", "Conventional CBF", unit, "maps", True, conventional.cbf, CBF_STEP),
            _Layer("denoised", "Denoised CBF", unit, "maps", True, denoised.cbf, CBF_STEP),
            _Layer("difference", "Difference (CBF)", unit, "difference", True, None),
            removed,
        ]
    for kind, maps in (("conventional", conventional), ("denoised", denoised)):
        if maps.att is not None:
            layers.append(
                _Layer(f"{kind}-att", f"{kind.capitalize()} transit time", "s", "att", True, maps.att, ATT_STEP)
            )
    if result.m0 is not None:
        m0 = result.m0.volume
        layers.append(_Layer("m0", "M0 image", DELTAM_UNIT, "m0", False, m0, finest_step(m0)))
    return layers


def _packed(layer: _Layer, view: SliceView, box: Box) -> dict[str, Any]:
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


def _scales(result: Result) -> dict[str, Any]:
    """Suggested windows; the color map of `maps` is the reader's choice."""
    inside = result.mask if result.mask.any() else np.ones_like(result.mask)
    maps = (result.conventional, result.denoised)
    conventional, denoised = (m.deltam[inside] if m.cbf is None else m.cbf[inside] for m in maps)
    windows = suitable_windows(conventional, denoised)
    scales = {
        "maps": {"window": windows.maps, "colormap": SEQUENTIAL[0].name},
        "difference": {"window": windows.difference, "colormap": BLUE_WHITE_RED.name},
        "removed": {"window": symmetric_window(result.removed[inside]), "colormap": BLUE_WHITE_RED.name},
    }
    if result.denoised.att is not None:
        scales["att"] = {"window": (0.0, upper_end(result.denoised.att[inside])), "colormap": VIRIDIS.name}
    if result.m0 is not None:
        scales["m0"] = {"window": (0.0, upper_end(result.m0.volume[inside])), "colormap": GREY.name}
    return scales


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
