"""Scans into the running application: with a progress dialog, and a question where a folder holds several."""

from __future__ import annotations

import textwrap
from pathlib import Path

import qt
import slicer
import slicer.util

from DeepASLDenoiseLib.compare.desktop import showScan
from DeepASLDenoiseLib.dicom.packages import CONVERTER, ensureTool
from DeepASLDenoiseLib.dicom.scene import SeveralScansError, addDicomScan, readingFolder, withScaleSettled
from DeepASLDenoiseLib.nodes import Node, nodesOfClass
from DeepASLDenoiseLib.parameternode import DeepASLDenoiseParameterNode
from DeepASLDenoiseLib.runs.waiting import runShown
from DeepASLDenoiseLib.scans.inputs import isDicomFolder, loadScan
from DeepASLDenoiseLib.translation import tr as _

LABEL_WIDTH = 80
"""Letters in a line of a question."""

MODULE = "DeepASLDenoise"
"""Whose parameter node keeps the user's choices."""


def loadShown(scene: Node, path: Path | str) -> Node | None:
    """Load a scan as `DeepASLDenoiseLib.scans.inputs.loadScan` does.

    Args:
        scene: The MRML scene.
        path: An image file or a folder.

    Returns:
        Its sequence node; None if the user cancelled it, and then the scene is as it was.

    Raises:
        InstallationDeclinedError: If the user does not want the program that converts DICOM images.
        InputError: As `loadScan`.
    """
    if isDicomFolder(Path(path)):
        ensureTool(CONVERTER)
        return _loadFolder(scene, Path(path), None)
    with slicer.util.WaitCursor():
        return loadScan(scene, path)


def askScale(doubt: str) -> float | None:
    """What M0 has to be multiplied by, as the user says; None where that is left open or nobody can be asked."""
    # In testing mode and without a window, nobody answers a dialog.
    if slicer.app.testingEnabled() or slicer.util.mainWindow() is None:
        return None
    dialog = qt.QInputDialog(slicer.util.mainWindow())
    dialog.setInputMode(qt.QInputDialog.DoubleInput)
    dialog.windowTitle = _("Scale of M0")
    dialog.setLabelText(
        "\n".join([*textwrap.wrap(doubt, LABEL_WIDTH), "", _("M0 is to be multiplied by (1: it is right as it is):")])
    )
    dialog.setDoubleDecimals(4)
    dialog.setDoubleRange(0.0001, 100000.0)
    dialog.setDoubleValue(1.0)
    dialog.setCancelButtonText(_("Leave it open"))
    try:
        return float(dialog.doubleValue()) if dialog.exec_() else None
    finally:
        dialog.deleteLater()


def showLoaded(node: Node) -> None:
    """Show a scan that another module loaded, and make it the input of this one, if it was open in this scene."""
    for each in nodesOfClass(node.GetScene(), "vtkMRMLScriptedModuleNode"):
        if each.GetModuleName() == MODULE:
            DeepASLDenoiseParameterNode(each).inputNode = node
    if slicer.app.layoutManager() is not None:
        showScan(node)


def _loadFolder(scene: Node, folder: Path, uid: str | None) -> Node | None:
    try:
        scan = runShown(readingFolder(folder, uid), _("Reading DICOM files"))
    except SeveralScansError as several:
        chosen = _chosenBy(several)
        return None if chosen is None else _loadFolder(scene, folder, chosen)
    return None if scan is None else addDicomScan(scene, withScaleSettled(scan, askScale), folder)


def _chosenBy(several: SeveralScansError) -> str | None:
    """The Series Instance UID of the scan that the user chooses; None for none."""
    titles = [_("{title}, {count} images").format(title=scan.title, count=scan.images) for scan in several.scans]
    dialog = qt.QInputDialog(slicer.util.mainWindow())
    dialog.setOption(qt.QInputDialog.UseListViewForComboBoxItems)
    dialog.windowTitle = _("Several ASL scans")
    dialog.setLabelText(_("Which of them shall be loaded?"))
    dialog.setComboBoxItems(titles)
    dialog.setTextValue(titles[0])
    try:
        if not dialog.exec_():
            return None
        return several.scans[titles.index(dialog.textValue())].uid
    finally:
        dialog.deleteLater()
