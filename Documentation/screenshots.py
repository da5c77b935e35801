"""The pictures of the tutorial in the README, taken in the running 3D Slicer while its steps are done.

    Slicer --no-splash --additional-module-paths DeepASLDenoise --python-script Documentation/screenshots.py

Writes Screenshots/tutorial-*.png, one for each step, and exits with 0 if every step could be done. Needs ONNX Runtime
in that Slicer. DEEPASL_SCREENSHOTS names another folder for the pictures.
"""

import os
import sys
import tempfile
from pathlib import Path

import qt
import slicer

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "Testing" / "inslicer"))

from storytools import click, settle, tell  # noqa: E402
from teller import Teller  # noqa: E402

OUTPUT = Path(os.environ.get("DEEPASL_SCREENSHOTS") or REPOSITORY / "Screenshots")


class Tutorial(Teller):
    """The steps of the tutorial; the end of a name is that of the picture."""

    def __init__(self):
        os.chdir(tempfile.mkdtemp(prefix="deepasl-tutorial-"))  # so that pictures show no path of this computer

    def step1_sample(self):
        """A scan from the Sample Data module."""
        slicer.util.selectModule("SampleData")
        slicer.app.processEvents()
        window = slicer.util.mainWindow()
        for box in window.findChildren("ctkCollapsibleGroupBox"):
            category = box.property("sampleDataCategory")
            if category is not None:
                box.collapsed = category != "DeepASL"
        (button,) = [b for b in window.findChildren("QToolButton") if b.text.startswith("ASL phantom: stroke")]
        button.click()

    def step2_scan(self):
        """What was understood of it."""
        slicer.util.selectModule("DeepASLDenoise")
        settle()
        self.look("Scan")
        assert self.ui("Denoise").applyButton.enabled, self.ui("Denoise").applyButton.toolTip

    def step3_maps(self):
        """Conventional, denoised, difference."""
        self.denoise()
        self.look("Denoise")

    def step4_numbers(self):
        """How close both maps come to the truth."""
        truth = slicer.mrmlScene.GetFirstNodeByName(
            f"{self.widget.logic.getParameterNode().inputNode.GetName()} true CBF"
        )
        numbers = self.ui("Numbers")
        numbers.referenceSelector.setCurrentNode(truth)
        slicer.app.processEvents()
        tab = numbers.tabWidget
        tab.setCurrentIndex([tab.widget(n).objectName for n in range(tab.count)].index("referenceTab"))
        self.look("Numbers")
        assert numbers.referenceView.mrmlTableNode() is not None, numbers.statusLabel.text

    def step5_keep(self):
        """Files and report."""
        self.look("Keep")
        self.ui("Keep").folderPathEdit.setCurrentPath("maps")
        click(self.ui("Keep").exportButton)
        assert Path("maps/report.html").is_file()


def main():
    """Do the steps, keep their pictures under the names the README uses, and end the application."""
    with tempfile.TemporaryDirectory() as folder:
        held = tell(Tutorial(), Path(folder))
        for picture in Path(folder).glob("step*.png"):
            picture.replace(OUTPUT / f"tutorial-{picture.stem.removeprefix('step').replace('_', '-')}.png")
        if not held:
            sys.stderr.write((Path(folder) / "story.json").read_text(encoding="utf-8"))
    slicer.util.exit(0 if held else 1)


if __name__ == "__main__":
    qt.QTimer.singleShot(0, main)
