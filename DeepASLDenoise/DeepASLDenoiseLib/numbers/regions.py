"""Where figures are taken: brain and tissue of a result, and the segments of a segmentation, as voxels of the maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import slicer
import slicer.util
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from deepasl.errors import InputError
from deepasl.results import BoolArray
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.runs.inscene import GREY_MATTER, WHITE_MATTER, ResultNodes, tissueOriginOf
from DeepASLDenoiseLib.translation import tr as _

BRAIN, GREY, WHITE = "brain", "grey matter", "white matter"
"""Names as the core has them in `deepasl.results.RegionStatistics`."""

TISSUE_LABELS = {GREY: GREY_MATTER, WHITE: WHITE_MATTER}
"""What the tissue map of a result says, by region."""

BINARY_LABELMAP = "Binary labelmap"
"""Name of that representation of segments in MRML."""


@dataclass(frozen=True)
class Region:
    """Voxels that belong together.

    Attributes:
        name: What users read.
        mask: ``[k, j, i]`` bool on the grid of the maps, never empty.
    """

    name: str
    mask: BoolArray


@dataclass(frozen=True)
class Regions:
    """Regions that can be measured, and what is to be said of them and of the others.

    Attributes:
        regions: In the order in which they are shown.
        remarks: Full sentences for the user.
    """

    regions: tuple[Region, ...]
    remarks: tuple[str, ...] = ()

    def __add__(self, other: Regions) -> Regions:
        return Regions(self.regions + other.regions, self.remarks + other.remarks)


def regionsOf(nodes: ResultNodes) -> Regions:
    """Grey matter, white matter and brain of a result, as they are in the scene.

    Raises:
        InputError: If the brain mask has no voxel.
    """
    brain = Region(BRAIN, brainOf(nodes))
    if nodes.tissue is None:
        text = _("The scene has no grey and white matter of this result: denoise the scan again to have them.")
        return Regions((brain,), (text,))
    labels = slicer.util.arrayFromVolume(nodes.tissue)
    tissue = [Region(name, np.asarray(labels == label)) for name, label in TISSUE_LABELS.items()]
    missing = [_("No {tissue} was found in this scan.").format(tissue=r.name) for r in tissue if not r.mask.any()]
    found = tuple(region for region in tissue if region.mask.any())
    return Regions((*found, brain), (*missing, *_origin(nodes)))


def _origin(nodes: ResultNodes) -> tuple[str, ...]:
    """What told the tissue, where that was not perfusion itself."""
    origin = tissueOriginOf(nodes)
    if not origin:
        return ()
    return (_("{title}: grey and white matter by {origin}.").format(title=nodes.title, origin=origin),)


def brainOf(nodes: ResultNodes) -> BoolArray:
    """The voxels in which blood flow was computed.

    Raises:
        InputError: If there are none.
    """
    brain = np.asarray(slicer.util.arrayFromVolume(nodes.mask) != 0)
    if not brain.any():
        raise InputError(
            "the brain mask is empty",
            where=nodes.mask.GetName(),
            remedy="Denoise the scan again.",
        )
    return brain


def segmentRegions(segmentation: Node, nodes: ResultNodes) -> Regions:
    """Every segment of a segmentation, hidden ones too, as brain voxels of the maps.

    A voxel belongs to a segment if its center does: the nearest voxel of the segment decides, nothing is
    interpolated. Maps are 0 outside the brain mask, so that voxels outside it do not count.
    """
    brain = brainOf(nodes)
    segments = segmentation.GetSegmentation()
    found = Regions(())
    for n in range(segments.GetNumberOfSegments()):
        found += _segmentRegion(segmentation, segments.GetNthSegmentID(n), nodes.conventional, brain)
    if not segments.GetNumberOfSegments():
        return Regions((), (_("The segmentation {name} has no segments.").format(name=segmentation.GetName()),))
    return found


def _segmentRegion(segmentation: Node, segmentId: str, grid: Node, brain: BoolArray) -> Regions:
    name = segmentation.GetSegmentation().GetSegment(segmentId).GetName()
    if _isEmpty(segmentation, segmentId):
        return Regions((), (_("The segment {name} is empty: not measured.").format(name=name),))
    voxels = _onGridOf(segmentation, segmentId, grid)
    inside, total = int((voxels & brain).sum()), int(voxels.sum())
    if not total:
        text = _("The segment {name} holds no voxel center of the maps: it lies outside them or is too small.")
        return Regions((), (text.format(name=name),))
    if not inside:
        return Regions((), (_("The segment {name} lies outside the brain mask: not measured.").format(name=name),))
    region = (Region(name, voxels & brain),)
    if inside == total:
        return Regions(region)
    text = _("{outside} of {total} voxels of the segment {name} lie outside the brain mask and do not count.")
    return Regions(region, (text.format(outside=total - inside, total=total, name=name),))


def _isEmpty(segmentation: Node, segmentId: str) -> bool:
    """Whether a segment has no voxel on its own grid."""
    segments = segmentation.GetSegmentation()
    if not segments.ContainsRepresentation(BINARY_LABELMAP) and not segments.CreateRepresentation(BINARY_LABELMAP):
        return True
    segment = segments.GetSegment(segmentId)
    scalars = segment.GetRepresentation(BINARY_LABELMAP).GetPointData().GetScalars()
    # Segments that do not overlap share one label map.
    return scalars is None or not (vtk_to_numpy(scalars) == segment.GetLabelValue()).any()


def _onGridOf(segmentation: Node, segmentId: str, grid: Node) -> BoolArray:
    """The segment on the voxels of a volume, ``[k, j, i]``; transforms of both nodes are heeded."""
    ids = vtk.vtkStringArray()
    ids.InsertNextValue(segmentId)
    label = slicer.vtkOrientedImageData()
    slicer.vtkSlicerSegmentationsModuleLogic.GenerateMergedLabelmapInReferenceGeometry(
        segmentation, grid, ids, slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY, label
    )
    voxels = vtk_to_numpy(label.GetPointData().GetScalars())
    return voxels.reshape(slicer.util.arrayFromVolume(grid).shape) != 0
