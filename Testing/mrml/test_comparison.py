"""Which maps are compared, and how they look: one range for all, a scale of its own for what is a difference."""

from dataclasses import replace

import numpy as np
import pytest
import slicer

from deepasl.display.colormaps import SEQUENTIAL
from deepasl.results import PerfusionMaps
from DeepASLDenoiseLib.compare import comparison, display, legends
from DeepASLDenoiseLib.compare.comparison import Scale, Third
from DeepASLDenoiseLib.compare.display import Appearance
from DeepASLDenoiseLib.pictures import headless
from DeepASLDenoiseLib.runs.resultnodes import addResult

pytestmark = pytest.mark.mrml


@pytest.fixture
def scene():
    return headless.startApplication().scene


@pytest.fixture
def nodes(scene, coarsePhantom):
    return addResult(scene, coarsePhantom)


@pytest.fixture
def twoModels(scene, coarsePhantom):
    """The same scan denoised by both networks of the registry."""
    models = [replace(coarsePhantom.model, id=name) for name in ("deepasl-paper", "deepasl-guided")]
    return tuple(addResult(scene, replace(coarsePhantom, model=model)) for model in models)


def withoutM0(result):
    return replace(
        result,
        m0=None,
        conventional=PerfusionMaps(result.conventional.deltam, None),
        denoised=PerfusionMaps(result.denoised.deltam, None),
    )


def window(node) -> tuple[float, float]:
    return node.GetDisplayNode().GetWindowLevelMin(), node.GetDisplayNode().GetWindowLevelMax()


def test_one_result_is_shown_as_conventional_denoised_and_difference(nodes):
    maps = comparison.comparedMaps((nodes,))
    assert [each.node for each in maps] == [nodes.conventional, nodes.denoised, nodes.difference]
    assert [each.scale for each in maps] == [Scale.SHARED, Scale.SHARED, Scale.SIGNED]


def test_removed_noise_takes_the_place_of_the_difference(nodes):
    third = comparison.comparedMaps((nodes,), Third.REMOVED_NOISE)[2]
    assert third.node is nodes.deltamRemoved
    assert third.scale is Scale.SIGNED
    assert "Removed noise" in third.title


def test_without_m0_the_difference_is_what_was_removed_already(scene, coarsePhantom):
    nodes = addResult(scene, withoutM0(coarsePhantom))
    assert comparison.comparedMaps((nodes,), Third.REMOVED_NOISE)[2].node is nodes.difference


def test_two_models_give_three_maps_with_the_titles_of_the_models(twoModels):
    maps = comparison.comparedMaps(twoModels)
    assert [each.node for each in maps] == [twoModels[0].conventional, *(nodes.denoised for nodes in twoModels)]
    assert maps[1].title.startswith("DeepASL (MICCAI 2018)")
    assert maps[2].title.startswith("DeepASL guided")


def test_a_map_is_revealed_by_the_one_it_is_compared_with(nodes, twoModels):
    conventional, denoised, difference = comparison.comparedMaps((nodes,))
    assert conventional.other.node is denoised.node
    assert denoised.other.node is conventional.node
    assert difference.other is None
    assert {each.other.node for each in comparison.comparedMaps(twoModels)[1:]} == {twoModels[0].conventional}


def test_results_of_fewer_pairs_are_told_apart(scene, coarsePhantom):
    short = replace(coarsePhantom, pairs=coarsePhantom.pairs[:6])
    titles = [
        each.title for each in comparison.comparedMaps((addResult(scene, coarsePhantom), addResult(scene, short)))
    ]
    assert "30 pairs" in titles[0]
    assert "30 pairs" in titles[1]
    assert "6 pairs" in titles[2]


def test_unless_the_user_chose_the_newest_result_of_each_model_is_compared(scene, coarsePhantom, twoModels):
    again = addResult(scene, replace(coarsePhantom, model=replace(coarsePhantom.model, id="deepasl-paper")))
    results = (*twoModels, again)
    assert comparison.chosenResults(results) == (twoModels[1], again)
    comparison.choose(again, False)
    comparison.choose(twoModels[0], True)
    assert comparison.chosenResults(results) == (twoModels[0], twoModels[1])


def test_a_choice_of_nothing_shows_the_newest_result(twoModels):
    for nodes in twoModels:
        comparison.choose(nodes, False)
    assert comparison.chosenResults(twoModels) == twoModels[-1:]


def test_one_range_and_one_colour_table_for_all_maps_but_not_for_the_difference(nodes):
    maps = comparison.comparedMaps((nodes,))
    display.showCompared(maps, Appearance("viridis", low=10, high=70))
    assert window(nodes.conventional) == window(nodes.denoised) == (10, 70)
    tables = [each.node.GetDisplayNode().GetColorNode().GetName() for each in maps]
    assert "viridis" in tables[0].lower()
    assert tables[0] == tables[1] != tables[2]


@pytest.mark.parametrize("colormap", SEQUENTIAL, ids=lambda colormap: colormap.name)
def test_low_and_high_flow_have_the_colours_of_the_report(scene, nodes, colormap):
    """Slicer's own rainbow has red for low values."""
    display.showCompared(comparison.comparedMaps((nodes,)), Appearance(colormap.name))
    table = nodes.denoised.GetDisplayNode().GetColorNode()
    for entry, expected in ((0, colormap.table()[0]), (table.GetNumberOfColors() - 1, colormap.table()[-1])):
        color = np.zeros(4)
        table.GetColor(entry, color)
        assert color[:3] * 255 == pytest.approx(expected, abs=5)


def test_the_scale_of_a_difference_is_symmetric_whatever_the_range(nodes):
    for third in (Third.DIFFERENCE, Third.REMOVED_NOISE):
        maps = comparison.comparedMaps((nodes,), third)
        display.showCompared(maps, Appearance(low=20, high=50))
        low, high = window(maps[2].node)
        assert low == -high
        inside = slicer.util.arrayFromVolume(maps[2].node)[slicer.util.arrayFromVolume(nodes.mask) > 0]
        assert 0.98 <= np.mean(np.abs(inside) <= high) < 1


def test_a_threshold_hides_low_values_of_the_maps_and_nothing_of_the_difference(nodes):
    maps = comparison.comparedMaps((nodes,))
    display.showCompared(maps, Appearance(threshold=15))
    shown = [each.node.GetDisplayNode() for each in maps]
    assert [each.GetApplyThreshold() for each in shown] == [1, 1, 0]
    assert shown[0].GetLowerThreshold() == 15
    display.showCompared(maps, Appearance(threshold=0))
    assert not shown[0].GetApplyThreshold()  # negative CBF of single voxels is shown


def test_without_cbf_the_range_is_in_percent_of_what_the_scan_has(scene, coarsePhantom):
    nodes = addResult(scene, withoutM0(coarsePhantom))
    display.showCompared(comparison.comparedMaps((nodes,)), Appearance(low=0, high=50))
    low, high = window(nodes.denoised)
    inside = coarsePhantom.denoised.deltam[coarsePhantom.mask]
    assert low == 0
    assert np.percentile(inside, 99) / 2 == pytest.approx(high, rel=0.15)
    assert display.suitableRange((nodes,)) == (0.0, 100.0)


def test_an_empty_range_is_widened_instead_of_dividing_by_nothing(nodes):
    display.showCompared(comparison.comparedMaps((nodes,)), Appearance(low=50, high=50))
    low, high = window(nodes.denoised)
    assert low == 50 < high


def test_the_suitable_range_has_round_ends_and_shows_the_brain(nodes, coarsePhantom):
    low, high = display.suitableRange((nodes,))
    assert low == 0
    assert high % 10 == 0
    assert np.mean(coarsePhantom.denoised.cbf[coarsePhantom.mask] <= high) >= 0.99


@pytest.mark.parametrize("third", [Third.DIFFERENCE, Third.REMOVED_NOISE])
def test_every_legend_says_the_unit(nodes, third):
    maps = comparison.comparedMaps((nodes,), third)
    titles = [display.addLegend(each).GetTitleText() for each in maps]
    assert titles[:2] == ["CBF (mL/100g/min)"] * 2
    assert titles[2] == ("Difference (mL/100g/min)" if third is Third.DIFFERENCE else "deltam (a.u.)")


def test_a_map_has_one_legend_however_often_it_is_shown(scene, nodes):
    (first, *_) = comparison.comparedMaps((nodes,))
    assert display.addLegend(first) is display.addLegend(first)
    assert scene.GetNumberOfNodesByClass("vtkMRMLColorLegendDisplayNode") == 1


@pytest.mark.parametrize(
    ("values", "written"),
    [((0, 90), "0 45 90"), ((-50, 50), "-50 0 50"), ((0, 75), "0.0 37.5 75.0"), ((-0.4, 0.4), "-0.4 0 0.4")],
)
def test_numbers_of_a_legend_have_the_digits_they_need(values, written):
    digits = legends.labelFormat(values)
    assert " ".join(digits % value for value in (values[0], sum(values) / 2, values[1])) == written
