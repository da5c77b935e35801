"""From DICOM files into the scene: the scan with roles and parameters, its M0, and the maps the scanner made of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import slicer

from deepasl.errors import InputError
from deepasl.findings import Finding
from deepasl.progress import Job
from deepasl.readers.dicom import DicomScan, DicomSeries, Request, ScannerMap, SeriesKind, reading, searching
from deepasl.readers.dicom.heads import files_in
from deepasl.readers.m0 import with_given_m0_scale
from DeepASLDenoiseLib.dicom.files import rememberFiles
from DeepASLDenoiseLib.nodes import Node, addVolume, allOrNothing, nodesOfClass, readVolumes
from DeepASLDenoiseLib.panelwords import withoutCommandLine
from DeepASLDenoiseLib.runs import terms
from DeepASLDenoiseLib.scans.memory import recall
from DeepASLDenoiseLib.scans.scannodes import addScan
from DeepASLDenoiseLib.translation import tr as _

SCAN_ROLE = "DeepASL.ScannedAs"
"""Node reference of a map of the scanner to the scan it was made of."""

MAP_ATTRIBUTE = "DeepASL.ScannerMap"
"""Attribute of a map of the scanner: the fields of `ScannerMap` beside its voxels."""

DOUBTFUL_SCALE = "scale-doubtful"
"""Code of the finding that only a person can say on which scale M0 is."""


class SeveralScansError(InputError):
    """A folder holds several ASL scans, of which one has to be chosen.

    Args:
        scans: Those it holds.
        folder: Where they are.
    """

    def __init__(self, scans: Sequence[DicomSeries], folder: Path) -> None:
        self.scans = tuple(scans)
        super().__init__(
            _("there are {count} ASL scans in this folder: {titles}").format(
                count=len(scans), titles=", ".join(scan.title for scan in scans)
            ),
            where=folder,
            remedy=_("Load the folder of one of them, or import this folder in the DICOM module and choose there."),
        )


def readingFolder(folder: Path, uid: str | None = None) -> Job[DicomScan]:
    """Read an ASL scan in a folder of DICOM files, with what belongs to it.

    Args:
        folder: With any number of series in it and in the folders within it.
        uid: Series Instance UID of the scan; None for the only one there is.

    Raises:
        SeveralScansError: If there are several, and none was named.
        InputError: If there is none, or it cannot be read.
    """
    files = files_in(folder)
    found = yield from searching(files)
    scans = [series for series in found if series.verdict.kind is SeriesKind.ASL]
    if uid is None and len(scans) > 1:
        raise SeveralScansError(scans, folder)
    concerned = [file for series in found if series.verdict.kind is not SeriesKind.OTHER for file in series.files]
    return (yield from _reading(concerned or files, str(folder), uid))


def readingSeries(files: Sequence[Path | str], uid: str, title: str) -> Job[DicomScan]:
    """Read one series that the user chose.

    Args:
        files: Its files, and those of series that may belong to it.
        uid: Its Series Instance UID.
        title: For messages.

    Raises:
        InputError: If it cannot be read.
    """
    return (yield from _reading([Path(file) for file in files], title, uid))


def withScaleSettled(scan: DicomScan, ask: Callable[[str], float | None]) -> DicomScan:
    """A scan whose M0 is on the scale the user says, where headers and signal leave that open.

    Args:
        scan: What was read.
        ask: Gets the doubt in words; returns what M0 has to be multiplied by, or None to leave it open: then the scan
            can be looked at, and not be quantified.
    """
    doubts = [finding for finding in scan.series.findings if finding.code == DOUBTFUL_SCALE]
    if not doubts:
        return scan
    factor = ask(withoutCommandLine(doubts[0].message))
    others = tuple(finding for finding in scan.series.findings if finding.code != DOUBTFUL_SCALE)
    if factor is None:
        return replace(scan, series=replace(scan.series, findings=(*others, *map(_askedAgainLater, doubts))))
    return replace(scan, series=with_given_m0_scale(replace(scan.series, findings=others), factor))


def addDicomScan(scene: Node, scan: DicomScan, folder: Path | None = None) -> Node:
    """Put a scan that was read into `scene`: all of it, or nothing if anything fails.

    Args:
        scene: The MRML scene.
        scan: What was read.
        folder: Where its files lie; None for Slicer's DICOM database.

    Returns:
        The sequence node of the scan. M0 and maps of the scanner are nodes of their own, see `companionsOf`.
    """
    with allOrNothing(scene):
        node = addScan(scene, scan.series)
        rememberFiles(node, scan.source, folder)
        m0Node = recall(node).m0
        if scan.m0 is not None and m0Node is not None:
            rememberFiles(m0Node, scan.m0, folder)
        for scanner in scan.maps:
            _addMap(scene, scanner, node)
    return node


def companionsOf(node: Node) -> tuple[Node, ...]:
    """What came into the scene together with a scan: its M0 scan and the maps of the scanner."""
    volumes = nodesOfClass(node.GetScene(), "vtkMRMLScalarVolumeNode")
    maps = tuple(each for each in volumes if each.GetNodeReference(SCAN_ROLE) is node)
    m0 = recall(node).m0
    return maps if m0 is None else (m0, *maps)


def scannerMapsOf(scan: Node) -> tuple[ScannerMap, ...]:
    """The maps of the scanner that came with a scan, as they are in the scene.

    Raises:
        InputError: If one has no voxels any more, or a transform moves it.
    """
    return tuple(_asMap(node) for node in companionsOf(scan) if node.GetAttribute(MAP_ATTRIBUTE))


def placeCompanions(node: Node) -> None:
    """Put what came with a scan beside it in the subject hierarchy, where patient and study are told."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(node.GetScene())
    if hierarchy is None:
        return
    parent = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node))
    for each in companionsOf(node):
        item = hierarchy.GetItemByDataNode(each)
        # The desktop makes an item for each new node; without its plugins there is none yet.
        hierarchy.SetItemParent(item, parent) if item else hierarchy.CreateItem(parent, each)


def _askedAgainLater(doubt: Finding) -> Finding:
    """The doubt, with where the question can be answered after all."""
    return replace(doubt, message=" ".join([doubt.message, _("Load the scan again to be asked again.")]))


def _reading(files: Sequence[Path], where: str, uid: str | None) -> Job[DicomScan]:
    try:
        return (yield from reading(files, where, Request(series=uid)))
    except InputError as problem:
        raise InputError(problem.what, where=problem.where, remedy=withoutCommandLine(problem.remedy)) from problem


def _asMap(node: Node) -> ScannerMap:
    title, kind, unit, number = json.loads(node.GetAttribute(MAP_ATTRIBUTE))
    volumes, geometry = readVolumes(node)
    return ScannerMap(title, SeriesKind(kind), volumes[0], geometry, unit, number)


def _addMap(scene: Node, scanner: ScannerMap, scan: Node) -> None:
    """A map of the scanner as a volume that says whose it is and what its voxels measure."""
    name = _("{scan}, {kind} by the scanner").format(scan=scan.GetName(), kind=scanner.kind)
    node = addVolume(scene, scanner.volume, scanner.geometry, scene.GenerateUniqueName(name))
    absolute = scanner.kind is SeriesKind.CBF
    node.SetVoxelValueUnits((terms.ML_PER_100G_PER_MIN if absolute else terms.ARBITRARY_UNIT).entry())
    if absolute:
        node.SetVoxelValueQuantity(terms.BLOOD_FLOW.entry())
    node.SetAttribute(MAP_ATTRIBUTE, json.dumps([scanner.title, scanner.kind, scanner.unit, scanner.number]))
    node.SetNodeReferenceID(SCAN_ROLE, scan.GetID())
