"""MRML nodes to arrays and back: the only place where voxels cross the border. Always copied, never aliased."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import slicer
import slicer.util
import vtk
from numpy.typing import NDArray

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.progress import Job, Progress, run
from deepasl.series import FloatArray
from DeepASLDenoiseLib.translation import tr as _

Node = Any
"""A VTK or MRML object; their Python wrappers carry no type information."""

COMPONENTS = 4
"""Dimensions of the array of a volume with several components."""


FRAMES_IN_A_STEP = 16
"""How many frames of a sequence are read before the user interface has its turn."""


def readVolumes(node: Node) -> tuple[FloatArray, Geometry]:
    """All time points of a node; see `readingVolumes`."""
    return run(readingVolumes(node))


def readingVolumes(node: Node) -> Job[tuple[FloatArray, Geometry]]:
    """All time points of a node, read step by step.

    Args:
        node: A sequence of scalar volumes, the volume through which a sequence is browsed, a vector or multi-volume
            (one component for each time point), or a scalar volume (one time point).

    Yields:
        Progress in frames of a sequence.

    Returns:
        Voxels ``[t, k, j, i]`` float32, and the grid of every time point.

    Raises:
        InputError: If there are no voxels, frames lie on different grids, or a transform moves the node.
    """
    sequence = sequenceOf(node)
    if sequence is not None:
        return (yield from _readingSequence(sequence))
    voxels, geometry = _voxelsOf(node)
    volumes = np.moveaxis(voxels, 3, 0) if voxels.ndim == COMPONENTS else voxels[None]
    return np.array(volumes, dtype=np.float32, order="C"), geometry


def sequenceOf(node: Node) -> Node | None:
    """`node` itself if it is a sequence, the sequence it shows one frame of, or None."""
    if node.IsA("vtkMRMLSequenceNode"):
        return node
    browsers = nodesOfClass(node.GetScene(), "vtkMRMLSequenceBrowserNode")
    return next((s for s in (browser.GetSequenceNode(node) for browser in browsers) if s is not None), None)


def nodesOfClass(scene: Node | None, className: str) -> list[Node]:
    """All nodes of a class in a scene, in order; none where there is no scene."""
    if scene is None:
        return []
    found = scene.GetNodesByClass(className)
    found.UnRegister(None)  # the scene hands the collection over to its caller
    return [found.GetItemAsObject(n) for n in range(found.GetNumberOfItems())]


def readGeometry(node: Node) -> Geometry:
    """The voxel grid of a volume node.

    Raises:
        InputError: If it has no voxels, or its axes are not perpendicular.
    """
    image = node.GetImageData()
    if image is None or image.GetNumberOfPoints() == 0 or image.GetPointData().GetScalars() is None:
        raise InputError("the volume has no voxels", where=node.GetName(), remedy="Load the scan again.")
    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    i, j, k = image.GetDimensions()
    try:
        return Geometry.from_ijk_to_ras(slicer.util.arrayFromVTKMatrix(matrix), (k, j, i))
    except ValueError as error:
        raise InputError(str(error), where=node.GetName()) from error


def addVolume(scene: Node, array: NDArray[np.generic], geometry: Geometry, name: str) -> Node:
    """A new scalar volume node with a copy of `array` ``[k, j, i]``, kept as float32."""
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    _fill(node, np.ascontiguousarray(array, np.float32), geometry)
    node.CreateDefaultDisplayNodes()
    return node


def addLabelMap(scene: Node, mask: NDArray[np.bool_], geometry: Geometry, name: str) -> Node:
    """A new label map node: 1 where `mask` ``[k, j, i]`` is true."""
    node = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", name)
    _fill(node, mask.astype(np.uint8), geometry)
    node.CreateDefaultDisplayNodes()
    return node


def addSequence(scene: Node, volumes: FloatArray, geometry: Geometry, name: str) -> Node:
    """A new sequence node with one scalar volume for each time point of `volumes` ``[t, k, j, i]``."""
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
    sequence.SetIndexName("volume")
    sequence.SetIndexUnit("")
    frame = slicer.vtkMRMLScalarVolumeNode()
    frame.SetName(name)
    for t, volume in enumerate(volumes):
        _fill(frame, np.ascontiguousarray(volume, np.float32), geometry)
        sequence.SetDataNodeAtValue(frame, str(t))  # a deep copy, so that one frame serves all
    return sequence


@contextmanager
def allOrNothing(scene: Node) -> Iterator[None]:
    """Take every node out again that was added to `scene` by a block that failed."""
    before = {scene.GetNthNode(n).GetID() for n in range(scene.GetNumberOfNodes())}
    try:
        yield
    except BaseException:
        for n in reversed(range(scene.GetNumberOfNodes())):
            node = scene.GetNthNode(n)
            if node is not None and node.GetID() not in before:
                scene.RemoveNode(node)
        raise


def _fill(node: Node, array: NDArray[np.generic], geometry: Geometry) -> None:
    if array.shape != geometry.shape:
        raise ValueError(f"array {array.shape} does not lie on the grid {geometry.shape}")
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(geometry.ijk_to_ras()))
    slicer.util.updateVolumeFromArray(node, array)


def _voxelsOf(node: Node) -> tuple[NDArray[np.generic], Geometry]:
    """The voxels of a volume node as they are in it, ``[k, j, i]`` or ``[k, j, i, component]``, and their grid."""
    if not node.IsA("vtkMRMLScalarVolumeNode"):
        raise InputError(
            "this is not a volume", where=node.GetName(), remedy="Choose a volume or a sequence of volumes."
        )
    if node.GetParentTransformNode() is not None:
        raise InputError(
            f"the transform {node.GetParentTransformNode().GetName()!r} moves this volume",
            where=node.GetName(),
            remedy="Take the volume out of the transform, or harden the transform, and try again.",
        )
    geometry = readGeometry(node)  # first: there may be no voxels
    return slicer.util.arrayFromVolume(node), geometry


def _readingSequence(sequence: Node) -> Job[tuple[FloatArray, Geometry]]:
    count = sequence.GetNumberOfDataNodes()
    if count == 0:
        raise InputError("the sequence is empty", where=sequence.GetName(), remedy="Load the scan again.")
    _first, geometry = _voxelsOf(sequence.GetNthDataNode(0))
    volumes = np.empty((count, *geometry.shape), dtype=np.float32)
    for t in range(count):
        if sequence.GetNumberOfDataNodes() != count:
            raise InputError("the sequence was changed while it was read", where=sequence.GetName())
        frame, grid = _voxelsOf(sequence.GetNthDataNode(t))
        if not grid.matches(geometry):
            raise InputError(
                f"frame {t} lies on another grid ({grid.describe()}) than frame 0 ({geometry.describe()})",
                where=sequence.GetName(),
                remedy="An ASL scan has one grid for all volumes; resample the frames or load the scan again.",
            )
        if frame.ndim == COMPONENTS:
            raise InputError(f"frame {t} has {frame.shape[-1]} components; 1 is needed", where=sequence.GetName())
        volumes[t] = frame
        if (t + 1) % FRAMES_IN_A_STEP == 0:
            yield Progress(_("Reading the scan"), t + 1, count)
    return volumes, geometry
