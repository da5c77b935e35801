"""The comparison layout: three linked views that leave the rest of the application alone."""

import numpy as np
import pytest

from DeepASLDenoiseLib.compare import display, layout
from DeepASLDenoiseLib.pictures import headless
from DeepASLDenoiseLib.runs.resultnodes import addResult

pytestmark = pytest.mark.mrml

FOUR_UP = 3


@pytest.fixture
def application():
    return headless.startApplication()


@pytest.fixture
def compared(application, phantom, rendering):
    views = headless.openViews(application, 300, 300)
    nodes = addResult(application.scene, phantom)
    display.showMaps(nodes)
    layout.compare(layout.panes(application.logic, application.scene), nodes)
    return views, nodes


def offsets(views) -> list[float]:
    return [view.pane.sliceNode.GetSliceOffset() for view in views]


def test_the_layout_has_three_views_in_a_group_of_their_own(application):
    layout.enterLayout(application.layoutNode)
    nodes = [application.scene.GetSingletonNode(tag, "vtkMRMLSliceNode") for tag in layout.VIEW_TAGS[:3]]
    assert {node.GetViewGroup() for node in nodes} == {layout.VIEW_GROUP}
    assert {node.GetOrientation() for node in nodes} == {"Axial"}


def test_the_former_layout_comes_back(application):
    application.layoutNode.SetViewArrangement(FOUR_UP)
    previous = layout.enterLayout(application.layoutNode)
    assert application.layoutNode.GetViewArrangement() == layout.LAYOUT_ID
    layout.leaveLayout(application.layoutNode, previous)
    assert application.layoutNode.GetViewArrangement() == FOUR_UP


def test_there_is_a_way_back_even_if_the_comparison_was_shown_already(application):
    """As after a scene that was saved with it was opened."""
    layout.enterLayout(application.layoutNode)
    again = layout.enterLayout(application.layoutNode)
    layout.leaveLayout(application.layoutNode, again)
    assert application.layoutNode.GetViewArrangement() == FOUR_UP


def test_a_layout_the_user_chose_meanwhile_stays(application):
    previous = layout.enterLayout(application.layoutNode)
    application.layoutNode.SetViewArrangement(FOUR_UP)
    layout.leaveLayout(application.layoutNode, previous)
    assert application.layoutNode.GetViewArrangement() == FOUR_UP


def test_registering_again_replaces_the_description(application):
    application.layoutNode.AddLayoutDescription(layout.LAYOUT_ID, "<layout></layout>")
    layout.registerLayout(application.layoutNode)
    assert application.layoutNode.GetLayoutDescription(layout.LAYOUT_ID) == layout.layoutDescription()


def test_each_view_shows_its_map_over_the_same_mask(compared):
    views, nodes = compared
    backgrounds = [view.pane.composite.GetBackgroundVolumeID() for view in views]
    assert backgrounds == [node.GetID() for node in (nodes.conventional, nodes.denoised, nodes.difference)]
    assert {view.pane.composite.GetLabelVolumeID() for view in views} == {nodes.mask.GetID()}


def test_the_bars_above_the_views_tell_the_maps_apart(compared):
    views, _ = compared
    assert [view.pane.sliceNode.GetLayoutLabel() for view in views] == ["C", "D", "\N{PLUS-MINUS SIGN}"]


@pytest.mark.parametrize("views", [3, 4, 5, 6])
def test_every_number_of_views_has_a_layout_with_all_of_them(application, views):
    layout.enterLayout(application.layoutNode, views)
    assert layout.isComparison(application.layoutNode.GetViewArrangement())
    shown = application.layoutLogic.GetViewNodes()
    tags = {shown.GetItemAsObject(n).GetLayoutName() for n in range(shown.GetNumberOfItems())}
    assert tags == set(layout.VIEW_TAGS[:views])


def test_all_views_start_at_the_same_slice_through_the_brain(compared, phantom):
    views, _ = compared
    assert len(set(offsets(views))) == 1
    heights = np.argwhere(phantom.mask)[:, 0]
    assert views[0].pane.logic.GetSliceIndexFromOffset(offsets(views)[0]) - 1 == pytest.approx(
        (heights.min() + heights.max()) / 2, abs=1
    )


def test_scrolling_one_view_scrolls_all_three(compared):
    views, _ = compared
    before = offsets(views)
    logic = views[1].pane.logic
    logic.StartSliceOffsetInteraction()
    logic.SetSliceOffset(before[1] + 15.0)
    logic.EndSliceOffsetInteraction()
    assert offsets(views) == [offset + 15.0 for offset in before]


def test_views_outside_the_group_stay_where_they_are(compared, application):
    views, _ = compared
    red = application.scene.AddNewNodeByClass("vtkMRMLSliceNode", "Red")
    before = red.GetSliceOffset()
    logic = views[0].pane.logic
    logic.StartSliceOffsetInteraction()
    logic.SetSliceOffset(20.0)
    logic.EndSliceOffsetInteraction()
    assert red.GetSliceOffset() == before


def test_showing_another_result_changes_each_view_alone(compared, application, phantom):
    """Linked views would all take over the first volume."""
    views, _ = compared
    nodes = addResult(application.scene, phantom)
    layout.compare(layout.panes(application.logic, application.scene), nodes)
    backgrounds = [view.pane.composite.GetBackgroundVolumeID() for view in views]
    assert backgrounds == [node.GetID() for node in (nodes.conventional, nodes.denoised, nodes.difference)]


def test_an_oblique_scan_is_shown_in_the_planes_it_was_acquired_in(application, obliquePhantom, rendering):
    views = headless.openViews(application, 300, 300)
    layout.compare(layout.panes(application.logic, application.scene), addResult(application.scene, obliquePhantom))
    acquired = obliquePhantom.geometry.ijk_to_ras()[:3, 2] / obliquePhantom.geometry.spacing[2]
    for view in views:
        assert abs(layout.sliceAxes(view.pane.sliceNode)[:, 2] @ acquired) == pytest.approx(1.0, abs=1e-6)
