"""Legends of maps: a bar with numbers and a title, letters of the same size in every view whatever its size."""

from __future__ import annotations

from dataclasses import dataclass

import slicer
import vtk

from DeepASLDenoiseLib.nodes import Node

LETTER_HEIGHT = 13
"""Font size, pixels."""

HEIGHT = 120
"""Title and bar together, pixels."""

EDGE = 10
"""Between legend and the edge of a view or what is above it, pixels."""

LABELS = 3

BAR_WIDTH = 14
"""Pixels."""

# VTK gives the bar this part of the legend's width; the numbers may reach three paddings of 2 pixels beyond the rest.
_BAR_PART = 0.2
_PADDING = 6
WIDTH = round(BAR_WIDTH / _BAR_PART)
"""Pixels; the title may be wider."""

OWN_ATTRIBUTE = "DeepASL.Legend"
"""Marks legends that were made here."""

_DOTS_PER_INCH = 72  # as VTK's render windows have it
_SPACE = 4
"""Width of a space, pixels."""

_SMALL_WIDTH, _SMALL_HEIGHT = 400, 700
"""A view of this size is meant where the views are not known, pixels."""


@dataclass(frozen=True)
class Corner:
    """Where in a view the legend lies.

    Attributes:
        width, height: Of the view, pixels.
        top: What is above the legend, pixels.
        scale: How much larger than usual everything is, on a screen of high resolution.
    """

    width: int = _SMALL_WIDTH
    height: int = _SMALL_HEIGHT
    top: int = 30
    scale: float = 1.0


def addLegend(node: Node, title: str) -> Node:
    """Give a map a legend, or a new title to the one it has; returns its display node."""
    legend = slicer.vtkSlicerColorLogic.AddDefaultColorLegendDisplayNode(node)
    legend.SetAttribute(OWN_ATTRIBUTE, "yes")
    legend.SetTitleText(title)
    legend.SetNumberOfLabels(LABELS)
    legend.SetOrientation(legend.Vertical)
    for letters in (legend.GetTitleTextProperty(), legend.GetLabelTextProperty()):
        letters.SetFontFamilyToArial()
        letters.SetShadow(True)
    placeLegend(node, Corner())
    return legend


def placeLegend(node: Node, corner: Corner) -> None:
    """Put the legend of a map into the upper right corner of a view.

    Slicer measures legends in parts of the view, and makes the letters as large as the legend's width allows: spaces
    before the numbers keep them small.
    """
    legend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(node)
    if legend is None:
        return
    window = node.GetDisplayNode().GetWindowLevelMin(), node.GetDisplayNode().GetWindowLevelMax()
    digits = labelFormat(window)
    spaces = " " * _spacesBefore(window, digits)
    width = min(WIDTH * corner.scale / corner.width, 0.5)
    height = min(HEIGHT * corner.scale / corner.height, 0.5)
    edge = EDGE * corner.scale
    change = legend.StartModify()
    legend.SetLabelFormat(spaces + digits)
    legend.SetSize(width, height)
    # A position is a part of the room that the legend leaves.
    legend.SetPosition(
        _part(corner.width * (1 - width) - edge, corner.width * (1 - width)),
        _part(corner.height * (1 - height) - corner.top - edge, corner.height * (1 - height)),
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


def showAllEverywhere(scene: Node) -> None:
    """Show every legend of a compared map wherever its map is shown."""
    kind = "vtkMRMLColorLegendDisplayNode"
    for n in range(scene.GetNumberOfNodesByClass(kind)):
        legend = scene.GetNthNodeByClass(n, kind)
        if legend.GetAttribute(OWN_ATTRIBUTE):
            legend.RemoveAllViewNodeIDs()


def _spacesBefore(window: tuple[float, float], digits: str) -> int:
    """How many spaces make the widest number as wide as the room for it, in letters of the right size."""
    low, high = window
    widest = max(_textWidth(digits % value) for value in (low, (low + high) / 2, high))
    room = WIDTH - BAR_WIDTH + _PADDING
    return max(0, (room - widest) // _SPACE)


def _textWidth(text: str) -> int:
    """In pixels."""
    letters = vtk.vtkTextProperty()
    letters.SetFontFamilyToArial()
    letters.SetFontSize(LETTER_HEIGHT)
    box = [0, 0, 0, 0]
    vtk.vtkTextRenderer.GetInstance().GetBoundingBox(letters, text, box, _DOTS_PER_INCH)
    return int(box[1] - box[0])


def _part(value: float, whole: float) -> float:
    return min(max(value / whole, 0.0), 1.0)
