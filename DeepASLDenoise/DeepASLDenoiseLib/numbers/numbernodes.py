"""Tables and plots as nodes of the scene: made once, found again, kept beside the result they belong to."""

from __future__ import annotations

from collections.abc import Iterable

import slicer

import deepasl
from deepasl.writers.provenance import RESEARCH_USE
from DeepASLDenoiseLib.nodes import Node, nodesOfClass

KIND_ATTRIBUTE = "DeepASL.Numbers"
"""Attribute of a table, a series or a chart: what it shows, e.g. ``"statistics"``."""

OWNER_ROLE = "DeepASL.NumbersOf"
"""Node reference of a table, a series or a chart to the node it belongs to."""

SOURCE_ROLE = "DeepASL.NumbersFrom"
"""Node references to every node the figures were taken from."""


def findNumbers(scene: Node, className: str, kind: str, owner: Node) -> Node | None:
    """The node of this kind that belongs to `owner`; None if there is none yet."""
    return next(
        (
            node
            for node in nodesOfClass(scene, className)
            if node.GetAttribute(KIND_ATTRIBUTE) == kind and node.GetNodeReferenceID(OWNER_ROLE) == owner.GetID()
        ),
        None,
    )


def numbersNode(scene: Node, className: str, kind: str, owner: Node, name: str) -> Node:
    """The node of this kind that belongs to `owner`; a new one beside it if there is none yet.

    Args:
        scene: Where to.
        className: The MRML class.
        kind: What it shows, one for each owner and class.
        owner: The node it belongs to.
        name: The name of a new node, and what the node is called from now on.
    """
    node = findNumbers(scene, className, kind, owner)
    if node is not None:
        if not node.GetName().startswith(name):
            node.SetName(scene.GenerateUniqueName(name))
        return node
    node = scene.AddNewNodeByClass(className, scene.GenerateUniqueName(name))
    node.SetAttribute(KIND_ATTRIBUTE, kind)
    node.SetAttribute("DeepASL.Notice", RESEARCH_USE)
    node.SetAttribute("DeepASL.Version", deepasl.__version__)
    node.SetNodeReferenceID(OWNER_ROLE, owner.GetID())
    return node


def noteSources(node: Node, sources: Iterable[Node]) -> None:
    """Let `node` refer to the nodes its figures were taken from, and to no other."""
    node.RemoveNodeReferenceIDs(SOURCE_ROLE)
    for source in sources:
        node.AddNodeReferenceID(SOURCE_ROLE, source.GetID())


def placeBeside(scene: Node, nodes: Iterable[Node], neighbor: Node, folder: str = "") -> None:
    """Put nodes into the folder of the subject hierarchy in which `neighbor` lies, or into a named folder within."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    beside = 0 if hierarchy is None else hierarchy.GetItemByDataNode(neighbor)
    if not beside:
        return
    parent = hierarchy.GetItemParent(beside)
    if folder:
        there = hierarchy.GetItemChildWithName(parent, folder)
        parent = there or hierarchy.CreateFolderItem(parent, folder)
    for node in nodes:
        item = hierarchy.GetItemByDataNode(node)
        # The desktop makes an item for each new node; without its plugins there is none yet.
        hierarchy.SetItemParent(item, parent) if item else hierarchy.CreateItem(parent, node)
