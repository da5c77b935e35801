"""Which maps are compared: of one result conventional, denoised and difference; of several one map of each model."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deepasl.errors import DeepASLError
from deepasl.registry import find_model
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.scene import ResultNodes
from DeepASLDenoiseLib.translation import tr as _

MOST_RESULTS = 5
"""More maps beside the conventional one would be too small to be compared."""

SIGNED_LABEL = "\N{PLUS-MINUS SIGN}"

CHOICE_ATTRIBUTE = "DeepASL.Compared"
"""Attribute of the denoised map: whether the user wants to see it, "yes" or "no"; saved with the scene."""


@dataclass(frozen=True)
class ComparedMap:
    """What one view shows.

    Attributes:
        title: What users read above it.
        label: The same in a letter or two, for the bar above the view.
        node: The map.
        mask: The label map of the brain on its grid.
        signed: Whether it is a difference, with a scale about 0.
        other: The map it is compared with in the same place, with its title; None for a difference.
    """

    title: str
    label: str
    node: Node
    mask: Node
    signed: bool = False
    other: ComparedMap | None = None


def comparedMaps(results: tuple[ResultNodes, ...], third: str = "difference") -> tuple[ComparedMap, ...]:
    """The maps in the order in which they are shown, the conventional one first.

    Args:
        results: One result, or several of the same scan; the newest five are shown.
        third: For one result: the field of `ResultNodes` that is shown beside its maps, ``"difference"`` or
            ``"deltamRemoved"``.
    """
    results = results[-MOST_RESULTS:]
    if len(results) > 1:
        return _ofSeveral(results)
    (nodes,) = results
    conventional = ComparedMap(_("Conventional"), "C", nodes.conventional, nodes.mask)
    denoised = ComparedMap(_("Denoised") + f"\n{modelTitle(nodes)}", "D", nodes.denoised, nodes.mask)
    return (
        replace(conventional, other=denoised),
        replace(denoised, other=conventional),
        _third(nodes, third),
    )


def _third(nodes: ResultNodes, third: str) -> ComparedMap:
    removed = nodes.deltamRemoved if third == "deltamRemoved" else None
    if removed is not None:
        return ComparedMap(_("Removed noise") + "\n" + _("deltam"), SIGNED_LABEL, removed, nodes.mask, signed=True)
    title = _("Difference") + "\n" + _("conventional - denoised")
    return ComparedMap(title, SIGNED_LABEL, nodes.difference, nodes.mask, signed=True)


def _ofSeveral(results: tuple[ResultNodes, ...]) -> tuple[ComparedMap, ...]:
    pairs = [nodes.denoised.GetAttribute("DeepASL.Pairs") or "" for nodes in results]
    many = len(set(pairs)) > 1
    titles = [modelTitle(nodes) for nodes in results]
    if many:
        titles = [_("{model}, {pairs} pairs").format(model=t, pairs=p) for t, p in zip(titles, pairs, strict=True)]
    first = results[0]
    plain = _("Conventional, {pairs} pairs").format(pairs=pairs[0]) if many else _("Conventional")
    conventional = ComparedMap(plain, "C", first.conventional, first.mask)
    denoised = tuple(
        ComparedMap(title, str(n), nodes.denoised, nodes.mask, other=conventional)
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
