"""The views of the comparison: backgrounds, reveal cursor, flicker, crosshair, legends, and pictures of them.

With DEEPASL_NEW_PICTURES set, the stored pictures are written anew instead of compared; look at them then.
"""

import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
import vtk

from deepasl.geometry import Geometry
from DeepASLDenoiseLib.compare import comparison, crosshair, display, glimpse, layout, legends, overlay, surroundings
from DeepASLDenoiseLib.compare.display import Appearance
from DeepASLDenoiseLib.nodes import addVolume, readGeometry
from DeepASLDenoiseLib.pictures import headless
from DeepASLDenoiseLib.runs.resultnodes import addResult

pytestmark = pytest.mark.mrml

BLACK = 12
"""Above this a pixel is not background."""

PICTURES = Path(__file__).parent / "pictures"

WIDTH, HEIGHT = 220, 330

TITLES = 30
"""What the titles of the desktop take at the upper edge, pixels."""


class Shown:
    """One result compared off screen, as the desktop does it."""

    def __init__(self, result, width=WIDTH, height=HEIGHT):
        self.application = headless.startApplication()
        self.views = headless.openViews(self.application, width, height)
        self.size = (width, height)
        self.nodes = addResult(self.application.scene, result)
        self.maps = comparison.comparedMaps((self.nodes,))
        self.panes = layout.panes(self.application.logic, self.application.scene)
        self.update(Appearance(high=90))
        room = layout.Edges(top=TITLES + legends.EDGE + legends.HEIGHT, bottom=20)
        layout.frameViews(self.panes, self.maps, (room,))

    def update(self, appearance):
        self.appearance = appearance
        display.showCompared(self.maps, appearance)
        self.covers = tuple(surroundings.cover(each.mask, appearance.background) for each in self.maps)
        layout.fillViews(self.panes, self.maps, appearance.background, appearance.opacity, self.covers)
        for pane, each in zip(self.panes, self.maps, strict=True):
            display.addLegend(each)
            legends.showOnlyIn(each.node, pane.sliceNode)
            legends.placeLegend(each.node, legends.Corner(*self.size, TITLES))

    def pixels(self) -> np.ndarray:
        return np.concatenate([view.grab() for view in self.views], axis=1).astype(int)

    def addM0(self, result):
        node = addVolume(self.application.scene, result.m0.volume, result.geometry, "M0")
        node.GetDisplayNode().AutoWindowLevelOff()
        node.GetDisplayNode().SetWindowLevelMinMax(0, float(result.m0.volume.max()))
        return node

    def overlayOn(self, view: int) -> overlay.Overlay:
        other = self.maps[view].other
        layers = (overlay.Layer(other.node), overlay.Layer(self.covers[view], isLabelMap=True))
        return overlay.Overlay(self.panes[view], self.views[view].window, layers, other.title)


@pytest.fixture
def shown(coarsePhantom, rendering) -> Shown:
    return Shown(coarsePhantom)


def assertLooksAsStored(pixels: np.ndarray, name: str) -> None:
    """Letters may be smoothed otherwise elsewhere; maps, places and colours may not differ."""
    path = PICTURES / f"{name}.png"
    if os.environ.get("DEEPASL_NEW_PICTURES"):
        PICTURES.mkdir(exist_ok=True)
        sitk.WriteImage(sitk.GetImageFromArray(pixels.astype(np.uint8), isVector=True), str(path))
    stored = sitk.GetArrayFromImage(sitk.ReadImage(str(path))).astype(int)
    assert stored.shape == pixels.shape
    apart = np.abs(stored - pixels).max(axis=2)
    assert np.mean(apart > 40) < 0.01, f"{np.mean(apart > 40):.1%} of the pixels differ from {path.name}"


def test_the_comparison_looks_as_stored(shown):
    assertLooksAsStored(shown.pixels(), "side_by_side")


def test_over_m0_with_other_colours_range_and_threshold_it_looks_as_stored(shown, coarsePhantom):
    shown.update(Appearance("viridis", 0, 60, 20, 0.6, shown.addM0(coarsePhantom)))
    assertLooksAsStored(shown.pixels(), "over_m0")


def test_stored_pictures_would_notice_another_range(shown):
    shown.update(Appearance(high=70))
    if not os.environ.get("DEEPASL_NEW_PICTURES"):
        with pytest.raises(AssertionError, match="differ"):
            assertLooksAsStored(shown.pixels(), "side_by_side")


@pytest.mark.parametrize(
    "change",
    [{"colormap": "grey"}, {"high": 50}, {"low": 30}, {"threshold": 30}],
    ids=lambda change: next(iter(change)),
)
def test_what_is_changed_in_the_panel_is_seen_in_both_maps_at_once(shown, change):
    before = [view.grab().astype(int) for view in shown.views]
    shown.update(Appearance(**{"high": 90, **change}))
    after = [view.grab().astype(int) for view in shown.views]
    brain = [np.abs(a - b).max(axis=2)[170:] > 20 for a, b in zip(after, before, strict=True)]
    assert brain[0].mean() > 0.02
    assert brain[1].mean() > 0.02
    assert not brain[2].any()  # the difference has a scale of its own


@pytest.mark.parametrize(("width", "height"), [(365, 880), (220, 500), (540, 420)])
def test_legends_are_of_one_size_inside_the_view_and_off_the_brain(width, height, coarsePhantom, rendering):
    """In a view as large as a screen gives it, in a narrow one, and in one that is wider than high."""
    shown = Shown(coarsePhantom, width, height)
    with_legend = [view.grab().astype(int) for view in shown.views]
    for each in shown.maps:
        slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(each.node).SetVisibility(False)
    bare = [view.grab().astype(int) for view in shown.views]
    for seen, map_alone in zip(with_legend, bare, strict=True):
        legend = np.abs(seen - map_alone).max(axis=2) > 60
        rows, columns = np.nonzero(legend)
        assert rows.min() >= TITLES
        assert 2 < columns.min() < columns.max() < width - 2
        assert np.ptp(rows) == pytest.approx(legends.HEIGHT, abs=8)
        assert not (legend & (map_alone.max(axis=2) > BLACK)).any()


def test_a_legend_of_a_compared_map_is_seen_in_its_own_view_alone_and_everywhere_afterwards(shown):
    legend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(shown.nodes.denoised)
    own = [legend.IsDisplayableInView(pane.sliceNode.GetID()) for pane in shown.panes]
    assert own == [False, True, False]
    legends.showAllEverywhere(shown.application.scene)
    assert all(legend.IsDisplayableInView(pane.sliceNode.GetID()) for pane in shown.panes)


def test_over_a_background_the_maps_keep_their_values_and_the_head_is_seen_around_them(shown, coarsePhantom):
    black = shown.pixels()
    m0 = shown.addM0(coarsePhantom)
    shown.update(Appearance(high=90, background=m0))
    over = shown.pixels()
    brain = black.max(axis=2) > 60
    assert np.mean(np.abs(over - black).max(axis=2)[brain] > 30) < 0.05
    around = (black.max(axis=2) <= BLACK) & (over.max(axis=2) > 40)
    assert around.sum() > 500
    grey = over[around]
    assert np.median(np.ptp(grey, axis=1)) <= 2


def test_opacity_lets_the_background_through_in_every_view(shown, coarsePhantom):
    m0 = shown.addM0(coarsePhantom)
    shown.update(Appearance(high=90, background=m0, opacity=1.0))
    opaque = [view.grab().astype(int) for view in shown.views]
    shown.update(Appearance(high=90, background=m0, opacity=0.4))
    for before, view in zip(opaque, shown.views, strict=True):
        assert np.mean(np.abs(view.grab() - before).max(axis=2)[170:] > 20) > 0.05


def test_a_background_on_another_grid_and_under_a_transform_lies_where_it_is_in_the_world(shown):
    """A bright ball outside the brain, moved by a transform to the patient's left."""
    scene = shown.application.scene
    geometry = Geometry((40, 40, 40), (3.0, 3.0, 3.0), (-60.0, -60.0, -60.0))
    ball = np.zeros(geometry.shape, np.float32)
    ball[18:23, 18:23, 18:23] = 100
    background = addVolume(scene, ball, geometry, "ball")
    background.GetDisplayNode().AutoWindowLevelOff()
    background.GetDisplayNode().SetWindowLevelMinMax(0, 100)
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = np.eye(4)
    matrix[:3, 3] = (-85, 0, 0)
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
    background.SetAndObserveTransformNodeID(transform.GetID())
    labels = surroundings.cover(shown.nodes.mask, background)
    voxels = slicer.util.arrayFromVolume(labels)
    bright = np.argwhere((voxels > 200) & (voxels < surroundings.INSIDE))
    to_ras = readGeometry(labels).ijk_to_ras()
    middle = (to_ras @ [*bright.mean(axis=0)[::-1], 1])[:3]
    # The ball lies at the origin in its own space; its grid has no voxel quite there.
    assert middle == pytest.approx((-85, 0, 0), abs=3.0)


def test_a_cover_is_made_once_and_leaves_with_the_background(shown, coarsePhantom):
    m0 = shown.addM0(coarsePhantom)
    cover = surroundings.cover(shown.nodes.mask, m0)
    assert surroundings.cover(shown.nodes.mask, m0) is cover
    assert not cover.GetSaveWithScene()
    m0.GetDisplayNode().SetWindowLevelMinMax(0, 10)
    assert surroundings.cover(shown.nodes.mask, m0) is not cover
    surroundings.removeUnused(shown.application.scene)
    assert not shown.application.scene.IsNodePresent(cover)
    assert shown.application.scene.IsNodePresent(shown.nodes.mask)


def test_the_reveal_cursor_shows_the_conventional_map_in_a_square_of_the_denoised_view(shown):
    conventional, denoised, _ = (view.grab().astype(int) for view in shown.views)
    mouse = shown.application.scene.AddNewNodeByClass("vtkMRMLCrosshairNode")
    reveal = glimpse.Reveal(mouse, (shown.overlayOn(1),), lambda: None)
    mouse.SetCursorPositionXYZ([110, 100, 0], shown.panes[1].sliceNode)
    seen = shown.views[1].grab().astype(int)
    square = glimpse.squareAt(shown.panes[1].sliceNode, 110, 100)
    rows = slice(HEIGHT - square.top + 20, HEIGHT - square.bottom - 2)  # below the name in the square
    columns = slice(square.left + 2, square.right - 2)
    assert np.array_equal(seen[rows, columns], conventional[rows, columns])
    assert not np.array_equal(seen[rows, columns], denoised[rows, columns])
    outside = np.ones(seen.shape[:2], bool)
    outside[HEIGHT - 2 - square.top : HEIGHT - square.bottom + 1, square.left - 1 : square.right + 2] = False
    outside[rows.start - 22 : rows.start] = False  # the name may be wider than the square
    assert np.array_equal(seen[outside], denoised[outside])
    mouse.SetCursorPositionXYZ([110, 100, 0], shown.panes[0].sliceNode)
    assert np.array_equal(shown.views[1].grab(), denoised)
    reveal.stop()


def test_the_reveal_cursor_shows_the_slice_that_the_view_has_come_to(shown):
    other = shown.overlayOn(1)
    other.showAll()
    first = shown.views[1].grab().astype(int)
    logic = shown.panes[0].logic
    logic.StartSliceOffsetInteraction()
    logic.SetSliceOffset(shown.panes[0].sliceNode.GetSliceOffset() + 20)
    logic.EndSliceOffsetInteraction()
    brain = slice(170, None)
    assert np.abs(shown.views[1].grab().astype(int) - first)[brain].max() > 60
    assert np.array_equal(shown.views[1].grab()[brain], shown.views[0].grab()[brain])


def test_at_the_edge_the_square_is_cut_and_beyond_it_nothing_is_shown(shown):
    other = shown.overlayOn(1)
    other.showPart(overlay.Part(-40, 30, -40, 30))
    assert other.visible
    shown.views[1].grab()
    other.showPart(overlay.Part(-40, -10, 0, 30))
    assert not other.visible


def test_flicker_shows_both_maps_by_turns_and_ends_with_the_views_own(shown):
    conventional, denoised, _ = (view.grab().astype(int) for view in shown.views)
    brain = slice(170, None)
    told = []
    flicker = glimpse.Flicker((shown.overlayOn(1),), lambda each: told.append(each.visible))
    turns = []
    for _turn in range(3):
        flicker.step()
        turns.append(shown.views[1].grab().astype(int)[brain])
    assert told == [True, False, True]
    assert np.array_equal(turns[0], conventional[brain])
    assert np.array_equal(turns[1], denoised[brain])
    flicker.stop()
    assert np.array_equal(shown.views[1].grab(), denoised)


def test_a_removed_overlay_leaves_nothing_in_the_view(shown):
    renderer = shown.views[1].window.GetRenderers().GetItemAsObject(0)
    before = renderer.GetViewProps().GetNumberOfItems()
    other = shown.overlayOn(1)
    assert renderer.GetViewProps().GetNumberOfItems() > before
    other.remove()
    assert renderer.GetViewProps().GetNumberOfItems() == before


def test_the_title_of_the_other_map_stays_within_the_square():
    title = "Denoised\nDeepASL guided: five slices and M0"
    lines = overlay.wrapped(title, 110).split("\n")
    assert lines[0] == "Denoised"
    assert " ".join(lines[1:]) == "DeepASL guided: five slices and M0"
    assert max(map(len, lines)) * overlay.LETTER_WIDTH <= 110
    assert overlay.wrapped(title, 1000) == title


def test_a_view_that_is_new_is_told_of_layers_that_a_saved_scene_has_already_set(shown):
    """It would not look for their legends otherwise."""
    composite, told = shown.panes[0].composite, []
    observer = composite.AddObserver(
        vtk.vtkCommand.ModifiedEvent, lambda caller, event: told.append(composite.GetInteractionFlags())
    )
    layout.fillViews(shown.panes, shown.maps, covers=shown.covers)
    composite.RemoveObserver(observer)
    assert any(flags & composite.BackgroundVolumeFlag for flags in told)
    assert composite.GetBackgroundVolumeID() == shown.maps[0].node.GetID()


def test_the_crosshair_marks_the_place_of_the_mouse_in_all_views_and_leaves_as_it_came(shown):
    node = shown.application.scene.AddNewNodeByClass("vtkMRMLCrosshairNode")
    node.SetCrosshairMode(node.NoCrosshair)
    linked = crosshair.LinkedCrosshair(node, tuple(pane.sliceNode for pane in shown.panes))
    assert crosshair.isShown(node)
    node.SetCursorPositionXYZ([60, 120, 0], shown.panes[2].sliceNode)
    expected = slicer.util.arrayFromVTKMatrix(shown.panes[2].sliceNode.GetXYToRAS()) @ [60, 120, 0, 1]
    assert node.GetCrosshairRAS() == pytest.approx(expected[:3])
    other = shown.application.scene.AddNewNodeByClass("vtkMRMLSliceNode", "Red")
    node.SetCursorPositionXYZ([5, 5, 0], other)
    assert node.GetCrosshairRAS() == pytest.approx(expected[:3])
    linked.stop()
    assert not crosshair.isShown(node)


def test_four_maps_are_shown_in_two_rows_and_scroll_together(coarsePhantom, rendering):
    application = headless.startApplication()
    views = headless.openViews(application, 150, 150, 4)
    results = tuple(addResult(application.scene, coarsePhantom) for _ in range(3))
    maps = comparison.comparedMaps(results)
    panes = layout.panes(application.logic, application.scene, 4)
    display.showCompared(maps, Appearance())
    layout.fillViews(panes, maps)
    layout.frameViews(panes, maps)
    assert application.layoutNode.GetViewArrangement() == layout.layoutId(4)
    assert [view.pane.composite.GetBackgroundVolumeID() for view in views] == [each.node.GetID() for each in maps]
    panes[3].logic.StartSliceOffsetInteraction()
    panes[3].logic.SetSliceOffset(12.0)
    panes[3].logic.EndSliceOffsetInteraction()
    assert {pane.sliceNode.GetSliceOffset() for pane in panes} == {12.0}
    layout.leaveLayout(application.layoutNode, 3)
    assert application.layoutNode.GetViewArrangement() == 3


def test_legends_grow_with_the_screens_resolution(shown):
    node = shown.maps[0].node
    legend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(node)
    legends.placeLegend(node, legends.Corner(1000, 1000, 30))
    usual = legend.GetSize()
    legends.placeLegend(node, legends.Corner(2000, 2000, 60, 2.0))
    assert legend.GetSize() == pytest.approx(usual)
    legends.placeLegend(node, legends.Corner(2000, 2000, 60))
    assert legend.GetSize() == pytest.approx([each / 2 for each in usual])
