"""How the maps of several results are told apart, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.runs.inscene import ResultNodes
from DeepASLDenoiseLib.translation import tr as _


@dataclass(frozen=True)
class MapNames:
    """Names of the two maps of a result.

    Attributes:
        conventional: E.g. ``"conventional, 20 pairs"``.
        denoised: E.g. ``"denoised (deepasl-guided), 20 pairs"``.
    """

    conventional: str
    denoised: str


def mapNames(results: Sequence[ResultNodes]) -> tuple[MapNames, ...]:
    """Names that say of each result what sets it apart: the network; pairs and smoothing where they differ.

    Results that differ in none of them are numbered; their conventional maps too, where other settings differ, such as
    the steps before the network.
    """
    endings = [", ".join(("", *differences)) for differences in zip(*_differing(results), strict=True)] or [""] * len(
        results
    )
    denoised = [
        _("denoised ({model})").format(model=_attribute(nodes, "Model")) + ending
        for nodes, ending in zip(results, endings, strict=True)
    ]
    made = [(_("conventional") + ending, _settings(nodes)) for nodes, ending in zip(results, endings, strict=True)]
    distinct = tuple(dict.fromkeys(made))
    conventional = dict(zip(distinct, _numbered([name for name, _settled in distinct]), strict=True))
    return tuple(MapNames(conventional[how], name) for how, name in zip(made, _numbered(denoised), strict=True))


def _settings(nodes: ResultNodes) -> str:
    """What the conventional map was made by, to be compared."""
    return nodes.denoised.GetAttribute("DeepASL.Settings") or ""


def _differing(results: Sequence[ResultNodes]) -> list[list[str]]:
    """What the maps were made from, for each thing in which the results differ: its words, one for each result."""
    words = {"Pairs": _("{value} pairs"), "SmoothingFWHM": _("smoothed {value} mm")}
    columns = [[text.format(value=_attribute(nodes, name)) for nodes in results] for name, text in words.items()]
    return [column for column in columns if len(set(column)) > 1]


def _attribute(nodes: ResultNodes, name: str) -> str:
    node: Node = nodes.denoised
    return node.GetAttribute(f"DeepASL.{name}") or _("unknown")


def _numbered(names: Sequence[str]) -> list[str]:
    """The names, with a number behind those that would be the same."""
    total, seen = Counter(names), Counter[str]()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(f"{name} #{seen[name]}" if total[name] > 1 else name)
    return numbered
