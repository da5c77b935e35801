"""Slices of the comparison, rendered one by one without a desktop by the scene and display code of the module."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepasl.results import Result
from DeepASLDenoiseLib.compare import display, layout
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.pictures import headless
from DeepASLDenoiseLib.runs.resultnodes import addResult

SLICE_FRACTIONS = (0.8, 0.55, 0.3)
"""Which slices are representative: parts of the brain's voxels that lie below them."""


@dataclass(frozen=True)
class Tile:
    """One slice of one map.

    Attributes:
        pixels: ``[row, column, 3]`` uint8.
        left, right: Letters of the patient's sides at its edges; empty if the slice does not separate them.
        position: Of the slice in the patient, in words.
    """

    pixels: np.ndarray
    left: str
    right: str
    position: str


@dataclass(frozen=True)
class Scale:
    """The colours of a map.

    Attributes:
        colors: ``[n, 3]`` in 0..1, from the lowest to the highest value.
        window: These two values.
        title: Quantity and unit, two lines.
    """

    colors: np.ndarray
    window: tuple[float, float]
    title: str


@dataclass(frozen=True)
class RenderedComparison:
    """All slices and the colours they are drawn in.

    Attributes:
        rows: Conventional, denoised and difference of each slice, the uppermost first.
        maps: Colours of the conventional and the denoised map.
        difference: Colours of their difference.
    """

    rows: tuple[tuple[Tile, ...], ...]
    maps: Scale
    difference: Scale


def renderComparison(result: Result, width: int, height: int) -> RenderedComparison:
    """Render the representative slices of `result`, `width` x `height` pixels each."""
    application = headless.startApplication()
    views = headless.openViews(application, width, height)
    nodes = addResult(application.scene, result)
    windows = display.showMaps(nodes)
    layout.compare(layout.panes(application.logic, application.scene), nodes)
    rows = []
    for point in representativePoints(nodes.mask, views[0].pane):
        for view in views:
            layout.jumpTo(view.pane, point)
        rows.append(tuple(_tile(view) for view in views))
    unit = display.unitText(nodes.denoised)
    return RenderedComparison(
        tuple(rows),
        _scale(nodes.denoised, windows.maps, f"{display.quantityText(nodes.denoised)}\n{unit}"),
        _scale(nodes.difference, windows.difference, f"Difference\n{unit}"),
    )


def representativePoints(mask: Node, view: layout.SlicePane) -> list[np.ndarray]:
    """Where to slice the brain, uppermost first: points on the axis through the middle of what the view shows."""
    axes = layout.sliceAxes(view.sliceNode)
    middle = layout.sliceCenter(view.sliceNode)
    heights = layout.brainPoints(mask) @ axes[:, 2]
    return [middle + axes[:, 2] * (np.quantile(heights, part) - middle @ axes[:, 2]) for part in SLICE_FRACTIONS]


def _tile(view: headless.OffscreenView) -> Tile:
    toTheRight = layout.sliceAxes(view.pane.sliceNode)[:, 0]
    across = abs(toTheRight[0]) > max(abs(toTheRight[1:]))
    left, right = (("R", "L") if toTheRight[0] < 0 else ("L", "R")) if across else ("", "")
    height = layout.sliceCenter(view.pane.sliceNode)[2]
    return Tile(view.grab(), left, right, f"{'S' if height >= 0 else 'I'} {abs(height):.0f} mm")


def _scale(node: Node, window: tuple[float, float], title: str) -> Scale:
    table = node.GetDisplayNode().GetColorNode().GetLookupTable()
    colors = np.array([table.GetTableValue(n)[:3] for n in range(table.GetNumberOfTableValues())])
    return Scale(colors, window, title)
