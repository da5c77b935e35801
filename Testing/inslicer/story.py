"""The story of a user, clicked through in the running 3D Slicer: not a pytest file, run by `test_in_slicer.py`.

    Slicer --no-splash --additional-module-paths DeepASLDenoise --python-script Testing/inslicer/story.py

Writes `story.json` (what held and what did not) and a screenshot of each step into the folder that the environment
variable DEEPASL_STORY names, and exits with 0 if every step held.
"""

import importlib.util
import json
import os
import tempfile
import time
import traceback
from pathlib import Path

import qt
import slicer

OUTPUT = Path(os.environ.get("DEEPASL_STORY") or tempfile.mkdtemp(prefix="deepasl-story-"))


def waitUntil(condition, seconds=120.0):
    """Let the application live until `condition` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        slicer.app.processEvents()


def nodeIds():
    """What is in the scene, but for what the application itself adds while it shows things."""
    nodes = (slicer.mrmlScene.GetNthNode(n) for n in range(slicer.mrmlScene.GetNumberOfNodes()))
    return sorted(node.GetID() for node in nodes if node.IsA("vtkMRMLStorableNode") or node.IsA("vtkMRMLDisplayNode"))


def answering(*buttons):
    """A timer that clicks one of `buttons` in every dialog that opens, and keeps the texts of those it saw."""
    seen = []

    def answer():
        dialog = qt.QApplication.activeModalWidget()
        if dialog is None:
            return
        texts = [label.text for label in dialog.findChildren("QLabel")] + [dialog.windowTitle]
        seen.append(" ".join(text for text in texts if text))
        for candidate in dialog.findChildren("QPushButton"):
            if candidate.text.replace("&", "") in buttons:
                candidate.click()
                return

    timer = qt.QTimer()
    timer.setInterval(200)
    timer.connect("timeout()", answer)
    timer.start()
    return timer, seen


class Story:
    """The steps, in order; each leaves the application ready for the next."""

    def __init__(self):
        from deepasl.demo import write_demo_scan

        self.folder = tempfile.TemporaryDirectory()
        self.scan = write_demo_scan(Path(self.folder.name))

    @property
    def widget(self):
        """The panel of the module."""
        return slicer.modules.deepasldenoise.widgetRepresentation().self()

    @property
    def ui(self):
        """Its controls."""
        return self.widget.ui

    def step01_the_module_opens_and_says_what_is_missing(self):
        """Nothing is chosen: Apply is disabled, and its tooltip says why."""
        slicer.util.selectModule("DeepASLDenoise")
        assert not self.ui.applyButton.enabled
        assert "Choose an ASL scan" in self.ui.applyButton.toolTip
        assert self.ui.modelComboBox.count > 0

    def step02_a_loaded_scan_is_understood(self):
        """Roles, parameters with their sources, and nothing left to settle."""
        from deepasl.demo import PAIRS

        self.widget.loadScan(str(self.scan))
        assert self.ui.rolesLabel.text == f"1 m0scan, {PAIRS} x (control, label)"
        shown = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode().GetBackgroundVolumeID()
        assert slicer.util.arrayFromVolume(slicer.mrmlScene.GetNodeByID(shown)).ndim == 3
        assert self._row("Labeling duration") == ["1.8", "s", "file"]
        assert self._row("Blood-brain partition coefficient")[2] == "default"
        assert self.ui.applyButton.enabled, self.ui.applyButton.toolTip

    def step03_milliseconds_are_refused_and_reset_repairs_them(self):
        """The user types 1800 for 1.8 s."""
        self._type("Labeling duration", "1800")
        assert not self.ui.applyButton.enabled
        assert "milliseconds" in self.ui.applyButton.toolTip
        self.ui.resetButton.click()
        assert self.ui.applyButton.enabled, self.ui.applyButton.toolTip

    def step04_a_typed_value_is_marked_as_the_users(self):
        """A correction is kept apart from what the file said."""
        self._type("Labeling efficiency", "0.8")
        assert self._row("Labeling efficiency")[2] == "user"
        self._type("Labeling efficiency", "much")
        assert "'much' is not a value" in self.ui.statusLabel.text
        assert self._row("Labeling efficiency")[0] == "0.8"
        self.ui.resetButton.click()
        assert self._row("Labeling efficiency")[2] == "file"

    def step05_swapped_control_and_label_are_noticed(self):
        """One click swaps, one click repairs."""
        self.ui.swapCheckBox.click()
        assert "swapped" in self.ui.findingsBrowser.plainText
        self.ui.swapCheckBox.click()
        assert "Control minus label is negative" not in self.ui.findingsBrowser.plainText

    def step06_nothing_is_installed_without_consent(self):
        """Declining leaves everything as it was, accepting installs ONNX Runtime."""
        if importlib.util.find_spec("onnxruntime") is not None:
            return
        timer, seen = answering("Cancel")
        try:
            self.ui.applyButton.click()
        finally:
            timer.stop()
        assert any("DeepASL" in text or "ONNX Runtime" in text for text in seen), seen
        assert importlib.util.find_spec("onnxruntime") is None
        assert "was not installed" in self.ui.statusLabel.text
        assert not self.widget.runner.running
        timer, seen = answering("OK", "No")
        try:
            self.ui.applyButton.click()
        finally:
            timer.stop()
        importlib.invalidate_caches()
        assert importlib.util.find_spec("onnxruntime") is not None, seen
        self.widget.runner.cancel()

    def step07_cancel_leaves_the_scene_as_it_was(self):
        """In the middle of the job, with the application alive."""
        before = nodeIds()
        self.ui.applyButton.click()
        assert self.widget.runner.running
        waitUntil(lambda: self.ui.statusLabel.text == "Denoising")
        assert self.ui.cancelButton.enabled
        assert not self.ui.applyButton.enabled
        self.ui.cancelButton.click()
        assert not self.widget.runner.running
        assert nodeIds() == before
        assert "Cancelled" in self.ui.statusLabel.text

    def step08_apply_shows_the_maps_side_by_side(self):
        """Three views, one window, each its own map."""
        self.ui.applyButton.click()
        waitUntil(lambda: not self.widget.runner.running)
        nodes = self.widget._resultNodes
        assert nodes is not None, self.ui.statusLabel.text
        slicer.app.processEvents()
        shown = [
            slicer.app.layoutManager().sliceWidget(f"DeepASL{n}").mrmlSliceCompositeNode().GetBackgroundVolumeID()
            for n in (1, 2, 3)
        ]
        assert shown == [node.GetID() for node in (nodes.conventional, nodes.denoised, nodes.difference)]
        for n, node in enumerate((nodes.conventional, nodes.denoised, nodes.difference), start=1):
            view = slicer.app.layoutManager().sliceWidget(f"DeepASL{n}").sliceView()
            legends = view.displayableManagerByClassName("vtkMRMLColorLegendDisplayableManager")
            legend = slicer.modules.colors.logic().GetColorLegendDisplayNode(node)
            assert legends.GetColorLegendActor(legend).GetVisibility()
        for node in (nodes.conventional, nodes.denoised):
            assert node.GetDisplayNode().GetColorNodeID() == "vtkMRMLColorTableNodeFileInferno.txt"
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
        folder = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(nodes.denoised))
        assert "DeepASL" in hierarchy.GetItemName(folder)

    def step09_scrolling_one_view_scrolls_all_three(self):
        """And no view of another layout."""
        widgets = [slicer.app.layoutManager().sliceWidget(f"DeepASL{n}") for n in (1, 2, 3)]
        logic = widgets[0].sliceLogic()
        target = logic.GetSliceOffset() + 10.0
        logic.StartSliceOffsetInteraction()
        logic.SetSliceOffset(target)
        logic.EndSliceOffsetInteraction()
        assert [round(w.sliceLogic().GetSliceOffset(), 3) for w in widgets] == [round(target, 3)] * 3

    def step10_the_former_layout_comes_back_and_the_comparison_too(self):
        """Two buttons."""
        layout = slicer.app.layoutManager()
        self.ui.formerLayoutButton.click()
        assert layout.layout != 18040
        self.ui.compareButton.click()
        assert layout.layout == 18040

    def step11_a_deleted_input_does_not_stop_a_job(self):
        """The maps then refer to nothing."""
        self.ui.applyButton.click()
        slicer.app.processEvents()
        slicer.mrmlScene.RemoveNode(self.widget._parameterNode.inputNode)
        waitUntil(lambda: not self.widget.runner.running)
        nodes = self.widget._resultNodes
        assert slicer.mrmlScene.IsNodePresent(nodes.denoised)
        assert nodes.denoised.GetNodeReference("DeepASL.Input") is None
        slicer.mrmlScene.RemoveNode(nodes.denoised)
        self.ui.compareButton.click()
        assert not self.ui.compareButton.enabled

    def step12_a_closed_scene_ends_a_job(self):
        """Nothing is added to the new scene."""
        self.widget.loadScan(str(self.scan))
        self.ui.applyButton.click()
        slicer.app.processEvents()
        assert self.widget.runner.running
        slicer.mrmlScene.Clear(0)
        slicer.app.processEvents()
        assert not self.widget.runner.running
        assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0
        assert not self.ui.applyButton.enabled

    def step13_the_module_reloads_with_its_packages(self):
        """As a developer does it."""
        import deepasl.errors

        before = deepasl.errors.DeepASLError
        self.widget.onReload()
        slicer.app.processEvents()
        import deepasl.errors as reloaded

        assert reloaded.DeepASLError is not before
        self.widget.loadScan(str(self.scan))
        assert self.ui.applyButton.enabled, self.ui.applyButton.toolTip

    def step14_scripts_can_call_the_logic(self):
        """The example of its documentation."""
        logic = slicer.util.getModuleLogic("DeepASLDenoise")
        scan = logic.loadScan(str(self.scan))
        maps = logic.process(scan, pairs=4)
        assert maps.denoised.GetAttribute("DeepASL.Pairs") == "4"

    def _row(self, title):
        table = self.ui.acquisitionTable
        rows = {table.item(row, 0).text(): row for row in range(table.rowCount)}
        return [table.item(rows[title], column).text() for column in (1, 2, 3)]

    def _type(self, title, text):
        table = self.ui.acquisitionTable
        rows = {table.item(row, 0).text(): row for row in range(table.rowCount)}
        table.item(rows[title], 1).setText(text)


def screenshot(name):
    """What is on the screen now."""
    slicer.app.processEvents()
    slicer.util.forceRenderAllViews()
    slicer.util.mainWindow().grab().save(str(OUTPUT / f"{name}.png"))


def main():
    """Run every step, also after one failed, and tell."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    slicer.util.mainWindow().resize(1600, 1000)
    story = Story()
    told = {}
    for name in sorted(name for name in dir(story) if name.startswith("step")):
        try:
            getattr(story, name)()
            told[name] = "held"
        except Exception:
            told[name] = traceback.format_exc()
        screenshot(name)
    (OUTPUT / "story.json").write_text(json.dumps(told, indent=2), encoding="utf-8")
    slicer.util.exit(0 if all(outcome == "held" for outcome in told.values()) else 1)


qt.QTimer.singleShot(0, main)
