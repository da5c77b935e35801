"""The comparison in the running desktop application."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import slicer

from DeepASLDenoiseLib.compare import display, layout, legends, surroundings
from DeepASLDenoiseLib.compare.comparison import ComparedMap
from DeepASLDenoiseLib.compare.display import Appearance, appearanceOf
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.runs.inscene import ResultNodes

if TYPE_CHECKING:
    from DeepASLDenoiseLib.parameternode import DeepASLDenoiseParameterNode

LETTER_WIDTH = 7.5
"""Of the titles, on average, pixels."""

LINE_HEIGHT = 18
MOST_LINES = 3

GAP = 8

BOTTOM = 44
"""What Slicer itself writes at the lower edge of a view, pixels."""


def showScan(sequence: Node) -> None:
    """Show a loaded scan in the slice views, its frames to be browsed."""
    logic = slicer.modules.sequences.logic()
    browser = logic.GetFirstBrowserNodeForSequenceNode(sequence)
    logic.UpdateProxyNodesFromSequences(browser)
    slicer.modules.sequences.setToolBarActiveBrowserNode(browser)
    slicer.util.setSliceViewerLayers(background=browser.GetProxyNode(sequence), fit=True)


def showComparison(results: tuple[ResultNodes, ...], parameters: DeepASLDenoiseParameterNode) -> int:
    """Switch to the comparison layout and show the middle of the brain.

    Args:
        results: Of one scan, the oldest first; shown are those the user chose, else the newest of each model.
        parameters: The user's choices.

    Returns:
        The layout to go back to.
    """
    appearance = appearanceOf(parameters)
    maps = display.shownMaps(results, appearance)
    previous = layout.enterLayout(_layoutNode(), len(maps))
    # The views get their sizes from the layout; the brain is fitted to those.
    slicer.app.processEvents()
    panes = panesOf(maps)
    _fill(panes, maps, appearance)
    layout.frameViews(panes, maps, _roomsFor(panes, maps))
    return previous


def updateComparison(results: tuple[ResultNodes, ...], parameters: DeepASLDenoiseParameterNode) -> None:
    """Show what the user chose since, without moving the views; does nothing while no comparison is shown.

    Args:
        results: As for `showComparison`.
        parameters: The user's choices.
    """
    if not isComparing() or not results:
        return
    appearance = appearanceOf(parameters)
    maps = display.shownMaps(results, appearance)
    if _layoutNode().GetViewArrangement() != layout.layoutId(len(maps)):
        showComparison(results, parameters)
        return
    _fill(panesOf(maps), maps, appearance)


def leaveComparison(former: int) -> None:
    """Back to the layout from before the comparison."""
    layout.leaveLayout(_layoutNode(), former)
    tidyUp()


def tidyUp() -> None:
    """After the comparison: legends are seen wherever their maps are, and images outside the brain are gone."""
    surroundings.removeUnused(slicer.mrmlScene)
    legends.showAllEverywhere(slicer.mrmlScene)


def isComparing() -> bool:
    """Whether one of the comparison layouts is shown."""
    return layout.isComparison(_layoutNode().GetViewArrangement())


def panesOf(maps: tuple[ComparedMap, ...]) -> tuple[layout.SlicePane, ...]:
    """The views of the comparison that is shown, one for each map."""
    return layout.panes(slicer.app.applicationLogic(), slicer.mrmlScene, len(maps))


def sliceView(pane: layout.SlicePane) -> slicer.qMRMLSliceView:
    """The widget of a view."""
    return slicer.app.layoutManager().sliceWidget(pane.sliceNode.GetLayoutName()).sliceView()


def pixelRatio() -> float:
    """Pixels of the views for one of those that letters are measured in: above 1 on screens of high resolution."""
    return float(slicer.app.devicePixelRatio())


def showTitle(pane: layout.SlicePane, title: str) -> None:
    """Write the title into the picture, at its upper edge; Slicer itself writes into the corners only."""
    view = sliceView(pane)
    annotation = view.cornerAnnotation()
    annotation.SetText(annotation.UpperEdge, "\n".join(_titleLines(pane, title)))
    view.scheduleRender()


def placeLegends(panes: tuple[layout.SlicePane, ...], maps: tuple[ComparedMap, ...]) -> None:
    """Put the legend of every map below the titles of its view, in letters of the same size whatever the view's."""
    top = _titleHeight(panes, maps)
    for pane, compared in zip(panes, maps, strict=True):
        width, height, _ = pane.sliceNode.GetDimensions()
        legends.placeLegend(compared.node, legends.Corner(width, height, top, pixelRatio()))


def _fill(panes: tuple[layout.SlicePane, ...], maps: tuple[ComparedMap, ...], appearance: Appearance) -> None:
    display.showCompared(maps, appearance)
    for pane, compared in zip(panes, maps, strict=True):
        display.addLegend(compared)
        legends.showOnlyIn(compared.node, pane.sliceNode)
    covers = tuple(surroundings.cover(compared.mask, appearance.background) for compared in maps)
    layout.fillViews(panes, maps, appearance.background, appearance.opacity, covers)
    surroundings.removeUnused(slicer.mrmlScene, covers)
    placeLegends(panes, maps)
    for pane, compared in zip(panes, maps, strict=True):
        showTitle(pane, compared.title)


def _roomsFor(panes: tuple[layout.SlicePane, ...], maps: tuple[ComparedMap, ...]) -> tuple[layout.Edges, ...]:
    """The brain may lie below the legend or beside it."""
    top, bottom = _titleHeight(panes, maps), round(BOTTOM * pixelRatio())
    side = round((legends.WIDTH + legends.EDGE) * pixelRatio())
    above = round((legends.EDGE + legends.HEIGHT) * pixelRatio())
    return (
        layout.Edges(top=top + above, bottom=bottom),
        layout.Edges(top=top, right=side, bottom=bottom, left=side),
    )


def _titleHeight(panes: tuple[layout.SlicePane, ...], maps: tuple[ComparedMap, ...]) -> int:
    """What the longest title takes at the upper edge, pixels; the same in all views, so that they look alike."""
    lines = max(len(_titleLines(pane, compared.title)) for pane, compared in zip(panes, maps, strict=True))
    return round((lines * LINE_HEIGHT + GAP) * pixelRatio())


def _titleLines(pane: layout.SlicePane, title: str) -> list[str]:
    letters = max(10, int(pane.sliceNode.GetDimensions()[0] / (LETTER_WIDTH * pixelRatio())))
    lines = [line for part in title.split("\n") for line in textwrap.wrap(part, letters)]
    return lines[:MOST_LINES]


def _layoutNode() -> slicer.vtkMRMLLayoutNode:
    return slicer.app.layoutManager().layoutLogic().GetLayoutNode()
