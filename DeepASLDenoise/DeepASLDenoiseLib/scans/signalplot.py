"""The mean brain signal of each volume as MRML plot nodes, colored by role: control and label are seen to alternate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import slicer
import slicer.util
from numpy.typing import NDArray

from deepasl.labeling.volume_use import VolumeUse, signal_range
from deepasl.series import Role
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.translation import tr as _

COLORS: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        Role.CONTROL: (0.0, 0.45, 0.70),
        Role.LABEL: (0.84, 0.37, 0.0),
        Role.M0SCAN: (0.0, 0.62, 0.45),
        Role.DELTAM: (0.80, 0.47, 0.65),
    }
)
"""Told apart in all kinds of color blindness: Okabe and Ito, Color Universal Design, 2008."""

GREY = (0.45, 0.45, 0.45)
"""Roles that no map is made of, and the cross over what is left out."""

LEFT_OUT = "left out"

FEW = 120
"""Up to so many volumes, markers can be large."""

COLUMNS = ("volume", "signal")

TAG = "DeepASLSignal"


def plotSignal(scene: Node, signal: NDArray[np.float64], uses: Sequence[VolumeUse]) -> Node:
    """Plot nodes for one scan, in place of those of the scan before.

    Args:
        scene: Where the nodes are.
        signal: Mean of each volume in the brain, ``[t]``, scanner units.
        uses: What becomes of each volume.

    Returns:
        The chart node: one series for each role, and one of crosses over what is left out.
    """
    chart = _single(scene, "vtkMRMLPlotChartNode", "chart")
    wasModified = chart.StartModify()
    chart.RemoveAllPlotSeriesNodeIDs()
    for name, numbers in _groups(uses):
        chart.AddAndObservePlotSeriesNodeID(_series(scene, name, numbers, signal).GetID())
    _label(chart)
    low, high = signal_range(signal, tuple(use.role for use in uses))
    chart.SetXAxisRange(-0.5, len(uses) - 0.5)
    chart.SetYAxisRange(low, high)
    chart.EndModify(wasModified)
    return chart


def beyondRange(signal: NDArray[np.float64], uses: Sequence[VolumeUse]) -> int:
    """How many volumes lie above or below what the plot shows: M0, as a rule."""
    low, high = signal_range(signal, tuple(use.role for use in uses))
    return int(((signal < low) | (signal > high)).sum())


def legend(uses: Sequence[VolumeUse]) -> str:
    """What the colors mean, as HTML: a legend within the small plot would cover volumes."""
    dots = [f'<span style="color:{_hex(name)}">{_sign(name)}</span> {_(name)}' for name, _numbers in _groups(uses)]
    return "&nbsp; ".join(dots)


def _groups(uses: Sequence[VolumeUse]) -> Iterator[tuple[str, list[int]]]:
    """Names of series and their volumes; none without volumes."""
    for role in Role:
        if numbers := [use.index for use in uses if use.role is role]:
            yield role.value, numbers
    if left := [use.index for use in uses if not use.used]:
        yield LEFT_OUT, left


def _color(name: str) -> tuple[float, float, float]:
    return COLORS.get(name, GREY)


def _hex(name: str) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in _color(name))


def _sign(name: str) -> str:
    return "&#10005;" if name == LEFT_OUT else "&#9679;"


def _series(scene: Node, name: str, numbers: list[int], signal: NDArray[np.float64]) -> Node:
    table = _single(scene, "vtkMRMLTableNode", f"{name} table")
    slicer.util.updateTableFromArray(table, (np.array(numbers, np.float64), signal[numbers]), COLUMNS)
    series = _single(scene, "vtkMRMLPlotSeriesNode", name)
    wasModified = series.StartModify()
    series.SetName(_(name))
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName(COLUMNS[0])
    series.SetYColumnName(COLUMNS[1])
    series.SetPlotType(series.PlotTypeScatter)
    left, lined = name == LEFT_OUT, name in COLORS
    series.SetMarkerStyle(series.MarkerStyleCross if left else series.MarkerStyleCircle)
    series.SetLineStyle(series.LineStyleSolid if lined else series.LineStyleNone)
    series.SetMarkerSize((10 if left else 7) if len(signal) <= FEW else (6 if left else 3))
    series.SetLineWidth(1)
    series.SetColor(*_color(name))
    series.EndModify(wasModified)
    return series


def _label(chart: Node) -> None:
    """Titles and small letters: the plot lies in a narrow panel."""
    chart.SetTitle("")
    chart.SetXAxisTitle(_("Volume"))
    chart.SetYAxisTitle(_("Mean brain signal"))
    chart.SetXAxisRangeAuto(False)
    chart.SetYAxisRangeAuto(False)
    chart.SetLegendVisibility(False)
    chart.SetAxisTitleFontSize(12)
    chart.SetAxisLabelFontSize(11)


def _single(scene: Node, className: str, purpose: str) -> Node:
    """The node of this purpose, new if there is none. It is no data of the user's: not saved, not listed."""
    tag = f"{TAG} {purpose}"
    node = scene.GetSingletonNode(tag, className)
    if node is not None:
        return node
    node = getattr(slicer, className)()
    node.SetSingletonTag(tag)
    node.SetName(tag)
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    return scene.AddNode(node)
