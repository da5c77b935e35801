"""How the maps look: one window, one colour table and one threshold for all that are compared, black outside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import slicer
import slicer.util

from deepasl.results import CBF_UNIT, DELTAM_UNIT
from deepasl.windows import Windows, suitable_windows, symmetric_window, upper_end
from DeepASLDenoiseLib import legends, terms
from DeepASLDenoiseLib.colors import colorNode, outsideBrainNode
from DeepASLDenoiseLib.comparison import ComparedMap, comparedMaps
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.scene import ResultNodes

if TYPE_CHECKING:
    from DeepASLDenoiseLib.parameternode import DeepASLDenoiseParameterNode

DEFAULT_COLORMAP = "inferno"
DIFFERENCE_COLORMAP = "blue-white-red"

PERCENT = 100.0


@dataclass(frozen=True)
class Appearance:
    """What the user chose about the looks of the maps.

    Attributes:
        colormap: Their colours, a name of `deepasl.colormaps.SEQUENTIAL`; a difference has colours of its own.
        low, high: Values of the first and the last colour in mL/100g/min. Without CBF the unit is arbitrary: they
            are percent of what 99 % of the brain's voxels stay below.
        threshold: Values below are transparent, in the unit of `low`; 0 for none.
        opacity: Of every map over the background, 0 to 1.
        background: The image beneath; None for none.
        third: What is shown beside the maps of one result, see `comparison.comparedMaps`.
    """

    colormap: str = DEFAULT_COLORMAP
    low: float = 0.0
    high: float = 100.0
    threshold: float = 0.0
    opacity: float = 1.0
    background: Node | None = None
    third: str = "difference"


def appearanceOf(parameters: DeepASLDenoiseParameterNode) -> Appearance:
    """The user's choices of the scene."""
    return Appearance(
        parameters.colorTable,
        parameters.rangeLow,
        parameters.rangeHigh,
        parameters.threshold,
        parameters.opacity,
        parameters.backgroundNode,
        {"DIFFERENCE": "difference", "REMOVED_NOISE": "deltamRemoved"}[parameters.third.name],
    )


def suitableRange(results: Iterable[ResultNodes]) -> tuple[float, float]:
    """`Appearance.low` and `high` that show what is in these maps, with round ends."""
    first, *_ = nodes = tuple(results)
    if not isCbf(first.denoised):
        return 0.0, PERCENT
    return 0.0, max(upper_end(_insideBrain(each.denoised, each.mask)) for each in nodes)


def showCompared(maps: tuple[ComparedMap, ...], appearance: Appearance) -> None:
    """Give the compared maps the looks the user chose, and differences a symmetric scale about 0."""
    for compared in maps:
        _coverOutside(compared.mask)
        if compared.signed:
            window = symmetric_window(_insideBrain(compared.node, compared.mask))
            _show(compared.node, DIFFERENCE_COLORMAP, window)
        else:
            unit = 1.0 if isCbf(compared.node) else _percent(maps)
            _show(compared.node, appearance.colormap, _ordered(appearance.low * unit, appearance.high * unit))
            _setThreshold(compared.node, appearance.threshold * unit)


def showMaps(nodes: ResultNodes, colormap: str = DEFAULT_COLORMAP) -> Windows:
    """Give the maps of one result colours and the windows that suit them; returns the windows."""
    windows = suitable_windows(
        *(_insideBrain(node, nodes.mask) for node in (nodes.conventional, nodes.denoised)),
    )
    for node in (nodes.conventional, nodes.denoised):
        _show(node, colormap, windows.maps)
    _show(nodes.difference, DIFFERENCE_COLORMAP, windows.difference)
    _coverOutside(nodes.mask)
    return windows


def addLegends(nodes: ResultNodes) -> None:
    """A legend with quantity and unit for each map of one result, wherever it is shown."""
    for compared in comparedMaps((nodes,)):
        addLegend(compared)


def addLegend(compared: ComparedMap) -> Node:
    """The legend of a map, with quantity and unit; returns its display node."""
    return legends.addLegend(compared.node, legendText(compared))


def legendText(compared: ComparedMap) -> str:
    """Quantity and unit of a compared map, e.g. ``"CBF (mL/100g/min)"``."""
    quantity = "Difference" if compared.signed and isCbf(compared.node) else quantityText(compared.node)
    return f"{quantity} ({unitText(compared.node)})"


def quantityText(node: Node) -> str:
    """What a compared map measures, e.g. ``"CBF"``."""
    return "CBF" if isCbf(node) else "deltam"


def unitText(node: Node) -> str:
    """The unit of a compared map as people write it."""
    return CBF_UNIT if isCbf(node) else DELTAM_UNIT


def isCbf(node: Node) -> bool:
    """Whether a map is blood flow in mL/100g/min; else it is a difference image in arbitrary units."""
    units = node.GetVoxelValueUnits()
    return units is not None and str(units.GetCodeValue()) == terms.ML_PER_100G_PER_MIN.value


def _percent(maps: tuple[ComparedMap, ...]) -> float:
    """One percent of what 99 % of the brain's voxels of the denoised maps stay below."""
    denoised = [compared for compared in maps if not compared.signed][1:]
    return max(upper_end(_insideBrain(each.node, each.mask)) for each in denoised) / PERCENT


def _insideBrain(node: Node, mask: Node) -> np.ndarray:
    return slicer.util.arrayFromVolume(node)[slicer.util.arrayFromVolume(mask) > 0]


def _ordered(low: float, high: float) -> tuple[float, float]:
    """A window that is not empty, whatever was typed."""
    return (low, high) if high > low else (low, low + max(abs(low), 1.0) * 1e-3)


def _coverOutside(mask: Node) -> None:
    mask.GetDisplayNode().SetAndObserveColorNodeID(outsideBrainNode(mask.GetScene()).GetID())


def _show(node: Node, colormap: str, window: tuple[float, float]) -> None:
    display = node.GetDisplayNode()
    change = display.StartModify()  # one rendering, not one for each property
    display.SetAndObserveColorNodeID(colorNode(node.GetScene(), colormap).GetID())
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(*window)
    display.InterpolateOn()
    display.EndModify(change)


def _setThreshold(node: Node, threshold: float) -> None:
    display = node.GetDisplayNode()
    change = display.StartModify()
    display.AutoThresholdOff()
    display.SetThreshold(threshold, float(np.finfo(np.float32).max))
    display.SetApplyThreshold(threshold > 0)
    display.EndModify(change)
