"""How close the maps come to a reference volume: PSNR, RMSE and concordance in the brain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import slicer.util

from deepasl.errors import InputError
from deepasl.quality.metrics import ccc, psnr, rmse
from deepasl.results import BoolArray
from deepasl.series import FloatArray
from DeepASLDenoiseLib.compare.display import quantityText, unitText
from DeepASLDenoiseLib.nodes import Node, allOrNothing, readGeometry
from DeepASLDenoiseLib.numbers.numbernodes import findNumbers, noteSources, numbersNode, placeBeside
from DeepASLDenoiseLib.numbers.regions import brainOf
from DeepASLDenoiseLib.numbers.tablecolumns import Column, fillTable
from DeepASLDenoiseLib.numbers.tables import ownerOf
from DeepASLDenoiseLib.runs.inscene import ResultNodes
from DeepASLDenoiseLib.runs.mapnames import mapNames
from DeepASLDenoiseLib.translation import tr as _

REFERENCE = "reference"


@dataclass(frozen=True)
class Closeness:
    """How close one map is to the reference.

    Attributes:
        map: Name of the map.
        voxels: How many voxels were compared.
        psnr: dB; the peak is the largest value of the reference there. Infinite for equal maps.
        rmse: In the unit of the maps.
        ccc: Lin's concordance correlation coefficient, 1 for equal maps.
    """

    map: str
    voxels: int
    psnr: float
    rmse: float
    ccc: float


def referenceTable(scene: Node, results: Sequence[ResultNodes], reference: Node) -> Node:
    """Compare results of one scan with a reference; one table for each scan, made anew in place.

    Args:
        scene: Where to.
        results: Results of one scan, the oldest first, at least one.
        reference: A volume on the same grid, of the same quantity.

    Returns:
        A table node beside the newest result.

    Raises:
        InputError: If the reference cannot be compared; then the scene is as it was.
    """
    closeness = compareWithReference(results, reference)
    newest = results[-1].conventional
    with allOrNothing(scene):
        name = _("{quantity} against {reference}")
        name = name.format(quantity=quantityText(newest), reference=reference.GetName())
        node = numbersNode(scene, "vtkMRMLTableNode", REFERENCE, ownerOf(results), name)
        fillTable(node, _columns(closeness, unitText(newest)))
        noteSources(node, [reference, *(map_ for nodes in results for map_ in (nodes.conventional, nodes.denoised))])
        placeBeside(scene, [node], newest)
    return node


def findReferenceTable(scene: Node, results: Sequence[ResultNodes]) -> Node | None:
    """The table of these results' scan against a reference; None if there is none yet."""
    return findNumbers(scene, "vtkMRMLTableNode", REFERENCE, ownerOf(results))


def compareWithReference(results: Sequence[ResultNodes], reference: Node) -> tuple[Closeness, ...]:
    """Conventional and denoised map of every result against the reference, each in its own brain mask.

    Nothing is resampled: interpolation smooths a reference, and a smooth reference flatters the smoother map.

    Raises:
        InputError: If the reference lies on another grid, has another unit, or has no positive value in the brain.
    """
    rows = dict.fromkeys(
        _closeness(name, node, values, brain)
        for nodes, names in zip(results, mapNames(results), strict=True)
        for values, brain in (_referenceFor(nodes, reference),)
        for name, node in ((names.conventional, nodes.conventional), (names.denoised, nodes.denoised))
    )
    return tuple(rows)


def _closeness(name: str, node: Node, reference: FloatArray, brain: BoolArray) -> Closeness:
    values = slicer.util.arrayFromVolume(node)
    return Closeness(
        name,
        int(brain.sum()),
        psnr(values, reference, brain),
        rmse(values, reference, brain),
        ccc(values, reference, brain),
    )


def _referenceFor(nodes: ResultNodes, reference: Node) -> tuple[FloatArray, BoolArray]:
    """The voxels of the reference, and those of the brain in which it has a value."""
    _requireSameSpace(nodes.conventional, reference)
    _requireSameUnit(nodes.conventional, reference)
    values = slicer.util.arrayFromVolume(reference).astype(np.float32)
    brain = brainOf(nodes) & np.isfinite(values)
    if not brain.any() or values[brain].max() <= 0.0:
        raise InputError(
            "the reference has no positive value in the brain",
            where=reference.GetName(),
            remedy="Choose a map of the same quantity.",
        )
    return values, brain


def _requireSameSpace(node: Node, reference: Node) -> None:
    own, other = readGeometry(node), readGeometry(reference)
    if slicer.util.arrayFromVolume(reference).ndim != 3:
        raise InputError("a reference has one value in each voxel", where=reference.GetName(), remedy="Choose another.")
    if not other.matches(own):
        raise InputError(
            f"the reference lies on another grid ({other.describe()}) than the maps ({own.describe()})",
            where=reference.GetName(),
            remedy="Resample it to the grid of the maps and choose the outcome: it is not done here, because "
            "interpolation smooths a reference, which flatters the smoother map.",
        )
    if reference.GetParentTransformNode() is not node.GetParentTransformNode():
        raise InputError(
            "a transform moves the reference or the maps, but not both",
            where=reference.GetName(),
            remedy="Put both into the same transform, or harden it and resample.",
        )


def _requireSameUnit(node: Node, reference: Node) -> None:
    """Volumes that tell no unit are taken at their word."""
    unit, own = reference.GetVoxelValueUnits(), node.GetVoxelValueUnits()
    if unit is not None and unit.GetCodeValue() and unit.GetCodeValue() != own.GetCodeValue():
        raise InputError(
            f"the reference is in {unit.GetCodeMeaning() or unit.GetCodeValue()}, the maps are in {unitText(node)}",
            where=reference.GetName(),
            remedy="Choose a map of the same quantity.",
        )


def _columns(closeness: Sequence[Closeness], unit: str) -> list[Column]:
    return [
        Column("Map", _("Map"), _("Which map"), [row.map for row in closeness]),
        Column(
            "PSNR",
            _("PSNR"),
            _("Peak signal-to-noise ratio in the brain; the peak is the largest value of the reference there"),
            [row.psnr for row in closeness],
            "dB",
        ),
        Column(
            "RMSE",
            _("RMSE"),
            _("Root mean square difference from the reference in the brain"),
            [row.rmse for row in closeness],
            unit,
        ),
        Column(
            "CCC",
            _("CCC"),
            _("Concordance correlation coefficient (Lin 1989): 1 for equal maps; falls with noise, bias and scale"),
            [row.ccc for row in closeness],
        ),
        Column("Voxels", _("Voxels"), _("Number of voxels compared"), [row.voxels for row in closeness]),
    ]
