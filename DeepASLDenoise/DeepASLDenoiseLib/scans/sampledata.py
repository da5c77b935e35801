"""Sample scans in the Sample Data module of Slicer: made when they are asked for, the truth beside them, no network."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import slicer

from deepasl.phantom import Subject
from DeepASLDenoiseLib.nodes import Node, addVolume, allOrNothing
from DeepASLDenoiseLib.runs import terms
from DeepASLDenoiseLib.scans.inputs import loadScan, readSeries
from DeepASLDenoiseLib.scans.memory import remember
from DeepASLDenoiseLib.scans.phantomsamples import SAMPLES, PhantomSample
from DeepASLDenoiseLib.translation import tr as _

CATEGORY = "DeepASL"


@dataclass(frozen=True)
class LoadedSample:
    """A sample scan in the scene.

    Attributes:
        scan: Its sequence.
        truth: True blood flow, a volume on the same grid: a reference to compare maps with.
    """

    scan: Node
    truth: Node


def loadSample(scene: Node, sample: PhantomSample) -> LoadedSample:
    """Make a sample scan and put it into `scene` with what is true of it."""
    with tempfile.TemporaryDirectory() as folder, allOrNothing(scene):
        scan = loadScan(scene, sample.write(Path(folder)))
        # The file is gone in a moment: what is left of it is who made it.
        remember(scan, replace(readSeries(scan), origin=sample.title))
        return LoadedSample(scan, _addTruth(scene, sample.subject(), scan))


def registerSamples(resourcePath: Callable[[str], str]) -> None:
    """Tell the Sample Data module of the scans; to be called once Slicer has started."""
    import SampleData  # a module of Slicer, there once it has started

    logic = SampleData.SampleDataLogic
    if hasattr(logic, "registerCustomSampleDataCategory"):  # since Slicer 5.12
        logic.registerCustomSampleDataCategory(CATEGORY, _("Arterial spin labeling (DeepASL)"))
    for sample in SAMPLES:
        logic.registerCustomSampleDataSource(
            category=CATEGORY,
            sampleName=sample.title,
            uris=[],
            fileNames=[],
            nodeNames=[],
            thumbnailFileName=resourcePath(sample.thumbnail),
            customDownloader=lambda _source, sample=sample: showSample(sample),
        )


def showSample(sample: PhantomSample) -> LoadedSample:
    """Load a sample into the running application and show it."""
    from DeepASLDenoiseLib.compare.desktop import showScan  # it needs the desktop

    with slicer.util.tryWithErrorDisplay(_("The sample scan cannot be made."), waitCursor=True):
        loaded = loadSample(slicer.mrmlScene, sample)
        showScan(loaded.scan)
    return loaded


def _addTruth(scene: Node, subject: Subject, scan: Node) -> Node:
    """The true blood flow as a volume beside the scan."""
    node = addVolume(scene, subject.cbf, subject.tissue.geometry, f"{scan.GetName()} true CBF")
    node.SetVoxelValueUnits(terms.ML_PER_100G_PER_MIN.entry())
    node.SetVoxelValueQuantity(terms.BLOOD_FLOW.entry())
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    item, scanItem = (0 if hierarchy is None else hierarchy.GetItemByDataNode(each) for each in (node, scan))
    if item and scanItem:
        hierarchy.SetItemParent(item, hierarchy.GetItemParent(scanItem))
    return node
