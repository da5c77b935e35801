"""Scans on their way in: a file into the scene, a node of the scene to the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from deepasl.errors import InputError
from deepasl.readers import read_scan, series_from_arrays
from deepasl.recognition import the_scan_in
from deepasl.series import AslSeries, M0Scan
from DeepASLDenoiseLib.acquisitiontext import withEdits
from DeepASLDenoiseLib.memory import recall, remember
from DeepASLDenoiseLib.nodes import Node, addSequence, allOrNothing, nodesOfClass, readVolumes, sequenceOf


def loadScan(scene: Node, path: Path | str) -> Node:
    """Read a scan and everything that belongs to it, and put it into `scene`.

    Args:
        scene: The MRML scene.
        path: An image file, or a folder with one ASL scan in it.

    Returns:
        The sequence node of the scan. A browser shows its frames; a separate M0 scan becomes a sequence of its own.

    Raises:
        InputError: If a file cannot be read, files contradict each other, or a folder does not hold one ASL scan; then
            the scene is as it was.
    """
    file = Path(path)
    series = read_scan(the_scan_in(file) if file.is_dir() else file)
    with allOrNothing(scene):
        node = addSequence(scene, series.volumes, series.geometry, scene.GenerateUniqueName(series.name))
        m0 = series.m0scan
        m0Node = None if m0 is None else addSequence(scene, m0.volumes, m0.geometry, f"{node.GetName()} M0")
        remember(node, series, m0Node)
        browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", f"{node.GetName()} browser")
        browser.SetAndObserveMasterSequenceNodeID(node.GetID())
    return node


def readSeries(node: Node, m0Node: Node | None = None) -> AslSeries:
    """The series a node holds, with what was remembered of its file.

    Args:
        node: A sequence or volume, see `readVolumes`.
        m0Node: A separate M0 scan; the one that came with the file if None.

    Raises:
        InputError: If a node cannot be used.
    """
    source = sequenceOf(node) or node
    _requireUnmoved(source)
    volumes, geometry = readVolumes(source)
    known = recall(source)
    m0Source = m0Node or known.m0
    series = series_from_arrays(
        source.GetName(),
        volumes,
        geometry,
        acquisition=known.acquisition,
        # Roles that were remembered hold no longer if volumes were added or removed since.
        roles=known.roles if known.roles is not None and len(known.roles) == len(volumes) else None,
        role_evidence=known.roleEvidence,
        m0scan=None if m0Source is None else _readM0(m0Source),
        origin=known.origin or source.GetName(),
    )
    return replace(series, findings=(*known.findings, *series.findings))


def _readM0(node: Node) -> M0Scan:
    _requireUnmoved(node)
    return M0Scan(*readVolumes(node), node.GetName())


def _requireUnmoved(node: Node) -> None:
    """Refuse a sequence whose shown volume a transform moves: its maps would lie elsewhere than what is seen.

    `readVolumes` refuses the same of volumes; the frames of a sequence know nothing of the volume that shows them.

    Raises:
        InputError: Naming the transform.
    """
    for browser in nodesOfClass(node.GetScene(), "vtkMRMLSequenceBrowserNode"):
        shown = browser.GetProxyNode(node) if node.IsA("vtkMRMLSequenceNode") else None
        if shown is not None and shown.GetParentTransformNode() is not None:
            raise InputError(
                f"the transform {shown.GetParentTransformNode().GetName()!r} moves the volume that shows this sequence",
                where=node.GetName(),
                remedy="Take it out of the transform (Transforms module) and try again; move the maps instead.",
            )


def corrected(series: AslSeries, edits: Mapping[str, str]) -> AslSeries:
    """The series with the acquisition parameters the user typed, texts by field.

    Raises:
        AcquisitionError: If a text cannot be understood.
    """
    return replace(series, acquisition=withEdits(series.acquisition, edits))
