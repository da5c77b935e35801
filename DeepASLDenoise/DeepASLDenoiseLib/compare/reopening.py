"""A scene with maps opened in an application that has not shown the module yet: its layout and its legends."""

from __future__ import annotations

import qt
import slicer

from DeepASLDenoiseLib.compare import desktop, layout
from DeepASLDenoiseLib.runs.inscene import resultsOf

SETTLED = 0
"""When views have got their nodes: after the events that wait now, ms."""


def expectScenes() -> None:
    """Make the comparison layouts known, and bring back what a scene brings; called once, after start-up.

    A scene that was saved in a layout that nobody knows would show no views at all.
    """
    if slicer.app.layoutManager() is None:
        return
    layout.registerLayout(slicer.app.layoutManager().layoutLogic().GetLayoutNode())
    slicer.mrmlScene.AddObserver(slicer.mrmlScene.EndImportEvent, _onSceneEndImport)


def bringBack() -> None:
    """Legends, titles and covers of the comparison, if one is shown."""
    scene = slicer.mrmlScene
    if scene.IsClosing() or scene.IsImporting() or not desktop.isComparing():
        return
    parameters = slicer.util.getModuleLogic("DeepASLDenoise").getParameterNode()
    desktop.updateComparison(resultsOf(scene, parameters.inputNode), parameters)


def _onSceneEndImport(caller: slicer.vtkMRMLScene, event: str) -> None:
    qt.QTimer.singleShot(SETTLED, bringBack)
