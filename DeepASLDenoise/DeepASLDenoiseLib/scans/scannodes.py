"""A scan in the scene: the sequence of its volumes, that of a separate M0 scan, and what was understood of them."""

from __future__ import annotations

from deepasl.series import AslSeries
from DeepASLDenoiseLib.nodes import Node, addSequence, allOrNothing
from DeepASLDenoiseLib.scans.memory import remember


def addScan(scene: Node, series: AslSeries) -> Node:
    """Put a scan into `scene`: all of it, or nothing if anything fails.

    Args:
        scene: The MRML scene.
        series: What a reader returned.

    Returns:
        The sequence node of the scan. A browser shows its frames; a separate M0 scan becomes a sequence of its own.
    """
    with allOrNothing(scene):
        node = addSequence(scene, series.volumes, series.geometry, scene.GenerateUniqueName(series.name))
        m0 = series.m0scan
        m0Node = None if m0 is None else addSequence(scene, m0.volumes, m0.geometry, f"{node.GetName()} M0")
        remember(node, series, m0Node)
        browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", f"{node.GetName()} browser")
        browser.SetAndObserveMasterSequenceNodeID(node.GetID())
    return node
