"""Which DICOM files a node of the scene came from: remembered by their identifiers, found again where they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import slicer

from deepasl.errors import InputError
from deepasl.readers.dicom import DicomSeries
from deepasl.readers.dicom.header import quiet_pydicom
from deepasl.readers.dicom.heads import files_in, heads_of
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.translation import tr as _

INSTANCES = "DICOM.instanceUIDs"
"""Attribute that Slicer itself has for it: SOP Instance UIDs, with spaces between them."""

FOLDER = "DeepASL.DicomFolder"
"""Attribute of scans that did not come from Slicer's DICOM database: where they were read."""

SERIES_UID, STUDY_UID = "0020,000E", "0020,000D"
"""As the DICOM database wants them to be named."""


class Database(Protocol):
    """What is needed of ``slicer.dicomDatabase``, a `ctkDICOMDatabase`."""

    def fileForInstance(self, uid: str) -> str:
        """The file of an instance; empty if it is not known."""

    def fileValue(self, file: str, tag: str) -> str:
        """A value of its header as text."""

    def seriesForStudy(self, uid: str) -> Sequence[str]:
        """Series Instance UIDs of a study."""

    def filesForSeries(self, uid: str) -> Sequence[str]:
        """The files of a series."""


def openDatabase() -> Database | None:
    """Slicer's DICOM database; None where there is none or it is closed."""
    database = getattr(slicer, "dicomDatabase", None)
    return database if database is not None and database.isOpen else None


def otherSeries(database: Database, file: str) -> list[list[str]]:
    """The files of every other series of the study that a file belongs to."""
    own, study = database.fileValue(file, SERIES_UID), database.fileValue(file, STUDY_UID)
    return [list(database.filesForSeries(uid)) for uid in database.seriesForStudy(study) if uid != own]


def rememberFiles(node: Node, series: DicomSeries, folder: Path | str | None) -> None:
    """Keep on `node` which files it was made of.

    Args:
        node: The scan or the M0 scan.
        series: What it was read from.
        folder: Where that lies; None for Slicer's DICOM database.
    """
    node.SetAttribute(INSTANCES, " ".join(instanceUids(series.files)))
    node.SetAttribute(FOLDER, None if folder is None else str(folder))


def cameAsDicom(node: Node | None) -> bool:
    """Whether a node was made of DICOM files."""
    return node is not None and bool(node.GetAttribute(INSTANCES))


def filesOf(node: Node, database: Database | None) -> tuple[Path, ...]:
    """The DICOM files of a node, in their order.

    Raises:
        InputError: If one of them is neither in the database nor in the folder it was read from.
    """
    wanted = str(node.GetAttribute(INSTANCES)).split()
    known = {} if database is None else {uid: database.fileForInstance(uid) for uid in wanted}
    found = {uid: Path(file) for uid, file in known.items() if file and Path(file).is_file()}
    folder = node.GetAttribute(FOLDER)
    if len(found) < len(wanted) and folder and Path(folder).is_dir():
        found |= _instancesIn(files_in(Path(folder)))
    missing = sum(uid not in found for uid in wanted)
    if missing:
        raise InputError(
            _("{missing} of {count} DICOM files of this scan are gone").format(missing=missing, count=len(wanted)),
            where=node.GetName(),
            remedy=_("Import them into Slicer's DICOM database, or put them back: {folder}").format(folder=folder)
            if folder
            else _("Import them into Slicer's DICOM database again."),
        )
    return tuple(found[uid] for uid in wanted)


def instanceUids(files: Iterable[Path]) -> tuple[str, ...]:
    """The SOP Instance UID of each file; files that are no DICOM images are left out."""
    return tuple(_instancesIn(tuple(files)))


def _instancesIn(files: Sequence[Path]) -> dict[str, Path]:
    with quiet_pydicom():
        heads = [head for head in heads_of(iter(files)) if head is not None]
    return {head.instance: head.path for head in heads}
