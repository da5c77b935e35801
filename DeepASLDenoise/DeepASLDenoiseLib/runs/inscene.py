"""The runs in a scene: which maps belong together, what they were made from, and the result they were made of."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import slicer.util

from deepasl.errors import InputError
from deepasl.results import Result
from DeepASLDenoiseLib.nodes import Node, nodesOfClass, sequenceOf
from DeepASLDenoiseLib.runs import record
from DeepASLDenoiseLib.runs.furthermaps import FURTHER_MAPS, KINDS
from DeepASLDenoiseLib.scans.sidenodes import NO_NODES, SideNodes

INPUT_ROLE = "DeepASL.Input"
"""Node reference of every result to the node it was computed from."""

M0_ROLE = "DeepASL.M0Input"
"""Node reference of a run to the node with the M0 scan, where the user chose one; as attribute its name."""

MAP_ROLE = "DeepASL.Map."
"""Beginning of the node references of a run to its maps; the field of `ResultNodes` follows."""

BESIDE_ROLE = "DeepASL.Beside."
"""Beginning of the node references of a run to images of the same head; the field of `SideNodes` follows."""

BESIDE_ATTRIBUTE = "DeepASL.Beside"
"""Attribute of a run: the fields of `SideNodes` it has."""

TITLE_ATTRIBUTE = "DeepASL.Title"
"""Attribute of every map: its run in words."""

NAME_ATTRIBUTE, NUMBER_ATTRIBUTE, MAPS_ATTRIBUTE = "DeepASL.Name", "DeepASL.Run", "DeepASL.Maps"
"""Attributes of a run: the name of the scan, its number among the runs of it, the fields of `ResultNodes` it has."""

MODULE = "DeepASLDenoiseRun"
"""Module name of the hidden nodes that keep what a run says of itself: one for each run."""

PARAMETER = "result"
"""The parameter of such a node that holds the text of `record`."""

GREY_MATTER, WHITE_MATTER = 1, 2
"""Labels of the tissue map."""


@dataclass(frozen=True)
class ResultNodes:
    """The nodes of one result.

    Attributes:
        conventional, denoised, difference: What is compared: CBF, or deltam where there was no M0. The difference
            is conventional minus denoised: what the network took away.
        deltamConventional, deltamDenoised, deltamRemoved: The difference images beneath CBF; None without M0.
        mask: Label map of the brain.
        tissue: Label map of grey (1) and white (2) matter; what told them apart, `tissueOriginOf` says.
        m0: The calibration image; None without M0.
        attConventional, attDenoised, attDifference: Arterial transit time in s and its difference, conventional minus
            denoised where both are known. These and what follows are None where a run does not have them; what they
            are is said of the fields of `deepasl.results.PerfusionMaps`.
        cbfErrorConventional, cbfErrorDenoised, attErrorConventional, attErrorDenoised: Standard errors.
        fitErrorConventional, fitErrorDenoised: What the model leaves of the signals at several delays.
        cbfGreyConventional, cbfGreyDenoised, cbfWhiteConventional, cbfWhiteDenoised: CBF of pure tissue.
        record: The hidden node that holds together what belongs to this run.
    """

    conventional: Node
    denoised: Node
    difference: Node
    deltamConventional: Node | None
    deltamDenoised: Node | None
    deltamRemoved: Node | None
    mask: Node
    tissue: Node | None = None
    m0: Node | None = None
    attConventional: Node | None = None
    attDenoised: Node | None = None
    attDifference: Node | None = None
    cbfErrorConventional: Node | None = None
    cbfErrorDenoised: Node | None = None
    attErrorConventional: Node | None = None
    attErrorDenoised: Node | None = None
    fitErrorConventional: Node | None = None
    fitErrorDenoised: Node | None = None
    cbfGreyConventional: Node | None = None
    cbfGreyDenoised: Node | None = None
    cbfWhiteConventional: Node | None = None
    cbfWhiteDenoised: Node | None = None
    record: Node | None = None

    def named(self) -> dict[str, Node]:
        """The maps there are, by field."""
        nodes = {name: getattr(self, name) for name in MAPS}
        return {name: node for name, node in nodes.items() if node is not None}

    @property
    def run(self) -> str:
        """Which run of the scene this is."""
        return "" if self.record is None else str(self.record.GetID())

    @property
    def title(self) -> str:
        """The run in words: its network, and what else may tell it from other runs of the scan."""
        return str(self.denoised.GetAttribute(TITLE_ATTRIBUTE) or self.denoised.GetName())

    @property
    def input(self) -> Node | None:
        """The scan; None if it is not in the scene any more."""
        return None if self.record is None else self.record.GetNodeReference(INPUT_ROLE)


MAPS = tuple(field.name for field in fields(ResultNodes) if field.name != "record")


def recordRun(
    scene: Node,
    result: Result,
    nodes: ResultNodes,
    inputNode: Node | None,
    m0Node: Node | None,
    beside: SideNodes = NO_NODES,
) -> ResultNodes:
    """Add the hidden node that keeps the run; returns `nodes` with it."""
    number = nextNumber(scene, result.name)
    node = scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", f"{result.name} DeepASL run")
    node.SetModuleName(MODULE)
    node.SetParameter(PARAMETER, record.asText(result))
    node.SetAttribute(NUMBER_ATTRIBUTE, str(number))
    node.SetAttribute(NAME_ATTRIBUTE, result.name)
    node.SetAttribute(MAPS_ATTRIBUTE, " ".join(nodes.named()))
    if m0Node is not None:
        node.SetAttribute(M0_ROLE, m0Node.GetName())
    node.SetAttribute(BESIDE_ATTRIBUTE, " ".join(beside.named()))
    references = {
        INPUT_ROLE: inputNode,
        M0_ROLE: m0Node,
        **{MAP_ROLE + name: each for name, each in nodes.named().items()},
        **{BESIDE_ROLE + name: each for name, each in beside.named().items()},
    }
    for role, each in references.items():
        if each is not None:
            node.SetNodeReferenceID(role, each.GetID())
    return replace(nodes, record=node)


def resultsOf(scene: Node, inputNode: Node | None) -> tuple[ResultNodes, ...]:
    """The runs of a scan whose maps are all there, the oldest first.

    Args:
        scene: Where they are.
        inputNode: The scan, or the volume that shows one frame of it; None for runs of scans that were removed.
    """
    source = scanOf(inputNode)
    return tuple(nodes for nodes in allResults(scene) if nodes.input is source)


def scanOf(node: Node | None) -> Node | None:
    """The node that runs refer to: the sequence, where `node` shows one frame of it."""
    return None if node is None else sequenceOf(node) or node


def allResults(scene: Node) -> tuple[ResultNodes, ...]:
    """The runs of all scans whose maps are all there, the oldest first."""
    return tuple(_nodesOf(each) for each in _records(scene) if set(_mapsOf(each)) == set(_promisedMaps(each)))


def nextNumber(scene: Node, name: str) -> int:
    """The number of the next run of a scan with this name, from 1."""
    runs = (each for each in _records(scene) if each.GetAttribute(NAME_ATTRIBUTE) == name)
    return 1 + max((int(each.GetAttribute(NUMBER_ATTRIBUTE)) for each in runs), default=0)


def forgetDeletedRuns(scene: Node) -> None:
    """Remove what is kept of runs of which the user deleted every map."""
    for each in _records(scene):
        if not _mapsOf(each):
            scene.RemoveNode(each)


def resultFrom(nodes: ResultNodes) -> Result:
    """The result that nodes were made of, also after the scene was saved and opened again.

    Raises:
        InputError: If voxels were changed since.
    """
    assert nodes.record is not None
    tissue = _voxels(nodes.tissue)
    calibrated = nodes.m0 is not None
    arrays = {
        "conventional deltam": _voxels(nodes.deltamConventional if calibrated else nodes.conventional),
        "denoised deltam": _voxels(nodes.deltamDenoised if calibrated else nodes.denoised),
        "removed": _voxels(nodes.deltamRemoved if calibrated else nodes.difference),
        "brain mask": _voxels(nodes.mask) > 0,
        "grey matter": tissue == GREY_MATTER,
        "white matter": tissue == WHITE_MATTER,
    }
    if calibrated:
        arrays |= {
            "conventional CBF": _voxels(nodes.conventional),
            "denoised CBF": _voxels(nodes.denoised),
            "M0": _voxels(nodes.m0),
        }
    further = {each.arrayName(kind): nodes.named().get(each.fieldOf(kind)) for each in FURTHER_MAPS for kind in KINDS}
    arrays |= {name: _voxels(node) for name, node in further.items() if node is not None}
    return record.asResult(nodes.record.GetParameter(PARAMETER), arrays)


def m0InputOf(nodes: ResultNodes) -> Node | None:
    """The node with the M0 scan that the user chose for a run; None if it was not chosen.

    Raises:
        InputError: If it is not in the scene any more.
    """
    assert nodes.record is not None
    name = nodes.record.GetAttribute(M0_ROLE)
    node = nodes.record.GetNodeReference(M0_ROLE)
    if name is not None and node is None:
        raise InputError("the M0 scan of this run is not in the scene any more", where=name, remedy="Load it again.")
    return node


def sideNodesOf(nodes: ResultNodes) -> SideNodes:
    """The images of the same head that a run made use of.

    Raises:
        InputError: If one is not in the scene any more.
    """
    assert nodes.record is not None
    names = str(nodes.record.GetAttribute(BESIDE_ATTRIBUTE) or "").split()
    found = {name: nodes.record.GetNodeReference(BESIDE_ROLE + name) for name in names}
    if None in found.values():
        raise InputError(
            "an image of the head that this run made use of is not in the scene any more",
            where=nodes.title,
            remedy="Load it again.",
        )
    return SideNodes(**found)


def tissueOriginOf(nodes: ResultNodes) -> str:
    """What told grey from white matter, in words; empty for perfusion itself."""
    return "" if nodes.record is None else record.tissueOriginIn(nodes.record.GetParameter(PARAMETER))


def _records(scene: Node) -> list[Node]:
    nodes = nodesOfClass(scene, "vtkMRMLScriptedModuleNode")
    return [node for node in nodes if node.GetModuleName() == MODULE]


def _promisedMaps(recordNode: Node) -> list[str]:
    return str(recordNode.GetAttribute(MAPS_ATTRIBUTE)).split()


def _mapsOf(recordNode: Node) -> dict[str, Node]:
    """The maps of a run that are in the scene, by field of `ResultNodes`."""
    nodes = {name: recordNode.GetNodeReference(MAP_ROLE + name) for name in _promisedMaps(recordNode)}
    return {name: node for name, node in nodes.items() if node is not None}


def _nodesOf(recordNode: Node) -> ResultNodes:
    return ResultNodes(**dict.fromkeys(MAPS) | _mapsOf(recordNode), record=recordNode)


def _voxels(node: Node) -> np.ndarray:
    return slicer.util.arrayFromVolume(node).copy()
