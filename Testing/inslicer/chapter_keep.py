"""Third chapter: figures, files, and the scene saved, closed and opened again."""

import csv

import slicer
from storytools import click, shown
from teller import Teller


class Keeping(Teller):
    """Numbers, export, the saved scene, the run repeated from it."""

    def step20_the_table_holds_every_map_in_every_tissue(self):
        """With the change that denoising made, and whether it kept the mean."""
        self.look("Numbers")
        table = self.ui("Numbers").statisticsView.mrmlTableNode()
        cells = [[table.GetCellText(row, column) for column in (0, 1)] for row in range(table.GetNumberOfRows())]
        assert {region for region, _map in cells} >= {"brain", "grey matter", "white matter"}
        assert len({name for _region, name in cells}) == 3  # conventional and two networks
        assert shown(self.ui("Numbers").statisticsView)
        assert self.ui("Numbers").guardLabel.text

    def step21_the_plot_says_how_maps_agree(self):
        """Bland-Altman: mean difference and limits of agreement, in words too."""
        numbers = self.ui("Numbers")
        numbers.tabWidget.setCurrentIndex(1)
        assert shown(numbers.plotWidget)
        chart = numbers.plotWidget.mrmlPlotViewNode().GetPlotChartNode()
        assert chart.GetNumberOfPlotSeriesNodes() >= 4
        assert "limits of agreement" in numbers.agreementLabel.text.lower()

    def step22_figures_go_to_the_clipboard_and_to_a_file(self):
        """As they are in the table."""
        numbers = self.ui("Numbers")
        numbers.tabWidget.setCurrentIndex(0)
        click(numbers.copyButton)
        assert "\t" in slicer.app.clipboard().text()
        file = self.folder / "figures.csv"
        self.panel("Numbers").saveTable(str(file))
        rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
        assert len(rows) == numbers.statisticsView.mrmlTableNode().GetNumberOfRows() + 1
