"""Browsing the volumes of a scan."""

from __future__ import annotations

from DeepASLDenoiseLib.nodes import Node, nodesOfClass, sequenceOf


def showFrame(node: Node, number: int) -> None:
    """Let every browser of a sequence show one volume; nothing happens to a node that is no sequence.

    Args:
        node: A sequence, or the volume that shows one.
        number: The volume, counted from 0.
    """
    sequence = sequenceOf(node)
    if sequence is None:
        return
    for browser in nodesOfClass(node.GetScene(), "vtkMRMLSequenceBrowserNode"):
        if browser.IsSynchronizedSequenceNode(sequence, True) and number < browser.GetNumberOfItems():
            browser.SetSelectedItemNumber(number)
