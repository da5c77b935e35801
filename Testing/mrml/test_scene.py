"""Results in a scene say what they are, where they come from, and lie where they belong."""

import json
from dataclasses import replace

import numpy as np
import pytest
import slicer

from deepasl.geometry import Geometry
from deepasl.results import PerfusionMaps
from DeepASLDenoiseLib.compare import display
from DeepASLDenoiseLib.nodes import addSequence, readGeometry
from DeepASLDenoiseLib.pictures.headless import startApplication
from DeepASLDenoiseLib.runs import resultnodes as scenes

pytestmark = pytest.mark.mrml


@pytest.fixture
def application():
    return startApplication()


def nodeIds(scene) -> list[str]:
    return [scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())]


def test_maps_have_name_unit_quantity_and_the_exact_grid(application, phantom):
    nodes = scenes.addResult(application.scene, phantom)
    assert nodes.denoised.GetName() == "phantom CBF denoised"
    assert nodes.denoised.GetVoxelValueUnits().GetCodeValue() == "ml/(100.g)/min"
    assert nodes.denoised.GetVoxelValueUnits().GetCodingSchemeDesignator() == "UCUM"
    assert nodes.denoised.GetVoxelValueQuantity().GetCodeValue() == "126390"
    for node in nodes.named().values():
        assert readGeometry(node).matches(phantom.geometry, tolerance=1e-6)


def test_difference_is_what_was_taken_away_negative_values_kept(application, phantom):
    nodes = scenes.addResult(application.scene, phantom)
    difference = slicer.util.arrayFromVolume(nodes.difference)
    assert np.allclose(difference, phantom.conventional.cbf - phantom.denoised.cbf)
    conventional = slicer.util.arrayFromVolume(nodes.conventional)
    assert conventional.min() < 0
    assert np.array_equal(conventional, phantom.conventional.cbf)


def test_without_m0_the_difference_images_are_compared_in_arbitrary_units(application, phantom):
    uncalibrated = replace(
        phantom,
        m0=None,
        conventional=PerfusionMaps(phantom.conventional.deltam, None),
        denoised=PerfusionMaps(phantom.denoised.deltam, None),
    )
    nodes = scenes.addResult(application.scene, uncalibrated)
    assert nodes.deltamConventional is None
    assert np.array_equal(slicer.util.arrayFromVolume(nodes.conventional), phantom.conventional.deltam)
    assert np.array_equal(slicer.util.arrayFromVolume(nodes.difference), phantom.removed)
    assert display.unitText(nodes.conventional) == "a.u."


def test_every_map_says_which_network_made_it_and_with_what_parameters(application, phantom):
    nodes = scenes.addResult(application.scene, phantom)
    for node in nodes.named().values():
        assert node.GetAttribute("DeepASL.ModelSHA256") == phantom.model.sha256
        assert node.GetAttribute("DeepASL.Provider") == "CPUExecutionProvider"
        assert "Research use only" in node.GetAttribute("DeepASL.Notice")
        delay = json.loads(node.GetAttribute("DeepASL.Parameters"))["post_labeling_delay"]
        assert delay["value"] == [pytest.approx(1.8)]
        assert delay["source"] == "user"
        assert delay["unit"] == "s"


def test_maps_refer_to_their_input_and_lie_in_a_folder_beside_it(application, phantom):
    scene = application.scene
    source = addSequence(scene, np.zeros((2, 2, 2, 2), np.float32), small(), "asl")
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    patient = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), "patient")
    hierarchy.CreateItem(patient, source)
    nodes = scenes.addResult(scene, phantom, source)
    folder = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(nodes.denoised))
    assert hierarchy.GetItemName(folder) == "phantom DeepASL"
    assert hierarchy.GetItemParent(folder) == patient
    assert nodes.denoised.GetNodeReference(scenes.INPUT_ROLE) is source


def small():
    return Geometry((2, 2, 2))


def test_a_second_result_gets_names_of_its_own(application, phantom):
    first = scenes.addResult(application.scene, phantom)
    second = scenes.addResult(application.scene, phantom)
    assert first.denoised.GetName() != second.denoised.GetName()


def test_a_result_that_cannot_be_added_leaves_the_scene_as_it_was(application, phantom):
    scene = application.scene
    before = nodeIds(scene)
    broken = replace(phantom, mask=np.zeros((1, 2, 3), bool))
    with pytest.raises(ValueError, match="does not lie on the grid"):
        scenes.addResult(scene, broken)
    assert nodeIds(scene) == before


def test_conventional_and_denoised_share_one_window_and_one_colour_table(application, phantom):
    nodes = scenes.addResult(application.scene, phantom)
    windows = display.showMaps(nodes)
    shown = [node.GetDisplayNode() for node in (nodes.conventional, nodes.denoised)]
    assert {(d.GetWindowLevelMin(), d.GetWindowLevelMax()) for d in shown} == {windows.maps}
    assert len({d.GetColorNodeID() for d in shown}) == 1
    assert not any(d.GetAutoWindowLevel() for d in shown)
    low, high = windows.difference
    assert low == -high
    difference = nodes.difference.GetDisplayNode()
    assert (difference.GetWindowLevelMin(), difference.GetWindowLevelMax()) == (low, high)
    assert difference.GetColorNodeID() != shown[0].GetColorNodeID()


def test_the_applications_own_colour_table_is_taken_where_it_has_one(application, phantom):
    own = slicer.vtkMRMLColorTableNode()
    own.SetTypeToUser()
    own.SetNumberOfColors(2)
    own.SetName("Inferno")
    own.SetSingletonTag("FileInferno.txt")
    application.scene.AddNode(own)
    assert own.GetID() == "vtkMRMLColorTableNodeFileInferno.txt"
    nodes = scenes.addResult(application.scene, phantom)
    display.showMaps(nodes)
    assert nodes.denoised.GetDisplayNode().GetColorNodeID() == own.GetID()


def test_colour_tables_are_made_once(application, phantom):
    display.showMaps(scenes.addResult(application.scene, phantom))
    count = application.scene.GetNumberOfNodesByClass("vtkMRMLColorTableNode")
    display.showMaps(scenes.addResult(application.scene, phantom))
    assert application.scene.GetNumberOfNodesByClass("vtkMRMLColorTableNode") == count


def test_legends_name_quantity_and_unit(application, phantom):
    nodes = scenes.addResult(application.scene, phantom)
    display.showMaps(nodes)
    display.addLegends(nodes)
    titles = [
        slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(node).GetTitleText()
        for node in (nodes.conventional, nodes.denoised, nodes.difference)
    ]
    assert titles == ["CBF (mL/100g/min)", "CBF (mL/100g/min)", "Difference (mL/100g/min)"]


def test_flow_of_pure_tissue_has_colors_of_flow_and_a_legend_that_names_the_tissue(application, phantom):
    maps = replace(phantom.conventional, cbf_grey=phantom.conventional.cbf, cbf_white=0.5 * phantom.conventional.cbf)
    nodes = scenes.addResult(application.scene, replace(phantom, conventional=maps))
    display.showFurtherMaps(nodes)
    pure = (nodes.cbfGreyConventional, nodes.cbfWhiteConventional)
    legends = [slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(node).GetTitleText() for node in pure]
    assert legends == ["CBF of grey matter (mL/100g/min)", "CBF of white matter (mL/100g/min)"]
    windows = {(node.GetDisplayNode().GetWindowLevelMin(), node.GetDisplayNode().GetWindowLevelMax()) for node in pure}
    assert len(windows) == 1
    display.showMaps(nodes)
    of_flow = nodes.conventional.GetDisplayNode().GetColorNodeID()
    assert {node.GetDisplayNode().GetColorNodeID() for node in pure} == {of_flow}
