"""The comparison layouts: three to six linked slice views of their own, one map in each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import slicer
import slicer.util

from DeepASLDenoiseLib.compare.comparison import MOST_RESULTS, ComparedMap, comparedMaps
from DeepASLDenoiseLib.nodes import Node, readGeometry
from DeepASLDenoiseLib.runs.resultnodes import ResultNodes

LAYOUT_ID = 18040
"""Identifier of the layout with three views; one more view, one more. Slicer's layouts lie below 100."""

FEWEST_VIEWS = 3
MOST_VIEWS = 1 + MOST_RESULTS

VIEW_TAGS = tuple(f"DeepASL{n}" for n in range(1, MOST_VIEWS + 1))

VIEWS_IN_A_ROW = 3

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


def layoutId(views: int) -> int:
    """The identifier of the layout with so many views."""
    return LAYOUT_ID + views - FEWEST_VIEWS


def isComparison(layout: int) -> bool:
    """Whether this is the identifier of one of the comparison layouts."""
    return layoutId(FEWEST_VIEWS) <= layout <= layoutId(MOST_VIEWS)


def layoutDescription(views: int = FEWEST_VIEWS) -> str:
    """The layout with so many views as Slicer reads it: one row of three, or two rows."""
    tags = VIEW_TAGS[:views]
    if views <= VIEWS_IN_A_ROW:
        return _row(tags)
    first = (views + 1) // 2
    rows = "".join(f"\n<item>{_row(row)}</item>" for row in (tags[:first], tags[first:]))
    return f'<layout type="vertical" split="true">{rows}\n</layout>'


def _row(tags: tuple[str, ...]) -> str:
    items = (_VIEW.format(tag=tag, label=tag[-1], group=VIEW_GROUP) for tag in tags)
    return f'<layout type="horizontal" split="true">{"".join(items)}\n</layout>'


def registerLayout(layoutNode: Node) -> None:
    """Tell the application of the layouts; again after a reload."""
    for views in range(FEWEST_VIEWS, MOST_VIEWS + 1):
        layout = layoutId(views)
        # AddLayoutDescription refuses an identifier that is known and keeps the old text.
        known = layoutNode.IsLayoutDescription(layout)
        register = layoutNode.SetLayoutDescription if known else layoutNode.AddLayoutDescription
        register(layout, layoutDescription(views))


def enterLayout(layoutNode: Node, views: int = FEWEST_VIEWS) -> int:
    """Switch to the comparison; returns the layout to go back to: four-up, if a comparison is shown already."""
    previous = int(layoutNode.GetViewArrangement())
    registerLayout(layoutNode)
    layoutNode.SetViewArrangement(layoutId(views))
    return int(layoutNode.SlicerLayoutFourUpView) if isComparison(previous) else previous


def leaveLayout(layoutNode: Node, previous: int) -> None:
    """Back to the layout from before, unless the user has changed it meanwhile."""
    if isComparison(layoutNode.GetViewArrangement()):
        layoutNode.SetViewArrangement(previous)


@dataclass(frozen=True)
class SlicePane:
    """One slice view: its node, its layers, its logic."""

    sliceNode: Node
    composite: Node
    logic: Node


@dataclass(frozen=True)
class Edges:
    """What is kept free around the brain, pixels."""

    top: int = 0
    right: int = 0
    bottom: int = 0
    left: int = 0

    def taken(self) -> np.ndarray:
        """Of width and height."""
        return np.array((self.left + self.right, self.top + self.bottom))


def panes(applicationLogic: Node, scene: Node, views: int = FEWEST_VIEWS) -> tuple[SlicePane, ...]:
    """The views of the layout in reading order. The layout must have been shown."""
    found = []
    for tag in VIEW_TAGS[:views]:
        sliceNode = scene.GetSingletonNode(tag, "vtkMRMLSliceNode")
        logic = applicationLogic.GetSliceLogic(sliceNode)
        found.append(SlicePane(sliceNode, logic.GetSliceCompositeNode(), logic))
    return tuple(found)


def compare(views: tuple[SlicePane, ...], nodes: ResultNodes) -> None:
    """Show the maps of one result, black outside the brain, all at the middle of the brain, and link the views."""
    maps = comparedMaps((nodes,))
    fillViews(views, maps)
    frameViews(views, maps)


def fillViews(
    views: tuple[SlicePane, ...],
    maps: tuple[ComparedMap, ...],
    background: Node | None = None,
    opacity: float = 1.0,
    covers: tuple[Node, ...] = (),
) -> None:
    """Show one map in each view, and link the views.

    Args:
        views: As many as maps.
        maps: What to show.
        background: The image beneath; None for none.
        opacity: Of the maps over it.
        covers: For each view the label map that lies over what is outside the brain; its mask if not given.
    """
    for view in views:  # linked views would take over each other's volumes
        setLinked(view, False)
    for view, compared, cover in zip(views, maps, covers or [each.mask for each in maps], strict=True):
        setLayers(view, compared.node, cover, background, opacity)
        view.sliceNode.SetLayoutLabel(compared.label)
    for view in views:
        setLinked(view, True)


def frameViews(
    views: tuple[SlicePane, ...], maps: tuple[ComparedMap, ...], choices: tuple[Edges, ...] = (Edges(),)
) -> None:
    """Show the middle of the brain in every view, turned as it was acquired; `choices` as for `frameBrain`."""
    points = brainPoints(maps[0].mask)
    for view in views:
        setLinked(view, False)
    for view in views:
        alignToVolume(view, maps[0].node)
        frameBrain(view, points, choices)
    for view in views:
        setLinked(view, True)


def setLayers(view: SlicePane, node: Node, mask: Node, background: Node | None = None, opacity: float = 1.0) -> None:
    """Show a map with a label map on top and perhaps an image beneath, as if the user had chosen them."""
    composite = view.composite
    # Views look for legends of their volumes only when a change of layers is marked as made by the user.
    layers = composite.ForegroundVolumeFlag | composite.BackgroundVolumeFlag | composite.LabelVolumeFlag
    view.logic.StartSliceCompositeNodeInteraction(layers)
    change = composite.StartModify()
    composite.SetForegroundVolumeID(None if background is None else node.GetID())
    composite.SetBackgroundVolumeID(node.GetID() if background is None else background.GetID())
    composite.SetForegroundOpacity(opacity)
    composite.SetLabelVolumeID(mask.GetID())
    composite.SetLabelOpacity(1.0)
    composite.Modified()  # the layers may be those of a saved scene already, which a new view has no legends of yet
    composite.EndModify(change)
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


def frameBrain(view: SlicePane, points: np.ndarray, choices: tuple[Edges, ...]) -> None:
    """Show the middle slice of the brain, as large as the view allows.

    Args:
        view: The view; its size in pixels must be known.
        points: Voxels of the brain, ``[n, 3]`` RAS mm.
        choices: What may be kept free; that which leaves the brain largest is.
    """
    axes = sliceAxes(view.sliceNode)
    low, high = (points @ axes).min(axis=0), (points @ axes).max(axis=0)
    size = np.array(view.sliceNode.GetDimensions()[:2])
    needed = (high - low)[:2] * FRAME_MARGIN
    scales = [max(needed / np.maximum(size - edges.taken(), 1)) for edges in choices]
    mm_per_pixel = min(scales)
    edges = choices[scales.index(mm_per_pixel)]
    width, height = size * mm_per_pixel
    view.sliceNode.SetFieldOfView(width, height, view.sliceNode.GetFieldOfView()[2])
    middle = (low + high) / 2
    # The middle of the room is not the middle of the view.
    middle[:2] += np.array((edges.right - edges.left, edges.top - edges.bottom)) / 2 * mm_per_pixel
    jumpTo(view, axes @ middle)


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
