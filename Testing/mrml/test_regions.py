"""Regions are the voxels they should be, and what cannot be measured is said."""

from dataclasses import replace

import numpy as np
import pytest
import slicer
import vtk
from numbers_scene import BRAIN, GREY, GRID, WHITE, addedTo, addSegmentation

from deepasl.errors import InputError
from DeepASLDenoiseLib.numbers.regions import regionsOf, segmentRegions
from DeepASLDenoiseLib.pictures.headless import startApplication

pytestmark = pytest.mark.mrml


@pytest.fixture
def application():
    return startApplication()


@pytest.fixture
def scene(application):
    return application.scene


def somewhere(*voxels: tuple[int, int, int]) -> np.ndarray:
    mask = np.zeros(GRID.shape, bool)
    for voxel in voxels:
        mask[voxel] = True
    return mask


def test_tissue_and_brain_are_read_from_the_scene(scene, phantom):
    found = regionsOf(addedTo(scene, phantom))
    assert [region.name for region in found.regions] == ["grey matter", "white matter", "brain"]
    for region, truth in zip(found.regions, (GREY, WHITE, BRAIN), strict=True):
        assert np.array_equal(region.mask, truth)
    assert found.remarks == ()


def test_a_scene_without_tissue_says_so_and_keeps_the_brain(scene, phantom):
    found = regionsOf(replace(addedTo(scene, phantom), tissue=None))
    assert [region.name for region in found.regions] == ["brain"]
    assert "no grey and white matter" in found.remarks[0]


def test_tissue_that_was_not_found_is_said_to_be_missing(scene, phantom):
    nodes = addedTo(scene, phantom)
    labels = slicer.util.arrayFromVolume(nodes.tissue)
    labels[labels == 2] = 0
    found = regionsOf(nodes)
    assert [region.name for region in found.regions] == ["grey matter", "brain"]
    assert found.remarks == ("No white matter was found in this scan.",)


def test_an_emptied_brain_mask_is_refused_in_words(scene, phantom):
    nodes = addedTo(scene, phantom)
    slicer.util.arrayFromVolume(nodes.mask)[:] = 0
    with pytest.raises(InputError, match="brain mask is empty"):
        regionsOf(nodes)


def test_a_segment_on_the_grid_of_the_maps_keeps_its_voxels(scene, phantom):
    drawn = somewhere((1, 2, 2), (1, 2, 3), (2, 4, 6))
    found = segmentRegions(addSegmentation(scene, {"lesion": drawn}), addedTo(scene, phantom))
    assert [region.name for region in found.regions] == ["lesion"]
    assert np.array_equal(found.regions[0].mask, drawn)
    assert found.remarks == ()


def test_a_segment_on_a_finer_grid_covers_the_same_voxels(scene, phantom):
    drawn = somewhere((1, 2, 2), (1, 2, 3), (3, 4, 6))
    found = segmentRegions(addSegmentation(scene, {"lesion": drawn}, finer=3), addedTo(scene, phantom))
    assert np.array_equal(found.regions[0].mask, drawn)


def test_a_transform_moves_the_segment(scene, phantom):
    segmentation = addSegmentation(scene, {"lesion": somewhere((1, 2, 2))})
    move = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "move")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(2, 3, 5.0)  # one slice up
    move.SetMatrixTransformToParent(matrix)
    segmentation.SetAndObserveTransformNodeID(move.GetID())
    found = segmentRegions(segmentation, addedTo(scene, phantom))
    assert np.array_equal(found.regions[0].mask, somewhere((2, 2, 2)))


def test_a_segment_drawn_as_a_surface_is_measured_too(scene, phantom):
    segmentation = addSegmentation(scene, {})
    middle = GRID.ijk_to_ras() @ np.array([3, 3, 2, 1.0])
    ball = vtk.vtkSphereSource()
    ball.SetCenter(*middle[:3])
    ball.SetRadius(4.0)
    ball.SetThetaResolution(32)
    ball.SetPhiResolution(32)
    ball.Update()
    segmentation.AddSegmentFromClosedSurfaceRepresentation(ball.GetOutput(), "ball", [1, 0, 0])
    mask = segmentRegions(segmentation, addedTo(scene, phantom)).regions[0].mask
    assert np.array_equal(mask, somewhere((2, 3, 3), (2, 3, 2), (2, 3, 4), (2, 2, 3), (2, 4, 3)))


def test_segments_that_overlap_or_share_a_label_map_stay_apart(scene, phantom):
    first, second, third = somewhere((1, 2, 2), (1, 2, 3)), somewhere((1, 2, 3)), somewhere((2, 2, 2))
    segmentation = addSegmentation(scene, {"first": first, "second": second, "third": third})
    segmentation.GetSegmentation().CollapseBinaryLabelmaps(False)
    found = segmentRegions(segmentation, addedTo(scene, phantom))
    for region, truth in zip(found.regions, (first, second, third), strict=True):
        assert np.array_equal(region.mask, truth)


def test_empty_segments_and_segments_elsewhere_are_said_and_not_measured(scene, phantom):
    segmentation = addSegmentation(scene, {"skin": somewhere((0, 0, 0)), "cut": somewhere((1, 1, 1), (1, 0, 1))})
    segmentation.GetSegmentation().AddEmptySegment("nothing", "nothing")
    far = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "far")
    found = segmentRegions(segmentation, addedTo(scene, phantom))
    assert [region.name for region in found.regions] == ["cut"]
    assert np.array_equal(found.regions[0].mask, somewhere((1, 1, 1)))
    assert found.remarks == (
        "The segment skin lies outside the brain mask: not measured.",
        "1 of 2 voxels of the segment cut lie outside the brain mask and do not count.",
        "The segment nothing is empty: not measured.",
    )
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 1000.0)
    far.SetMatrixTransformToParent(matrix)
    segmentation.SetAndObserveTransformNodeID(far.GetID())
    remarks = segmentRegions(segmentation, addedTo(scene, phantom)).remarks
    assert "The segment cut holds no voxel center of the maps: it lies outside them or is too small." in remarks


def test_a_segmentation_without_segments_says_so(scene, phantom):
    found = segmentRegions(addSegmentation(scene, {}), addedTo(scene, phantom))
    assert found.regions == ()
    assert found.remarks == ("The segmentation regions has no segments.",)
