"""Scans in the scene: what a file said stays with its node, what the user says stands above it."""

import numpy as np
import pytest
import slicer

from deepasl.acquisition.parameters import LabelingType, Source
from deepasl.commands.demo import PAIRS
from deepasl.errors import AcquisitionError, InputError
from deepasl.readers import read_scan
from deepasl.series import Role
from DeepASLDenoiseLib.nodes import addSequence, addVolume
from DeepASLDenoiseLib.pictures.headless import startApplication
from DeepASLDenoiseLib.scans.acquisitiontext import formatParameter, parseValue, withEdits
from DeepASLDenoiseLib.scans.inputs import corrected, loadScan, readSeries
from DeepASLDenoiseLib.scans.understanding import Choice, understand

pytestmark = pytest.mark.mrml


@pytest.fixture
def scene():
    application = startApplication()
    yield application.scene
    del application


def test_a_loaded_scan_is_the_series_that_was_read(scene, demoScan):
    series = read_scan(demoScan)
    again = readSeries(loadScan(scene, demoScan))
    assert np.array_equal(again.volumes, series.volumes)
    assert again.geometry.matches(series.geometry, tolerance=1e-4)
    assert again.roles == series.roles
    assert again.role_evidence == series.role_evidence
    assert again.acquisition == series.acquisition
    assert again.findings == series.findings


def test_what_a_file_said_is_saved_with_the_scene(scene, demoScan, tmp_path):
    node = loadScan(scene, demoScan)
    attribute = node.GetAttribute("DeepASL.Scan")
    assert scene.Commit(str(tmp_path / "scene.mrml"))
    reopened = startApplication()
    reopened.scene.SetURL(str(tmp_path / "scene.mrml"))
    reopened.scene.Import()
    found = reopened.scene.GetFirstNodeByName(node.GetName())
    assert found.GetAttribute("DeepASL.Scan") == attribute


def test_a_file_that_cannot_be_read_leaves_the_scene_as_it_was(scene, tmp_path):
    before = scene.GetNumberOfNodes()
    (tmp_path / "asl.nii.gz").write_bytes(b"\x1f\x8b broken")
    with pytest.raises(InputError):
        loadScan(scene, tmp_path / "asl.nii.gz")
    assert scene.GetNumberOfNodes() == before


def test_roles_are_detected_again_when_volumes_were_removed(scene, demoScan):
    node = loadScan(scene, demoScan)
    node.RemoveDataNodeAtValue("0")
    series = readSeries(node)
    assert len(series.roles) == node.GetNumberOfDataNodes()
    assert Role.M0SCAN not in series.roles


def test_a_chosen_m0_node_becomes_the_m0_scan(scene, demoScan):
    node = loadScan(scene, demoScan)
    series = readSeries(node)
    m0 = addVolume(scene, series.volumes[0] * 2, series.geometry, "my M0")
    again = readSeries(node, m0)
    assert again.m0scan.origin == "my M0"
    assert np.array_equal(again.m0scan.volumes[0], series.volumes[0] * 2)


def test_edits_stand_above_the_file_and_say_so(scene, demoScan):
    series = corrected(readSeries(loadScan(scene, demoScan)), {"labeling_duration": "1.5"})
    assert series.acquisition.labeling_duration.value == 1.5
    assert series.acquisition.labeling_duration.source is Source.USER
    assert series.acquisition.labeling_type.source is Source.FILE


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("labeling_duration", "1,8", 1.8),
        ("post_labeling_delay", "1.8", (1.8,)),
        ("slice_timing", "0, 0.05 0.1", (0.0, 0.05, 0.1)),
        ("labeling_type", "pcasl", LabelingType.PCASL),
        ("readout", "2d", "2D"),
        ("background_suppression", "No", False),
        ("background_suppression_pulses", "2", 2),
    ],
)
def test_values_are_understood_as_they_are_typed(field, text, value):
    assert parseValue(field, text) == value


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("labeling_duration", "long", "a number, such as 1.8"),
        ("labeling_type", "FAIR", "PCASL, CASL or PASL"),
        ("readout", "4D", "2D or 3D"),
        ("background_suppression", "perhaps", "yes or no"),
        ("background_suppression_pulses", "1.5", "a whole number"),
    ],
)
def test_what_cannot_be_a_value_is_refused_with_what_can(field, text, told):
    with pytest.raises(AcquisitionError, match=told):
        parseValue(field, text)


def test_values_are_shown_as_they_can_be_typed_again(scene, demoScan):
    acquisition = readSeries(loadScan(scene, demoScan)).acquisition
    texts = {name: formatParameter(p) for name, p in acquisition if p.known and name != "post_labeling_delay"}
    assert texts
    for name, parameter in withEdits(acquisition, texts):
        if name in texts:
            assert parameter.value == pytest.approx(getattr(acquisition, name).value)


def test_a_good_scan_has_no_problems(scene, demoScan):
    understood = understand(Choice(loadScan(scene, demoScan)))
    assert understood.problems == ()
    assert understood.roles == f"1 m0scan, {PAIRS} x (control, label)"
    assert understood.acquisition.partition_coefficient.source is Source.DEFAULT


def test_milliseconds_typed_for_seconds_are_a_problem(scene, demoScan):
    understood = understand(Choice(loadScan(scene, demoScan), edits={"labeling_duration": "1800"}))
    assert any("milliseconds" in problem for problem in understood.problems)


def test_swapped_pairs_are_noticed_and_repaired_by_the_swap(scene, demoScan):
    node = loadScan(scene, demoScan)
    assert "control-label-swapped" not in {f.code for f in understand(Choice(node)).findings}
    assert "control-label-swapped" in {f.code for f in understand(Choice(node, swapped=True)).findings}


def test_without_a_choice_the_problem_is_to_make_one():
    assert any("Choose" in problem for problem in understand(Choice()).problems)


def test_an_anatomical_volume_is_not_taken_for_a_perfusion_image(scene, demoScan):
    series = read_scan(demoScan)
    node = addVolume(scene, series.volumes[0], series.geometry, "T1")
    assert any("one volume" in problem for problem in understand(Choice(node)).problems)


def test_a_scan_without_parameters_says_which_it_needs(scene, demoScan):
    series = read_scan(demoScan)
    node = addSequence(scene, series.volumes, series.geometry, "bare")
    problems = " ".join(understand(Choice(node)).problems)
    assert "Post-labeling delay" in problems
    given = {"labeling_type": "PCASL", "post_labeling_delay": "1.8", "labeling_duration": "1.8"}
    assert understand(Choice(node, edits=given)).problems == ()


def test_names_with_spaces_and_other_letters_survive(scene, demoScan, tmp_path):
    target = tmp_path / "K\u00f6pfe und mehr"
    target.mkdir()
    for file in demoScan.parent.iterdir():
        (target / file.name.replace("sub-phantom", "Sch\u00e4del 1")).write_bytes(file.read_bytes())
    image = next(target.glob("*_asl.nii.gz"))
    assert slicer.vtkMRMLNode.GetName(loadScan(scene, image)).startswith("Sch\u00e4del 1")
