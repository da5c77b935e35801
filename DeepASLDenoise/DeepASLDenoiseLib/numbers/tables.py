"""The table of a scan: mean, spread and change of every map in tissue, brain and segments."""

from __future__ import annotations

import math
from collections.abc import Sequence

from DeepASLDenoiseLib.compare.display import quantityText
from DeepASLDenoiseLib.nodes import Node, allOrNothing
from DeepASLDenoiseLib.numbers.biasguard import changedText, keptText
from DeepASLDenoiseLib.numbers.measuring import Measurement, Row, measure
from DeepASLDenoiseLib.numbers.numbernodes import findNumbers, noteSources, numbersNode, placeBeside
from DeepASLDenoiseLib.numbers.tablecolumns import Column, fillTable, tableText, writeCsv
from DeepASLDenoiseLib.runs.inscene import INPUT_ROLE, ResultNodes
from DeepASLDenoiseLib.translation import tr as _

__all__ = ["findStatistics", "ownerOf", "statisticsTable", "tableText", "writeCsv"]

STATISTICS = "statistics"


def statisticsTable(scene: Node, results: Sequence[ResultNodes], segmentation: Node | None = None) -> Node:
    """Measure results of one scan; one table for each scan, made anew in place.

    Args:
        scene: Where to.
        results: Results of one scan, the oldest first, at least one.
        segmentation: A segmentation whose segments are measured too.

    Returns:
        A table node beside the newest result; what could not be measured is in its description.

    Raises:
        InputError: If a brain mask is empty; then the scene is as it was.
    """
    measurement = measure(results, segmentation)
    newest = results[-1].conventional
    with allOrNothing(scene):
        name = _("{quantity} statistics").format(quantity=quantityText(newest))
        node = numbersNode(scene, "vtkMRMLTableNode", STATISTICS, ownerOf(results), name)
        fillTable(node, _columns(measurement))
        node.SetDescription(" ".join(measurement.remarks))
        maps = [map_ for nodes in results for map_ in (nodes.conventional, nodes.denoised)]
        noteSources(node, maps if segmentation is None else [*maps, segmentation])
        placeBeside(scene, [node], newest)
    return node


def findStatistics(scene: Node, results: Sequence[ResultNodes]) -> Node | None:
    """The table of these results' scan; None if there is none yet."""
    return findNumbers(scene, "vtkMRMLTableNode", STATISTICS, ownerOf(results))


def ownerOf(results: Sequence[ResultNodes]) -> Node:
    """The node a table of several results belongs to: their scan, or the first of their maps where that is gone."""
    return results[0].conventional.GetNodeReference(INPUT_ROLE) or results[0].conventional


def _columns(measurement: Measurement) -> list[Column]:
    rows, unit = measurement.rows, measurement.unit
    figures = [row.statistics for row in rows]
    return [
        Column(
            "Region",
            _("Region"),
            _("Where: tissue, by perfusion itself unless it is said below, brain, or segment"),
            [f.region for f in figures],
        ),
        Column("Map", _("Map"), _("Which map"), [row.map for row in rows]),
        Column("Mean", _("Mean"), _("Mean over the voxels"), [f.mean for f in figures], unit),
        Column("SD", _("SD"), _("Standard deviation over the voxels"), [f.standard_deviation for f in figures], unit),
        Column("Median", _("Median"), _("Median over the voxels"), [f.median for f in figures], unit),
        Column(
            "CoV",
            _("CoV"),
            _("Spatial coefficient of variation: SD in percent of the mean"),
            [100.0 * f.coefficient_of_variation for f in figures],
            "%",
        ),
        Column(
            "Negative",
            _("Negative"),
            _("Voxels below 0. Noise makes them where flow is low; they are kept, or means would be too high"),
            [100.0 * f.negative_fraction for f in figures],
            "%",
        ),
        *_changeColumns(rows, unit),
        Column("Voxels", _("Voxels"), _("Number of voxels"), [f.voxels for f in figures]),
    ]


def _changeColumns(rows: Sequence[Row], unit: str) -> list[Column]:
    return [
        Column(
            "Change",
            _("Change"),
            _("Denoised minus conventional mean"),
            [math.nan if row.change is None else row.change.mean for row in rows],
            unit,
        ),
        Column(
            "ChangePercent",
            _("Change"),
            _("Denoised minus conventional mean, in percent of the conventional mean"),
            [math.nan if row.change is None else row.change.percent for row in rows],
            "%",
        ),
        Column(
            "BiasGuard",
            _("Bias guard"),
            _("Whether denoising kept the mean: noise has none, so a faithful denoiser leaves it as it is"),
            [_verdict(row) for row in rows],
        ),
    ]


def _verdict(row: Row) -> str:
    if row.change is None:
        return ""
    return keptText() if row.change.kept else changedText()
