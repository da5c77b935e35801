"""Chapter of scans from scanners: Slicer's DICOM database in, maps for a PACS out. Needs the shared scans."""

from pathlib import Path

import numpy as np
import pydicom
import slicer
from DICOMLib import DICOMUtils
from storytools import attempting, choose, click, shown, waitUntil
from teller import Teller

from DeepASLDenoiseLib.dicom.packages import CONVERTER
from DeepASLDenoiseLib.nodes import readVolumes

SCANS = Path(__file__).resolve().parents[3] / "shared" / "data" / "dicom"

PLUGIN = "DeepASLDICOMPlugin"


class Exchanging(Teller):
    """Consent, the database, the plugin, the scan understood, maps out and in again."""

    def step50_nothing_for_dicom_is_installed_without_consent(self):
        """Declining leaves the scene as it was and says how; accepting goes on with the scan."""
        slicer.mrmlScene.Clear(0)
        slicer.util.selectModule("DeepASLDenoise")
        if not CONVERTER.isThere():
            before = slicer.mrmlScene.GetNumberOfNodes()
            told, seen = attempting(lambda: self.widget.loadScan(str(SCANS / "siemens-xa30")), "Cancel", "OK")
            assert not told, told
            assert any("dcm2niix" in text for text in seen), seen
            assert 'pip_install("dcm2niix' in self.ui("Denoise").messageLabel.text
            assert slicer.mrmlScene.GetNumberOfNodes() == before
            assert not CONVERTER.isThere()
        told, _seen = attempting(lambda: self.widget.loadScan(str(SCANS / "siemens-xa30")), "OK", "No")
        assert not told, told
        self._understood()
        assert self.ui("Scan").rolesLabel.text == "1 m0scan, 3 x (label, control)"
        assert self.ui("Denoise").applyButton.enabled, self.ui("Denoise").applyButton.toolTip
        maps = [node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if "scanner" in node.GetName()]
        assert len(maps) == 2

    def step51_a_folder_with_several_scans_asks_which(self):
        """Cancelled while it is read, nothing happens; the chosen one is loaded."""
        folder = str(SCANS / "siemens-ve11")
        before = slicer.mrmlScene.GetNumberOfNodes()
        attempting(lambda: self.widget.loadScan(folder), "Cancel", "OK")
        assert "Cancelled" in self.ui("Denoise").messageLabel.text
        assert slicer.mrmlScene.GetNumberOfNodes() == before
        _told, seen = attempting(lambda: self.widget.loadScan(folder), "OK")
        assert any("Which of them" in text for text in seen), seen
        self._understood()
        assert self.ui("Scan").rolesLabel.text == "1 m0scan, 42 x (label, control)"

    def step52_the_dicom_module_recognizes_asl_scans(self):
        """Those of two vendors are chosen above Slicer's own ways; M0 and subtracted images are left to those."""
        slicer.mrmlScene.Clear(0)
        self.formerDatabase = DICOMUtils.openTemporaryDatabase(str(self.folder / "database"))
        for name in ("siemens-ve11/pcasl3d", "siemens-ve11/pcasl2d_m0", "philips-classic"):
            assert DICOMUtils.importDicom(str(SCANS / name))
        database = slicer.dicomDatabase
        studies = [study for patient in database.patients() for study in database.studiesForPatient(patient)]
        self.series = {uid: list(database.filesForSeries(uid)) for s in studies for uid in database.seriesForStudy(s)}
        assert len(self.series) == 4
        loadables, _enabled = DICOMUtils.getLoadablesFromFileLists(list(self.series.values()))
        DICOMUtils.selectHighestConfidenceLoadables(loadables)
        chosen = {
            loadable.name: type(plugin).__name__
            for plugin, offered in loadables.items()
            for loadable in offered
            if loadable.selected
        }
        assert chosen["15: pcasl_3d - ASL scan, PCASL, 18 volumes"] == f"{PLUGIN}Class"
        assert chosen["1903: WIP SOURCE - 3DpCASL - ASL scan, PCASL, 6 volumes"] == f"{PLUGIN}Class"
        assert sum(plugin == f"{PLUGIN}Class" for plugin in chosen.values()) == 2
        assert len(chosen) == 4
        philips = next(
            each for plugin in loadables.values() for each in plugin if "1903: WIP SOURCE - 3DpCASL - ASL" in each.name
        )
        assert "Labeling duration" in philips.warning
        assert "subtracted" in philips.tooltip

    def step53_the_dicom_browser_offers_them(self):
        """What a user sees in the advanced view."""
        slicer.util.selectModule("DICOM")
        browser = self._browser()
        browser.advancedViewButton.checked = True
        browser.fileLists = list(self.series.values())
        browser.examineForLoading()
        slicer.app.processEvents()
        table = browser.loadableTable
        rows = [[table.item(row, column).text() for column in range(3)] for row in range(table.rowCount)]
        assert sum("ASL scan (DeepASL)" in cells for cells in rows) == 2, rows
        assert shown(table)

    def step54_a_scan_from_the_database_is_in_the_scene_as_from_a_folder(self):
        """Roles, parameters, the study it belongs to; and it is what the open module works on."""
        self._browser().advancedViewButton.checked = False
        slicer.util.selectModule("DeepASLDenoise")
        uid = next(uid for uid, files in self.series.items() if "pcasl3d" in files[0])
        DICOMUtils.loadSeriesByUID([uid])
        parameters = self.widget.logic.getParameterNode()
        waitUntil(lambda: parameters.inputNode is not None, 60)
        self._understood()
        scan = parameters.inputNode
        assert scan.GetName() == "pcasl_3d (series 15)"
        assert "m0scan" in self.ui("Scan").rolesLabel.text
        assert self.ui("Denoise").applyButton.enabled, self.ui("Denoise").applyButton.toolTip
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
        study = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(scan))
        assert hierarchy.GetItemLevel(study) == slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMLevelStudy()
        assert len(scan.GetAttribute("DICOM.instanceUIDs").split()) == 18

    def step55_its_maps_are_exported_into_its_study(self):
        """Written to a folder and copied into the database; one sentence says whose they are."""
        self.maps = self.denoise()
        self.look("Keep")
        keep = self.ui("Keep")
        assert not shown(keep.patientIdLineEdit)
        assert "join the patient and the study" in keep.dicomLabel.text
        self.exported = self.folder / "Karten f\u00fcr das PACS"
        keep.folderPathEdit.setCurrentPath(str(self.exported))
        keep.databaseCheckBox.checked = True
        click(keep.dicomButton)
        assert "to Slicer's DICOM database" in self.ui("Denoise").messageLabel.text
        self.files = sorted((self.exported / "dicom" / "mr-series" / "denoised").glob("*.dcm"))
        written, source = pydicom.dcmread(self.files[0]), pydicom.dcmread(self._sources()[0], stop_before_pixels=True)
        for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "FrameOfReferenceUID"):
            assert written[keyword].value == source[keyword].value, keyword
        assert "DeepASL" in written.SeriesDescription
        uids = slicer.dicomDatabase.seriesForStudy(str(written.StudyInstanceUID))
        assert written.SeriesInstanceUID in uids

    def step56_what_comes_back_from_the_database_is_what_was_shown(self):
        """Loaded by Slicer itself, as a viewer would: the same places, the same values to half a stored step."""
        (uid,) = {str(pydicom.dcmread(file, stop_before_pixels=True).SeriesInstanceUID) for file in self.files}
        loadables, _enabled = DICOMUtils.getLoadablesFromFileLists([list(slicer.dicomDatabase.filesForSeries(uid))])
        assert not [each for plugin, found in loadables.items() if PLUGIN in type(plugin).__name__ for each in found]
        (identifier,) = [
            each
            for each in DICOMUtils.loadSeriesByUID([uid])
            if slicer.mrmlScene.GetNodeByID(each).IsA("vtkMRMLScalarVolumeNode")
        ]
        volumes, grid = readVolumes(slicer.mrmlScene.GetNodeByID(identifier))
        shownVolumes, shownGrid = readVolumes(self.maps.denoised)
        step = float(pydicom.dcmread(self.files[0]).RescaleSlope)
        there = np.linalg.inv(grid.ijk_to_lps()) @ shownGrid.ijk_to_lps()
        k, j, i = np.indices(shownGrid.shape)
        at = np.rint(np.einsum("ab,b...->a...", there, np.stack([i, j, k, np.ones_like(i)]))).astype(int)
        difference = np.abs(volumes[0][at[2], at[1], at[0]] - shownVolumes[0])
        assert difference.max() <= 0.5 * step + 1e-4
        click(self.ui("Compare").formerLayoutButton)
        slicer.util.setSliceViewerLayers(background=slicer.mrmlScene.GetNodeByID(identifier), fit=True)

    def step57_nobody_is_named_in_maps_that_leave_out_whose_they_are(self):
        """And nothing that is there is overwritten unasked."""
        keep = self.ui("Keep")
        keep.databaseCheckBox.checked = False
        keep.deidentifyCheckBox.checked = True
        assert "nobody" in keep.dicomLabel.text
        _told, seen = attempting(lambda: click(keep.dicomButton), "OK")
        assert "there already" in " ".join(seen)
        keep.folderPathEdit.setCurrentPath(str(self.folder / "nobody"))
        keep.parametricMapCheckBox.checked = True
        told, _seen = attempting(lambda: click(keep.dicomButton), "OK", "No")  # it may ask for highdicom
        assert not told, told
        assert len(list((self.folder / "nobody" / "dicom" / "parametric-map").rglob("*.dcm"))) == 2
        keep.parametricMapCheckBox.checked = False
        source = pydicom.dcmread(self._sources()[0], stop_before_pixels=True)
        files = sorted((self.folder / "nobody" / "dicom").rglob("*.dcm"))
        written = pydicom.dcmread(files[0])
        assert written.PatientIdentityRemoved == "YES"
        assert written.StudyInstanceUID != source.StudyInstanceUID
        assert str(source.StudyInstanceUID).encode() not in files[0].read_bytes()

    def step58_the_scene_saved_and_opened_again_finds_the_files_of_the_scan(self):
        """Through the database, by their identifiers."""
        saved = self.folder / "dicom scene.mrb"
        assert slicer.util.saveScene(str(saved))
        slicer.mrmlScene.Clear(0)
        slicer.util.loadScene(str(saved))
        self._understood()
        keep = self.ui("Keep")
        keep.deidentifyCheckBox.checked = False
        keep.folderPathEdit.setCurrentPath(str(self.folder / "opened again"))
        assert "join the patient and the study" in keep.dicomLabel.text
        click(keep.dicomButton)
        written = pydicom.dcmread(next((self.folder / "opened again" / "dicom").rglob("*.dcm")))
        assert written.PatientID == pydicom.dcmread(self._sources()[0], stop_before_pixels=True).PatientID

    def step59_a_scan_that_did_not_come_as_dicom_needs_a_patient(self):
        """The button says so until an ID is typed."""
        slicer.mrmlScene.Clear(0)
        self.widget.loadScan(str(self.scan))
        self._understood()
        choose(self.ui("Denoise").pairsComboBox, 4)
        self.denoise()
        self.look("Keep")
        keep = self.ui("Keep")
        keep.folderPathEdit.setCurrentPath(str(self.folder / "typed"))
        assert "did not come as DICOM" in keep.dicomLabel.text
        assert keep.dicomLabel.height >= keep.dicomLabel.heightForWidth(keep.dicomLabel.width), "the sentence is cut"
        assert not keep.dicomButton.enabled
        assert "patient ID" in keep.dicomButton.toolTip
        keep.patientIdLineEdit.text = "4711"
        keep.patientNameLineEdit.text = "Muster^Erika"
        click(keep.dicomButton)
        written = pydicom.dcmread(next((self.folder / "typed" / "dicom").rglob("*.dcm")))
        assert (str(written.PatientID), str(written.PatientName)) == ("4711", "Muster^Erika")
        DICOMUtils.closeTemporaryDatabase(self.formerDatabase)

    def _browser(self):
        return slicer.modules.dicom.widgetRepresentation().self().browserWidget

    def _sources(self):
        return sorted((SCANS / "siemens-ve11" / "pcasl3d").iterdir())

    def _understood(self):
        """The module has looked at the chosen scan."""
        waitUntil(lambda: self.ui("Scan").rolesLabel.text not in ("", "no scan") and not self.widget.looker.running)
