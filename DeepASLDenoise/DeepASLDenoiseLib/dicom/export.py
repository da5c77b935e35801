"""The CBF maps of a result as DICOM, for a PACS: beside the scan they came from, in its patient and study."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import slicer

from deepasl.commands.dicom_options import FOLDER
from deepasl.errors import InputError, OutputError
from deepasl.readers.dicom.header import quiet_pydicom
from deepasl.writers.derivatives import ResultExistsError
from deepasl.writers.dicom_form import Form
from DeepASLDenoiseLib.dicom.files import cameAsDicom, filesOf, instanceUids, openDatabase
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.runs.inscene import ResultNodes, m0InputOf, resultFrom
from DeepASLDenoiseLib.scans.memory import recall
from DeepASLDenoiseLib.translation import tr as _

if TYPE_CHECKING:
    from deepasl.writers.dicom import Patient


def exportDicom(
    nodes: ResultNodes,
    folder: Path | str,
    *,
    forms: Collection[Form] = (Form.SERIES,),
    patient: Patient | None = None,
    deidentify: bool = False,
    replace: bool = False,
) -> tuple[Path, ...]:
    """Write conventional and denoised CBF as DICOM, into the folder ``dicom`` within `folder`.

    Args:
        nodes: The run.
        folder: Where to; made if it is absent.
        forms: What to write; Parametric Maps need the package highdicom.
        patient: Whose maps these are, for a scan that did not come as DICOM.
        deidentify: Leave out whose maps these are.
        replace: Whether maps that are there may be replaced.

    Returns:
        The files, in order.

    Raises:
        InputError: If no folder is named, it is not known whose maps these are, DICOM files of the scan are gone, or
            maps were changed since they were computed.
        OutputError: If there is no CBF, or the folder holds maps already or cannot be written to; then it is as it was.
    """
    if not str(folder).strip():
        raise InputError(_("no folder is chosen"), remedy=_("Choose the folder that the files shall go to."))
    source = sourceFiles(nodes)
    if source is None and patient is None and not deidentify:
        raise InputError(
            _("this scan did not come as DICOM, so that it is not known whose maps these are"),
            where=nodes.title,
            remedy=_("Type the patient ID, or leave out whose maps these are."),
        )
    with quiet_pydicom():  # says what is missing where pydicom is
        from deepasl.writers.dicom import write_dicom
    try:
        return write_dicom(
            resultFrom(nodes),
            Path(folder) / FOLDER,
            source=source,
            patient=patient if source is None else None,
            forms=forms,
            deidentify=deidentify,
            force=replace,
        )
    except ResultExistsError as error:
        remedy = _("Choose another folder, or allow to replace them.")
        raise OutputError(error.what, where=error.where, remedy=remedy) from error


def sourceFiles(nodes: ResultNodes) -> tuple[Path, ...] | None:
    """The DICOM files that entered a result, those of the scan first; None if the scan did not come as DICOM.

    Raises:
        InputError: If they are gone.
    """
    scan = nodes.input
    if scan is None or not cameAsDicom(scan):
        return None
    database = openDatabase()
    m0 = _separateM0(nodes, scan)
    return (*filesOf(scan, database), *(filesOf(m0, database) if m0 is not None and cameAsDicom(m0) else ()))


def exportedFiles(folder: Path | str) -> tuple[Path, ...]:
    """The DICOM maps that an export has left in a folder."""
    if not str(folder).strip():
        return ()
    return tuple(sorted(file for form in Form for file in (Path(folder) / FOLDER / form.value).glob("*/*.dcm")))


def addToDatabase(files: Collection[Path]) -> None:
    """Copy maps that were written into Slicer's DICOM database.

    Raises:
        OutputError: If it is not open, or did not take them.
    """
    from DICOMLib import DICOMUtils  # comes with the desktop

    database = openDatabase()
    if database is None:
        raise OutputError(
            _("Slicer's DICOM database is not open"), remedy=_("Open the DICOM module once, which opens it.")
        )
    # Copies, because the files in the folder may be replaced by the next export.
    for folder in sorted({file.parent for file in files}):
        DICOMUtils.importDicom(str(folder), slicer.dicomDatabase, True)
    missing = sum(not database.fileForInstance(uid) for uid in instanceUids(files))
    if missing:
        text = _("Slicer's DICOM database did not take {missing} of {count} files")
        raise OutputError(
            text.format(missing=missing, count=len(files)),
            remedy=_("They are in the folder; import it in the DICOM module."),
        )


def _separateM0(nodes: ResultNodes, scan: Node) -> Node | None:
    """The node of an M0 scan that entered a result beside the ASL scan."""
    if nodes.m0 is None:
        return None
    return m0InputOf(nodes) or recall(scan).m0
