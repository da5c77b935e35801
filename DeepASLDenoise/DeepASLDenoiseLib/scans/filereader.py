"""ASL scans by drag and drop and File > Add data: what Slicer asks of a scripted file reader."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import slicer
import vtk

from deepasl.errors import DeepASLError
from deepasl.images import IMAGE_SUFFIXES
from deepasl.readers.recognition import asl_evidence, is_image_name, volume_count
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.scans.inputs import loadScan
from DeepASLDenoiseLib.translation import tr as _

FILE_TYPE = "AslScanFile"
"""For scripts: ``slicer.util.loadNodeFromFile(path, "AslScanFile")``."""

FOR_ASL = 0.8
"""Above every reader of Slicer for volumes and sequences: at most 0.6 for images, 0.7 for diffusion."""

FOR_OTHER_SERIES = 0.4
"""Below those readers: offered to choose, never taken by itself."""


def confidence(path: Path) -> float:
    """How sure it is that a file is an ASL scan, 0 to 1: of its name, its companions and its header."""
    if not is_image_name(path):
        return 0.0
    if asl_evidence(path):
        return FOR_ASL
    return FOR_OTHER_SERIES if volume_count(path) > 1 else 0.0


def doubtText(path: Path | str) -> str:
    """What is to be said of an image that was loaded as a scan though nothing says that it is one; empty if it does."""
    file = Path(path)
    if not is_image_name(file) or file.is_dir() or asl_evidence(file):
        return ""
    text = _("Neither the name of {file} nor what lies beside it says that it is an ASL scan. Check the volumes.")
    return str(text).format(file=file.name)


class AslFileReader:
    """Makes a sequence of an ASL scan, with everything understood that lies beside it.

    Slicer looks for a class named after the module, ``DeepASLDenoiseFileReader``, in the file of the module.

    Args:
        parent: The `qSlicerScriptedFileReader` it speaks for.
    """

    def __init__(self, parent: Any) -> None:
        self.parent = parent

    def description(self) -> str:
        """What users choose in the list of readers."""
        return _("ASL scan")

    def fileType(self) -> str:
        """What scripts name it."""
        return FILE_TYPE

    def extensions(self) -> list[str]:
        """Which files it reads."""
        return [_("ASL scan") + " (" + " ".join(f"*{suffix}" for suffix in IMAGE_SUFFIXES) + ")"]

    def canLoadFile(self, path: str) -> bool:
        """Whether it reads this file."""
        return confidence(Path(path)) > 0

    def canLoadFileConfidence(self, path: str) -> float:
        """How much better than other readers it is for this file."""
        return confidence(Path(path))

    def load(self, properties: Mapping[str, Any]) -> bool:
        """Read a file into the scene; False, and a message for the user, if it cannot be read.

        Args:
            properties: ``fileName``; ``name`` of the sequence, if another than that of the file; ``show``, whether
                to show it in the slice views (as unless it is False).
        """
        try:
            node = loadScan(slicer.mrmlScene, properties["fileName"])
        except DeepASLError as error:
            logging.error("%s", error)
            self.parent.userMessages().AddMessage(vtk.vtkCommand.ErrorEvent, str(error))
            return False
        if properties.get("name"):
            node.SetName(slicer.mrmlScene.GenerateUniqueName(properties["name"]))
        self.parent.loadedNodes = [node.GetID()]
        if properties.get("show", True):
            _show(node)
        return True


def _show(node: Node) -> None:
    # Imported late: the desktop needs Qt, the rest of this file does not.
    from DeepASLDenoiseLib.compare.desktop import showScan

    showScan(node)
