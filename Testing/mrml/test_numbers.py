"""Tables and plots tell what the maps in the scene hold, and stand beside them."""

import math
from dataclasses import replace

import numpy as np
import pytest
import slicer
from numbers_scene import BRAIN, GREY, GRID, addedTo, addSegmentation, flow, resultOf, tableColumns

from deepasl.errors import InputError, OutputError
from deepasl.geometry import Geometry
from deepasl.quality.bland_altman import bland_altman
from deepasl.quality.metrics import ccc, psnr, region_statistics, rmse
from deepasl.run_record import RunRecord
from deepasl.settings import Settings
from DeepASLDenoiseLib.nodes import addSequence, addVolume, nodesOfClass
from DeepASLDenoiseLib.numbers import plots, tables
from DeepASLDenoiseLib.numbers.biasguard import BAD, GOOD, guardText
from DeepASLDenoiseLib.numbers.references import referenceTable
from DeepASLDenoiseLib.pictures.headless import startApplication
from DeepASLDenoiseLib.runs.mapnames import mapNames
from DeepASLDenoiseLib.runs.resultnodes import addResult

pytestmark = pytest.mark.mrml


@pytest.fixture
def application():
    return startApplication()


@pytest.fixture
def scene(application):
    return application.scene


def nodeIds(scene) -> list[str]:
    return [scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())]


def rowsOf(table) -> list[dict]:
    columns = tableColumns(table)
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def test_the_table_has_the_figures_of_the_core_for_every_region_and_map(scene, phantom):
    rows = rowsOf(tables.statisticsTable(scene, [addResult(scene, phantom)]))
    masks = {"grey matter": phantom.grey_matter, "white matter": phantom.white_matter, "brain": phantom.mask}
    maps = {"conventional": phantom.conventional.cbf, "denoised (test-smoothing)": phantom.denoised.cbf}
    expected = [(region, name) for region in masks for name in maps]
    assert [(row["Region"], row["Map"]) for row in rows] == expected
    for row in rows:
        truth = region_statistics(maps[row["Map"]], masks[row["Region"]], region="", map="")
        assert row["Voxels"] == truth.voxels
        assert row["Mean"] == pytest.approx(truth.mean, rel=1e-3)
        assert row["SD"] == pytest.approx(truth.standard_deviation, rel=1e-3)
        assert row["Median"] == pytest.approx(truth.median, rel=1e-3)
        assert row["CoV"] == pytest.approx(100 * truth.coefficient_of_variation, rel=1e-3)
        assert row["Negative"] == pytest.approx(100 * truth.negative_fraction, rel=1e-3)


def test_what_told_the_tissue_is_said_where_it_was_not_perfusion_itself(scene, phantom):
    told = replace(phantom, record=RunRecord(Settings(), np.zeros(1), tissue_origin="t1w.nii.gz, T1-weighted"))
    by_image = tables.statisticsTable(scene, [addResult(scene, told)])
    assert "grey and white matter by t1w.nii.gz, T1-weighted." in by_image.GetDescription()
    by_perfusion = tables.statisticsTable(scene, [addResult(scene, phantom)])
    assert "grey and white matter by" not in by_perfusion.GetDescription()


def test_figures_of_made_up_flow_are_those_worked_out_by_hand(scene, phantom):
    rows = rowsOf(tables.statisticsTable(scene, [addedTo(scene, phantom)]))
    grey = rows[0]
    assert (grey["Mean"], grey["SD"], grey["CoV"], grey["Negative"]) == (50.0, 60.0, 120.0, 50.0)
    assert math.isnan(grey["Change"])
    assert (rows[1]["Mean"], rows[1]["SD"], rows[1]["Change"], rows[1]["BiasGuard"]) == (50.0, 5.0, 0.0, "kept")


def test_the_bias_guard_tells_a_mean_that_was_moved(scene, phantom):
    rows = rowsOf(tables.statisticsTable(scene, [addedTo(scene, phantom, denoisedGrey=44.0)]))
    verdicts = {row["Region"]: row["BiasGuard"] for row in rows if row["BiasGuard"]}
    assert verdicts == {"grey matter": "CHANGED", "white matter": "kept", "brain": "kept"}
    assert (rows[1]["Change"], rows[1]["ChangePercent"]) == (-6.0, -12.0)


def test_the_bias_guard_says_in_words_and_color_what_was_changed(scene, phantom):
    moved = guardText(tables.statisticsTable(scene, [addedTo(scene, phantom, denoisedGrey=44.0)]))
    assert "changes the mean of grey matter by -6 mL/100g/min (-12 %)" in moved
    assert "white matter by" not in moved
    assert BAD in moved
    assert GOOD not in moved
    kept = guardText(tables.statisticsTable(scene, [addedTo(scene, phantom)]))
    assert "kept the mean of every region (brain, grey matter, white matter)" in kept
    assert GOOD in kept
    assert BAD not in kept


def test_segments_are_rows_of_their_own_and_what_cannot_be_measured_is_told(scene, phantom):
    lesion, skin = np.zeros(GRID.shape, bool), np.zeros(GRID.shape, bool)
    lesion[0:2, 1, 1] = True
    skin[0, 0, 0] = True
    segmentation = addSegmentation(scene, {"lesion": lesion, "skin": skin})
    table = tables.statisticsTable(scene, [addedTo(scene, phantom)], segmentation)
    rows = [row for row in rowsOf(table) if row["Region"] == "lesion"]
    assert [row["Voxels"] for row in rows] == [2, 2]
    assert [row["Mean"] for row in rows] == [50.0, 50.0]
    assert "segment skin lies outside the brain mask" in table.GetDescription()


def test_two_networks_share_the_conventional_map(scene, phantom):
    first, second = addedTo(scene, phantom), addedTo(scene, phantom, denoisedGrey=48.0, model="model-b")
    rows = rowsOf(tables.statisticsTable(scene, [first, second]))
    grey = [(row["Map"], row["Mean"]) for row in rows if row["Region"] == "grey matter"]
    assert grey == [("conventional", 50.0), ("denoised (model-a)", 50.0), ("denoised (model-b)", 48.0)]


def test_runs_of_fewer_pairs_are_told_apart(scene, phantom):
    some, all_ = addedTo(scene, phantom), addedTo(scene, phantom)
    for node in some.named().values():
        node.SetAttribute("DeepASL.Pairs", "6")
    assert {row["Map"] for row in rowsOf(tables.statisticsTable(scene, [some, all_]))} == {
        "conventional, 6 pairs",
        "denoised (model-a), 6 pairs",
        "conventional, 30 pairs",
        "denoised (model-a), 30 pairs",
    }


def test_conventional_maps_of_other_steps_before_the_network_are_told_apart(scene, phantom):
    plain, moved, other = addedTo(scene, phantom), addedTo(scene, phantom), addedTo(scene, phantom, model="model-b")
    moved.denoised.SetAttribute("DeepASL.Settings", '{"motion_correction": true}')
    names = mapNames([plain, moved, other])
    assert [each.conventional for each in names] == ["conventional #1", "conventional #2", "conventional #1"]
    assert [each.denoised for each in names] == ["denoised (model-a) #1", "denoised (model-a) #2", "denoised (model-b)"]


def test_measuring_again_changes_the_table_and_adds_none(scene, phantom):
    nodes = addedTo(scene, phantom)
    table = tables.statisticsTable(scene, [nodes])
    count = scene.GetNumberOfNodes()
    slicer.util.arrayFromVolume(nodes.denoised)[GREY] += 10.0
    again = tables.statisticsTable(scene, [nodes])
    assert again is table
    assert scene.GetNumberOfNodes() == count
    assert rowsOf(again)[1]["Mean"] == 60.0
    assert tables.findStatistics(scene, [nodes]) is table


def test_each_scan_has_a_table_of_its_own(scene, phantom):
    scans = [addSequence(scene, np.zeros((2, *GRID.shape), np.float32), GRID, name) for name in ("one", "two")]
    result = resultOf(phantom, flow(50, 20, 60), flow(50, 20, 5))
    made = [tables.statisticsTable(scene, [addResult(scene, result, scan)]) for scan in scans]
    assert made[0] is not made[1]
    assert made[0].GetName() != made[1].GetName()


def test_tables_and_plots_lie_in_the_folder_of_the_maps(scene, phantom):
    nodes = addedTo(scene, phantom)
    table, chart = tables.statisticsTable(scene, [nodes]), plots.blandAltmanPlot(scene, nodes)
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)

    def folderOf(node) -> int:
        return hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node))

    assert folderOf(table) == folderOf(chart) == folderOf(nodes.denoised)
    within = {folderOf(node) for n in range(5) for node in seriesAndTable(chart, n)}
    assert [hierarchy.GetItemName(item) for item in within] == ["Bland-Altman plot"]
    assert hierarchy.GetItemParent(within.pop()) == folderOf(chart)


def seriesAndTable(chart, n: int) -> tuple:
    series = chart.GetNthPlotSeriesNode(n)
    return series, series.GetTableNode()


def test_a_table_that_cannot_be_made_leaves_the_scene_as_it_was(scene, phantom):
    nodes = addedTo(scene, phantom)
    slicer.util.arrayFromVolume(nodes.mask)[:] = 0
    before = nodeIds(scene)
    for make in (lambda: tables.statisticsTable(scene, [nodes]), lambda: plots.blandAltmanPlot(scene, nodes)):
        with pytest.raises(InputError, match="brain mask is empty"):
            make()
    assert nodeIds(scene) == before


def test_copied_text_has_titles_with_units_tabs_and_decimal_points(scene, phantom):
    lines = tables.tableText(tables.statisticsTable(scene, [addedTo(scene, phantom)])).splitlines()
    assert lines[0].split("\t")[:4] == ["Region", "Map", "Mean (mL/100g/min)", "SD (mL/100g/min)"]
    assert lines[1].split("\t")[:4] == ["grey matter", "conventional", "50.0", "60.0"]
    assert lines[1].split("\t")[7:10] == ["", "", ""]
    assert len(lines) == 7


def test_csv_keeps_commas_in_names_apart_from_those_between_columns(scene, phantom, tmp_path):
    nodes = addedTo(scene, phantom)
    segmentation = addSegmentation(scene, {"läsion, links": GREY})
    path = tmp_path / "Ümläut und Leerzeichen.csv"
    tables.writeCsv(tables.statisticsTable(scene, [nodes], segmentation), path)
    text = path.read_text(encoding="utf-8")
    assert '"läsion, links",conventional,50.0,60.0' in text
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_csv_in_a_folder_that_is_not_there_fails_in_words(scene, phantom, tmp_path):
    table = tables.statisticsTable(scene, [addedTo(scene, phantom)])
    with pytest.raises(OutputError, match="cannot be written"):
        tables.writeCsv(table, tmp_path / "nowhere" / "table.csv")


def test_the_plot_draws_the_figures_of_the_core_in_grey_matter(scene, phantom):
    chart = plots.blandAltmanPlot(scene, addResult(scene, phantom))
    truth = bland_altman(phantom.denoised.cbf, phantom.conventional.cbf, phantom.grey_matter)
    assert chart.GetTitle() == "CBF in grey matter: denoised (test-smoothing)"
    assert chart.GetNumberOfPlotSeriesNodes() == 5
    lines = tableColumns(chart.GetNthPlotSeriesNode(1).GetTableNode())
    assert lines["MeanDifference"] == pytest.approx([truth.mean_difference] * 2, rel=1e-3)
    assert lines["LowerLimit"] == pytest.approx([truth.lower] * 2, rel=1e-3)
    assert lines["UpperLimit"] == pytest.approx([truth.upper] * 2, rel=1e-3)
    rise = np.diff(lines["Regression"])[0] / np.diff(lines["Mean"])[0]
    assert rise == pytest.approx(truth.slope, rel=5e-3)
    assert f"slope {truth.slope:+.3g}" in chart.GetDescription()


def test_many_voxels_are_thinned_and_the_legend_says_so(scene, phantom):
    chart = plots.blandAltmanPlot(scene, addResult(scene, phantom))
    points = chart.GetNthPlotSeriesNode(0)
    voxels = int(phantom.grey_matter.sum())
    assert voxels > plots.MOST_POINTS
    assert len(tableColumns(points.GetTableNode())["Mean"]) == plots.MOST_POINTS
    assert points.GetName() == f"{plots.MOST_POINTS} of {voxels} voxels"


def test_plotting_again_changes_the_plot_and_adds_none(scene, phantom):
    nodes = addedTo(scene, phantom)
    chart = plots.blandAltmanPlot(scene, nodes)
    before = nodeIds(scene)
    slicer.util.arrayFromVolume(nodes.denoised)[GREY] += 10.0
    assert plots.blandAltmanPlot(scene, nodes) is chart
    assert nodeIds(scene) == before
    assert chart.GetNthPlotSeriesNode(1).GetName() == "mean difference +10"


def test_each_result_has_a_plot_of_its_own(scene, phantom):
    first, second = addedTo(scene, phantom), addedTo(scene, phantom, model="model-b")
    assert plots.blandAltmanPlot(scene, first) is not plots.blandAltmanPlot(scene, second)
    assert len(nodesOfClass(scene, "vtkMRMLPlotChartNode")) == 2


def test_the_plot_of_maps_without_grey_matter_is_of_the_brain(scene, phantom):
    nodes = addedTo(scene, phantom)
    slicer.util.arrayFromVolume(nodes.tissue)[:] = 0
    chart = plots.blandAltmanPlot(scene, nodes)
    assert chart.GetTitle().startswith("CBF in brain")
    assert chart.GetNthPlotSeriesNode(0).GetName() == f"{BRAIN.sum()} voxels"


def test_maps_against_a_reference_have_the_figures_of_the_core(scene, phantom):
    truth = flow(50.0, 20.0, 0.0)
    table = referenceTable(scene, [addedTo(scene, phantom)], addVolume(scene, truth, GRID, "truth"))
    for row, ripple in zip(rowsOf(table), (60.0, 5.0), strict=True):
        image = flow(50.0, 20.0, ripple)
        assert row["PSNR"] == pytest.approx(psnr(image, truth, BRAIN), rel=1e-3)
        assert row["RMSE"] == pytest.approx(rmse(image, truth, BRAIN), rel=1e-3)
        assert row["CCC"] == pytest.approx(ccc(image, truth, BRAIN), rel=1e-3)
        assert row["Voxels"] == BRAIN.sum()
    assert table.GetName() == "CBF against truth"


def test_the_map_of_another_run_can_be_the_reference(scene, phantom):
    some, all_ = addedTo(scene, phantom), addedTo(scene, phantom, denoisedGrey=51.0)
    rows = rowsOf(referenceTable(scene, [some, all_], all_.denoised))
    assert rows[-1]["RMSE"] == 0.0
    assert math.isinf(rows[-1]["PSNR"])


def test_voxels_the_reference_knows_nothing_of_do_not_count(scene, phantom):
    truth = flow(50.0, 20.0, 0.0)
    truth[0] = np.nan
    rows = rowsOf(referenceTable(scene, [addedTo(scene, phantom)], addVolume(scene, truth, GRID, "truth")))
    assert rows[0]["Voxels"] == BRAIN[1:].sum()


def shifted() -> Geometry:
    return Geometry(GRID.shape, GRID.spacing, (GRID.origin[0] + 1.0, *GRID.origin[1:]), GRID.direction)


@pytest.mark.parametrize(
    ("geometry", "value", "problem"),
    [
        (shifted(), 1.0, "another grid"),
        (Geometry((2, 3, 4), GRID.spacing, GRID.origin), 1.0, "another grid"),
        (GRID, 0.0, "no positive value"),
    ],
    ids=["shifted", "coarser", "empty"],
)
def test_a_reference_that_cannot_be_compared_is_refused_and_the_scene_stays(scene, phantom, geometry, value, problem):
    nodes = addedTo(scene, phantom)
    reference = addVolume(scene, np.full(geometry.shape, value, np.float32), geometry, "other")
    before = nodeIds(scene)
    with pytest.raises(InputError, match=problem):
        referenceTable(scene, [nodes], reference)
    assert nodeIds(scene) == before


def test_a_difference_image_is_no_reference_for_blood_flow(scene, phantom):
    nodes = addedTo(scene, phantom)
    with pytest.raises(InputError, match="the maps are in mL/100g/min"):
        referenceTable(scene, [nodes], nodes.deltamDenoised)


def test_a_reference_in_a_transform_is_refused(scene, phantom):
    nodes = addedTo(scene, phantom)
    reference = addVolume(scene, flow(50.0, 20.0, 0.0), GRID, "moved")
    reference.SetAndObserveTransformNodeID(scene.AddNewNodeByClass("vtkMRMLLinearTransformNode").GetID())
    with pytest.raises(InputError, match="transform moves the reference"):
        referenceTable(scene, [nodes], reference)
