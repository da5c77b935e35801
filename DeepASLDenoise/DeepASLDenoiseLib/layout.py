"""The comparison layout: conventional | denoised | difference in three linked slice views of their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import slicer
import slicer.util

from DeepASLDenoiseLib.nodes import Node, readGeometry
from DeepASLDenoiseLib.scene import ResultNodes

LAYOUT_ID = 18040
"""Own identifier; Slicer's layouts lie below 100."""

VIEW_TAGS = ("DeepASL1", "DeepASL2", "DeepASL3")

VIEW_TITLES = ("Conventional", "Denoised", "Difference")

VIEW_LABELS = ("C", "D", "C-D")
"""For the bars above the views, which are narrow."""

VIEW_GROUP = 77
"""Linking stays within the group, so that the views of other layouts do not move along."""

FRAME_MARGIN = 1.15
"""How much larger than the brain the part shown of a slice is."""

_VIEW = """
 <item><view class="vtkMRMLSliceNode" singletontag="{tag}">
  <property name="orientation" action="default">Axial</property>
  <property name="viewlabel" action="default">{label}</property>
  <property name="viewcolor" action="default">#4A4A4A</property>
  <property name="viewgroup" action="default">{group}</property>
 </view></item>"""


def layoutDescription() -> str:
    """The layout as Slicer reads it."""
    views = zip(VIEW_TAGS, VIEW_LABELS, strict=True)
    items = (_VIEW.format(tag=tag, label=label, group=VIEW_GROUP) for tag, label in views)
    return f'<layout type="horizontal" split="true">{"".join(items)}\n</layout>'


def registerLayout(layoutNode: Node) -> None:
    """Tell the application of the layout; again after a reload."""
    # AddLayoutDescription refuses an identifier that is known and keeps the old text.
    known = layoutNode.IsLayoutDescription(LAYOUT_ID)
    register = layoutNode.SetLayoutDescription if known else layoutNode.AddLayoutDescription
    register(LAYOUT_ID, layoutDescription())


def enterLayout(layoutNode: Node) -> int:
    """Switch to the comparison; returns the layout to go back to: four-up, if the comparison is shown already."""
    previous = int(layoutNode.GetViewArrangement())
    registerLayout(layoutNode)
    layoutNode.SetViewArrangement(LAYOUT_ID)
    return previous if previous != LAYOUT_ID else int(layoutNode.SlicerLayoutFourUpView)


def leaveLayout(layoutNode: Node, previous: int) -> None:
    """Back to the layout from before, unless the user has changed it meanwhile."""
    if layoutNode.GetViewArrangement() == LAYOUT_ID:
        layoutNode.SetViewArrangement(previous)


@dataclass(frozen=True)
class SlicePane:
    """One slice view: its node, its layers, its logic."""

    sliceNode: Node
    composite: Node
    logic: Node


def panes(applicationLogic: Node, scene: Node) -> tuple[SlicePane, ...]:
    """The three views of the layout, left to right. The layout must have been shown."""
    found = []
    for tag in VIEW_TAGS:
        sliceNode = scene.GetSingletonNode(tag, "vtkMRMLSliceNode")
        logic = applicationLogic.GetSliceLogic(sliceNode)
        found.append(SlicePane(sliceNode, logic.GetSliceCompositeNode(), logic))
    return tuple(found)


def compare(views: tuple[SlicePane, ...], nodes: ResultNodes) -> None:
    """Show one map in each view, black outside the brain, all at the middle of the brain, and link them."""
    maps = (nodes.conventional, nodes.denoised, nodes.difference)
    for view in views:  # linked views would take over each other's volumes
        setLinked(view, False)
    for view, node in zip(views, maps, strict=True):
        setLayers(view, node, nodes.mask)
        alignToVolume(view, node)
    points = brainPoints(nodes.mask)
    for view in views:
        frameBrain(view, points)
        setLinked(view, True)


def setLayers(view: SlicePane, node: Node, mask: Node) -> None:
    """Show a map with the mask on top, as if the user had chosen them."""
    composite = view.composite
    # Views look for legends of their volumes only when a change of layers is marked as made by the user.
    layers = composite.ForegroundVolumeFlag | composite.BackgroundVolumeFlag | composite.LabelVolumeFlag
    view.logic.StartSliceCompositeNodeInteraction(layers)
    composite.SetForegroundVolumeID(None)
    composite.SetBackgroundVolumeID(node.GetID())
    composite.SetLabelVolumeID(mask.GetID())
    composite.SetLabelOpacity(1.0)
    view.logic.EndSliceCompositeNodeInteraction()


def setLinked(view: SlicePane, linked: bool) -> None:
    """Whether scrolling, zooming and panning of this view moves the others of its group, while it is done."""
    view.composite.SetLinkedControl(linked)
    view.composite.SetHotLinkedControl(linked)


def alignToVolume(view: SlicePane, node: Node) -> None:
    """Axial, turned to the nearest plane of the volume, so that oblique slices are shown as they were acquired."""
    view.sliceNode.SetOrientation("Axial")
    view.sliceNode.SetOrientationMarkerType(view.sliceNode.OrientationMarkerTypeAxes)
    view.sliceNode.SetOrientationMarkerSize(view.sliceNode.OrientationMarkerSizeSmall)
    view.sliceNode.RotateToVolumePlane(node)
    view.logic.FitSliceToAll()


def frameBrain(view: SlicePane, points: np.ndarray) -> None:
    """Show the middle slice of the brain, as large as the view allows.

    Args:
        view: The view; its size in pixels must be known.
        points: Voxels of the brain, ``[n, 3]`` RAS mm.
    """
    axes = sliceAxes(view.sliceNode)
    low, high = (points @ axes).min(axis=0), (points @ axes).max(axis=0)
    width, height, _ = view.sliceNode.GetDimensions()
    needed = (high - low)[:2] * FRAME_MARGIN
    mm_per_pixel = max(needed[0] / width, needed[1] / height)
    view.sliceNode.SetFieldOfView(width * mm_per_pixel, height * mm_per_pixel, view.sliceNode.GetFieldOfView()[2])
    jumpTo(view, axes @ ((low + high) / 2))


def jumpTo(view: SlicePane, point: np.ndarray) -> None:
    """Show the slice through `point` (RAS mm), the point in its middle, snapped to the middle of a voxel."""
    view.sliceNode.JumpSliceByCentering(*(float(v) for v in point))
    view.logic.SnapSliceOffsetToIJK()


def brainPoints(mask: Node) -> np.ndarray:
    """Centres of the voxels inside a label map, ``[n, 3]`` RAS mm."""
    kji = np.argwhere(slicer.util.arrayFromVolume(mask) > 0)
    matrix = readGeometry(mask).ijk_to_ras()
    return kji[:, ::-1] @ matrix[:3, :3].T + matrix[:3, 3]


def sliceAxes(sliceNode: Node) -> np.ndarray:
    """Unit vectors of a slice view as columns, RAS: to the right, upwards, out of the slice."""
    return slicer.util.arrayFromVTKMatrix(sliceNode.GetSliceToRAS())[:3, :3]


def sliceCenter(sliceNode: Node) -> np.ndarray:
    """The point in the middle of a slice view, RAS mm."""
    return slicer.util.arrayFromVTKMatrix(sliceNode.GetSliceToRAS())[:3, 3]
