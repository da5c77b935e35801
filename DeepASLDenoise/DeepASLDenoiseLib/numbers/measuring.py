"""Figures of the maps of results, region by region, read from the scene: what is saved can be measured again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import slicer.util

from deepasl.findings import Severity
from deepasl.quality.checks import check_bias
from deepasl.quality.metrics import change_percent, region_statistics
from deepasl.results import RegionStatistics
from DeepASLDenoiseLib.compare.display import unitText
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.numbers.regions import Region, Regions, regionsOf, segmentRegions
from DeepASLDenoiseLib.runs.inscene import ResultNodes
from DeepASLDenoiseLib.runs.mapnames import MapNames, mapNames
from DeepASLDenoiseLib.translation import tr as _


@dataclass(frozen=True)
class Change:
    """What denoising did to the mean of a region.

    Attributes:
        before, after: Conventional and denoised mean, in the unit of the maps.
        kept: Whether `deepasl.quality.checks.check_bias` lets the change pass: noise has no mean, so that a faithful
            denoiser keeps that of a region.
    """

    before: float
    after: float
    kept: bool

    @property
    def mean(self) -> float:
        """Denoised minus conventional, in the unit of the maps."""
        return self.after - self.before

    @property
    def percent(self) -> float:
        """The change in percent of the conventional mean; NaN where that is 0."""
        return change_percent(self.before, self.after)


@dataclass(frozen=True)
class Row:
    """One map in one region.

    Attributes:
        map: Name of the map, e.g. ``"denoised (deepasl-guided)"``.
        statistics: Its figures.
        change: Against the conventional map of the same result; None for that map itself.
    """

    map: str
    statistics: RegionStatistics
    change: Change | None = None


@dataclass(frozen=True)
class Measurement:
    """Every map in every region.

    Attributes:
        rows: Region by region; in each the conventional map before the one denoised from it.
        remarks: What could not be measured, and why, in sentences.
        unit: The unit of all maps.
    """

    rows: tuple[Row, ...]
    remarks: tuple[str, ...]
    unit: str


def measure(results: Sequence[ResultNodes], segmentation: Node | None = None) -> Measurement:
    """Figures of conventional and denoised maps in tissue, brain and, if there is one, in each segment.

    Args:
        results: Results of one scan, the oldest first, at least one. Each is measured in its own brain mask and
            tissue. Those in another unit than the newest are left out.
        segmentation: A segmentation of regions of interest.

    Raises:
        InputError: If a brain mask is empty.
    """
    unit = unitText(results[-1].conventional)
    alike = [nodes for nodes in results if unitText(nodes.conventional) == unit]
    found = [_regions(nodes, segmentation) for nodes in alike]
    names = dict.fromkeys(region.name for each in found for region in each.regions)
    rows = dict.fromkeys(
        row
        for name in names
        for nodes, each, maps in zip(alike, found, mapNames(alike), strict=True)
        for region in each.regions
        if region.name == name
        for row in _rows(nodes, region, maps, unit)
    )
    remarks = dict.fromkeys(remark for each in found for remark in each.remarks)
    return Measurement(tuple(rows), (*remarks, *_leftOut(results, unit)), unit)


def _regions(nodes: ResultNodes, segmentation: Node | None) -> Regions:
    own = regionsOf(nodes)
    return own if segmentation is None else own + segmentRegions(segmentation, nodes)


def _rows(nodes: ResultNodes, region: Region, names: MapNames, unit: str) -> Iterator[Row]:
    before, after = (
        region_statistics(slicer.util.arrayFromVolume(node), region.mask, region=region.name, map=kind)
        for node, kind in ((nodes.conventional, "conventional"), (nodes.denoised, "denoised"))
    )
    kept = all(finding.severity is Severity.NOTE for finding in check_bias((before, after), unit))
    yield Row(names.conventional, before)
    yield Row(names.denoised, after, Change(before.mean, after.mean, kept))


def _leftOut(results: Sequence[ResultNodes], unit: str) -> Iterator[str]:
    for nodes in results:
        if unitText(nodes.conventional) != unit:
            text = _("{name} is not in {unit} and is left out.")
            yield text.format(name=nodes.denoised.GetName(), unit=unit)
