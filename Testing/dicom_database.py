"""Stands in for what only the desktop has of DICOM: a database over folders, and the base of Slicer's DICOM plugins."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pydicom
import slicer

TAGS = {"0020,000E": "SeriesInstanceUID", "0020,000D": "StudyInstanceUID"}


class FolderDatabase:
    """Answers as `ctkDICOMDatabase` does, from the files themselves."""

    isOpen = True

    def __init__(self, *folders: Path) -> None:
        files = (file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file())
        self._headers = {str(file): pydicom.dcmread(file, stop_before_pixels=True) for file in files}

    def fileForInstance(self, uid: str) -> str:
        return next((file for file, header in self._headers.items() if header.SOPInstanceUID == uid), "")

    def fileValue(self, file: str, tag: str) -> str:
        return str(self._headers[file][TAGS[tag]].value)

    def seriesForStudy(self, uid: str) -> tuple[str, ...]:
        of_study = (header for header in self._headers.values() if uid == header.StudyInstanceUID)
        return tuple(dict.fromkeys(str(header.SeriesInstanceUID) for header in of_study))

    def filesForSeries(self, uid: str) -> tuple[str, ...]:
        return tuple(file for file, header in self._headers.items() if uid == header.SeriesInstanceUID)

    def series(self) -> list[list[str]]:
        """The files of every series."""
        uids = dict.fromkeys(str(header.SeriesInstanceUID) for header in self._headers.values())
        return [list(self.filesForSeries(uid)) for uid in uids]


class Loadable:
    """A way to load files, with the attributes that Slicer's DICOM browser shows."""

    files: list[str]
    name: str
    tooltip: str
    warning: str
    selected: bool
    confidence: float


class Plugin:
    """What plugins have from Slicer: a cache of what was examined, and an item for a series below its study."""

    def __init__(self) -> None:
        self.loadableCache: dict[tuple[str, ...], list[Any]] = {}

    def getCachedLoadables(self, files: list[str]) -> list[Any] | None:
        return self.loadableCache.get(tuple(files))

    def cacheLoadables(self, files: list[str], loadables: list[Any]) -> None:
        self.loadableCache[tuple(files)] = loadables

    def addSeriesInSubjectHierarchy(self, loadable: Any, node: Any) -> None:
        scene = node.GetScene()
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
        study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "a study")
        hierarchy.CreateItem(study, node)


def dicomLib() -> ModuleType:
    """What plugins import."""
    module = ModuleType("DICOMLib")
    module.DICOMPlugin, module.DICOMLoadable = Plugin, Loadable
    return module
