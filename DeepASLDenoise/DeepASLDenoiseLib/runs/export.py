"""A result of the scene on disk: the files that the command line writes, also from a scene opened again."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import slicer

from deepasl.errors import InputError, OutputError
from deepasl.results import Result
from deepasl.writers.derivatives import REPORT, PictureWriter, ResultExistsError, Written, write_result
from DeepASLDenoiseLib.dicom.scene import scannerMapsOf
from DeepASLDenoiseLib.pictures.comparisonpicture import drawComparison
from DeepASLDenoiseLib.runs.inscene import ResultNodes, resultFrom
from DeepASLDenoiseLib.translation import tr as _


def exportResult(nodes: ResultNodes, folder: Path | str, *, replace: bool = False) -> Written:
    """Write maps as NIfTI with BIDS sidecars, figures as CSV, the HTML report, and in the desktop the picture.

    Args:
        nodes: The run.
        folder: Where to; made if it is absent.
        replace: Whether a result that is there may be replaced.

    Returns:
        What was written.

    Raises:
        InputError: If no folder is named, or maps were changed since they were computed.
        OutputError: If the folder holds a result already or cannot be written to; then it is as it was.
    """
    if not str(folder).strip():
        raise InputError(_("no folder is chosen"), remedy=_("Choose the folder that the files shall go to."))
    try:
        return write_result(_withScannerMaps(nodes), Path(folder), force=replace, picture=_pictureWriter())
    except ResultExistsError as error:
        remedy = _("Choose another folder, or allow to replace it.")
        raise OutputError(error.what, where=error.where, remedy=remedy) from error


def reportIn(folder: Path | str) -> Path | None:
    """The report that was exported to a folder; None if there is none."""
    path = Path(folder) / REPORT
    return path if str(folder).strip() and path.is_file() else None


def _withScannerMaps(nodes: ResultNodes) -> Result:
    """The result with the maps of the scanner that came with its scan, for the report to compare with."""
    maps = () if nodes.input is None else scannerMapsOf(nodes.input)
    return dataclasses.replace(resultFrom(nodes), scanner_maps=maps)


def _pictureWriter() -> PictureWriter | None:
    """What draws the comparison; only the desktop is sure to be able to."""
    return _drawInDesktop if hasattr(slicer, "app") else None


def _drawInDesktop(result: Result, path: Path) -> None:
    """Draw the comparison in a scene of its own, and give the views back to that of the user."""
    factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
    desktop = factory.GetMRMLApplicationLogic()
    try:
        drawComparison(result, path)
    finally:
        factory.SetMRMLApplicationLogic(desktop)
