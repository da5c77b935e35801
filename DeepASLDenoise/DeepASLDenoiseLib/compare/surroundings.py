"""What lies over the maps outside the brain: black, or the background image, so that the head is seen around them."""

from __future__ import annotations

import math

import numpy as np
import slicer
import slicer.util
import vtk
import vtk.util.numpy_support

from deepasl.geometry import Geometry
from DeepASLDenoiseLib.compare.colors import surroundingsNode
from DeepASLDenoiseLib.nodes import Node, addLabelMap, readGeometry

MADE_FROM = "DeepASL.SurroundingsOf"
"""Attribute of a cover: what it was made from."""

FINEST = 1.0
"""Voxels of a cover are not larger than this, mm: a label map is not interpolated."""

INSIDE = 255
"""Label inside the brain, transparent; the others are grey levels."""


def cover(mask: Node, background: Node | None) -> Node:
    """The label map to lie over everything outside the brain.

    Slicer cannot cut a map at a mask. A cover of black voxels can, and with a background, one that looks like it.

    Args:
        mask: Label map of the brain; returned as it is without a background.
        background: The image beneath the maps, on any grid, under linear transforms at most; outside the brain a
            warped one stays black.
    """
    if background is None or background.GetImageData() is None or not _movedStraight(background):
        return mask
    scene, origin = mask.GetScene(), _origin(mask, background)
    known = next((node for node in _covers(scene) if node.GetAttribute(MADE_FROM) == origin), None)
    if known is not None:
        return known
    coarse = readGeometry(mask)
    factors = [max(1, math.ceil(spacing / FINEST - 1e-6)) for spacing in coarse.spacing]
    geometry = _refined(coarse, factors)
    node = addLabelMap(scene, np.zeros(geometry.shape, bool), geometry, "DeepASL surroundings")
    inside = slicer.util.arrayFromVolume(mask) > 0
    for axis, factor in zip((2, 1, 0), factors, strict=True):
        inside = inside.repeat(factor, axis)
    slicer.util.updateVolumeFromArray(node, np.where(inside, np.uint8(INSIDE), _greyLevels(background, geometry)))
    node.SetAttribute(MADE_FROM, origin)
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    node.GetDisplayNode().SetSaveWithScene(False)
    node.GetDisplayNode().SetAndObserveColorNodeID(surroundingsNode(scene).GetID())
    return node


def removeUnused(scene: Node, used: tuple[Node, ...] = ()) -> None:
    """Take the covers out of the scene that are not used any more."""
    for node in _covers(scene):
        if not any(node is each for each in used):
            scene.RemoveNode(node)


def _covers(scene: Node) -> list[Node]:
    kind = "vtkMRMLLabelMapVolumeNode"
    nodes = (scene.GetNthNodeByClass(n, kind) for n in range(scene.GetNumberOfNodesByClass(kind)))
    return [node for node in nodes if node.GetAttribute(MADE_FROM)]


def _origin(mask: Node, background: Node) -> str:
    """What a cover depends on, as text."""
    voxels = background.GetImageData().GetMTime()
    parts = (mask.GetID(), background.GetID(), voxels, *_window(background), *_ijkToWorld(background).ravel())
    return " ".join(str(part) for part in parts)


def _window(node: Node) -> tuple[float, float]:
    display = node.GetDisplayNode()
    if display is None:
        low, high = node.GetImageData().GetScalarRange()
        return float(low), float(high)
    return float(display.GetWindowLevelMin()), float(display.GetWindowLevelMax())


def _refined(geometry: Geometry, factors: list[int]) -> Geometry:
    """The same box in finer voxels: each divided by `factors` along i, j, k."""
    matrix = geometry.ijk_to_ras()
    fine = matrix.copy()
    fine[:3, :3] = matrix[:3, :3] / factors
    # The outer edges stay where they are, so that the first voxel's middle moves.
    first = np.array([(1 - factor) / (2 * factor) for factor in factors])
    fine[:3, 3] = matrix[:3, 3] + matrix[:3, :3] @ first
    shape = tuple(size * factor for size, factor in zip(geometry.shape, reversed(factors), strict=True))
    return Geometry.from_ijk_to_ras(fine, shape)


def _greyLevels(background: Node, geometry: Geometry) -> np.ndarray:
    """The background in its window on another grid: ``[k, j, i]`` uint8, below `INSIDE`."""
    low, high = _window(background)
    anatomy = _resampled(background, geometry, low)
    return (np.clip((anatomy - low) / max(high - low, 1e-12), 0, 1) * (INSIDE - 1)).round().astype(np.uint8)


def _resampled(node: Node, geometry: Geometry, outside: float) -> np.ndarray:
    """The voxels of a node where it is in the world, on another grid: ``[k, j, i]`` float32."""
    to_voxel = vtk.vtkTransform()
    to_voxel.SetMatrix((np.linalg.inv(_ijkToWorld(node)) @ geometry.ijk_to_ras()).ravel())
    reslice = vtk.vtkImageReslice()
    reslice.SetInputData(node.GetImageData())  # in voxels: the node has the geometry
    reslice.SetResliceTransform(to_voxel)
    reslice.SetOutputSpacing(1.0, 1.0, 1.0)
    reslice.SetOutputOrigin(0.0, 0.0, 0.0)
    reslice.SetOutputExtent([bound for size in geometry.shape[::-1] for bound in (0, size - 1)])
    reslice.SetOutputScalarType(vtk.VTK_FLOAT)
    reslice.SetInterpolationModeToLinear()
    reslice.SetBackgroundLevel(outside)
    reslice.Update()
    values = vtk.util.numpy_support.vtk_to_numpy(reslice.GetOutput().GetPointData().GetScalars())
    return values.reshape(*geometry.shape, -1)[..., 0]


def _movedStraight(node: Node) -> bool:
    transform = node.GetParentTransformNode()
    return transform is None or bool(transform.IsTransformToWorldLinear())


def _ijkToWorld(node: Node) -> np.ndarray:
    """Voxel index (i, j, k, 1) to RAS mm as a 4x4 matrix, linear transforms above the node included."""
    matrix, above = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    if node.GetParentTransformNode() is not None:
        node.GetParentTransformNode().GetMatrixTransformToWorld(above)
    return slicer.util.arrayFromVTKMatrix(above) @ slicer.util.arrayFromVTKMatrix(matrix)
