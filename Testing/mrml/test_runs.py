"""Runs of a scan stay apart, are found again, and give back the result they were made of, also from a saved scene."""

from dataclasses import fields, replace

import numpy as np
import pytest
import slicer

from deepasl.errors import InputError
from deepasl.findings import warning
from deepasl.quality.metrics import region_statistics
from deepasl.results import PerfusionMaps
from DeepASLDenoiseLib.nodes import addSequence
from DeepASLDenoiseLib.pictures.headless import startApplication
from DeepASLDenoiseLib.runs.inscene import GREY_MATTER, WHITE_MATTER, allResults, resultFrom, resultsOf
from DeepASLDenoiseLib.runs.resultnodes import addResult
from saved_scenes import saved

pytestmark = pytest.mark.mrml


@pytest.fixture
def application():
    return startApplication()


@pytest.fixture(scope="session")
def judged(phantom):
    """The phantom with everything a result of the pipeline has, letters beyond ASCII included."""
    statistics = region_statistics(phantom.denoised.cbf, phantom.grey_matter, region="grey matter", map="denoised")
    return replace(
        phantom,
        name='Größe "1"; 50 % = ½',
        origin="C:\\scans\\Größe\\asl.nii.gz",
        noise=float("nan"),
        statistics=(statistics,),
        findings=(warning("seen", 'Müller said: "50 %;\nno more" <b>'),),
        seconds={"denoise": 1.25},
    )


@pytest.fixture(scope="session")
def uncalibrated(phantom):
    """The phantom without M0."""
    return replace(
        phantom,
        m0=None,
        conventional=PerfusionMaps(phantom.conventional.deltam, None),
        denoised=PerfusionMaps(phantom.denoised.deltam, None),
        statistics_unit="a.u.",
    )


def addScan(scene, phantom, name="asl"):
    return addSequence(scene, phantom.conventional.deltam[None], phantom.geometry, name)


def byOtherModel(result):
    return replace(result, model=replace(result.model, id="other", title="Another network"))


def assertSame(found, expected):
    """Every field of two results, voxels included; NaN equals NaN."""
    for field in fields(expected):
        np.testing.assert_equal(asPlain(getattr(found, field.name)), asPlain(getattr(expected, field.name)), field.name)


def asPlain(value):
    """Maps as float32, as nodes keep them; dataclasses as dictionaries."""
    if isinstance(value, np.ndarray):
        return value if value.dtype == bool else value.astype(np.float32)
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: asPlain(getattr(value, field.name)) for field in fields(value)}
    return [asPlain(each) for each in value] if isinstance(value, tuple) else value


def test_a_run_gives_back_exactly_the_result_it_was_made_of(application, judged):
    assertSame(resultFrom(addResult(application.scene, judged)), judged)


def test_a_run_without_m0_too(application, uncalibrated):
    assertSame(resultFrom(addResult(application.scene, uncalibrated)), uncalibrated)


@pytest.mark.parametrize("name", ["scene.mrml", "bundle.mrb"])
def test_a_saved_scene_gives_back_the_same_result_of_the_same_scan(application, judged, tmp_path, name):
    source = addScan(application.scene, judged)
    m0 = addScan(application.scene, judged, "M0")
    addResult(application.scene, judged, source, m0)
    other = saved(application.scene, tmp_path / name)
    opened = other.scene.GetFirstNode("asl", "vtkMRMLSequenceNode")
    (nodes,) = resultsOf(other.scene, opened)
    assertSame(resultFrom(nodes), judged)
    assert nodes.denoised.GetAttribute("DeepASL.Model") == judged.model.id
    assert nodes.record.GetNodeReference("DeepASL.M0Input").GetName() == "M0"
    assert resultsOf(other.scene, None) == ()


def test_two_models_on_one_scan_stay_apart(application, phantom):
    scene = application.scene
    source = addScan(scene, phantom)
    first = addResult(scene, phantom, source)
    second = addResult(scene, byOtherModel(phantom), source)
    assert resultsOf(scene, source) == (first, second)
    assert first.run != second.run
    assert first.denoised.GetName() == "phantom CBF denoised"
    assert second.denoised.GetName() == "phantom CBF denoised (run 2, other)"
    assert second.title == "Another network, 30 pairs"
    assert resultFrom(second).model.id == "other"


def test_a_number_is_not_given_twice(application, phantom):
    scene = application.scene
    addResult(scene, phantom)
    second, third = (addResult(scene, byOtherModel(phantom)) for _ in range(2))
    for node in second.named().values():
        scene.RemoveNode(node)
    names = {addResult(scene, byOtherModel(phantom)).denoised.GetName(), third.denoised.GetName()}
    assert names == {f"phantom CBF denoised (run {n}, other)" for n in (3, 4)}


def test_runs_of_another_scan_are_not_mixed_in(application, phantom):
    scene = application.scene
    one, two = addScan(scene, phantom, "one"), addScan(scene, phantom, "two")
    ofOne, ofTwo = addResult(scene, phantom, one), addResult(scene, replace(phantom, name="two"), two)
    assert resultsOf(scene, one) == (ofOne,)
    assert resultsOf(scene, two) == (ofTwo,)
    scene.RemoveNode(two)
    assert resultsOf(scene, None) == (ofTwo,)
    assert allResults(scene) == (ofOne, ofTwo)


def test_the_volume_that_shows_a_frame_of_a_scan_stands_for_the_scan(application, phantom):
    scene = application.scene
    source = addScan(scene, phantom)
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode")
    browser.SetAndObserveMasterSequenceNodeID(source.GetID())
    application.moduleLogics[1].UpdateProxyNodesFromSequences(browser)
    nodes = addResult(scene, phantom, browser.GetProxyNode(source))
    assert resultsOf(scene, source) == resultsOf(scene, browser.GetProxyNode(source)) == (nodes,)


def test_a_run_of_which_a_map_was_deleted_is_a_run_no_more(application, phantom):
    scene = application.scene
    nodes = addResult(scene, phantom)
    scene.RemoveNode(nodes.m0)
    assert allResults(scene) == ()


def test_nothing_is_kept_of_a_run_whose_maps_were_all_deleted(application, phantom):
    scene = application.scene
    nodes = addResult(scene, phantom)
    for node in nodes.named().values():
        scene.RemoveNode(node)
    again = addResult(scene, phantom)
    assert not scene.IsNodePresent(nodes.record)
    assert again.denoised.GetName() == "phantom CBF denoised"


def test_a_map_that_was_changed_is_not_passed_off_as_the_result(application, phantom):
    nodes = addResult(application.scene, phantom)
    slicer.util.arrayFromVolume(nodes.deltamRemoved)[5, 20, 20] += 1
    with pytest.raises(InputError, match="'removed' is not what was computed any more"):
        resultFrom(nodes)


def test_what_computed_the_maps_is_said_where_other_software_reads_them(application, phantom, monkeypatch):
    nodes = addResult(application.scene, phantom)
    monkeypatch.setattr("DeepASLDenoiseLib.runs.record.software_versions", lambda: {"deepasl": "99"})
    (told,) = resultFrom(nodes).findings
    assert told.code == "computed-earlier"
    assert "numpy" in told.message


def test_grey_and_white_matter_are_labels_of_one_map(application, phantom):
    labels = slicer.util.arrayFromVolume(addResult(application.scene, phantom).tissue)
    assert np.array_equal(labels == GREY_MATTER, phantom.grey_matter)
    assert np.array_equal(labels == WHITE_MATTER, phantom.white_matter)


def test_the_folder_of_a_run_holds_the_compared_maps_and_the_rest_within(application, phantom):
    nodes = addResult(application.scene, phantom)
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(application.scene)
    folder = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(nodes.denoised))
    details = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(nodes.m0))
    assert hierarchy.GetItemParent(details) == folder
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(nodes.difference)) == folder
    assert hierarchy.GetItemAttribute(folder, "DeepASL.ModelSHA256") == phantom.model.sha256
