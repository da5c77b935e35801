"""The comparison in the running desktop application."""

from __future__ import annotations

import slicer

from DeepASLDenoiseLib import display, layout
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.scene import ResultNodes


def showScan(sequence: Node) -> None:
    """Show a loaded scan in the slice views, its frames to be browsed."""
    logic = slicer.modules.sequences.logic()
    browser = logic.GetFirstBrowserNodeForSequenceNode(sequence)
    logic.UpdateProxyNodesFromSequences(browser)
    slicer.modules.sequences.setToolBarActiveBrowserNode(browser)
    slicer.util.setSliceViewerLayers(background=browser.GetProxyNode(sequence), fit=True)


def showResult(nodes: ResultNodes) -> None:
    """Colours, windows and legends of new maps."""
    display.showMaps(nodes)
    display.addLegends(nodes)


def showComparison(nodes: ResultNodes) -> int:
    """Switch to the comparison layout; returns the layout to go back to."""
    previous = layout.enterLayout(_layoutNode())
    # The views get their sizes from the layout; the brain is fitted to those.
    slicer.app.processEvents()
    layout.compare(layout.panes(slicer.app.applicationLogic(), slicer.mrmlScene), nodes)
    for tag, title in zip(layout.VIEW_TAGS, layout.VIEW_TITLES, strict=True):
        _showTitle(slicer.app.layoutManager().sliceWidget(tag).sliceView(), title)
    return previous


def leaveComparison(previous: int) -> None:
    """Back to the layout from before the comparison."""
    layout.leaveLayout(_layoutNode(), previous)


def _showTitle(view: slicer.qMRMLSliceView, title: str) -> None:
    """Write the title into the picture, at its upper edge; Slicer itself writes into the corners only."""
    annotation = view.cornerAnnotation()
    annotation.SetText(annotation.UpperEdge, title)
    view.scheduleRender()


def _layoutNode() -> slicer.vtkMRMLLayoutNode:
    return slicer.app.layoutManager().layoutLogic().GetLayoutNode()
