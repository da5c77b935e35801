"""Which maps of a result the report can show, and by which scale each is colored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepasl.display.colormaps import BLUE_WHITE_RED, GREY, SEQUENTIAL, VIRIDIS
from deepasl.display.windows import suitable_windows, symmetric_window, upper_end
from deepasl.results import CBF_UNIT, DELTAM_UNIT, Result
from deepasl.series import FloatArray

CBF_STEP = 0.05
"""mL/100g/min from one stored integer to the next; the rounding error is half of it."""

ATT_STEP = 0.001
"""s."""

LARGEST = 32767
"""Of the integers that maps are stored as."""


@dataclass(frozen=True)
class Layer:
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


def layers_of(result: Result) -> list[Layer]:
    """What can be shown: the two that are compared, then those offered for the third place."""
    return [*_compared(result), *_of_both_kinds(result), *_of_the_scanner(result), *_calibration(result)]


def scales_of(result: Result) -> dict[str, Any]:
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
    errors = [m.cbf_error[inside] for m in maps if m.cbf_error is not None]
    if errors:
        scales["error"] = {"window": (0.0, max(map(upper_end, errors))), "colormap": VIRIDIS.name}
    if result.denoised.att is not None:
        scales["att"] = {"window": (0.0, upper_end(result.denoised.att[inside])), "colormap": VIRIDIS.name}
    for layer in _of_the_scanner(result):
        if layer.values is not None and layer.scale != "maps":
            scales[layer.scale] = {"window": (0.0, upper_end(layer.values[inside])), "colormap": SEQUENTIAL[0].name}
    if result.m0 is not None:
        scales["m0"] = {"window": (0.0, upper_end(result.m0.volume[inside])), "colormap": GREY.name}
    return scales


def finest_step(*volumes: FloatArray) -> float:
    """The smallest step with which no finite value of these volumes lies beyond the largest integer."""
    peak = max(float(np.max(np.abs(v), where=np.isfinite(v), initial=0.0)) for v in volumes)
    return peak / LARGEST if peak > 0 else 1.0


def _compared(result: Result) -> Iterator[Layer]:
    """Both maps, their difference, and what the network took away."""
    conventional, denoised = result.conventional, result.denoised
    if conventional.cbf is None or denoised.cbf is None:
        step = finest_step(conventional.deltam, denoised.deltam)
        yield Layer("conventional", "Conventional ΔM", DELTAM_UNIT, "maps", False, conventional.deltam, step)
        yield Layer("denoised", "Denoised ΔM", DELTAM_UNIT, "maps", False, denoised.deltam, step)
    else:
        unit = result.statistics_unit
        yield Layer("conventional", "Conventional CBF", unit, "maps", True, conventional.cbf, CBF_STEP)
        yield Layer("denoised", "Denoised CBF", unit, "maps", True, denoised.cbf, CBF_STEP)
        yield Layer("difference", "Difference (CBF)", unit, "difference", True, None)
    removed = result.removed
    yield Layer("removed", "Removed noise (ΔM)", DELTAM_UNIT, "removed", False, removed, finest_step(removed))


def _of_both_kinds(result: Result) -> Iterator[Layer]:
    """What only some runs have, conventional and denoised side by side."""
    both = (("conventional", result.conventional), ("denoised", result.denoised))
    for word, scale, unit, step, array_of in _OPTIONAL:
        for kind, maps in both:
            array = getattr(maps, array_of)
            if array is not None:
                yield Layer(f"{kind}-{array_of}", f"{kind.capitalize()} {word}", unit, scale, True, array, step)


_OPTIONAL = (
    ("transit time", "att", "s", ATT_STEP, "att"),
    ("CBF, standard error", "error", CBF_UNIT, CBF_STEP, "cbf_error"),
    ("CBF of pure grey matter", "maps", CBF_UNIT, CBF_STEP, "cbf_grey"),
    ("CBF of pure white matter", "maps", CBF_UNIT, CBF_STEP, "cbf_white"),
)
"""Title, scale, unit, step and field of `PerfusionMaps`."""


def _of_the_scanner(result: Result) -> Iterator[Layer]:
    """Maps the scanner made on the grid of the scan; CBF is colored as the computed CBF is."""
    for number, scanner in enumerate(result.scanner_maps):
        if not scanner.geometry.matches(result.geometry):
            continue
        comparable = scanner.unit == result.statistics_unit == CBF_UNIT
        scale, step = ("maps", CBF_STEP) if comparable else (f"scanner{number}", finest_step(scanner.volume))
        series = "" if scanner.number is None else f" (series {scanner.number})"
        title = f"Scanner: {scanner.kind}{series}"
        yield Layer(f"scanner{number}", title, scanner.unit, scale, False, scanner.volume, step)


def _calibration(result: Result) -> Iterator[Layer]:
    if result.m0 is not None:
        m0 = result.m0.volume
        yield Layer("m0", "M0 image", DELTAM_UNIT, "m0", False, m0, finest_step(m0))
