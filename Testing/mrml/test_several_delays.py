"""A scan at several delays in the module: fitted by default, its arrival times in the scene with all that belongs."""

from dataclasses import replace

import numpy as np
import pytest
import slicer

from deepasl.phantom import Protocol
from deepasl.pipeline import process
from deepasl.progress import run
from deepasl.settings import Settings
from deepasl.writers.derivatives import write_result
from DeepASLDenoiseLib.compare import comparison, display
from DeepASLDenoiseLib.compare.comparison import Scale, Shows, Third
from DeepASLDenoiseLib.compare.display import Appearance
from DeepASLDenoiseLib.nodes import addSequence
from DeepASLDenoiseLib.pictures.headless import startApplication
from DeepASLDenoiseLib.runs.export import exportResult
from DeepASLDenoiseLib.runs.inscene import allResults, resultFrom
from DeepASLDenoiseLib.runs.repeat import repeatJob, settingsOf
from DeepASLDenoiseLib.runs.resultnodes import addResult
from DeepASLDenoiseLib.scans.memory import remember
from DeepASLDenoiseLib.scans.understanding import Choice, chosenSeries, countPairs, understand
from multidelay_scans import acquire_delays, late_subject
from phantom_scans import snapshot
from saved_scenes import saved

pytestmark = pytest.mark.mrml

DELAYS = (0.7, 1.4, 2.1)
PAIRS = 3


@pytest.fixture(scope="module")
def scan():
    return acquire_delays(late_subject(), DELAYS, Protocol(pairs=PAIRS), noise_sd=1.0)


@pytest.fixture
def application():
    return startApplication()


@pytest.fixture
def node(application, scan):
    added = addSequence(application.scene, scan.volumes, scan.geometry, scan.name)
    remember(added, scan)
    return added


@pytest.fixture(scope="module")
def result(scan, denoiser):
    return run(process(scan, denoiser))


@pytest.fixture
def nodes(application, node, result):
    return addResult(application.scene, result, node)


def window(each) -> tuple[float, float]:
    return each.GetDisplayNode().GetWindowLevelMin(), each.GetDisplayNode().GetWindowLevelMax()


def test_without_a_choice_all_delays_are_used_and_nothing_has_to_be_settled(node):
    told = understand(Choice(node))
    assert told.problems == ()
    assert told.delays == DELAYS
    assert told.pairs == PAIRS
    assert all(use.used for use in told.uses)


def test_one_delay_alone_leaves_the_volumes_of_the_others_out(node):
    told = understand(Choice(node, settings=Settings(pld=1.4)))
    assert told.problems == ()
    assert sum(use.used for use in told.uses if use.role.value in ("control", "label")) == 2 * PAIRS


def test_of_all_delays_that_with_the_fewest_pairs_counts(scan):
    roles = list(scan.roles)
    roles[-1] = type(roles[-1])("n/a")
    assert countPairs(scan, None) == PAIRS
    assert countPairs(replace(scan, roles=tuple(roles)), None) == PAIRS - 1


def test_labeling_durations_of_single_volumes_are_remembered_on_the_node(application, scan):
    durations = tuple(1.0 + 0.1 * t for t in range(len(scan.roles)))
    encoded = replace(scan, labeling_durations=durations)
    added = addSequence(application.scene, scan.volumes, scan.geometry, "encoded")
    remember(added, encoded)
    assert chosenSeries(Choice(added)).labeling_durations == durations


def test_arrival_times_are_in_seconds_and_beside_the_maps_of_flow(application, nodes, result):
    assert np.array_equal(slicer.util.arrayFromVolume(nodes.attDenoised), result.denoised.att)
    assert nodes.attDenoised.GetVoxelValueUnits().GetCodeValue() == "s"
    assert nodes.attDenoised.GetName().endswith("ATT denoised")
    assert np.array_equal(slicer.util.arrayFromVolume(nodes.attErrorConventional), result.conventional.att_error)
    assert nodes.cbfErrorConventional.GetVoxelValueUnits().GetCodeValue() == "ml/(100.g)/min"
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(application.scene)
    folders = [
        hierarchy.GetItemParent(hierarchy.GetItemByDataNode(each))
        for each in (nodes.denoised, nodes.attDenoised, nodes.attErrorConventional)
    ]
    assert folders[0] == folders[1] == hierarchy.GetItemParent(folders[2])


def test_their_difference_is_0_where_one_of_them_is_not_known(nodes, result):
    difference = slicer.util.arrayFromVolume(nodes.attDifference)
    unknown = (result.conventional.att == 0) | (result.denoised.att == 0)
    assert not difference[unknown].any()
    expected = (result.conventional.att - result.denoised.att)[~unknown]
    assert np.array_equal(difference[~unknown], expected)
    assert expected.any()


def test_all_of_them_carry_the_provenance_of_the_run(nodes):
    for each in nodes.named().values():
        assert each.GetAttribute("DeepASL.Model") == "deepasl-paper"
        assert '"pairs": null' in each.GetAttribute("DeepASL.Settings")
    assert "CBF and ATT" in nodes.title


def test_arrival_times_have_colors_range_and_legend_of_their_own(nodes):
    maps = comparison.comparedMaps((nodes,), shows=Shows.ARRIVAL)
    assert [each.node for each in maps] == [nodes.attConventional, nodes.attDenoised, nodes.attDifference]
    display.showCompared(maps, Appearance("inferno", low=0, high=90, early=0.5, late=2.0))
    assert window(nodes.attConventional) == window(nodes.attDenoised) == (0.5, 2.0)
    assert "viridis" in nodes.attDenoised.GetDisplayNode().GetColorNode().GetName().lower()
    assert window(nodes.attDifference)[0] == -window(nodes.attDifference)[1]
    titles = [display.addLegend(each).GetTitleText() for each in maps]
    assert titles == ["ATT (s)", "ATT (s)", "Difference (s)"]


def test_voxels_without_a_known_arrival_time_are_not_drawn(nodes):
    display.showCompared(comparison.comparedMaps((nodes,), shows=Shows.ARRIVAL), Appearance())
    shown = nodes.attDenoised.GetDisplayNode()
    assert shown.GetApplyThreshold()
    assert 0 < shown.GetLowerThreshold() < 0.001


def test_the_suitable_range_of_arrival_times_shows_the_brain(nodes, result):
    early, late = display.suitableArrivalRange((nodes,))
    assert early == 0
    assert np.mean(result.denoised.att[result.mask] <= late) >= 0.99
    assert late < 5


@pytest.mark.parametrize("shows", Shows)
def test_the_standard_error_takes_the_third_place_with_its_own_scale(nodes, shows):
    third = comparison.comparedMaps((nodes,), Third.STANDARD_ERROR, shows)[2]
    assert third.node is (nodes.attErrorConventional if shows is Shows.ARRIVAL else nodes.cbfErrorConventional)
    assert third.scale is Scale.OWN
    display.showCompared(comparison.comparedMaps((nodes,), Third.STANDARD_ERROR, shows), Appearance(high=90))
    assert window(third.node)[0] == 0 < window(third.node)[1]
    assert window(nodes.denoised) == (0, 90) or shows is Shows.ARRIVAL
    unit = "s" if shows is Shows.ARRIVAL else "mL/100g/min"
    assert display.legendText(third) == f"Standard error ({unit})"


def test_a_result_at_one_delay_shows_flow_and_difference_whatever_is_asked_for(application, phantom):
    plain = addResult(application.scene, phantom)
    maps = comparison.comparedMaps((plain,), Third.STANDARD_ERROR, Shows.ARRIVAL)
    assert [each.node for each in maps] == [plain.conventional, plain.denoised, plain.difference]
    assert plain.attDenoised is None


def test_results_without_arrival_times_are_left_out_of_their_comparison(application, nodes, phantom):
    plain = addResult(application.scene, phantom)
    maps = comparison.comparedMaps((nodes, plain), shows=Shows.ARRIVAL)
    assert [each.node for each in maps] == [nodes.attConventional, nodes.attDenoised, nodes.attDifference]


def test_every_map_has_its_colors_and_its_legend_before_it_is_compared(nodes):
    display.showFurtherMaps(nodes)
    display.addLegends(nodes)
    named = [nodes.attConventional, nodes.attDenoised, nodes.attDifference, nodes.attErrorConventional]
    for each in (*named, nodes.cbfErrorConventional):
        assert not each.GetDisplayNode().GetAutoWindowLevel()
        assert slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(each) is not None
    low, high = window(nodes.attDenoised)
    assert (low, high) == display.suitableArrivalRange((nodes,))


@pytest.mark.parametrize("file", ["scene.mrb", "scene.mrml"])
def test_a_saved_scene_exports_what_the_command_line_would_have_written(application, nodes, result, tmp_path, file):
    write_result(result, tmp_path / "command line")
    other = saved(application.scene, tmp_path / file)
    (opened,) = allResults(other.scene)
    exportResult(opened, tmp_path / "module")
    expected, found = snapshot(tmp_path / "command line"), snapshot(tmp_path / "module")
    assert found.keys() == expected.keys()
    assert any(name.endswith("desc-denoised_att.nii.gz") for name in found)
    assert any(name.endswith("desc-conventional_atterror.nii.gz") for name in found)
    maps = [name for name in found if name != "report.html"]
    assert [name for name in maps if found[name] != expected[name]] == []


def test_what_was_chosen_comes_back_with_the_result(nodes, result):
    found = resultFrom(nodes).record
    assert found.settings == result.record.settings
    assert np.array_equal(found.volume_signal, result.record.volume_signal)


def test_the_run_repeated_gives_the_same_arrival_times(nodes, result):
    again = run(repeatJob(settingsOf(nodes)))
    assert np.array_equal(again.denoised.att, result.denoised.att)
    assert np.array_equal(again.conventional.cbf_error, result.conventional.cbf_error)
