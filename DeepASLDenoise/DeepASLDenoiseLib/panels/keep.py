"""The section in which results are kept: exported as files or DICOM, their report opened, their settings restored."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import ctk
import qt
import slicer
from slicer.i18n import tr as _

from deepasl.writers.dicom_form import ALL_FORMS, Form
from DeepASLDenoiseLib.dicom.export import addToDatabase, exportDicom, exportedFiles
from DeepASLDenoiseLib.dicom.files import cameAsDicom
from DeepASLDenoiseLib.dicom.packages import PARAMETRIC_MAPS, ensureTool
from DeepASLDenoiseLib.panels.panel import Panel
from DeepASLDenoiseLib.runs.export import exportResult, reportIn
from DeepASLDenoiseLib.runs.inscene import ResultNodes
from DeepASLDenoiseLib.runs.repeat import restoreChoices
from DeepASLDenoiseLib.software.dependencies import InstallationDeclinedError
from DeepASLDenoiseLib.state import ModuleState

if TYPE_CHECKING:
    from deepasl.writers.dicom import Patient


class KeepPanel(Panel):
    """Exports a result of the chosen scan, opens its report, and makes its settings the user's choices again."""

    uiName = "Keep"
    title = _("Keep")
    collapsed = True

    def connect(self) -> None:
        """Connect the controls."""
        self._shown: tuple[ResultNodes, ...] = ()
        self.ui.folderPathEdit.filters = ctk.ctkPathLineEdit.Dirs
        self.ui.runComboBox.connect("activated(int)", self.onRunChosen)
        self.ui.folderPathEdit.connect("currentPathChanged(QString)", self.onFolderChosen)
        self.ui.exportButton.connect("clicked(bool)", self.onExportButton)
        self.ui.reportButton.connect("clicked(bool)", self.onReportButton)
        self.ui.openFolderButton.connect("clicked(bool)", self.onOpenFolderButton)
        self.ui.restoreButton.connect("clicked(bool)", self.onRestoreButton)
        self.ui.deidentifyCheckBox.connect("toggled(bool)", self.onPatientChanged)
        self.ui.patientIdLineEdit.connect("textChanged(QString)", self.onPatientChanged)
        self.ui.dicomButton.connect("clicked(bool)", self.onDicomButton)

    @property
    def run(self) -> ResultNodes | None:
        """The result that the combo box names; None if there is none."""
        names = [nodes.run for nodes in self._shown]
        name = self.ui.runComboBox.currentData
        return self._shown[names.index(name)] if name in names else None

    def onRunChosen(self, index: int) -> None:
        """Tell about the other result."""
        self.actions.refresh()

    def onFolderChosen(self, path: str) -> None:
        """Keep the folder."""
        if self.parameters is not None and self.parameters.exportFolder != path:
            self.parameters.exportFolder = path

    def onExportButton(self, checked: bool = False) -> None:
        """Write the files."""
        with self.actions.attempt(_("The result cannot be exported.")):
            folder = Path(self.parameters.exportFolder)
            written = exportResult(self.run, folder, replace=self.ui.replaceCheckBox.checked)
            self.ui.replaceCheckBox.checked = False
            text = _("Exported {count} files to {folder}.")
            self.actions.tell(text.format(count=len(written.files), folder=written.folder))

    def onPatientChanged(self, value: object) -> None:
        """Tell whose the DICOM maps will be."""
        self.actions.refresh()

    def onDicomButton(self, checked: bool = False) -> None:
        """Write the maps as DICOM, once the user has agreed to what that needs."""
        forms = ALL_FORMS if self.ui.parametricMapCheckBox.checked else (Form.SERIES,)
        task = _("The maps cannot be exported as DICOM.")
        with slicer.util.tryWithErrorDisplay(task):  # it may ask: no wait cursor
            try:
                if Form.PARAMETRIC_MAP in forms:
                    ensureTool(PARAMETRIC_MAPS)
            except InstallationDeclinedError as error:
                self.actions.tell(str(error))
                return
        with self.actions.attempt(task):
            self._exportDicom(forms)

    def _exportDicom(self, forms: tuple[Form, ...]) -> None:
        files = exportDicom(
            self.run,
            self.parameters.exportFolder,
            forms=forms,
            patient=self._patient(),
            deidentify=self.ui.deidentifyCheckBox.checked,
            replace=self.ui.replaceCheckBox.checked,
        )
        self.ui.replaceCheckBox.checked = False
        text = _("Exported {count} DICOM files to {folder}.")
        self.actions.tell(text.format(count=len(files), folder=self.parameters.exportFolder))
        if self.ui.databaseCheckBox.checked:
            addToDatabase(files)
            text = _("Exported {count} DICOM files to {folder} and to Slicer's DICOM database.")
            self.actions.tell(text.format(count=len(files), folder=self.parameters.exportFolder))

    def _patient(self) -> Patient | None:
        """Whose maps these are, as typed; None if nothing is to be typed."""
        from deepasl.writers.dicom import Patient  # needs pydicom

        identifier = self.ui.patientIdLineEdit.text.strip()
        if cameAsDicom(self.run.input) or self.ui.deidentifyCheckBox.checked or not identifier:
            return None
        return Patient(self.ui.patientNameLineEdit.text.strip(), identifier)

    def onReportButton(self, checked: bool = False) -> None:
        """Show the report in the browser."""
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(reportIn(self.parameters.exportFolder))))

    def onOpenFolderButton(self, checked: bool = False) -> None:
        """Show the files."""
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(self.parameters.exportFolder))

    def onRestoreButton(self, checked: bool = False) -> None:
        """Make the settings of the result the user's choices."""
        with self.actions.attempt(_("The settings cannot be restored.")):
            restoreChoices(self.parameters, self.run)
            self.actions.tell(_("The settings of this result are chosen again: Apply repeats it."))

    def show(self, state: ModuleState) -> None:
        """Set every widget of the section."""
        self._showRuns(state.results)
        run = self.run
        self.ui.runLabel.text = _("Denoise a scan: its result can be exported here.") if run is None else aboutRun(run)
        noRun = _("There is no result of this scan yet.") if run is None else ""
        busy = _("The scan is being denoised.") if state.running else ""
        restore = _("Choose the model, the pairs and everything else as for this result; Apply then repeats it.")
        _enable(self.ui.restoreButton, noRun or busy, restore)
        folder = "" if state.parameters is None else state.parameters.exportFolder
        self._showFolder(folder, noRun)
        self._showDicom(folder, noRun or busy, run)

    def _showRuns(self, results: tuple[ResultNodes, ...]) -> None:
        """List the results, the newest first; a new one is chosen at once."""
        combo = self.ui.runComboBox
        if [nodes.run for nodes in results] == [nodes.run for nodes in self._shown]:
            return
        before = {nodes.run for nodes in self._shown}
        isNew = bool(results) and results[-1].run not in before
        chosen = results[-1].run if isNew else combo.currentData
        self._shown = results
        combo.clear()
        for number, nodes in reversed(list(enumerate(results, start=1))):
            combo.addItem(f"{number}. {nodes.title}", nodes.run)
        combo.currentIndex = max(0, combo.findData(chosen)) if results else -1
        combo.enabled = len(results) > 1

    def _showFolder(self, folder: str, noRun: str) -> None:
        if self.ui.folderPathEdit.currentPath != folder:
            self.ui.folderPathEdit.currentPath = folder
        report = reportIn(folder)
        exists = bool(folder) and Path(folder).is_dir()
        self.ui.folderLabel.text = aboutFolder(folder, report)
        self.ui.replaceCheckBox.visible = report is not None or bool(exportedFiles(folder))
        noFolder = "" if folder else _("Choose a folder first.")
        files = _("Write the maps as NIfTI with BIDS sidecars, their figures as CSV, and the report.")
        _enable(self.ui.exportButton, noRun or noFolder, files)
        noReport = "" if report else _("There is no report in this folder yet.")
        _enable(self.ui.reportButton, noReport, _("Show the report in the web browser; it needs no network."))
        notThere = "" if exists else _("There is no such folder yet.")
        _enable(self.ui.openFolderButton, notThere, _("Show the folder in the file manager."))

    def _showDicom(self, folder: str, obstacle: str, run: ResultNodes | None) -> None:
        """Whose the maps will be, and what stands in the way of writing them."""
        nobody = self.ui.deidentifyCheckBox.checked
        asked = run is not None and not cameAsDicom(run.input) and not nobody
        for widget in (
            self.ui.patientIdTitleLabel,
            self.ui.patientIdLineEdit,
            self.ui.patientNameTitleLabel,
            self.ui.patientNameLineEdit,
        ):
            widget.visible = asked
        self.ui.dicomLabel.visible = run is not None
        self.ui.dicomLabel.text = "" if run is None else aboutPatient(run, nobody)
        noFlow = _("There is no CBF, since there was no M0.") if run is not None and run.m0 is None else ""
        noFolder = "" if folder else _("Choose a folder first.")
        noId = _("Type the patient ID first.") if asked and not self.ui.patientIdLineEdit.text.strip() else ""
        purpose = _("Write conventional and denoised CBF as derived MR series into the folder dicom of this folder.")
        _enable(self.ui.dicomButton, obstacle or noFlow or noFolder or noId, purpose)


def aboutPatient(nodes: ResultNodes, nobody: bool) -> str:
    """Whose patient and study the DICOM maps of a result will belong to, in one sentence."""
    if nobody:
        return _("The maps will be a new study of nobody.")
    if cameAsDicom(nodes.input):
        return _("The maps will join the patient and the study of the scan.")
    if nodes.input is None:
        return _("The scan is not in the scene any more: the maps will be a new study of the patient you type.")
    return _("This scan did not come as DICOM: the maps will be a new study of the patient you type.")


def aboutRun(nodes: ResultNodes) -> str:
    """What made a result, line by line."""
    attribute = nodes.denoised.GetAttribute
    lines = (
        nodes.title,
        _("M0: {origin}").format(origin=attribute("DeepASL.M0")),
        _("DeepASL {version} on {provider}").format(
            version=attribute("DeepASL.Version"), provider=attribute("DeepASL.Provider")
        ),
        _("Scan: {source}").format(source=attribute("DeepASL.Source")),
    )
    return "\n".join(lines)


def aboutFolder(folder: str, report: Path | None) -> str:
    """What a folder holds."""
    if not folder:
        return _("Choose a folder.")
    if report is None and exportedFiles(folder):
        return _("There are DICOM maps in this folder.")
    if report is None:
        return _("There is no result in this folder yet.")
    time = datetime.fromtimestamp(report.stat().st_mtime).strftime("%Y-%m-%d %H:%M")
    return _("There is a result in this folder, written on {time}.").format(time=time)


def _enable(button: qt.QPushButton, obstacle: str, purpose: str) -> None:
    """Enable a button unless something stands in the way; its tooltip says what, or what the button does."""
    button.enabled = not obstacle
    button.toolTip = obstacle or purpose
