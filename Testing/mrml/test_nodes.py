"""Voxels and grids keep their values on the way into MRML nodes and back."""

import numpy as np
import pytest
import slicer
import vtk

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.images import read_image, write_image
from deepasl.progress import run
from DeepASLDenoiseLib.nodes import (
    FRAMES_IN_A_STEP,
    addSequence,
    addVolume,
    readGeometry,
    readingVolumes,
    readVolumes,
)

pytestmark = pytest.mark.mrml


@pytest.fixture
def scene() -> slicer.vtkMRMLScene:
    return slicer.vtkMRMLScene()


def oblique(shape: tuple[int, int, int] = (5, 6, 7)) -> Geometry:
    """A grid turned about two axes, with three different voxel sizes, away from the origin."""
    turn, tilt = np.deg2rad(20), np.deg2rad(-35)
    about_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    direction = tuple((about_z @ about_x).ravel())
    return Geometry(shape, (2.0, 3.0, 5.0), (-31.0, 12.0, 70.0), direction)


def volumes(count: int, shape: tuple[int, int, int] = (5, 6, 7)) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, *shape)).astype(np.float32)


def test_sequence_returns_the_volumes_and_the_grid_it_was_made_of(scene):
    array = volumes(4)
    node = addSequence(scene, array, oblique(), "asl")
    back, grid = readVolumes(node)
    assert np.array_equal(back, array)
    assert grid.matches(oblique(), tolerance=1e-5)


def test_arrays_are_copied_in_and_out(scene):
    array = volumes(1)[0]
    node = addVolume(scene, array, oblique(), "map")
    expected = array.copy()
    array[:] = 0
    back, _ = readVolumes(node)
    assert np.array_equal(back[0], expected)
    back[:] = -1
    assert np.array_equal(readVolumes(node)[0][0], expected)


def test_components_of_a_vector_volume_are_time_points(scene):
    array = volumes(3)
    node = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "asl")
    slicer.util.updateVolumeFromArray(node, np.ascontiguousarray(np.moveaxis(array, 0, -1)))
    assert np.array_equal(readVolumes(node)[0], array)


def test_unsigned_voxels_become_float_so_that_a_subtraction_cannot_wrap_around(scene):
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "asl")
    slicer.util.updateVolumeFromArray(node, np.full((2, 3, 4), 7, np.uint16))
    back, _ = readVolumes(node)
    assert (back - 9 == -2).all()


def test_the_volume_that_shows_a_frame_stands_for_its_whole_sequence(scene):
    sequences = slicer.vtkSlicerSequencesLogic()
    sequences.SetMRMLScene(scene)
    array = volumes(4)
    sequence = addSequence(scene, array, oblique(), "asl")
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    sequences.UpdateAllProxyNodes()
    shown = browser.GetProxyNode(sequence)
    assert len(readVolumes(shown)[0]) == 4


def test_frames_on_different_grids_are_refused_and_named(scene):
    sequence = addSequence(scene, volumes(2), oblique(), "asl")
    frame = slicer.vtkMRMLScalarVolumeNode()
    slicer.util.updateVolumeFromArray(frame, volumes(1)[0])
    sequence.SetDataNodeAtValue(frame, "2")
    with pytest.raises(InputError, match="frame 2 lies on another grid"):
        readVolumes(sequence)


def test_a_transform_on_the_input_is_refused(scene):
    node = addVolume(scene, volumes(1)[0], oblique(), "asl")
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "moved")
    node.SetAndObserveTransformNodeID(transform.GetID())
    with pytest.raises(InputError, match="'moved'"):
        readVolumes(node)


def test_a_sheared_volume_is_refused(scene):
    node = addVolume(scene, volumes(1)[0], oblique(), "asl")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 1, 0.5)
    node.SetIJKToRASMatrix(matrix)
    with pytest.raises(InputError, match="sheared"):
        readVolumes(node)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("vtkMRMLScalarVolumeNode", "has no voxels"),
        ("vtkMRMLSequenceNode", "is empty"),
        ("vtkMRMLModelNode", "not a volume"),
    ],
)
def test_nodes_without_voxels_are_refused(scene, kind, message):
    with pytest.raises(InputError, match=message):
        readVolumes(scene.AddNewNodeByClass(kind, "nothing"))


def test_oblique_asymmetric_volume_survives_array_scene_file_array(scene, tmp_path):
    """Written by MRML's own storage node, read by SimpleITK: two programs agree on left and right."""
    grid = oblique()
    array = np.zeros(grid.shape, np.float32)
    array[1, 2, 6] = 1.0
    node = addVolume(scene, array, grid, "map")
    storage = scene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
    storage.SetFileName(str(tmp_path / "map.nii.gz"))
    assert storage.WriteData(node)
    image = read_image(tmp_path / "map.nii.gz")
    assert np.array_equal(image.volumes[0], array)
    assert image.geometry.matches(grid, tolerance=1e-4)


def test_oblique_asymmetric_volume_survives_array_file_scene_array(scene, tmp_path):
    grid = oblique()
    array = volumes(1)[0]
    write_image(tmp_path / "map.nii.gz", array, grid)
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    storage.SetFileName(str(tmp_path / "map.nii.gz"))
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "map")
    assert storage.ReadData(node)
    assert np.array_equal(readVolumes(node)[0][0], array)
    assert readGeometry(node).matches(grid, tolerance=1e-4)


def test_a_long_sequence_is_read_in_steps_between_which_the_user_has_a_turn(scene):
    node = addSequence(scene, volumes(3 * FRAMES_IN_A_STEP + 1), oblique(), "asl")
    steps = []
    back, _ = run(readingVolumes(node), steps.append)
    assert [step.done for step in steps] == [FRAMES_IN_A_STEP * n for n in (1, 2, 3)]
    assert len(back) == 3 * FRAMES_IN_A_STEP + 1


def test_a_sequence_that_changes_while_it_is_read_is_not_taken_for_a_scan(scene):
    node = addSequence(scene, volumes(2 * FRAMES_IN_A_STEP), oblique(), "asl")
    job = readingVolumes(node)
    next(job)
    node.RemoveAllDataNodes()
    with pytest.raises(InputError, match="changed while it was read"):
        run(job)
