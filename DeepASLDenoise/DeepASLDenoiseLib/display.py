"""How the maps look: one window and colour table for what is compared, legends, black outside the brain."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import slicer
import slicer.util

from deepasl.series import FloatArray
from DeepASLDenoiseLib import terms
from DeepASLDenoiseLib.colors import colorNode, outsideBrainNode
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.scene import ResultNodes

DEFAULT_COLORMAP = "inferno"
DIFFERENCE_COLORMAP = "blue-white-red"


@dataclass(frozen=True)
class Windows:
    """Value ranges of the colour tables, in the unit of the maps.

    Attributes:
        maps: The lowest and highest value shown, of the conventional and of the denoised map alike.
        difference: The same for their difference, symmetric about 0.
    """

    maps: tuple[float, float]
    difference: tuple[float, float]


def suitableWindows(conventional: FloatArray, denoised: FloatArray) -> Windows:
    """Windows with round ends that show 99 % of the values without saturation.

    The denoised map decides on the upper end: noise would stretch it over values that no tissue has.

    Args:
        conventional: Values inside the brain, any shape, not empty.
        denoised: The same voxels.
    """
    upper = roundUp(float(np.percentile(denoised, 99)))
    span = roundUp(float(np.percentile(np.abs(conventional - denoised), 99)))
    return Windows((0.0, upper), (-span, span))


def roundUp(value: float) -> float:
    """The next number above `value` with one digit, or two if it begins with 1; 1 for what is not positive."""
    if not value > 0:
        return 1.0
    step = 10.0 ** math.floor(math.log10(value))
    if value < 2 * step:
        step /= 10
    return math.ceil(value / step - 1e-9) * step


def showMaps(nodes: ResultNodes, colormap: str = DEFAULT_COLORMAP) -> Windows:
    """Give the compared maps their colours, their windows, their interpolation; returns the windows."""
    brain = slicer.util.arrayFromVolume(nodes.mask) > 0
    conventional, denoised = (slicer.util.arrayFromVolume(node)[brain] for node in (nodes.conventional, nodes.denoised))
    windows = suitableWindows(conventional, denoised)
    for node in (nodes.conventional, nodes.denoised):
        _show(node, colormap, windows.maps)
    _show(nodes.difference, DIFFERENCE_COLORMAP, windows.difference)
    table = outsideBrainNode(nodes.mask.GetScene())
    nodes.mask.GetDisplayNode().SetAndObserveColorNodeID(table.GetID())
    return windows


def addLegends(nodes: ResultNodes) -> None:
    """A legend with quantity and unit for each of the compared maps, small and low at the right edge of its view."""
    for node in (nodes.conventional, nodes.denoised):
        _addLegend(node, quantityText(node))
    _addLegend(nodes.difference, f"{quantityText(nodes.difference)} difference")


def quantityText(node: Node) -> str:
    """What a compared map measures, e.g. ``"CBF"``."""
    return "CBF" if _unit(node) == terms.ML_PER_100G_PER_MIN.value else "deltam"


def unitText(node: Node) -> str:
    """The unit of a compared map as people write it."""
    return "mL/100g/min" if _unit(node) == terms.ML_PER_100G_PER_MIN.value else "a.u."


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
    legend.SetTitleText(f"{title}\n{unitText(node)}")
    legend.SetLabelFormat("%.0f" if abs(node.GetDisplayNode().GetWindowLevelMax()) >= 10 else "%.2g")
    legend.SetNumberOfLabels(3)
    # The defaults cover the brain in a view that is a third of a window wide.
    legend.SetSize(0.06, 0.25)
    legend.SetPosition(0.97, 0.02)
    for text in (legend.GetTitleTextProperty(), legend.GetLabelTextProperty()):
        text.SetFontSize(6)
    legend.Modified()  # views do not hear of changes to its text properties
