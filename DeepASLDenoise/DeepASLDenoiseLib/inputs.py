"""Scans on their way in: a file into the scene, a node of the scene to the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from deepasl.readers import read_scan, series_from_arrays
from deepasl.series import AslSeries, M0Scan
from DeepASLDenoiseLib.acquisitiontext import withEdits
from DeepASLDenoiseLib.memory import recall, remember
from DeepASLDenoiseLib.nodes import Node, addSequence, allOrNothing, readVolumes, sequenceOf


def loadScan(scene: Node, path: Path | str) -> Node:
    """Read a scan and everything that belongs to it, and put it into `scene`.

    Returns:
        The sequence node of the scan. A browser shows its frames; a separate M0 scan becomes a sequence of its own.

    Raises:
        InputError: If a file cannot be read or files contradict each other; then the scene is as it was.
    """
    series = read_scan(path)
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
        m0scan=None if m0Source is None else M0Scan(*readVolumes(m0Source), m0Source.GetName()),
        origin=known.origin or source.GetName(),
    )
    return replace(series, findings=(*known.findings, *series.findings))


def corrected(series: AslSeries, edits: Mapping[str, str]) -> AslSeries:
    """The series with the acquisition parameters the user typed, texts by field.

    Raises:
        AcquisitionError: If a text cannot be understood.
    """
    return replace(series, acquisition=withEdits(series.acquisition, edits))
