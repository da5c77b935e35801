"""First chapter: from an empty application to the maps."""

import importlib.util

import slicer
from storytools import answering, backgroundsOfViews, choose, click, nodeIds, settle, shown, waitUntil
from teller import Teller

from deepasl.commands.demo import PAIRS

SECTIONS = ("Scan", "Acquisition", "Denoise", "Compare", "Numbers", "Keep", "Software")


class Loading(Teller):
    """Loading, checking, correcting, cancelling, applying."""

    def step01_the_module_opens_and_says_what_is_missing(self):
        """Nothing is chosen: Apply is disabled, and its tooltip says why."""
        slicer.util.selectModule("DeepASLDenoise")
        assert tuple(panel.uiName for panel in self.widget.panels) == SECTIONS
        denoise = self.ui("Denoise")
        assert not denoise.applyButton.enabled
        assert "Choose an ASL scan" in denoise.applyButton.toolTip
        assert denoise.modelComboBox.count > 0

    def step02_a_loaded_scan_is_understood(self):
        """Roles, parameters with their sources, the plot, and nothing left to settle."""
        self.load(self.scan)
        scan = self.ui("Scan")
        assert scan.rolesLabel.text == f"1 m0scan, {PAIRS} x (control, label)"
        assert scan.volumeTable.rowCount == 2 * PAIRS + 1
        assert scan.volumeTable.item(0, 1).text() == "m0scan"
        layer = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode().GetBackgroundVolumeID()
        assert slicer.util.arrayFromVolume(slicer.mrmlScene.GetNodeByID(layer)).ndim == 3
        assert self._row("Labeling duration") == ["1.8", "s", "file"]
        assert self._row("Blood-brain partition coefficient")[2] == "default"
        assert self.ui("Denoise").applyButton.enabled, self.ui("Denoise").applyButton.toolTip

    def step03_milliseconds_are_refused_and_reset_repairs_them(self):
        """The user types 1800 for 1.8 s."""
        self.look("Acquisition")
        self._type("Labeling duration", "1800")
        assert not self.ui("Denoise").applyButton.enabled
        assert "milliseconds" in self.ui("Denoise").applyButton.toolTip
        assert shown(self.ui("Acquisition").marksLabel)

    def step04_a_typed_value_is_marked_as_the_users(self):
        """A correction is kept apart from what the file said; nonsense is refused with the reason."""
        click(self.ui("Acquisition").resetButton)
        assert self.ui("Denoise").applyButton.enabled, self.ui("Denoise").applyButton.toolTip
        self._type("Labeling efficiency", "0.8")
        assert self._row("Labeling efficiency")[2] == "user"
        self._type("Labeling efficiency", "much")
        assert "'much' is not a value" in self.ui("Denoise").messageLabel.text
        assert self._row("Labeling efficiency")[0] == "0.8"

    def step05_a_volume_can_be_given_another_role(self):
        """The table of volumes says at once what becomes of each; Reset undoes it."""
        click(self.ui("Acquisition").resetButton)
        assert self._row("Labeling efficiency")[2] == "file"
        self.look("Scan")
        scan = self.ui("Scan")
        scan.volumesGroupBox.collapsed = False
        scan.volumeTable.selectRow(1)
        choose(scan.roleComboBox, "n/a")
        assert scan.volumeTable.item(1, 1).text() == "n/a"
        assert "1 n/a" in scan.rolesLabel.text
        assert f"({PAIRS - 1})" in self.ui("Denoise").pairsComboBox.itemText(0)

    def step06_swapped_control_and_label_are_noticed(self):
        """One click swaps, one click repairs."""
        scan = self.ui("Scan")
        click(scan.resetRolesButton)
        assert scan.rolesLabel.text == f"1 m0scan, {PAIRS} x (control, label)"
        click(scan.swapCheckBox)
        assert scan.rolesLabel.text == f"1 m0scan, {PAIRS} x (label, control)"
        self.look("Denoise")
        assert "Control minus label is negative" in self.ui("Denoise").findingsBrowser.plainText

    def step07_nothing_is_installed_without_consent(self):
        """Declining leaves everything as it was, accepting installs ONNX Runtime."""
        click(self.ui("Scan").swapCheckBox)
        assert "Control minus label is negative" not in self.ui("Denoise").findingsBrowser.plainText
        if importlib.util.find_spec("onnxruntime") is not None:
            return
        timer, seen = answering("Cancel")
        try:
            click(self.ui("Denoise").applyButton)
        finally:
            timer.stop()
        assert any("ONNX Runtime" in text for text in seen), seen
        assert importlib.util.find_spec("onnxruntime") is None
        assert "was not installed" in self.ui("Denoise").messageLabel.text
        assert not self.widget.runner.running
        timer, seen = answering("OK", "No")
        try:
            click(self.ui("Denoise").applyButton)
        finally:
            timer.stop()
        importlib.invalidate_caches()
        assert importlib.util.find_spec("onnxruntime") is not None, seen
        self.widget.runner.cancel()

    def step08_a_running_job_tells_how_far_it_is(self):
        """The application is alive meanwhile; Apply says why it cannot be pressed now."""
        self.before = nodeIds()
        denoise = self.ui("Denoise")
        click(denoise.applyButton)
        told = denoise.messageLabel
        waitUntil(lambda: told.text.startswith("Denoising") and "s left" in told.text)
        assert shown(denoise.progressBar)
        assert 0 < denoise.progressBar.value < denoise.progressBar.maximum
        assert not denoise.applyButton.enabled
        assert "being denoised" in denoise.applyButton.toolTip

    def step09_cancel_leaves_the_scene_as_it_was(self):
        """In the middle of the job."""
        denoise = self.ui("Denoise")
        assert self.widget.runner.running
        click(denoise.cancelButton)
        assert not self.widget.runner.running
        assert nodeIds() == self.before
        assert "Cancelled" in denoise.messageLabel.text
        assert not shown(denoise.progressBar)
        assert denoise.applyButton.enabled

    def step10_apply_shows_the_maps_side_by_side(self):
        """Three views, each its own map; the device that was used is told; the maps lie in a folder."""
        self.ownLayout = slicer.app.layoutManager().layout
        maps = self.denoise()
        slicer.app.processEvents()
        three = (maps.conventional, maps.denoised, maps.difference)
        assert backgroundsOfViews(3) == [node.GetID() for node in three]
        for node in (maps.conventional, maps.denoised):
            assert node.GetDisplayNode().GetColorNodeID() == "vtkMRMLColorTableNodeFileInferno.txt"
        assert "CPU" in self.ui("Denoise").usedDeviceLabel.text or "CUDA" in self.ui("Denoise").usedDeviceLabel.text
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
        folder = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(maps.denoised))
        assert "DeepASL" in hierarchy.GetItemName(folder)

    def _row(self, title):
        table = self.ui("Acquisition").acquisitionTable
        return [table.item(self._number(title), column).text() for column in (1, 2, 3)]

    def _type(self, title, text):
        self.ui("Acquisition").acquisitionTable.item(self._number(title), 1).setText(text)
        settle()

    def _number(self, title):
        table = self.ui("Acquisition").acquisitionTable
        return next(row for row in range(table.rowCount) if table.item(row, 0).text() == title)
