"""Last chapter: what must not disturb the module, other ways in, and scripts."""

import re
from pathlib import Path

import slicer
from storytools import answering, click, settle, waitUntil
from teller import Teller

from deepasl.denoising.registry import DEFAULT_MODEL

REPOSITORY = Path(__file__).resolve().parents[2]


class Surviving(Teller):
    """Deleted inputs, closed scenes, unusable nodes, dropped files, sample data, reload, scripts."""

    def step40_a_deleted_input_does_not_stop_a_job(self):
        """The maps then refer to nothing."""
        self.look("Denoise")
        click(self.ui("Denoise").applyButton)
        slicer.app.processEvents()
        assert self.widget.runner.running
        slicer.mrmlScene.RemoveNode(self.widget.logic.getParameterNode().inputNode)
        waitUntil(lambda: not self.widget.runner.running)
        assert self.widget.logic.getParameterNode().inputNode is None
        maps = self.widget.logic.results(None)[-1]
        assert maps.denoised.GetNodeReference("DeepASL.Input") is None
        assert not self.ui("Denoise").applyButton.enabled
        assert "Choose an ASL scan" in self.ui("Denoise").applyButton.toolTip

    def step41_a_deleted_map_makes_a_result_incomplete(self):
        """It is offered no more; nothing else happens."""
        before = self.widget.logic.results(None)
        slicer.mrmlScene.RemoveNode(before[-1].denoised)
        slicer.app.processEvents()
        assert len(self.widget.logic.results(None)) == len(before) - 1

    def step42_a_closed_scene_ends_a_job(self):
        """Nothing is added to the new scene; the views are those from before the comparison."""
        self.load(self.scan)
        click(self.ui("Denoise").applyButton)
        slicer.app.processEvents()
        assert self.widget.runner.running
        slicer.mrmlScene.Clear(0)
        slicer.app.processEvents()
        assert not self.widget.runner.running
        assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0
        assert not self.ui("Denoise").applyButton.enabled
        assert slicer.app.layoutManager().layout == self.ownLayout

    def step43_nodes_that_are_no_scan_are_refused_in_words(self):
        """An empty volume, and a scan that a transform moves."""
        parameters, denoise = self.widget.logic.getParameterNode(), self.ui("Denoise")
        parameters.inputNode = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "nothing in it")
        settle()
        assert "no voxels" in denoise.applyButton.toolTip
        self.load(self.scan)
        assert denoise.applyButton.enabled, denoise.applyButton.toolTip
        transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "a move")
        browser = slicer.modules.sequences.logic().GetFirstBrowserNodeForSequenceNode(parameters.inputNode)
        browser.GetProxyNode(parameters.inputNode).SetAndObserveTransformNodeID(transform.GetID())
        timer, seen = answering("OK")
        try:
            click(denoise.applyButton)
            waitUntil(lambda: not self.widget.runner.running, 60)
        finally:
            timer.stop()
        assert any("a move" in text for text in seen), seen
        settle()
        assert "a move" in denoise.applyButton.toolTip

    def step44_a_dropped_file_is_the_input_if_there_is_none(self):
        """Through Slicer's own reading of files, as drag and drop does it."""
        slicer.mrmlScene.Clear(0)
        node = slicer.util.loadNodeFromFile(str(self.scan), "AslScanFile")
        waitUntil(lambda: self.widget.logic.getParameterNode().inputNode is node, 60)
        settle()
        assert "m0scan" in self.ui("Scan").rolesLabel.text
        assert self.ui("Denoise").applyButton.enabled, self.ui("Denoise").applyButton.toolTip

    def step45_a_file_that_is_no_scan_is_refused_and_the_scene_stays(self):
        """The user reads why."""
        broken = self.folder / "broken_asl.nii.gz"
        broken.write_bytes(b"\x1f\x8b broken")
        before = slicer.mrmlScene.GetNumberOfNodes()
        timer, seen = answering("OK")
        told = ""
        try:
            self.widget.loadScan(str(broken))
        except Exception as error:
            told = str(error)
        finally:
            timer.stop()
        assert "broken_asl" in told
        assert any("cannot be loaded" in text for text in seen), seen
        assert slicer.mrmlScene.GetNumberOfNodes() == before

    def step46_sample_data_is_one_click_away(self):
        """Offline, with its truth beside it, and chosen as input."""
        slicer.mrmlScene.Clear(0)
        slicer.util.selectModule("SampleData")
        slicer.app.processEvents()
        window = slicer.util.mainWindow()
        (button,) = [each for each in window.findChildren("QToolButton") if each.text.startswith("ASL phantom: tumor")]
        button.click()
        assert slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSequenceNode") is not None
        assert [node for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if "true CBF" in node.GetName()]

    def step46b_a_scan_that_was_there_before_the_module_is_its_input(self):
        """The module is opened after the sample was loaded."""
        slicer.util.selectModule("DeepASLDenoise")
        settle()
        assert self.ui("Denoise").applyButton.enabled, self.ui("Denoise").applyButton.toolTip

    def step47_the_module_reloads_with_its_packages(self):
        """As a developer does it."""
        import deepasl.errors

        before = deepasl.errors.DeepASLError
        self.widget.onReload()
        settle()
        import deepasl.errors as reloaded

        assert reloaded.DeepASLError is not before
        assert self.ui("Denoise").applyButton.enabled, self.ui("Denoise").applyButton.toolTip

    def step48_scripts_can_do_all_that_clicks_can(self):
        """The example of the README, as it is printed there."""
        slicer.mrmlScene.Clear(0)
        text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
        found = {}
        exec(re.search(r"```python\n(import slicer\n.*?)```", text, re.DOTALL)[1], found)
        maps, paper = found["maps"], found["paper"]
        assert maps.denoised.GetAttribute("DeepASL.Pairs") == "10"
        assert maps.denoised.GetAttribute("DeepASL.Model") == DEFAULT_MODEL
        assert paper.denoised.GetAttribute("DeepASL.Model") == "deepasl-paper"
        assert found["cbf"].ndim == 3
        assert (found["folder"] / "maps" / "report.html").is_file()
        again = slicer.util.arrayFromVolume(found["again"].denoised)
        assert (again == found["cbf"]).all()
