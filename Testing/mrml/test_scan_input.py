"""Scans on their way into the scene: folders, dropped files, nodes that cannot be used, what the user corrects."""

from dataclasses import replace

import numpy as np
import pytest
import slicer
import vtk.util.numpy_support

from deepasl.acquisition.defaults import complete
from deepasl.acquisition.hematocrit import blood_t1
from deepasl.acquisition.parameters import Acquisition, Source
from deepasl.acquisition.presets import presets_for
from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.images import write_image
from deepasl.labeling.volume_use import brain_signal, volume_uses
from deepasl.progress import run
from deepasl.readers import read_scan
from deepasl.series import Role
from DeepASLDenoiseLib.nodes import addVolume
from DeepASLDenoiseLib.pictures.headless import startApplication
from DeepASLDenoiseLib.scans.acquisitiontext import parseParameter, withEdits, writeParameter
from DeepASLDenoiseLib.scans.filereader import FOR_ASL, FOR_OTHER_SERIES, AslFileReader, confidence, doubtText
from DeepASLDenoiseLib.scans.frames import showFrame
from DeepASLDenoiseLib.scans.inputs import loadScan, readSeries
from DeepASLDenoiseLib.scans.published import asEdits, editsOfPreset, presetText
from DeepASLDenoiseLib.scans.signalplot import beyondRange, legend, plotSignal
from DeepASLDenoiseLib.scans.understanding import Choice, understand

pytestmark = pytest.mark.mrml


@pytest.fixture
def application():
    return startApplication()


@pytest.fixture
def scene(application, monkeypatch):
    monkeypatch.setattr(slicer, "mrmlScene", application.scene, raising=False)
    return application.scene


class Listener:
    """What a `qSlicerScriptedFileReader` is to its Python half."""

    def __init__(self):
        self.messages = slicer.vtkMRMLMessageCollection()
        self.loadedNodes = []

    def userMessages(self):
        return self.messages


def test_a_folder_is_loaded_by_its_one_scan(scene, demoScan):
    node = loadScan(scene, demoScan.parents[2])
    assert node.GetName() == "sub-phantom_asl"


def test_a_folder_with_two_scans_leaves_the_scene_as_it_was(scene, demoScan, tmp_path):
    for name in ("a_asl.nii.gz", "b_asl.nii.gz"):
        (tmp_path / name).write_bytes(demoScan.read_bytes())
    before = scene.GetNumberOfNodes()
    with pytest.raises(InputError, match=r"a_asl\.nii\.gz, b_asl\.nii\.gz"):
        loadScan(scene, tmp_path)
    assert scene.GetNumberOfNodes() == before


def test_readers_of_slicer_win_unless_something_says_asl(demoScan, tmp_path):
    """Slicer's readers of volumes and sequences claim at most 0.6, of diffusion 0.7."""
    grid = Geometry((2, 3, 4))
    series, single = tmp_path / "bold.nii.gz", tmp_path / "t1.nrrd"
    write_image(series, np.zeros((5, 2, 3, 4), np.float32), grid)
    write_image(single, np.zeros((2, 3, 4), np.float32), grid)
    assert confidence(demoScan) == FOR_ASL > 0.7
    assert 0 < confidence(series) == FOR_OTHER_SERIES < 0.5
    assert confidence(single) == 0.0
    assert confidence(demoScan.with_suffix("").with_suffix(".json")) == 0.0
    assert isinstance(AslFileReader(Listener()).canLoadFileConfidence(str(single)), float)


def test_a_series_that_nothing_says_to_be_asl_is_doubted_when_it_is_loaded_all_the_same(demoScan, tmp_path):
    series = tmp_path / "bold.nii.gz"
    write_image(series, np.zeros((5, 2, 3, 4), np.float32), Geometry((2, 3, 4)))
    assert "bold.nii.gz" in doubtText(series)
    assert doubtText(demoScan) == doubtText(demoScan.parent) == doubtText(tmp_path / "IM0001.dcm") == ""


@pytest.mark.parametrize("ending", [".nii.gz", ".nrrd"])
def test_a_dropped_scan_is_a_sequence_with_its_sidecar_understood(scene, demoScan, tmp_path, ending):
    folder = tmp_path / "K\u00f6pfe und mehr"
    folder.mkdir()
    series = read_scan(demoScan)
    write_image(folder / f"Sch\u00e4del 1_asl{ending}", series.volumes, series.geometry)
    for companion in ("asl.json", "aslcontext.tsv"):
        content = demoScan.with_name(f"sub-phantom_{companion}").read_bytes()
        (folder / f"Sch\u00e4del 1_{companion}").write_bytes(content)
    listener = Listener()
    path = str(folder / f"Sch\u00e4del 1_asl{ending}")
    assert AslFileReader(listener).canLoadFile(path)
    assert AslFileReader(listener).load({"fileName": path, "show": False})
    (identifier,) = listener.loadedNodes
    node = scene.GetNodeByID(identifier)
    assert node.GetName() == "Sch\u00e4del 1_asl"
    read = readSeries(node)
    assert read.acquisition.labeling_duration.source is Source.FILE
    assert read.roles == series.roles


def test_a_scan_can_be_given_another_name(scene, demoScan):
    listener = Listener()
    assert AslFileReader(listener).load({"fileName": str(demoScan), "name": "before", "show": False})
    assert scene.GetNodeByID(listener.loadedNodes[0]).GetName() == "before"


def test_a_damaged_scan_is_told_to_the_user_and_leaves_the_scene_as_it_was(scene, demoScan, tmp_path):
    broken = tmp_path / "broken_asl.nii.gz"
    broken.write_bytes(demoScan.read_bytes()[:20000])
    before = scene.GetNumberOfNodes()
    listener = Listener()
    assert not AslFileReader(listener).load({"fileName": str(broken)})
    assert "damaged" in listener.messages.GetNthMessageText(0)
    assert listener.loadedNodes == []
    assert scene.GetNumberOfNodes() == before


def test_a_transform_on_the_volume_that_shows_a_sequence_is_refused_and_named(scene, demoScan):
    node = loadScan(scene, demoScan)
    browser = scene.GetFirstNodeByClass("vtkMRMLSequenceBrowserNode")
    shown = browser.AddProxyNode(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "shown"), node, False)
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "moved")
    shown.SetAndObserveTransformNodeID(transform.GetID())
    assert any("'moved'" in problem for problem in understand(Choice(node)).problems)
    shown.SetAndObserveTransformNodeID(None)
    assert understand(Choice(node)).problems == ()


def test_an_m0_scan_on_another_grid_is_a_problem_that_names_both(scene, demoScan):
    node = loadScan(scene, demoScan)
    series = readSeries(node)
    other = replace(series.geometry, spacing=tuple(2 * s for s in series.geometry.spacing))
    (problem,) = understand(Choice(node, addVolume(scene, series.volumes[0], other, "other M0"))).problems
    assert "other M0" in problem
    assert series.geometry.describe() in problem
    assert other.describe() in problem


def test_an_m0_node_without_voxels_is_a_problem(scene, demoScan):
    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "no M0")
    assert any("no voxels" in problem for problem in understand(Choice(loadScan(scene, demoScan), empty)).problems)


def test_browsing_shows_the_chosen_volume(scene, demoScan):
    node = loadScan(scene, demoScan)
    browser = scene.GetFirstNodeByClass("vtkMRMLSequenceBrowserNode")
    showFrame(node, 7)
    assert browser.GetSelectedItemNumber() == 7
    showFrame(node, 7000)
    assert browser.GetSelectedItemNumber() == 7


def test_a_typed_value_may_name_its_source():
    parameter = parseParameter("t1_blood", "1.75 (measured (MOLLI))")
    assert (parameter.value, parameter.source, parameter.origin) == (1.75, Source.USER, "measured (MOLLI)")
    assert parseParameter("t1_blood", "1.75").origin == "typed in by the user"
    assert parseParameter("t1_blood", writeParameter(parameter)) == parameter


def test_published_values_go_through_text_without_loss():
    bare, _ = complete(Acquisition())
    for preset in presets_for(bare):
        again = withEdits(bare, asEdits(preset.parameters))
        for name, parameter in preset.parameters.items():
            assert getattr(again, name).value == pytest.approx(parameter.value)
            assert getattr(again, name).origin == parameter.origin


def test_a_protocol_for_a_bare_scan_leaves_nothing_to_settle(scene, demoScan, tmp_path):
    series = read_scan(demoScan)
    write_image(tmp_path / "series.nii.gz", series.volumes, series.geometry)
    node = loadScan(scene, tmp_path / "series.nii.gz")
    before = understand(Choice(node))
    assert before.problems
    (preset,) = (p for p in presets_for(before.acquisition) if "below 70" in p.title)
    assert "only if the scan was acquired like this" in presetText(preset, before.acquisition)
    after = understand(Choice(node, edits=editsOfPreset(preset, before.acquisition)))
    assert after.problems == ()
    assert after.acquisition.post_labeling_delay.origin == "white paper, Alsop 2015"
    assert "changes nothing" in presetText(preset, after.acquisition)


def test_a_hematocrit_that_is_typed_in_gives_the_t1_of_blood(scene, demoScan, tmp_path):
    series = read_scan(demoScan)
    write_image(tmp_path / "series.nii.gz", series.volumes, series.geometry)
    node = loadScan(scene, tmp_path / "series.nii.gz")
    acquisition = understand(Choice(node, edits={"hematocrit": "0.3"})).acquisition
    assert acquisition.hematocrit.value == 0.3
    assert acquisition.t1_blood.value == pytest.approx(blood_t1(0.3, 3.0), abs=1e-3)


def test_the_plot_has_a_series_for_each_role_and_crosses_over_what_is_left_out(demoScan):
    series = read_scan(demoScan)
    signal, uses = run(brain_signal(series)), volume_uses(series, pairs=15)
    scene = slicer.vtkMRMLScene()
    chart = plotSignal(scene, signal, uses)
    assert seriesNames(scene, chart) == ["control", "label", "m0scan", "left out"]
    control = plotted(scene, chart, "control")
    assert control[0].tolist() == list(series.indices(Role.CONTROL))
    assert np.allclose(control[1], signal[list(series.indices(Role.CONTROL))])
    assert len(plotted(scene, chart, "left out")[0]) == 10
    low, high = chart.GetYAxisRange()
    assert low < signal[1:].min()
    assert signal[1:].max() < high
    assert "left out" in legend(uses)


def test_plotting_another_scan_leaves_no_nodes_of_the_one_before(demoScan):
    series = read_scan(demoScan)
    signal, scene = run(brain_signal(series)), slicer.vtkMRMLScene()
    plotSignal(scene, signal, volume_uses(series, pairs=3))
    count = scene.GetNumberOfNodes()
    chart = plotSignal(scene, signal[:11], volume_uses(series)[:11])
    assert scene.GetNumberOfNodes() == count
    assert "left out" not in seriesNames(scene, chart)
    assert len(plotted(scene, chart, "label")[0]) == 5
    assert not any(scene.GetNthNode(n).GetSaveWithScene() for n in range(count))


def test_bright_m0_volumes_lie_beyond_the_axis(demoScan):
    series = read_scan(demoScan)
    signal = run(brain_signal(series))
    signal[0] *= 3
    assert beyondRange(signal, volume_uses(series)) == 1


def seriesNames(scene, chart) -> list[str]:
    identifiers = [chart.GetNthPlotSeriesNodeID(n) for n in range(chart.GetNumberOfPlotSeriesNodes())]
    return [scene.GetNodeByID(identifier).GetName() for identifier in identifiers]


def plotted(scene, chart, name: str) -> tuple[np.ndarray, np.ndarray]:
    node = chart.GetNthPlotSeriesNode(seriesNames(scene, chart).index(name))
    table = node.GetTableNode().GetTable()
    columns = (table.GetColumnByName(node.GetXColumnName()), table.GetColumnByName(node.GetYColumnName()))
    return tuple(vtk.util.numpy_support.vtk_to_numpy(column) for column in columns)
