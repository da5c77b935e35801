"""The saved scene of the story, opened in a fresh 3D Slicer that has not shown the module: run by `test_in_slicer.py`.

Writes `reopened.json` and a screenshot of each step into the folder that DEEPASL_STORY names, where the story left its
scene, and exits with 0 if every step held.
"""

import os
import sys
from pathlib import Path

import qt
import slicer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from storytools import backgroundsOfViews, click, legendsOf, settle, shown, tell, waitUntil

OUTPUT = Path(os.environ["DEEPASL_STORY"])


class Reopening:
    """What a user sees who opens a scene by double click."""

    def step60_the_comparison_comes_back_with_its_legends(self):
        """Three maps, each in its own view with its own legend; nobody has opened the module."""
        assert slicer.util.moduleSelector().selectedModule != "DeepASLDenoise"
        slicer.util.loadScene(str(OUTPUT / "scene.mrb"))
        waitUntil(lambda: slicer.app.layoutManager().sliceWidget("DeepASL1") is not None, 60)
        waitUntil(lambda: legendsOf(1), 60)
        assert [legendsOf(n) for n in (1, 2, 3)] == [["CBF (mL/100g/min)"]] * 3
        assert len(set(backgroundsOfViews(3))) == 3

    def step61_the_module_takes_over_what_is_shown(self):
        """The same three maps and legends, and the choices that were saved with them."""
        before = backgroundsOfViews(3)
        slicer.util.selectModule("DeepASLDenoise")
        settle()
        widget = slicer.modules.deepasldenoise.widgetRepresentation().self()
        assert backgroundsOfViews(3) == before
        assert [legendsOf(n) for n in (1, 2, 3)] == [["CBF (mL/100g/min)"]] * 3
        assert widget.logic.getParameterNode().pairs == 16
        compare = next(panel.ui for panel in widget.panels if panel.uiName == "Compare")
        assert shown(compare.formerLayoutButton)
        click(compare.formerLayoutButton)
        assert slicer.app.layoutManager().layout == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView


def main():
    """Tell it and end the application."""
    held = tell(Reopening(), OUTPUT, report="reopened.json")
    slicer.util.exit(0 if held else 1)


qt.QTimer.singleShot(0, main)
