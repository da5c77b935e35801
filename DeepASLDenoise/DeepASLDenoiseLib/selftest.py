"""The self-test of the module in the running application: *Reload and Test* in developer mode."""

from __future__ import annotations

import tempfile
from pathlib import Path

import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleTest

from deepasl.commands.demo import write_demo_scan
from DeepASLDenoiseLib.logic import DeepASLDenoiseLogic


class DeepASLDenoiseTest(ScriptedLoadableModuleTest):
    """Slicer looks for this name in the file of the module, and calls every method with "test" in its name."""

    def setUp(self) -> None:
        """Start from an empty scene."""
        slicer.mrmlScene.Clear()

    def test_PhantomToMaps(self) -> None:
        """A phantom with known blood flow goes all the way from file to maps."""
        logic = DeepASLDenoiseLogic()
        with tempfile.TemporaryDirectory() as folder:
            scan = logic.loadScan(write_demo_scan(Path(folder)))
            maps = logic.process(scan)
        brain = slicer.util.arrayFromVolume(maps.mask) > 0
        conventional, denoised = (
            slicer.util.arrayFromVolume(node)[brain] for node in (maps.conventional, maps.denoised)
        )
        assert 25 < denoised.mean() < 65
        assert abs(denoised.mean() - conventional.mean()) < 5
        assert denoised.std() < conventional.std()

    def test_ClicksToMaps(self) -> None:
        """The same through the panels: load, Cancel, Apply, back to the former layout."""
        slicer.util.selectModule("DeepASLDenoise")
        widget = slicer.modules.deepasldenoise.widgetRepresentation().self()
        panels = {panel.uiName: panel.ui for panel in widget.panels}
        denoise, compare = panels["Denoise"], panels["Compare"]
        with tempfile.TemporaryDirectory() as folder:
            widget.loadScan(write_demo_scan(Path(folder)))
        while widget.looker.running:
            slicer.app.processEvents()
        layout = slicer.app.layoutManager().layout
        denoise.applyButton.click()
        denoise.cancelButton.click()
        assert widget.state().results == ()
        denoise.applyButton.click()
        while widget.runner.running:
            slicer.app.processEvents()
        assert len(widget.state().results) == 1
        assert widget.state().comparing
        compare.formerLayoutButton.click()
        assert slicer.app.layoutManager().layout == layout
