"""The Bland-Altman plot of a result as MRML nodes: two tables, five series, one chart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import slicer
import slicer.util

from deepasl.errors import InputError
from deepasl.quality.bland_altman import BlandAltman, Differences, bland_altman, differences, thinned
from DeepASLDenoiseLib.compare.display import quantityText, unitText
from DeepASLDenoiseLib.nodes import Node, allOrNothing
from DeepASLDenoiseLib.numbers.numbernodes import findNumbers, noteSources, numbersNode, placeBeside
from DeepASLDenoiseLib.numbers.regions import BRAIN, GREY, Region, regionsOf
from DeepASLDenoiseLib.numbers.tablecolumns import Column, fillTable
from DeepASLDenoiseLib.runs.inscene import ResultNodes
from DeepASLDenoiseLib.runs.mapnames import mapNames
from DeepASLDenoiseLib.translation import tr as _

MOST_POINTS = 2000
"""More cannot be told apart in a plot, and make it slow."""

KIND = "Bland-Altman"

TITLE_POINTS, TEXT_POINTS = 16, 13
"""Sizes of letters with which all of them have room in a narrow panel."""

POINT_COLOR, LIMIT_COLOR, REGRESSION_COLOR = (0.35, 0.45, 0.60), (0.80, 0.15, 0.15), (0.05, 0.45, 0.20)


@dataclass(frozen=True)
class _Line:
    """A straight line across the plot.

    Attributes:
        kind: What it shows, one for each line; the name of its column.
        title: What users read in the legend, with its figure.
        intercept, slope: Of the line.
        color: Red, green, blue, 0 to 1.
        dashed: How it is drawn: a limit.
    """

    kind: str
    title: str
    intercept: float
    slope: float
    color: tuple[float, float, float]
    dashed: bool


def blandAltmanPlot(scene: Node, nodes: ResultNodes) -> Node:
    """Plot denoised minus conventional against their mean in grey matter; in the brain where no grey matter is known.

    All voxels count for the lines; where there are many, only some of them are drawn, the same ones each time. One
    plot for each result, made anew in place.

    Args:
        scene: Where to.
        nodes: The result.

    Returns:
        The chart node, beside the maps; its description says the figures in words.

    Raises:
        InputError: If the region has less than two voxels; then the scene is as it was.
    """
    region = _region(nodes)
    denoised, conventional = (slicer.util.arrayFromVolume(node) for node in (nodes.denoised, nodes.conventional))
    agreement = bland_altman(denoised, conventional, region.mask)
    points = thinned(differences(denoised, conventional, region.mask), MOST_POINTS)
    lines = _lines(agreement)
    with allOrNothing(scene):
        series = [_pointSeries(scene, nodes, points, agreement.voxels), *_lineSeries(scene, nodes, points, lines)]
        chart = _chart(scene, nodes, region, series)
        chart.SetDescription(_words(agreement, region, unitText(nodes.denoised)))
        noteSources(chart, (nodes.conventional, nodes.denoised))
        placeBeside(scene, [chart], nodes.conventional)
        tables = dict.fromkeys(each.GetTableNode() for each in series)
        placeBeside(scene, [*series, *tables], nodes.conventional, _("Bland-Altman plot"))
    return chart


def findPlot(scene: Node, nodes: ResultNodes) -> Node | None:
    """The chart of a result; None if there is none yet."""
    return findNumbers(scene, "vtkMRMLPlotChartNode", KIND, nodes.denoised)


def _region(nodes: ResultNodes) -> Region:
    regions = {region.name: region for region in regionsOf(nodes).regions}
    region = regions.get(GREY, regions[BRAIN])
    if region.mask.sum() < 2:
        raise InputError(
            f"{region.name} has one voxel only, and limits of agreement need two",
            where=nodes.denoised.GetName(),
            remedy="Denoise a scan of the whole brain.",
        )
    return region


def _lines(agreement: BlandAltman) -> list[_Line]:
    def level(kind: str, title: str, value: float, *, dashed: bool) -> _Line:
        return _Line(kind, title.format(value=f"{value:+.3g}"), value, 0.0, LIMIT_COLOR, dashed)

    lines = [
        level("MeanDifference", _("mean difference {value}"), agreement.mean_difference, dashed=False),
        level("UpperLimit", _("upper 95 % limit {value}"), agreement.upper, dashed=True),
        level("LowerLimit", _("lower 95 % limit {value}"), agreement.lower, dashed=True),
    ]
    if math.isfinite(agreement.slope):
        title = _("regression, slope {value}").format(value=f"{agreement.slope:+.3g}")
        lines.append(_Line("Regression", title, agreement.intercept, agreement.slope, REGRESSION_COLOR, dashed=False))
    return lines


def _pointSeries(scene: Node, nodes: ResultNodes, points: Differences, voxels: int) -> Node:
    table = numbersNode(scene, "vtkMRMLTableNode", f"{KIND} points", nodes.denoised, _("Bland-Altman points"))
    unit = unitText(nodes.denoised)
    fillTable(
        table,
        [
            Column("Mean", _("Mean"), _("Mean of denoised and conventional"), points.mean.tolist(), unit),
            Column("Difference", _("Difference"), _("Denoised minus conventional"), points.difference.tolist(), unit),
        ],
    )
    shown = points.mean.size
    text = _("{shown} of {voxels} voxels") if shown < voxels else _("{voxels} voxels")
    series = _series(scene, nodes, "points", text.format(shown=shown, voxels=voxels), table, "Difference")
    series.SetMarkerStyle(slicer.vtkMRMLPlotSeriesNode.MarkerStyleCircle)
    series.SetMarkerSize(3.0)
    series.SetLineStyle(slicer.vtkMRMLPlotSeriesNode.LineStyleNone)
    series.SetColor(*POINT_COLOR)
    return series


def _lineSeries(scene: Node, nodes: ResultNodes, points: Differences, lines: list[_Line]) -> list[Node]:
    table = numbersNode(scene, "vtkMRMLTableNode", f"{KIND} lines", nodes.denoised, _("Bland-Altman lines"))
    unit, ends = unitText(nodes.denoised), np.array([points.mean[0], points.mean[-1]])
    columns = [
        Column(line.kind, line.title, line.title, (line.intercept + line.slope * ends).tolist(), unit) for line in lines
    ]
    fillTable(table, [Column("Mean", _("Mean"), _("Both ends of the lines"), ends.tolist(), unit), *columns])
    drawn = []
    for line in lines:
        series = _series(scene, nodes, line.kind, line.title, table, line.kind)
        style = slicer.vtkMRMLPlotSeriesNode
        series.SetMarkerStyle(style.MarkerStyleNone)
        series.SetLineStyle(style.LineStyleDash if line.dashed else style.LineStyleSolid)
        series.SetLineWidth(2.0)
        series.SetColor(*line.color)
        drawn.append(series)
    return drawn


def _series(scene: Node, nodes: ResultNodes, what: str, title: str, table: Node, column: str) -> Node:
    """A series; its name is what the legend says, so that it changes with the figures."""
    series = numbersNode(scene, "vtkMRMLPlotSeriesNode", f"{KIND} {what}", nodes.denoised, title)
    series.SetName(title)
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
    series.SetXColumnName("Mean")
    series.SetYColumnName(column)
    return series


def _chart(scene: Node, nodes: ResultNodes, region: Region, series: list[Node]) -> Node:
    quantity, unit = quantityText(nodes.denoised), unitText(nodes.denoised)
    title = _("{quantity} in {region}: {map}")
    title = title.format(quantity=quantity, region=region.name, map=mapNames([nodes])[0].denoised)
    chart = numbersNode(scene, "vtkMRMLPlotChartNode", KIND, nodes.denoised, _("Bland-Altman plot of") + f" {title}")
    chart.RemoveAllPlotSeriesNodeIDs()
    for each in series:
        chart.AddAndObservePlotSeriesNodeID(each.GetID())
    chart.SetTitle(title)
    chart.SetTitleFontSize(TITLE_POINTS)
    for setSize in (chart.SetLegendFontSize, chart.SetAxisTitleFontSize, chart.SetAxisLabelFontSize):
        setSize(TEXT_POINTS)
    chart.SetXAxisTitle(_("mean of denoised and conventional ({unit})").format(unit=unit))
    chart.SetYAxisTitle(_("denoised - conventional ({unit})").format(unit=unit))
    return chart


def _words(agreement: BlandAltman, region: Region, unit: str) -> str:
    text = _(
        "Denoised minus conventional in {region}, {voxels} voxels: mean difference {bias:+.3g} {unit}, "
        "95 % limits of agreement {lower:+.3g} to {upper:+.3g} {unit}, slope {slope:+.3g}."
    )
    return text.format(
        region=region.name,
        voxels=agreement.voxels,
        bias=agreement.mean_difference,
        lower=agreement.lower,
        upper=agreement.upper,
        slope=agreement.slope,
        unit=unit,
    )
