"""How the maps look: one window and colour table for what is compared, legends, black outside the brain."""

from __future__ import annotations

import slicer
import slicer.util

from deepasl.results import CBF_UNIT, DELTAM_UNIT
from deepasl.windows import Windows, suitable_windows
from DeepASLDenoiseLib import terms
from DeepASLDenoiseLib.colors import colorNode, outsideBrainNode
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.scene import ResultNodes

DEFAULT_COLORMAP = "inferno"
DIFFERENCE_COLORMAP = "blue-white-red"


def showMaps(nodes: ResultNodes, colormap: str = DEFAULT_COLORMAP) -> Windows:
    """Give the compared maps their colours, their windows, their interpolation; returns the windows."""
    brain = slicer.util.arrayFromVolume(nodes.mask) > 0
    conventional, denoised = (slicer.util.arrayFromVolume(node)[brain] for node in (nodes.conventional, nodes.denoised))
    windows = suitable_windows(conventional, denoised)
    for node in (nodes.conventional, nodes.denoised):
        _show(node, colormap, windows.maps)
    _show(nodes.difference, DIFFERENCE_COLORMAP, windows.difference)
    table = outsideBrainNode(nodes.mask.GetScene())
    nodes.mask.GetDisplayNode().SetAndObserveColorNodeID(table.GetID())
    return windows


def addLegends(nodes: ResultNodes) -> None:
    """A legend with quantity and unit for each of the compared maps, below the brain."""
    for node in (nodes.conventional, nodes.denoised):
        _addLegend(node, quantityText(node))
    _addLegend(nodes.difference, "Difference")


def quantityText(node: Node) -> str:
    """What a compared map measures, e.g. ``"CBF"``."""
    return "CBF" if _unit(node) == terms.ML_PER_100G_PER_MIN.value else "deltam"


def unitText(node: Node) -> str:
    """The unit of a compared map as people write it."""
    return CBF_UNIT if _unit(node) == terms.ML_PER_100G_PER_MIN.value else DELTAM_UNIT


def _unit(node: Node) -> str:
    return str(node.GetVoxelValueUnits().GetCodeValue())


def _show(node: Node, colormap: str, window: tuple[float, float]) -> None:
    display = node.GetDisplayNode()
    display.SetAndObserveColorNodeID(colorNode(node.GetScene(), colormap).GetID())
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(*window)
    display.InterpolateOn()


def _addLegend(node: Node, title: str) -> None:
    legend = slicer.vtkSlicerColorLogic.AddDefaultColorLegendDisplayNode(node)
    legend.SetTitleText(f"{title} ({unitText(node)})")
    legend.SetLabelFormat("%.0f" if abs(node.GetDisplayNode().GetWindowLevelMax()) >= 10 else "%.2g")
    legend.SetNumberOfLabels(3)
    # In the upper right corner, where no brain is; the width decides on the size of the letters.
    legend.SetOrientation(legend.Vertical)
    legend.SetSize(0.07, 0.15)
    legend.SetPosition(0.98, 0.92)
