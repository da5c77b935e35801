"""Results in a MRML scene: maps with names, units and provenance, in a folder beside their scan."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import slicer

import deepasl
from deepasl.results import Result
from deepasl.series import FloatArray
from deepasl.writers.provenance import RESEARCH_USE, parameters_as_data, settings_as_data
from DeepASLDenoiseLib.nodes import Node, addLabelMap, addVolume, allOrNothing
from DeepASLDenoiseLib.runs import terms
from DeepASLDenoiseLib.runs.furthermaps import FURTHER_MAPS, KINDS, mapsOf
from DeepASLDenoiseLib.runs.inscene import (
    GREY_MATTER,
    INPUT_ROLE,
    TITLE_ATTRIBUTE,
    WHITE_MATTER,
    ResultNodes,
    forgetDeletedRuns,
    nextNumber,
    recordRun,
    resultsOf,
    scanOf,
)
from DeepASLDenoiseLib.scans.preparationchoices import preparationText
from DeepASLDenoiseLib.scans.sidenodes import NO_NODES, SideNodes

__all__ = ["INPUT_ROLE", "MAP_ATTRIBUTE", "ResultNodes", "addResult", "resultsOf"]

MAP_ATTRIBUTE = "DeepASL.Map"
"""Attribute of every map: which of the fields of `ResultNodes` it is."""

COMPARED = ("conventional", "denoised", "difference", "attConventional", "attDenoised", "attDifference")
"""The maps that lie in the folder of a run; the others lie in a folder within."""

DETAILS = "Difference images, M0, errors, masks"
"""The folder within."""


def addResult(
    scene: Node,
    result: Result,
    inputNode: Node | None = None,
    m0Node: Node | None = None,
    beside: SideNodes = NO_NODES,
) -> ResultNodes:
    """Put the maps of `result` into `scene`: all of them, or none if anything fails.

    The first run of a scan has plain names; further ones say their number and network.

    Args:
        scene: Where to.
        result: What the pipeline returned.
        inputNode: The node the result was computed from; the maps refer to it and lie in a folder beside it.
        m0Node: The node with the M0 scan, where the user chose one.
        beside: Images of the same head that the run made use of.
    """
    inputNode = scanOf(inputNode)
    forgetDeletedRuns(scene)
    number = nextNumber(scene, result.name)
    suffix = "" if number == 1 else f" (run {number}, {result.model.id})"
    provenance = provenanceOf(result)
    with allOrNothing(scene):
        nodes = _addMaps(scene, result, suffix)
        for name, node in nodes.named().items():
            node.SetAttribute(MAP_ATTRIBUTE, name)
            for attribute, value in provenance.items():
                node.SetAttribute(attribute, value)
            if inputNode is not None:
                node.SetNodeReferenceID(INPUT_ROLE, inputNode.GetID())
        nodes = recordRun(scene, result, nodes, inputNode, m0Node, beside)
        _groupInFolder(scene, f"{result.name} DeepASL{suffix}", nodes, inputNode, provenance)
    return nodes


def runTitle(result: Result) -> str:
    """A run in words, e.g. ``"DeepASL guided: five slices and M0, CBF and ATT, 12 pairs, motion"``."""
    parts = [result.model.title]
    if result.conventional.att is not None:
        parts.append("CBF and ATT")
    if result.pairs:
        parts.append(f"{len(result.pairs)} pairs")
    if result.record is not None and (prepared := preparationText(result.record.settings)):
        parts.append(prepared)
    return ", ".join(parts)


def provenanceOf(result: Result) -> dict[str, str]:
    """Where maps come from, as attributes of nodes."""
    return {
        "DeepASL.Notice": RESEARCH_USE,
        "DeepASL.Version": deepasl.__version__,
        TITLE_ATTRIBUTE: runTitle(result),
        "DeepASL.Source": result.origin,
        "DeepASL.Model": result.model.id,
        "DeepASL.ModelSHA256": result.model.sha256,
        "DeepASL.Provider": result.model.provider,
        "DeepASL.Pairs": str(len(result.pairs)),
        "DeepASL.SmoothingFWHM": f"{result.smoothing_fwhm:g}",
        "DeepASL.M0": "none" if result.m0 is None else result.m0.origin,
        "DeepASL.Parameters": json.dumps(parameters_as_data(result.acquisition), sort_keys=True),
        "DeepASL.Settings": "" if result.record is None else json.dumps(settings_as_data(result.record.settings)),
    }


def _addMaps(scene: Node, result: Result, suffix: str) -> ResultNodes:
    def unique(name: str) -> str:
        wanted = f"{result.name} {name}{suffix}"
        return wanted if scene.GetFirstNodeByName(wanted) is None else str(scene.GenerateUniqueName(wanted))

    def add(name: str, array: FloatArray, unit: terms.Term, quantity: terms.Term | None = None) -> Node:
        node = addVolume(scene, array, result.geometry, unique(name))
        node.SetVoxelValueUnits(unit.entry())
        if quantity is not None:
            node.SetVoxelValueQuantity(quantity.entry())
        return node

    deltam = (
        add("deltam conventional", result.conventional.deltam, terms.ARBITRARY_UNIT),
        add("deltam denoised", result.denoised.deltam, terms.ARBITRARY_UNIT),
        add("deltam removed", result.removed, terms.ARBITRARY_UNIT),
    )
    mask = addLabelMap(scene, result.mask, result.geometry, unique("brain mask"))
    tissue = addLabelMap(scene, _tissueLabels(result), result.geometry, unique("grey and white matter"))
    further = _addFurtherMaps(result, add)
    conventional, denoised = result.conventional.cbf, result.denoised.cbf
    if conventional is None or denoised is None or result.m0 is None:
        return ResultNodes(*deltam, None, None, None, mask, tissue, **further)
    unit = terms.ML_PER_100G_PER_MIN
    return ResultNodes(
        add("CBF conventional", conventional, unit, terms.BLOOD_FLOW),
        add("CBF denoised", denoised, unit, terms.BLOOD_FLOW),
        add("CBF difference", conventional - denoised, unit),
        *deltam,
        mask,
        tissue,
        add("M0", result.m0.volume, terms.ARBITRARY_UNIT),
        **further,
    )


def _addFurtherMaps(result: Result, add: Callable[[str, FloatArray, terms.Term], Node]) -> dict[str, Node]:
    """What only some runs have, by field of `ResultNodes`."""
    there = [
        (each.fieldOf(kind), f"{each.name} {kind}", array, each.unit)
        for each in FURTHER_MAPS
        for kind in KINDS
        if (array := each.of(mapsOf(result, kind))) is not None
    ]
    conventional, denoised = result.conventional.att, result.denoised.att
    if conventional is not None and denoised is not None:
        known = (conventional > 0) & (denoised > 0)
        difference = np.where(known, conventional - denoised, np.float32(0))
        there.append(("attDifference", "ATT difference", difference, terms.SECOND))
    return {field: add(name, array, unit) for field, name, array, unit in there}


def _tissueLabels(result: Result) -> np.ndarray:
    return (GREY_MATTER * result.grey_matter + WHITE_MATTER * result.white_matter).astype(np.uint8)


def _groupInFolder(
    scene: Node, name: str, nodes: ResultNodes, inputNode: Node | None, provenance: dict[str, str]
) -> None:
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    if hierarchy is None:
        return
    inputItem = 0 if inputNode is None else hierarchy.GetItemByDataNode(inputNode)
    parent = hierarchy.GetItemParent(inputItem) if inputItem else hierarchy.GetSceneItemID()
    folder = hierarchy.CreateFolderItem(parent, name)
    for attribute, value in provenance.items():
        hierarchy.SetItemAttribute(folder, attribute, value)
    _place(hierarchy, folder, [node for field, node in nodes.named().items() if field in COMPARED])
    details = hierarchy.CreateFolderItem(folder, DETAILS)
    _place(hierarchy, details, [node for field, node in nodes.named().items() if field not in COMPARED])
    hierarchy.SetItemExpanded(details, False)


def _place(hierarchy: Node, folder: int, nodes: list[Node]) -> None:
    for node in nodes:
        item = hierarchy.GetItemByDataNode(node)
        # The desktop makes an item for each new node; without its plugins there is none yet.
        hierarchy.SetItemParent(item, folder) if item else hierarchy.CreateItem(folder, node)
