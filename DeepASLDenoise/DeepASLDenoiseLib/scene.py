"""Results in a MRML scene: maps with names, units and provenance, in a folder of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields

import slicer

import deepasl
from deepasl.provenance import RESEARCH_USE, parameters_as_data
from deepasl.results import Result
from deepasl.series import FloatArray
from DeepASLDenoiseLib import terms
from DeepASLDenoiseLib.nodes import Node, addLabelMap, addVolume, allOrNothing

INPUT_ROLE = "DeepASL.Input"
"""Node reference of every result to the node it was computed from."""

MAP_ATTRIBUTE = "DeepASL.Map"
"""Attribute of every result: which of the fields of `ResultNodes` it is."""


@dataclass(frozen=True)
class ResultNodes:
    """The nodes of one result.

    Attributes:
        conventional, denoised, difference: What is compared: CBF, or deltam where there was no M0. The difference
            is conventional minus denoised: what the network took away.
        deltamConventional, deltamDenoised, deltamRemoved: The difference images beneath CBF; None without M0.
        mask: Label map of the brain.
    """

    conventional: Node
    denoised: Node
    difference: Node
    deltamConventional: Node | None
    deltamDenoised: Node | None
    deltamRemoved: Node | None
    mask: Node

    def named(self) -> dict[str, Node]:
        """The nodes there are, by field."""
        nodes = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: node for name, node in nodes.items() if node is not None}


def addResult(scene: Node, result: Result, inputNode: Node | None = None) -> ResultNodes:
    """Put the maps of `result` into `scene`: all of them, or none if anything fails.

    Args:
        scene: Where to.
        result: What the pipeline returned.
        inputNode: The node the result was computed from; the maps refer to it and lie in a folder beside it.
    """
    with allOrNothing(scene):
        nodes = _addMaps(scene, result)
        for name, node in nodes.named().items():
            node.SetAttribute(MAP_ATTRIBUTE, name)
            _setProvenance(node, result)
            if inputNode is not None:
                node.SetNodeReferenceID(INPUT_ROLE, inputNode.GetID())
        _groupInFolder(scene, f"{result.name} DeepASL", nodes, inputNode)
    return nodes


def _addMaps(scene: Node, result: Result) -> ResultNodes:
    def add(name: str, array: FloatArray, unit: terms.Term, quantity: terms.Term | None = None) -> Node:
        node = addVolume(scene, array, result.geometry, scene.GenerateUniqueName(f"{result.name} {name}"))
        node.SetVoxelValueUnits(unit.entry())
        if quantity is not None:
            node.SetVoxelValueQuantity(quantity.entry())
        return node

    deltam = (
        add("deltam conventional", result.conventional.deltam, terms.ARBITRARY_UNIT),
        add("deltam denoised", result.denoised.deltam, terms.ARBITRARY_UNIT),
        add("deltam removed", result.removed, terms.ARBITRARY_UNIT),
    )
    mask = addLabelMap(scene, result.mask, result.geometry, scene.GenerateUniqueName(f"{result.name} brain mask"))
    conventional, denoised = result.conventional.cbf, result.denoised.cbf
    if conventional is None or denoised is None:
        return ResultNodes(*deltam, None, None, None, mask)
    unit = terms.ML_PER_100G_PER_MIN
    return ResultNodes(
        add("CBF conventional", conventional, unit, terms.BLOOD_FLOW),
        add("CBF denoised", denoised, unit, terms.BLOOD_FLOW),
        add("CBF difference", conventional - denoised, unit),
        *deltam,
        mask,
    )


def _setProvenance(node: Node, result: Result) -> None:
    attributes = {
        "DeepASL.Notice": RESEARCH_USE,
        "DeepASL.Version": deepasl.__version__,
        "DeepASL.Source": result.origin,
        "DeepASL.Model": result.model.id,
        "DeepASL.ModelSHA256": result.model.sha256,
        "DeepASL.Provider": result.model.provider,
        "DeepASL.Pairs": str(len(result.pairs)),
        "DeepASL.M0": "none" if result.m0 is None else result.m0.origin,
        "DeepASL.Parameters": json.dumps(parameters_as_data(result.acquisition), sort_keys=True),
    }
    for name, value in attributes.items():
        node.SetAttribute(name, value)


def _groupInFolder(scene: Node, name: str, nodes: ResultNodes, inputNode: Node | None) -> None:
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    if hierarchy is None:
        return
    inputItem = 0 if inputNode is None else hierarchy.GetItemByDataNode(inputNode)
    parent = hierarchy.GetItemParent(inputItem) if inputItem else hierarchy.GetSceneItemID()
    folder = hierarchy.CreateFolderItem(parent, name)
    for node in nodes.named().values():
        item = hierarchy.GetItemByDataNode(node)
        # The desktop makes an item for each new node; without its plugins there is none yet.
        hierarchy.SetItemParent(item, folder) if item else hierarchy.CreateItem(folder, node)
