"""The section in which a scan is chosen, loaded and checked: which volumes are control, label and M0."""

from __future__ import annotations

import numpy as np
import qt
import slicer
from numpy.typing import NDArray
from slicer.i18n import tr as _

from deepasl.images import IMAGE_SUFFIXES
from deepasl.labeling.volume_use import VolumeUse
from deepasl.series import Role
from DeepASLDenoiseLib.panels.panel import Panel
from DeepASLDenoiseLib.scans.edits import Edits, editsOf, keepEdits
from DeepASLDenoiseLib.scans.frames import showFrame
from DeepASLDenoiseLib.scans.signalplot import beyondRange, legend, plotSignal
from DeepASLDenoiseLib.scans.understanding import Understanding
from DeepASLDenoiseLib.scans.volumetable import VolumeTable
from DeepASLDenoiseLib.state import ModuleState

LAST_FOLDER = "DeepASLDenoise/LastFolder"
"""Where the user loaded from last: a setting of the machine, not of the scene."""


class ScanPanel(Panel):
    """Chooses a scan; shows what each volume was taken for, and lets the user correct it."""

    uiName = "Scan"
    title = _("Scan")

    def connect(self) -> None:
        """Connect the controls, and make the plot, in a scene of its own: it is no data of the user's."""
        self._shown: Understanding | None = None
        self._table = VolumeTable(self.ui.volumeTable)
        for role in Role:
            self.ui.roleComboBox.addItem(role.value, role.value)
        self.ui.roleComboBox.currentIndex = -1
        self._plotScene, self._plotView = self._addPlot()
        self.ui.loadButton.connect("clicked(bool)", self.onLoadButton)
        self.ui.loadFolderButton.connect("clicked(bool)", self.onLoadFolderButton)
        self.ui.volumeTable.connect("itemSelectionChanged()", self.onVolumesSelected)
        self.ui.roleComboBox.connect("activated(int)", self.onRoleChosen)
        self.ui.resetRolesButton.connect("clicked(bool)", self.onResetRolesButton)

    def _addPlot(self) -> tuple[slicer.vtkMRMLScene, slicer.vtkMRMLPlotViewNode]:
        """Put an empty plot into its frame; returns its scene, which nothing else keeps alive, and its view node."""
        scene = slicer.vtkMRMLScene()
        view = scene.AddNewNodeByClass("vtkMRMLPlotViewNode")
        plot = slicer.qMRMLPlotView()
        plot.objectName = "signalPlotView"
        plot.toolTip = self.ui.plotFrame.toolTip
        plot.setMRMLScene(scene)
        plot.setMRMLPlotViewNode(view)
        self.ui.plotFrame.layout().addWidget(plot)
        return scene, view

    def onLoadButton(self, checked: bool = False) -> None:
        """Let the user choose a file, and load it."""
        pattern = _("Images") + " (" + " ".join(f"*{suffix}" for suffix in IMAGE_SUFFIXES) + ")"
        path = qt.QFileDialog.getOpenFileName(self.widget.window(), _("Load an ASL scan"), lastFolder(), pattern)
        self._load(path)

    def onLoadFolderButton(self, checked: bool = False) -> None:
        """Let the user choose a folder, and load the one scan in it."""
        path = qt.QFileDialog.getExistingDirectory(
            self.widget.window(), _("Load the ASL scan of a folder"), lastFolder()
        )
        self._load(path)

    def onVolumesSelected(self) -> None:
        """Show the first of the selected volumes in the slice views."""
        numbers = self._table.selected()
        self.ui.roleComboBox.enabled = bool(numbers)
        self.ui.roleComboBox.toolTip = _roleTip(numbers)
        self.ui.roleComboBox.currentIndex = -1
        if numbers and self.parameters is not None and self.parameters.inputNode is not None:
            showFrame(self.parameters.inputNode, numbers[0])

    def onRoleChosen(self, index: int) -> None:
        """Give the selected volumes a role."""
        if self.parameters is None:
            return
        edits = editsOf(self.parameters)
        role = self.ui.roleComboBox.itemData(index)
        chosen = {str(number): role for number in self._table.selected()}
        keepEdits(self.parameters, Edits(edits.parameters, {**edits.roles, **chosen}))

    def onResetRolesButton(self, checked: bool = False) -> None:
        """Forget the roles the user chose, and the swap."""
        if self.parameters is None:
            return
        with slicer.util.NodeModify(self.parameters.parameterNode):
            keepEdits(self.parameters, Edits(editsOf(self.parameters).parameters))
            self.parameters.swapped = False

    def show(self, state: ModuleState) -> None:
        """Set every widget of the section."""
        self._showCorrections(state)
        understanding = state.understanding
        self.ui.rolesLabel.text = understanding.roles or (f"{state.looking}..." if state.looking else _("no scan"))
        if self._shown is understanding:
            return
        self._shown = understanding
        self.ui.rolesLabel.toolTip = "\n".join(understanding.evidence) or _("What each volume was taken for, and why.")
        self._showVolumes(understanding)

    def _showCorrections(self, state: ModuleState) -> None:
        there = state.understanding.series is not None
        self.ui.swapCheckBox.enabled = there
        self.ui.swapCheckBox.toolTip = (
            _("Exchange control and label volumes, for a scan whose perfusion comes out negative.")
            if there
            else _("There are no volumes to swap: choose a scan.")
        )
        edited = (
            there and state.parameters is not None and bool(editsOf(state.parameters).roles or state.parameters.swapped)
        )
        self.ui.resetRolesButton.enabled = edited
        self.ui.resetRolesButton.toolTip = (
            _("Forget the roles you chose, and the swap.") if edited else _("The roles are those that were understood.")
        )

    def _showVolumes(self, understanding: Understanding) -> None:
        there = understanding.series is not None
        uses, signal = understanding.uses, understanding.signal
        self._table.show(uses, signal)
        self.ui.volumesGroupBox.enabled = there
        if there:
            self.ui.usedLabel.text = usedText(uses)
            self.ui.plotLabel.text = plotText(signal, uses)
            self._plotView.SetPlotChartNodeID(plotSignal(self._plotScene, signal, uses).GetID())
        # Shown when they are filled: Qt lays out at once what becomes visible, by the text of that moment.
        for widget in (self.ui.plotFrame, self.ui.plotLabel, self.ui.usedTitleLabel, self.ui.usedLabel):
            widget.visible = there

    def _load(self, path: str) -> None:
        if path:
            qt.QSettings().setValue(LAST_FOLDER, path)
            self.actions.loadScan(path)


def lastFolder() -> str:
    """Where the user loaded from last."""
    return str(qt.QSettings().value(LAST_FOLDER) or "")


def usedText(uses: tuple[VolumeUse, ...]) -> str:
    """How many volumes are used, and why the others are not."""
    left = [use for use in uses if not use.used]
    if not left:
        return _("all {count} volumes are used").format(count=len(uses))
    reasons = "; ".join(dict.fromkeys(use.reason for use in left))
    text = _("{used} of {count} volumes are used; {left} left out: {reasons}")
    return text.format(used=len(uses) - len(left), count=len(uses), left=len(left), reasons=reasons)


def plotText(signal: NDArray[np.float64], uses: tuple[VolumeUse, ...]) -> str:
    """What is to be known of the plot, as HTML."""
    beyond = beyondRange(signal, uses)
    text = legend(uses) + "<br>" + _("Control lies above label where blood flows.")
    if beyond:
        text += " " + _("Beyond the axis: {count} (M0).").format(count=beyond)
    return text


def _roleTip(numbers: list[int]) -> str:
    if not numbers:
        return _("Select volumes in the table to give them another role.")
    return _("Give the {count} selected volumes this role.").format(count=len(numbers))
