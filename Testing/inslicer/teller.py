"""What every chapter of the story stands on: the module, its panels, a scan made for it."""

import tempfile
from pathlib import Path

import slicer
from storytools import click, settle, waitUntil

from deepasl.commands.demo import write_demo_scan


class Teller:
    """The module as the steps see it."""

    output = Path(tempfile.gettempdir())
    """Where the story is told; `story.py` says it."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="deepasl Geschichte \u00e4\u00f6\u00fc "))  # a space, and not ASCII
        self.scan = write_demo_scan(self.folder / "data set")

    @property
    def widget(self):
        """The module widget; another one after a reload."""
        return slicer.modules.deepasldenoise.widgetRepresentation().self()

    def panel(self, name):
        """A section of the module."""
        return next(panel for panel in self.widget.panels if panel.uiName == name)

    def ui(self, name):
        """The controls of a section."""
        return self.panel(name).ui

    def load(self, path):
        """Load a scan as the button does, and wait until it is understood."""
        self.widget.loadScan(str(path))
        settle()

    def look(self, name):
        """Open a section and scroll to it, as a user would."""
        widget = self.panel(name).widget
        widget.parent().collapsed = False
        slicer.app.processEvents()
        area = widget.parent()
        while area is not None and not hasattr(area, "ensureWidgetVisible"):
            area = area.parent()
        bar = area.verticalScrollBar()
        bar.value = widget.parent().y
        slicer.app.processEvents()

    @property
    def results(self):
        """The results of the chosen scan, the oldest first."""
        return self.widget.logic.results(self.widget.logic.getParameterNode().inputNode)

    def denoise(self):
        """Press Apply and wait until it is done."""
        before = len(self.results)
        click(self.ui("Denoise").applyButton)
        self.finish()
        assert len(self.results) == before + 1, self.ui("Denoise").messageLabel.text
        return self.results[-1]

    def finish(self):
        """Wait until the run is over, and the scan understood again."""
        waitUntil(lambda: not self.widget.runner.running)
        settle()
