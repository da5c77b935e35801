"""What tests do with scenes: save one, and open it in another application."""

from __future__ import annotations

from pathlib import Path

import slicer

from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.pictures.headless import HeadlessApplication, startApplication


def saved(scene: Node, file: Path) -> HeadlessApplication:
    """Another application with the scene, which was written to `file`: a bundle (.mrb) or a scene file (.mrml)."""
    for node in nodesOf(scene):
        if node.IsA("vtkMRMLVolumeNode") or node.IsA("vtkMRMLSequenceNode"):
            node.AddDefaultStorageNode()
    other = startApplication()
    (_asBundle if file.suffix == ".mrb" else _asFile)(scene, other.scene, file)
    return other


def nodesOf(scene: Node) -> list[Node]:
    """All nodes of a scene."""
    return [scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes())]


def _asBundle(scene: Node, other: Node, file: Path) -> None:
    assert scene.WriteToMRB(str(file))
    cache = slicer.vtkCacheManager()  # where the bundle is unpacked
    cache.SetRemoteCacheDirectory(str(file.parent))
    manager = slicer.vtkDataIOManager()
    manager.SetCacheManager(cache)
    other.SetDataIOManager(manager)
    assert other.ReadFromMRB(str(file))


def _asFile(scene: Node, other: Node, file: Path) -> None:
    for node in nodesOf(scene):
        storage = node.GetStorageNode() if node.IsA("vtkMRMLStorableNode") else None
        if storage is not None:
            storage.SetFileName(str(file.parent / f"{node.GetID()}.{storage.GetDefaultWriteFileExtension()}"))
            assert storage.WriteData(node)
    scene.SetURL(str(file))
    scene.SetRootDirectory(str(file.parent))
    assert scene.Commit(str(file))
    other.SetURL(str(file))
    assert other.Connect()
