"""The section with the figures: table of regions, Bland-Altman plot, comparison with a reference."""

from __future__ import annotations

import html
from collections.abc import Callable
from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from deepasl.errors import DeepASLError
from DeepASLDenoiseLib.compare.display import quantityText, unitText
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.numbers.biasguard import guardText
from DeepASLDenoiseLib.numbers.plots import blandAltmanPlot, findPlot
from DeepASLDenoiseLib.numbers.references import findReferenceTable, referenceTable
from DeepASLDenoiseLib.numbers.tables import findStatistics, statisticsTable, tableText, writeCsv
from DeepASLDenoiseLib.panels.panel import Panel
from DeepASLDenoiseLib.runs.inscene import ResultNodes
from DeepASLDenoiseLib.runs.mapnames import mapNames
from DeepASLDenoiseLib.state import ModuleState

PLOT_VIEW = "DeepASLNumbers"
"""Singleton tag of the view node of the plot; the chart it shows is the user's choice, saved with the scene."""

MOST_ROWS_SHOWN = 12


class NumbersPanel(Panel):
    """Measures whenever the results or what they are measured with change; shows tables and plots from the scene."""

    uiName = "Numbers"
    title = _("Numbers")
    collapsed = True

    def connect(self) -> None:
        """Connect the controls."""
        self._results: tuple[ResultNodes, ...] = ()
        self._measuredFrom: tuple[str, ...] | None = None
        self._problems: dict[str, str] = {}
        for view in (self.ui.statisticsView, self.ui.referenceView):
            view.verticalHeader().hide()
            view.horizontalHeader().setDefaultAlignment(qt.Qt.AlignCenter | qt.Qt.Alignment(qt.Qt.TextWordWrap))
        buttons = (self.ui.measureButton, self.ui.copyButton, self.ui.saveButton)
        self._purposes = {button.objectName: button.toolTip for button in buttons}
        self.ui.measureButton.connect("clicked(bool)", self.onMeasureButton)
        self.ui.copyButton.connect("clicked(bool)", self.onCopyButton)
        self.ui.saveButton.connect("clicked(bool)", self.onSaveButton)
        self.ui.plotComboBox.connect("activated(int)", self.onPlotChosen)
        self.ui.tabWidget.connect("currentChanged(int)", self.onTabChanged)

    def onMeasureButton(self, checked: bool = False) -> None:
        """Take all figures anew."""
        with self.actions.attempt(_("The maps cannot be measured")):
            self._measure()
        self._showFigures()

    def onCopyButton(self, checked: bool = False) -> None:
        """Put the table of the open tab into the clipboard."""
        slicer.app.clipboard().setText(tableText(self._openTable()))
        self.actions.tell(_("The table is in the clipboard."))

    def onSaveButton(self, checked: bool = False) -> None:
        """Let the user choose a file for the table of the open tab."""
        folder = self.parameters.exportFolder if self.parameters is not None else ""
        suggestion = str(Path(folder) / f"{self._openTable().GetName()}.csv")
        path = qt.QFileDialog.getSaveFileName(
            slicer.util.mainWindow(), _("Save the table"), suggestion, _("Comma-separated values") + " (*.csv)"
        )
        if path:
            self.saveTable(path)

    def saveTable(self, path: str) -> None:
        """Save the table of the open tab."""
        with self.actions.attempt(_("The table cannot be saved")):
            writeCsv(self._openTable(), path)
            self.actions.tell(_("Saved {path}.").format(path=path))

    def onPlotChosen(self, index: int) -> None:
        """Show another plot."""
        self._plotView().SetPlotChartNodeID(self.ui.plotComboBox.itemData(index))
        self._showPlot()

    def onTabChanged(self, index: int) -> None:
        """Offer the table of the open tab."""
        self._showButtons()

    def show(self, state: ModuleState) -> None:
        """Measure if there is anything new to measure, and show the figures."""
        self._results = state.results
        measuredFrom = self._choice()
        if measuredFrom != self._measuredFrom:
            self._measuredFrom = measuredFrom
            self._measure()
            self._showFigures()
        elif self._tablesAreGone():
            self._showFigures()

    def leave(self) -> None:
        """Hold on to nothing of a scene that may close."""
        self._results, self._measuredFrom, self._problems = (), None, {}
        self._showFigures()

    def _choice(self) -> tuple[str, ...]:
        """Ids of all nodes that the figures depend on."""
        if self.parameters is None or not self._results:
            return ()
        chosen = (self.parameters.segmentationNode, self.parameters.referenceNode)
        nodes = (*(each.denoised for each in self._results), *chosen)
        return tuple("" if node is None else node.GetID() for node in nodes)

    def _measure(self) -> None:
        """Make tables and plots; what cannot be made is told where it would have been."""
        if self.parameters is None or not self._results:
            return
        segmentation, reference = self.parameters.segmentationNode, self.parameters.referenceNode
        results, scene = self._results, slicer.mrmlScene
        self._problems = {}
        self._try("statistics", lambda: statisticsTable(scene, results, segmentation))
        for nodes in results:
            self._try("plot", lambda nodes=nodes: blandAltmanPlot(scene, nodes))
        if reference is not None:
            self._try("reference", lambda: referenceTable(scene, results, reference))

    def _try(self, what: str, make: Callable[[], Node]) -> None:
        try:
            make()
        except DeepASLError as error:
            self._problems[what] = str(error)

    def _showFigures(self) -> None:
        self._showStatistics()
        self._showPlots()
        self._showReference()
        self._showButtons()

    def _showStatistics(self) -> None:
        table = self._statistics()
        showTable(self.ui.statisticsView, table)
        if table is None:
            self.ui.statusLabel.text = self._problems.get("statistics", "") or self._nothing()
        else:
            newest = self._results[-1].conventional
            text = _("{quantity} in {unit}, measured in the maps of the scene.")
            self.ui.statusLabel.text = text.format(quantity=quantityText(newest), unit=unitText(newest))
        remarks = "" if table is None else html.escape(table.GetDescription())
        self.ui.guardBrowser.html = "<br>".join(text for text in (guardText(table), remarks) if text)
        self.ui.guardBrowser.visible = table is not None

    def _showPlots(self) -> None:
        combo = self.ui.plotComboBox
        combo.clear()
        for nodes, names in zip(self._results, mapNames(self._results), strict=True):
            chart = findPlot(slicer.mrmlScene, nodes)
            if chart is not None:
                combo.addItem(names.denoised, chart.GetID())
        combo.visible = combo.count > 1
        if combo.count:
            shown = combo.findData(self._plotView().GetPlotChartNodeID() or "")
            combo.currentIndex = shown if shown >= 0 else combo.count - 1
            self._plotView().SetPlotChartNodeID(combo.itemData(combo.currentIndex))
        self._showPlot()

    def _showPlot(self) -> None:
        chartId = self.ui.plotComboBox.itemData(self.ui.plotComboBox.currentIndex)
        chart = slicer.mrmlScene.GetNodeByID(chartId) if chartId else None
        self.ui.plotWidget.visible = chart is not None
        problem = self._problems.get("plot", "") or self._nothing()
        hint = _("A map with more noise than the other makes the line slope, even without a bias.")
        self.ui.agreementLabel.text = problem if chart is None else f"{chart.GetDescription()} {hint}"

    def _showReference(self) -> None:
        reference = None if self.parameters is None else self.parameters.referenceNode
        table = self._reference()
        showTable(self.ui.referenceView, table)
        if table is not None:
            text = _("Every map against {name} in the brain. PSNR takes the largest value of {name} for its peak.")
            self.ui.closenessLabel.text = text.format(name=reference.GetName())
        else:
            choose = _("Choose a reference above to see how close the maps come to it.")
            nothing = self._nothing() if reference is not None or not self._results else choose
            self.ui.closenessLabel.text = self._problems.get("reference", "") or nothing

    def _showButtons(self) -> None:
        self._offer(self.ui.measureButton, possible=bool(self._results))
        for button in (self.ui.copyButton, self.ui.saveButton):
            self._offer(button, possible=self._openTable() is not None)

    def _offer(self, button: qt.QPushButton, *, possible: bool) -> None:
        """Enable a button, or let its tooltip say why it is not."""
        button.enabled = possible
        button.toolTip = self._purposes[button.objectName] if possible else self._nothing()

    def _nothing(self) -> str:
        """Why there is nothing to show."""
        return _("Press Measure again.") if self._results else _("Denoise a scan to see its figures.")

    def _tablesAreGone(self) -> bool:
        """Whether the user deleted a table that is shown."""
        return self.ui.statisticsView.mrmlTableNode() is not self._statistics()

    def _statistics(self) -> Node | None:
        return findStatistics(slicer.mrmlScene, self._results) if self._results else None

    def _reference(self) -> Node | None:
        """The table against the chosen reference; one of a former reference is not shown."""
        if not self._results or self.parameters is None or self.parameters.referenceNode is None:
            return None
        if "reference" in self._problems:
            return None
        return findReferenceTable(slicer.mrmlScene, self._results)

    def _openTable(self) -> Node | None:
        """The table of the tab in front; of a plot, its points."""
        tab = self.ui.tabWidget.currentWidget()
        if tab.objectName == "agreementTab":
            chartId = self.ui.plotComboBox.itemData(self.ui.plotComboBox.currentIndex)
            chart = slicer.mrmlScene.GetNodeByID(chartId) if chartId else None
            return None if chart is None else chart.GetNthPlotSeriesNode(0).GetTableNode()
        return self._statistics() if tab.objectName == "regionsTab" else self._reference()

    def _plotView(self) -> Node:
        """The view node of the plot, which the widget follows; made when it is needed first."""
        view = slicer.mrmlScene.GetSingletonNode(PLOT_VIEW, "vtkMRMLPlotViewNode")
        if view is None:
            view = slicer.vtkMRMLPlotViewNode()
            view.SetSingletonTag(PLOT_VIEW)
            view.SetName(PLOT_VIEW)
            view.SetLayoutLabel("BA")
            view = slicer.mrmlScene.AddNode(view)
        if self.ui.plotWidget.mrmlPlotViewNode() is not view:
            self.ui.plotWidget.setMRMLPlotViewNode(view)
        return view


def showTable(view: qt.QTableView, table: Node | None) -> None:
    """Show a table as high as it is, up to a limit; nothing at all without one."""
    if view.mrmlTableNode() is not table:
        view.setMRMLTableNode(table)
    view.visible = table is not None
    if table is None:
        return
    letters = qt.QFontMetrics(view.font)
    rowHeight, headerHeight = letters.height() + 6, 2 * letters.height() + 8
    for column in range(table.GetNumberOfColumns()):
        words = view.model().headerData(column, qt.Qt.Horizontal).split()
        widest = max(letters.width(word) for word in words) + 22
        view.setColumnWidth(column, max(widest, view.sizeHintForColumn(column) + 8))
    view.verticalHeader().setDefaultSectionSize(rowHeight)
    view.horizontalHeader().setFixedHeight(headerHeight)
    rows = min(table.GetNumberOfRows(), MOST_ROWS_SHOWN)
    view.setFixedHeight(rows * rowHeight + headerHeight + view.horizontalScrollBar().sizeHint.height() + 4)
