"""Chapter of a head that moved and has a T1-weighted image: every step before the network, and pure tissue after it."""

import json
from dataclasses import replace

import numpy as np
import qt
import slicer
from storytools import backgroundsOfViews, choose, click, settle, shown
from teller import Teller

from deepasl.geometry import Geometry
from deepasl.images import write_image
from deepasl.phantom import Pose, Protocol, default_anatomy, write_bids
from deepasl.results import CBF_UNIT
from deepasl.series import Role
from DeepASLDenoiseLib.compare.display import unitText
from DeepASLDenoiseLib.runs.inscene import tissueOriginOf
from moving_heads import image, scan
from phantom_scans import COARSE

PAIRS = 6

TURNED = Pose((0.0, 3.0, 1.0), (2.0, 0.0, 0.0))
"""Where the head is from the middle of the scan on."""

FINE = Geometry(shape=(80, 134, 120), spacing=(1.6, 1.6, 1.5), origin=(-95.2, -106.4, -59.0))

CHOSEN = "motion, MP-PCA, outliers, partial volume"


class Correcting(Teller):
    """MP-PCA, motion, robust mean and partial volume: chosen, done, told, measured, exported, chosen again."""

    def step60_partial_volume_correction_waits_for_a_t1_image(self):
        """The image is loaded as any volume is; the box says what it waits for until the image is chosen."""
        slicer.mrmlScene.Clear(0)
        slicer.util.selectModule("DeepASLDenoise")
        self.load(write_bids(self._scan(), self.folder / "moved", "moved"))
        slicer.util.loadVolume(str(self._t1()), {"show": False})
        self.look("Denoise")
        denoise = self.ui("Denoise")
        denoise.preparationGroupBox.collapsed = False
        box = denoise.partialVolumeCheckBox
        assert not box.enabled
        assert "Choose a T1 image" in box.toolTip
        denoise.anatomySelector.setCurrentNode(slicer.util.getNode("T1w of the head"))
        settle()
        assert box.enabled
        assert "It costs resolution" in box.toolTip

    def step61_all_steps_before_the_network_are_chosen(self):
        """The heading says which, also while the group is closed."""
        denoise = self.ui("Denoise")
        click(denoise.motionCheckBox)
        click(denoise.mppcaCheckBox)
        choose(denoise.outliersComboBox, "robust")
        click(denoise.partialVolumeCheckBox)
        assert denoise.preparationGroupBox.title == f"Preparation: {CHOSEN}"
        assert denoise.applyButton.enabled, denoise.applyButton.toolTip

    def step62_each_step_is_told_while_it_is_done(self):
        """In words, as long as it takes; then the maps are there."""
        denoise = self.ui("Denoise")
        said = []
        timer = qt.QTimer()
        timer.connect("timeout()", lambda: said.append(denoise.messageLabel.text))
        timer.start(20)
        try:
            self.maps = self.denoise()
        finally:
            timer.stop()
        heard = " ".join(dict.fromkeys(said))
        for step in ("head", "anatomical image", "noise components", "Weighing", "Denoising", "partial volume"):
            assert step in heard, (step, heard)
        assert backgroundsOfViews(3)[:2] == [self.maps.conventional.GetID(), self.maps.denoised.GetID()]
        assert CHOSEN in self.maps.title

    def step63_the_findings_say_what_was_done(self):
        """And what it may cost."""
        self.look("Denoise")
        self.ui("Denoise").preparationGroupBox.collapsed = True
        told = self.ui("Denoise").findingsBrowser.plainText
        for words in ("Head motion of up to", f"{2 * PAIRS} control and label images were denoised together by MP-PCA"):
            assert words in told, told
        settings = json.loads(self.maps.denoised.GetAttribute("DeepASL.Settings"))
        assert settings["motion_correction"]
        assert settings["mppca"]
        assert settings["outliers"] == "robust"
        assert settings["partial_volume_correction"]

    def step64_flow_of_pure_tissue_is_a_map_in_colors_of_flow(self):
        """Where grey and white matter share a voxel, it is far above the flow of the voxel."""
        maps = self.maps
        pure = slicer.util.arrayFromVolume(maps.cbfGreyConventional)
        whole = slicer.util.arrayFromVolume(maps.conventional)
        tissue = default_anatomy(COARSE)
        shared = (pure > 0) & (tissue.grey > 0.3) & (tissue.grey < 0.6)
        assert np.median(pure[shared]) > 1.2 * np.median(whole[shared])
        assert unitText(maps.cbfGreyDenoised) == CBF_UNIT
        for node in (maps.cbfGreyDenoised, maps.cbfWhiteConventional):
            assert "Inferno" in node.GetDisplayNode().GetColorNodeID()
        click(self.ui("Compare").formerLayoutButton)
        slicer.util.setSliceViewerLayers(background=maps.cbfGreyDenoised, fit=True)

    def step65_numbers_are_those_of_tissue_that_the_t1_image_tells(self):
        """By region, near the flow that the phantom has; it is said what told the tissue."""
        click(self.ui("Compare").compareButton)
        self.look("Numbers")
        numbers = self.ui("Numbers")
        table = numbers.statisticsView.mrmlTableNode()
        cells = [[table.GetCellText(row, column) for column in range(3)] for row in range(table.GetNumberOfRows())]
        mean = {(region, name): float(value) for region, name, value in cells}
        assert {region for region, _name in mean} == {"grey matter", "white matter", "brain"}
        assert 45.0 < mean["grey matter", "conventional"] < 75.0
        assert 14.0 < mean["white matter", "conventional"] < 32.0
        assert tissueOriginOf(self.maps).startswith("T1w of the head")
        assert "grey and white matter by T1w of the head" in numbers.guardBrowser.plainText

    def step66_the_report_and_the_files_have_it_too(self):
        """Pure tissue as maps of its own."""
        self.look("Keep")
        keep = self.ui("Keep")
        folder = self.folder / "corrected"
        keep.folderPathEdit.setCurrentPath(str(folder))
        click(keep.exportButton)
        names = {file.name for file in folder.rglob("*") if file.is_file()}
        assert len([name for name in names if name.endswith("_cbfgrey.nii.gz")]) == 2, names
        report = next(folder.rglob("report.html")).read_text(encoding="utf-8")
        for words in ("MP-PCA", "motion", "T1w of the head", "artial"):
            assert words in report, words

    def step67_what_was_chosen_comes_back_with_the_image(self):
        """After other choices, from the result; a plain run beside it is measured on its own."""
        self.look("Denoise")
        denoise, parameters = self.ui("Denoise"), self.widget.logic.getParameterNode()
        denoise.preparationGroupBox.collapsed = False
        for box in (denoise.motionCheckBox, denoise.mppcaCheckBox, denoise.partialVolumeCheckBox):
            click(box)
        choose(denoise.outliersComboBox, "none")
        denoise.anatomySelector.setCurrentNode(None)
        settle()
        assert denoise.preparationGroupBox.title == "Preparation: plain mean"
        self.denoise()
        table = self.ui("Numbers").statisticsView.mrmlTableNode()
        measured = [(table.GetCellText(row, 0), table.GetCellText(row, 1)) for row in range(table.GetNumberOfRows())]
        assert len(measured) == len(set(measured)), measured
        self.look("Keep")
        choose(self.ui("Keep").runComboBox, self.maps.run)
        click(self.ui("Keep").restoreButton)
        assert denoise.preparationGroupBox.title == f"Preparation: {CHOSEN}"
        assert parameters.anatomyNode is slicer.util.getNode("T1w of the head")
        self.look("Compare")

    def step68_no_letter_leads_to_two_places(self):
        """With Alt, among all that a user sees with every section open, and the menus."""
        for panel in self.widget.panels:
            panel.widget.parent().collapsed = False
        slicer.app.processEvents()
        window = slicer.util.mainWindow()
        texts = [action.text for action in window.menuBar().actions() if action.isVisible()]
        for kind in ("QAbstractButton", "QLabel"):
            texts += [each.text for each in window.findChildren(kind) if shown(each)]
        letters = [qt.QKeySequence.mnemonic(text).toString() for text in texts if "<" not in text]
        used = [letter for letter in letters if letter]
        assert len(used) > 20, used
        assert sorted(used) == sorted(set(used))

    def _scan(self):
        """M0, then pairs, of a head that turns halfway, with noise."""
        poses = [Pose()] * PAIRS + [TURNED] * PAIRS
        roles = [Role.CONTROL, Role.LABEL] * PAIRS
        volumes = [image(pose, role) for pose, role in zip(poses, roles, strict=True)]
        series = scan([image(), *volumes], [Role.M0SCAN, *roles], noise_sd=2.0)
        return replace(series, acquisition=Protocol(pairs=PAIRS).acquisition())

    def _t1(self):
        """A T1-weighted image of that head."""
        tissue = default_anatomy(FINE)
        bright = 60.0 * tissue.grey + 100.0 * tissue.white + 20.0 * tissue.csf
        noisy = bright + np.random.default_rng(0).normal(0.0, 1.5, bright.shape)
        path = self.folder / "T1w of the head.nii.gz"
        write_image(path, noisy.astype(np.float32), FINE)
        return path
