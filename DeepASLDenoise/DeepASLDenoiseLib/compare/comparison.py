"""Which maps are compared: of one result conventional, denoised and difference; of several one map of each model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from deepasl.denoising.registry import find_model
from deepasl.errors import DeepASLError
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.runs.resultnodes import ResultNodes
from DeepASLDenoiseLib.translation import tr as _

MOST_RESULTS = 5
"""More maps beside the conventional one would be too small to be compared."""

SIGNED_LABEL = "\N{PLUS-MINUS SIGN}"

CHOICE_ATTRIBUTE = "DeepASL.Compared"
"""Attribute of the denoised map: whether the user wants to see it, "yes" or "no"; saved with the scene."""


class Shows(Enum):
    """Which quantity is compared."""

    PERFUSION = "perfusion"
    ARRIVAL = "arrival"

    def label(self) -> str:
        """What users read."""
        return {"perfusion": _("Blood flow"), "arrival": _("Arrival time (ATT)")}[self.value]


class Third(Enum):
    """What is shown beside the maps of one result."""

    DIFFERENCE = "difference"
    REMOVED_NOISE = "removed noise"
    STANDARD_ERROR = "standard error"

    def label(self) -> str:
        """What users read."""
        return {
            "difference": _("Difference of the maps"),
            "removed noise": _("Removed noise"),
            "standard error": _("Standard error"),
        }[self.value]


class Scale(Enum):
    """Which colors and which range a map has."""

    SHARED = "shared"
    """Those of all maps of its quantity."""
    SIGNED = "signed"
    """A range about 0."""
    OWN = "own"
    """From 0 to what it holds."""


@dataclass(frozen=True)
class ComparedMap:
    """What one view shows.

    Attributes:
        title: What users read above it.
        label: The same in a letter or two, for the bar above the view.
        node: The map.
        mask: The label map of the brain on its grid.
        scale: Its colors and range; a difference is signed.
        other: The map it is compared with in the same place, with its title; None for a difference or an error.
    """

    title: str
    label: str
    node: Node
    mask: Node
    scale: Scale = Scale.SHARED
    other: ComparedMap | None = None


@dataclass(frozen=True)
class _Maps:
    """The maps of one result that belong to the quantity shown."""

    conventional: Node
    denoised: Node
    difference: Node
    error: Node | None


def comparedMaps(
    results: tuple[ResultNodes, ...], third: Third = Third.DIFFERENCE, shows: Shows = Shows.PERFUSION
) -> tuple[ComparedMap, ...]:
    """The maps in the order in which they are shown, the conventional one first.

    Args:
        results: One result, or several of the same scan; the newest five are shown.
        third: For one result: what is shown beside its maps. It is the difference if there is nothing else.
        shows: The quantity. Results without arrival times are left out of their comparison; if all are, perfusion is
            shown.
    """
    if shows is Shows.ARRIVAL:
        results = tuple(nodes for nodes in results if hasArrival(nodes)) or results
    results = results[-MOST_RESULTS:]
    if len(results) > 1:
        return _ofSeveral(results, shows)
    (nodes,) = results
    maps = _mapsOf(nodes, shows)
    conventional = ComparedMap(_("Conventional"), "C", maps.conventional, nodes.mask)
    denoised = ComparedMap(_("Denoised") + f"\n{modelTitle(nodes)}", "D", maps.denoised, nodes.mask)
    return (
        replace(conventional, other=denoised),
        replace(denoised, other=conventional),
        _third(nodes, maps, third),
    )


def hasArrival(nodes: ResultNodes) -> bool:
    """Whether a result has maps of the arterial transit time."""
    return nodes.attDenoised is not None


def hasStandardError(nodes: ResultNodes, shows: Shows) -> bool:
    """Whether a result has a standard error of this quantity."""
    return _mapsOf(nodes, shows).error is not None


def _mapsOf(nodes: ResultNodes, shows: Shows) -> _Maps:
    if shows is Shows.ARRIVAL and hasArrival(nodes):
        return _Maps(nodes.attConventional, nodes.attDenoised, nodes.attDifference, nodes.attErrorConventional)
    return _Maps(nodes.conventional, nodes.denoised, nodes.difference, nodes.cbfErrorConventional)


def _third(nodes: ResultNodes, maps: _Maps, third: Third) -> ComparedMap:
    removed = nodes.deltamRemoved if third is Third.REMOVED_NOISE else None
    if removed is not None:
        title = _("Removed noise") + "\n" + _("deltam")
        return ComparedMap(title, SIGNED_LABEL, removed, nodes.mask, Scale.SIGNED)
    if third is Third.STANDARD_ERROR and maps.error is not None:
        return ComparedMap(_("Standard error") + "\n" + _("conventional"), "SE", maps.error, nodes.mask, Scale.OWN)
    title = _("Difference") + "\n" + _("conventional - denoised")
    return ComparedMap(title, SIGNED_LABEL, maps.difference, nodes.mask, Scale.SIGNED)


def _ofSeveral(results: tuple[ResultNodes, ...], shows: Shows) -> tuple[ComparedMap, ...]:
    pairs = [nodes.denoised.GetAttribute("DeepASL.Pairs") or "" for nodes in results]
    many = len(set(pairs)) > 1
    titles = [modelTitle(nodes) for nodes in results]
    if many:
        titles = [_("{model}, {pairs} pairs").format(model=t, pairs=p) for t, p in zip(titles, pairs, strict=True)]
    first = results[0]
    plain = _("Conventional, {pairs} pairs").format(pairs=pairs[0]) if many else _("Conventional")
    conventional = ComparedMap(plain, "C", _mapsOf(first, shows).conventional, first.mask)
    denoised = tuple(
        ComparedMap(title, str(n), _mapsOf(nodes, shows).denoised, nodes.mask, other=conventional)
        for n, (title, nodes) in enumerate(zip(titles, results, strict=True), start=1)
    )
    return (replace(conventional, other=denoised[-1]), *denoised)


def modelTitle(nodes: ResultNodes) -> str:
    """The title of the network that made a result; its id, if this installation does not know it."""
    model = nodes.denoised.GetAttribute("DeepASL.Model") or ""
    try:
        return find_model(model).title
    except DeepASLError:
        return model


def chosenResults(results: tuple[ResultNodes, ...]) -> tuple[ResultNodes, ...]:
    """Those of `results` the user wants to see; without a choice, the newest one of each model.

    Args:
        results: Of one scan, the oldest first.
    """
    chosen = tuple(nodes for nodes in results if isChosen(nodes, results))
    return chosen[-MOST_RESULTS:] or results[-1:]


def isChosen(nodes: ResultNodes, results: tuple[ResultNodes, ...]) -> bool:
    """Whether the user wants to see this one of `results`."""
    choice = nodes.denoised.GetAttribute(CHOICE_ATTRIBUTE)
    return choice == "yes" if choice else any(nodes is newest for newest in _newestOfEachModel(results))


def choose(nodes: ResultNodes, wanted: bool) -> None:
    """Keep the user's choice in the scene."""
    nodes.denoised.SetAttribute(CHOICE_ATTRIBUTE, "yes" if wanted else "no")


def _newestOfEachModel(results: tuple[ResultNodes, ...]) -> tuple[ResultNodes, ...]:
    newest = {nodes.denoised.GetAttribute("DeepASL.Model"): nodes for nodes in results}
    return tuple(newest.values())
