"""Scans on their way in: a file into the scene, a node of the scene to the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from deepasl.errors import InputError
from deepasl.progress import Job, Progress, run
from deepasl.readers import read_scan, series_from_arrays
from deepasl.readers.dicom.heads import files_in, heads_of
from deepasl.readers.recognition import scans_in, the_scan_in
from deepasl.series import AslSeries, M0Scan
from DeepASLDenoiseLib.dicom.scene import addDicomScan, readingFolder
from DeepASLDenoiseLib.nodes import Node, nodesOfClass, readingVolumes, sequenceOf
from DeepASLDenoiseLib.scans.acquisitiontext import withEdits
from DeepASLDenoiseLib.scans.memory import recall
from DeepASLDenoiseLib.scans.scannodes import addScan
from DeepASLDenoiseLib.translation import tr as _


def loadScan(scene: Node, path: Path | str) -> Node:
    """Read a scan and everything that belongs to it, and put it into `scene`.

    Args:
        scene: The MRML scene.
        path: An image file, or a folder with one ASL scan in it, as image or as DICOM files.

    Returns:
        The sequence node of the scan. A browser shows its frames; a separate M0 scan becomes a sequence of its own.

    Raises:
        InputError: If a file cannot be read, files contradict each other, or a folder does not hold one ASL scan; then
            the scene is as it was.
    """
    return run(loading(scene, Path(path)))


def loading(scene: Node, path: Path) -> Job[Node]:
    """The same in small steps; the scene is touched by the last one alone."""
    if isDicomFolder(path):
        scan = yield from readingFolder(path)
        return addDicomScan(scene, scan, path)
    yield Progress(_("Reading the scan"), 0, 1)
    return addScan(scene, read_scan(the_scan_in(path) if path.is_dir() else path))


def isDicomFolder(path: Path) -> bool:
    """Whether a folder holds DICOM files, and no scan in another format: one may lie beside what it was made from."""
    return path.is_dir() and not scans_in(path) and any(heads_of(iter(files_in(path))))


def readSeries(node: Node, m0Node: Node | None = None) -> AslSeries:
    """The series a node holds; see `readingSeries`."""
    return run(readingSeries(node, m0Node))


def readingSeries(node: Node, m0Node: Node | None = None) -> Job[AslSeries]:
    """The series a node holds, with what was remembered of its file, read step by step.

    Args:
        node: A sequence or volume, see `readVolumes`.
        m0Node: A separate M0 scan; the one that came with the file if None.

    Raises:
        InputError: If a node cannot be used.
    """
    source = sequenceOf(node) or node
    _requireUnmoved(source)
    volumes, geometry = yield from readingVolumes(source)
    known = recall(source)
    m0Source = m0Node or known.m0
    m0scan = None if m0Source is None else (yield from _readingM0(m0Source))
    series = series_from_arrays(
        source.GetName(),
        volumes,
        geometry,
        acquisition=known.acquisition,
        # Roles that were remembered hold no longer if volumes were added or removed since.
        roles=known.roles if known.roles is not None and len(known.roles) == len(volumes) else None,
        role_evidence=known.roleEvidence,
        m0scan=m0scan,
        origin=known.origin or source.GetName(),
    )
    durations = known.labelingDurations if len(known.labelingDurations) == len(volumes) else ()
    return replace(series, findings=(*known.findings, *series.findings), labeling_durations=durations)


def _readingM0(node: Node) -> Job[M0Scan]:
    _requireUnmoved(node)
    volumes, geometry = yield from readingVolumes(node)
    return M0Scan(volumes, geometry, node.GetName())


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
