"""Legends of maps: a bar with numbers and a title, letters of the same size in every view whatever its size."""

from __future__ import annotations

from dataclasses import dataclass

import slicer
import vtk

from DeepASLDenoiseLib.nodes import Node

LETTER_HEIGHT = 13
"""Font size, pixels."""

BAR_HEIGHT = 120
"""Title, bar and numbers together, pixels."""

EDGE = 10
"""Between legend and the edge of a view, pixels."""

LABELS = 3

# Of the legend's width the bar takes this part, and Slicer leaves three paddings of 2 pixels.
_BAR_PART = 0.375
_PADDING = 6

_SMALL_WIDTH, _SMALL_HEIGHT = 400, 700
"""A view of this size is meant where the views are not known, pixels."""


@dataclass(frozen=True)
class Corner:
    """Where in a view the legend lies.

    Attributes:
        width, height: Of the view, pixels.
        top: What is above the legend, pixels.
    """

    width: int = _SMALL_WIDTH
    height: int = _SMALL_HEIGHT
    top: int = 30


def addLegend(node: Node, title: str) -> Node:
    """Give a map a legend, or a new title to the one it has; returns its display node."""
    legend = slicer.vtkSlicerColorLogic.AddDefaultColorLegendDisplayNode(node)
    legend.SetTitleText(title)
    legend.SetNumberOfLabels(LABELS)
    legend.SetOrientation(legend.Vertical)
    placeLegend(node, Corner())
    return legend


def placeLegend(node: Node, corner: Corner) -> None:
    """Put the legend of a map into the upper right corner of a view.

    Slicer measures legends in parts of the view, and makes the letters as large as their width allows.
    """
    legend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(node)
    if legend is None:
        return
    window = node.GetDisplayNode().GetWindowLevelMin(), node.GetDisplayNode().GetWindowLevelMax()
    digits = labelFormat(window)
    width = _labelWidth(window, digits) / corner.width
    height = min(BAR_HEIGHT / corner.height, 0.5)
    change = legend.StartModify()
    legend.SetLabelFormat(digits)
    legend.SetSize(width, height)
    # A position is a part of the room that the legend leaves.
    legend.SetPosition(
        _part(corner.width * (1 - width) - EDGE, corner.width * (1 - width)),
        _part(corner.height * (1 - height) - corner.top, corner.height * (1 - height)),
    )
    legend.EndModify(change)


def labelFormat(window: tuple[float, float]) -> str:
    """How the ends and the middle of a window are written: as whole numbers where they are some."""
    low, high = window
    if all(abs(value - round(value)) < 1e-6 for value in (low, (low + high) / 2, high)):
        return "%.0f"
    return "%.1f" if high - low >= 10 else "%.3g"


def showOnlyIn(node: Node, viewNode: Node) -> None:
    """Show the legend of a map in one view alone: maps that lie over each other there would write over each other."""
    legend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(node)
    if legend is not None:
        legend.SetViewNodeIDs([viewNode.GetID()])


def showEverywhere(node: Node) -> None:
    """Show the legend of a map wherever the map is shown."""
    legend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(node)
    if legend is not None:
        legend.RemoveAllViewNodeIDs()


def _labelWidth(window: tuple[float, float], digits: str) -> float:
    """How wide the legend must be for its widest number to be of the right size, pixels."""
    low, high = window
    letters = vtk.vtkTextProperty()
    letters.SetFontFamilyToArial()
    letters.SetFontSize(LETTER_HEIGHT)
    widest = 0
    for value in (low, (low + high) / 2, high):
        box = [0, 0, 0, 0]
        vtk.vtkTextRenderer.GetInstance().GetBoundingBox(letters, digits % value, box, 72)
        widest = max(widest, box[1] - box[0])
    return (widest + _PADDING) / (1 - _BAR_PART)


def _part(value: float, whole: float) -> float:
    return min(max(value / whole, 0.0), 1.0)
