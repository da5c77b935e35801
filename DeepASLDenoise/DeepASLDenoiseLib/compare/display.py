"""How the maps look: one window, one colour table and one threshold for all that are compared, black outside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import slicer
import slicer.util

from deepasl.display.windows import Windows, suitable_windows, symmetric_window, upper_end
from deepasl.results import CBF_UNIT, DELTAM_UNIT
from DeepASLDenoiseLib.compare import legends
from DeepASLDenoiseLib.compare.colors import colorNode, outsideBrainNode
from DeepASLDenoiseLib.compare.comparison import (
    ComparedMap,
    Scale,
    Shows,
    Third,
    chosenResults,
    comparedMaps,
    hasArrival,
)
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.runs import terms
from DeepASLDenoiseLib.runs.resultnodes import ResultNodes
from DeepASLDenoiseLib.translation import tr as _

if TYPE_CHECKING:
    from DeepASLDenoiseLib.parameternode import DeepASLDenoiseParameterNode

DEFAULT_COLORMAP = "inferno"
DIFFERENCE_COLORMAP = "blue-white-red"
ARRIVAL_COLORMAP = "viridis"
ERROR_COLORMAP = "grey"

LATE = 2.5
"""An arrival time that few brains exceed, s."""

PERCENT = 100.0

DELTAM = "deltam"


@dataclass(frozen=True)
class Appearance:
    """What the user chose about the looks of the maps.

    Attributes:
        colormap: Their colours, a name of `deepasl.display.colormaps.SEQUENTIAL`; a difference has colours of its own.
        low, high: Values of the first and the last colour in mL/100g/min. Without CBF the unit is arbitrary: they
            are percent of what 99 % of the brain's voxels stay below.
        threshold: Values below are transparent, in the unit of `low`; 0 for none.
        opacity: Of every map over the background, 0 to 1.
        background: The image beneath; None for none.
        third: What is shown beside the maps of one result.
        shows: The quantity.
        early, late: Values of the first and the last color of arrival times, s; they have colors of their own.
    """

    colormap: str = DEFAULT_COLORMAP
    low: float = 0.0
    high: float = 100.0
    threshold: float = 0.0
    opacity: float = 1.0
    background: Node | None = None
    third: Third = Third.DIFFERENCE
    shows: Shows = Shows.PERFUSION
    early: float = 0.0
    late: float = LATE


def appearanceOf(parameters: DeepASLDenoiseParameterNode) -> Appearance:
    """The user's choices of the scene."""
    return Appearance(
        parameters.colorTable,
        parameters.rangeLow,
        parameters.rangeHigh,
        parameters.threshold,
        parameters.opacity,
        parameters.backgroundNode,
        parameters.third,
        parameters.shows,
        parameters.arrivalLow,
        parameters.arrivalHigh,
    )


def shownMaps(results: tuple[ResultNodes, ...], appearance: Appearance) -> tuple[ComparedMap, ...]:
    """The maps to compare, of those results that were chosen."""
    return comparedMaps(chosenResults(results), appearance.third, appearance.shows)


def suitableRange(results: Iterable[ResultNodes]) -> tuple[float, float]:
    """`Appearance.low` and `high` that show what is in these maps, with round ends."""
    first, *_ = nodes = tuple(results)
    if not isCbf(first.denoised):
        return 0.0, PERCENT
    return 0.0, max(upper_end(_insideBrain(each.denoised, each.mask)) for each in nodes)


def suitableArrivalRange(results: Iterable[ResultNodes]) -> tuple[float, float]:
    """`Appearance.early` and `late` that show what is in these maps, with round ends."""
    return 0.0, max(upper_end(_insideBrain(each.attDenoised, each.mask)) for each in results if hasArrival(each))


def showCompared(maps: tuple[ComparedMap, ...], appearance: Appearance) -> None:
    """Give the compared maps the looks the user chose, and differences a symmetric scale about 0."""
    for compared in maps:
        _coverOutside(compared.mask)
        if compared.scale is not Scale.SHARED:
            _showByItself(compared)
        elif isArrival(compared.node):
            _showArrival(compared.node, (appearance.early, appearance.late))
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


def showFurtherMaps(nodes: ResultNodes) -> None:
    """Give the maps that only some results have the colors and windows that suit them."""
    _showPureTissue(nodes)
    for compared in allMaps(nodes):
        if compared.scale is Scale.OWN:
            _showByItself(compared)
    if hasArrival(nodes):
        for compared in comparedMaps((nodes,), shows=Shows.ARRIVAL):
            if compared.scale is Scale.SHARED:
                _showArrival(compared.node, suitableArrivalRange((nodes,)))
            else:
                _showByItself(compared)


def allMaps(nodes: ResultNodes) -> tuple[ComparedMap, ...]:
    """Every map of one result that may be compared, each once."""
    found = (each for shows in Shows for third in Third for each in comparedMaps((nodes,), third, shows))
    return tuple({each.node.GetID(): each for each in found}.values())


def addLegends(nodes: ResultNodes) -> None:
    """A legend with quantity and unit for each map of one result, wherever it is shown."""
    for compared in allMaps(nodes):
        addLegend(compared)


def addLegend(compared: ComparedMap) -> Node:
    """The legend of a map, with quantity and unit; returns its display node."""
    return legends.addLegend(compared.node, legendText(compared))


def legendText(compared: ComparedMap) -> str:
    """Quantity and unit of a compared map, e.g. ``"CBF (mL/100g/min)"``."""
    quantity = quantityText(compared.node)
    if compared.scale is Scale.OWN:
        quantity = "Standard error"
    elif compared.scale is Scale.SIGNED and quantity != DELTAM:
        quantity = "Difference"
    return f"{quantity} ({unitText(compared.node)})"


def quantityText(node: Node) -> str:
    """What a compared map measures, e.g. ``"CBF"``."""
    return "CBF" if isCbf(node) else "ATT" if isArrival(node) else DELTAM


def unitText(node: Node) -> str:
    """The unit of a compared map as people write it."""
    return CBF_UNIT if isCbf(node) else "s" if isArrival(node) else DELTAM_UNIT


def isCbf(node: Node) -> bool:
    """Whether a map is blood flow in mL/100g/min."""
    return _isIn(node, terms.ML_PER_100G_PER_MIN)


def isArrival(node: Node) -> bool:
    """Whether a map is an arrival time in s; what is neither that nor blood flow is a difference image."""
    return _isIn(node, terms.SECOND)


def _isIn(node: Node, unit: terms.Term) -> bool:
    units = node.GetVoxelValueUnits()
    return units is not None and str(units.GetCodeValue()) == unit.value


def _percent(maps: tuple[ComparedMap, ...]) -> float:
    """One percent of what 99 % of the brain's voxels of the denoised maps stay below."""
    denoised = [compared for compared in maps if compared.scale is Scale.SHARED][1:]
    return max(upper_end(_insideBrain(each.node, each.mask)) for each in denoised) / PERCENT


def _insideBrain(node: Node, mask: Node) -> np.ndarray:
    return slicer.util.arrayFromVolume(node)[slicer.util.arrayFromVolume(mask) > 0]


def _showByItself(compared: ComparedMap) -> None:
    """A difference with a range about 0, a standard error from 0 on."""
    inside = _insideBrain(compared.node, compared.mask)
    if compared.scale is Scale.SIGNED:
        _show(compared.node, DIFFERENCE_COLORMAP, symmetric_window(inside))
    else:
        _show(compared.node, ERROR_COLORMAP, (0.0, upper_end(inside)))


def _showArrival(node: Node, window: tuple[float, float]) -> None:
    """Voxels in which no blood is seen to arrive are 0 and stay transparent."""
    _show(node, ARRIVAL_COLORMAP, _ordered(*window))
    _setThreshold(node, float(np.finfo(np.float32).tiny))


def _showPureTissue(nodes: ResultNodes) -> None:
    """Flow of pure tissue is not compared: its maps have one range, and legends that name the tissue."""
    grey, white = _("CBF of grey matter"), _("CBF of white matter")
    found = (
        (nodes.cbfGreyConventional, grey),
        (nodes.cbfGreyDenoised, grey),
        (nodes.cbfWhiteConventional, white),
        (nodes.cbfWhiteDenoised, white),
    )
    maps = [(node, quantity) for node, quantity in found if node is not None]
    highest = max((upper_end(_insideBrain(node, nodes.mask)) for node, _quantity in maps), default=0.0)
    for node, quantity in maps:
        _show(node, DEFAULT_COLORMAP, (0.0, highest))
        legends.addLegend(node, f"{quantity} ({unitText(node)})")


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
