"""The section in which maps are compared: which, beside or over what, in which colours."""

from __future__ import annotations

import qt
import slicer
from slicer.i18n import tr as _

from deepasl.display.colormaps import SEQUENTIAL
from deepasl.results import CBF_UNIT
from DeepASLDenoiseLib.compare import crosshair, desktop, layout
from DeepASLDenoiseLib.compare.comparison import (
    MOST_RESULTS,
    ComparedMap,
    Shows,
    choose,
    chosenResults,
    hasArrival,
    isChosen,
)
from DeepASLDenoiseLib.compare.display import (
    PERCENT,
    Appearance,
    appearanceOf,
    isCbf,
    shownMaps,
    suitableArrivalRange,
    suitableRange,
    unitText,
)
from DeepASLDenoiseLib.compare.livecomparison import LiveComparison
from DeepASLDenoiseLib.panels.panel import Panel
from DeepASLDenoiseLib.parameternode import DeepASLDenoiseParameterNode
from DeepASLDenoiseLib.runs.inscene import ResultNodes
from DeepASLDenoiseLib.state import ModuleState


class ComparePanel(Panel):
    """Shows maps side by side, over an anatomical image, or in one place by turns."""

    uiName = "Compare"
    title = _("Compare")

    def connect(self) -> None:
        """Connect the controls; fill the colours."""
        self._results: tuple[ResultNodes, ...] = ()
        self._listed: tuple[str, ...] = ()
        self._shown: tuple[Appearance, tuple[ComparedMap, ...]] | None = None
        self._live = LiveComparison(self.actions.refresh)
        explained = (self.ui.colorComboBox, self.ui.thresholdSlider, self.ui.thirdComboBox)
        self._purposes = {widget.objectName: widget.toolTip for widget in explained}
        for colormap in SEQUENTIAL:
            self.ui.colorComboBox.addItem(colormap.title, colormap.name)
        layout.registerLayout(slicer.app.layoutManager().layoutLogic().GetLayoutNode())
        self.ui.compareButton.connect("clicked(bool)", self.onCompareButton)
        self.ui.formerLayoutButton.connect("clicked(bool)", self.onFormerLayoutButton)
        self.ui.resultsList.connect("itemChanged(QListWidgetItem*)", self.onResultChecked)
        self.ui.m0Button.connect("clicked(bool)", self.onM0Button)
        self.ui.colorComboBox.connect("activated(int)", self.onColorChosen)
        self.ui.fitButton.connect("clicked(bool)", self.onFitButton)
        self.ui.crosshairCheckBox.connect("toggled(bool)", self.onCrosshairToggled)

    def onCompareButton(self, checked: bool = False) -> None:
        """Show the maps."""
        self.actions.compare(self._results)

    def onFormerLayoutButton(self, checked: bool = False) -> None:
        """Go back to the views from before."""
        self.actions.leaveComparison()

    def onResultChecked(self, item: qt.QListWidgetItem) -> None:
        """Keep which results are wanted; all of them, as the rest was chosen by nobody yet."""
        wanted = [self.ui.resultsList.item(n).checkState() == qt.Qt.Checked for n in range(self.ui.resultsList.count)]
        for nodes, each in zip(self._results, wanted, strict=True):
            choose(nodes, each)
        self.actions.refresh()

    def onM0Button(self, checked: bool = False) -> None:
        """Put M0 beneath the maps."""
        self.parameters.backgroundNode = self._m0()

    def onColorChosen(self, index: int) -> None:
        """Keep the chosen colours."""
        self.parameters.colorTable = self.ui.colorComboBox.itemData(index)

    def onFitButton(self, checked: bool = False) -> None:
        """Choose the range that suits the maps."""
        results = chosenResults(self._results)
        with slicer.util.NodeModify(self.parameters.parameterNode):
            if self._showsArrival():
                self.parameters.arrivalLow, self.parameters.arrivalHigh = suitableArrivalRange(results)
            else:
                self.parameters.rangeLow, self.parameters.rangeHigh = suitableRange(results)

    def onCrosshairToggled(self, checked: bool) -> None:
        """Show or hide the crosshair."""
        crosshair.setShown(_crosshairNode(), checked)

    def show(self, state: ModuleState) -> None:
        """Set every widget from the state."""
        self._results = state.results
        comparing = state.comparing and desktop.isComparing()
        if comparing and state.results and state.parameters is not None:
            self._follow(state.results, state.parameters)
        else:
            self._stop()
        self._showButtons(comparing)
        self._showResults()
        self._showRange()
        if state.parameters is not None:
            self._showChoices(state)

    def leave(self) -> None:
        """Nothing moves any more; the maps stay where they are."""
        self._live.stop()

    def _follow(self, results: tuple[ResultNodes, ...], parameters: DeepASLDenoiseParameterNode) -> None:
        """Let the views show what was chosen since."""
        appearance = appearanceOf(parameters)
        shown = (appearance, shownMaps(results, appearance))
        if shown != self._shown:
            self._shown = shown
            desktop.updateComparison(results, parameters)
        self._live.follow(results, parameters)

    def _stop(self) -> None:
        self._live.stop()
        if self._shown is not None and not desktop.isComparing():
            desktop.tidyUp()
        self._shown = None

    def _showButtons(self, comparing: bool) -> None:
        there = bool(self._results)
        nothing = _("There are no maps of this scan yet: press Apply first.")
        self.ui.compareButton.enabled = there
        self.ui.compareButton.toolTip = (
            _("Show the maps side by side, linked, with one color scale.") if there else nothing
        )
        self.ui.formerLayoutButton.enabled = comparing
        self.ui.formerLayoutButton.toolTip = (
            _("Go back to the views from before the comparison.")
            if comparing
            else _("The comparison is not shown at the moment.")
        )
        self.ui.fitButton.enabled = there
        self.ui.fitButton.toolTip = _("Choose a range with round ends that suits these maps.") if there else nothing
        self.ui.crosshairCheckBox.enabled = comparing
        blocked = self.ui.crosshairCheckBox.blockSignals(True)
        self.ui.crosshairCheckBox.checked = crosshair.isShown(_crosshairNode())
        self.ui.crosshairCheckBox.blockSignals(blocked)

    def _showResults(self) -> None:
        """One line for each result; nothing to choose from where there is one."""
        several = len(self._results) > 1
        self.ui.resultsLabel.visible = several
        self.ui.resultsList.visible = several
        lines = tuple(f"{nodes.run} {nodes.title} {isChosen(nodes, self._results)}" for nodes in self._results)
        if lines == self._listed:
            return
        self._listed = lines
        blocked = self.ui.resultsList.blockSignals(True)
        self.ui.resultsList.clear()
        for number, nodes in enumerate(self._results, start=1):
            item = qt.QListWidgetItem(f"{number}: {nodes.title}")
            item.setToolTip(nodes.title)
            item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable | qt.Qt.ItemIsUserCheckable)
            item.setCheckState(qt.Qt.Checked if isChosen(nodes, self._results) else qt.Qt.Unchecked)
            self.ui.resultsList.addItem(item)
        self.ui.resultsList.blockSignals(blocked)
        self.ui.resultsList.toolTip = _("Which results to compare; the newest {most} of them are shown.").format(
            most=MOST_RESULTS
        )

    def _arrivalIsKnown(self) -> bool:
        """Whether there are arrival times among the results that were chosen."""
        return any(hasArrival(nodes) for nodes in chosenResults(self._results)) if self._results else False

    def _showsArrival(self) -> bool:
        wanted = self.parameters is not None and self.parameters.shows is Shows.ARRIVAL
        return wanted and self._arrivalIsKnown()

    def _showRange(self) -> None:
        """The range of the quantity shown, with its unit; without CBF there is none, and the range is relative."""
        arrival = self._showsArrival()
        for widget in (self.ui.lowSpinBox, self.ui.highSpinBox, self.ui.unitLabel):
            widget.visible = not arrival
        for widget in (self.ui.earlySpinBox, self.ui.lateSpinBox):
            widget.visible = arrival
        self.ui.rangeLabel.setBuddy(self.ui.earlySpinBox if arrival else self.ui.lowSpinBox)
        ofFlow = _("Arrival times have colors of their own, and no threshold.")
        _offer(self.ui.colorComboBox, ofFlow if arrival else "", self._purposes["colorComboBox"])
        _offer(self.ui.thresholdSlider, ofFlow if arrival else "", self._purposes["thresholdSlider"])
        absolute = not self._results or isCbf(self._results[-1].denoised)
        unit = unitText(self._results[-1].denoised) if self._results else CBF_UNIT
        self.ui.unitLabel.text = unit if absolute else "%"
        tip = _("Without M0 there is no CBF: {percent:g} % is what 99 % of the brain's voxels stay below.")
        self.ui.unitLabel.toolTip = "" if absolute else tip.format(percent=PERCENT)

    def _showChoices(self, state: ModuleState) -> None:
        parameters = state.parameters
        self.ui.colorComboBox.currentIndex = max(0, self.ui.colorComboBox.findData(parameters.colorTable))
        single = len(chosenResults(self._results)) == 1 if self._results else True
        several = _("Several results are compared: each view shows the map of one of them.")
        _offer(self.ui.thirdComboBox, "" if single else several, self._purposes["thirdComboBox"])
        known = self._arrivalIsKnown()
        self.ui.showsLabel.visible = known
        self.ui.showsComboBox.visible = known
        covered = parameters.backgroundNode is not None
        self.ui.opacitySlider.enabled = covered
        self.ui.opacitySlider.toolTip = (
            _("How much of the maps is seen over the background.")
            if covered
            else _("Choose a background first: there is nothing beneath the maps.")
        )
        m0 = self._m0()
        self.ui.m0Button.enabled = m0 is not None and parameters.backgroundNode is not m0
        self.ui.m0Button.toolTip = (
            _("The maps have no M0.") if m0 is None else _("Put the M0 image of the scan beneath the maps.")
        )

    def _m0(self) -> slicer.vtkMRMLScalarVolumeNode | None:
        return self._results[-1].m0 if self._results else None


def _crosshairNode() -> slicer.vtkMRMLCrosshairNode:
    return slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")


def _offer(widget: qt.QWidget, obstacle: str, purpose: str) -> None:
    """Enable a widget unless something stands in the way; its tooltip says what, or what it is for."""
    widget.enabled = not obstacle
    widget.toolTip = obstacle or purpose
