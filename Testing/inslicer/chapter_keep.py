"""Third chapter: figures, files, and the scene saved, closed and opened again."""

import csv
import shutil

import numpy as np
import slicer
from storytools import answering, choose, click, settle, shown
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
        assert self.ui("Numbers").guardBrowser.plainText

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

    def step23_a_result_is_exported(self):
        """Maps, sidecars, figures and report in a folder with a name that is not ASCII."""
        self.look("Keep")
        keep = self.ui("Keep")
        assert not keep.exportButton.enabled
        assert "folder" in keep.exportButton.toolTip
        keep.folderPathEdit.setCurrentPath(str(self.folder / "f\u00fcr sp\u00e4ter"))
        click(keep.exportButton)
        files = {file.name for file in (self.folder / "f\u00fcr sp\u00e4ter").rglob("*") if file.is_file()}
        assert "report.html" in files
        assert any(name.endswith("desc-denoised_cbf.nii.gz") for name in files)
        assert any(name.endswith("desc-denoised_cbf.json") for name in files)
        assert any(name.endswith(".csv") for name in files)
        assert keep.reportButton.enabled
        assert "Exported" in self.ui("Denoise").messageLabel.text

    def step24_nothing_is_overwritten_unasked(self):
        """The second export is refused in words; the box beside it allows it."""
        keep = self.ui("Keep")
        report = self.folder / "f\u00fcr sp\u00e4ter" / "report.html"
        written = report.stat().st_mtime_ns
        timer, seen = answering("OK")
        try:
            click(keep.exportButton)
        finally:
            timer.stop()
        assert any("there already" in text for text in seen), seen
        assert report.stat().st_mtime_ns == written
        click(keep.replaceCheckBox)
        click(keep.exportButton)
        assert report.stat().st_mtime_ns > written

    def step25_the_scene_is_saved_and_closed(self):
        """With the user's choices, so that they can be looked for afterwards."""
        parameters = self.widget.logic.getParameterNode()
        choose(self.ui("Denoise").pairsComboBox, 16)
        choose(self.ui("Compare").colorComboBox, "viridis")
        assert parameters.pairs == 16
        self.saved = self.folder / "scene.mrb"
        self.voxels = [slicer.util.arrayFromVolume(maps.denoised).copy() for maps in self.results]
        self.titles = [maps.title for maps in self.results]
        self.layout = slicer.app.layoutManager().layout
        assert slicer.util.saveScene(str(self.saved))
        shutil.copy(self.saved, self.output / "scene.mrb")  # for `reopened.py`
        slicer.mrmlScene.Clear(0)
        slicer.app.processEvents()
        assert not self.ui("Denoise").applyButton.enabled
        assert self.ui("Scan").rolesLabel.text == "no scan"
        assert slicer.app.layoutManager().layout == self.ownLayout

    def step26_the_scene_comes_back_with_all_that_was_chosen(self):
        """Scan, roles, choices, results, layout."""
        slicer.util.loadScene(str(self.saved))
        settle()
        parameters = self.widget.logic.getParameterNode()
        assert parameters.inputNode is not None
        assert "m0scan" in self.ui("Scan").rolesLabel.text
        assert parameters.pairs == 16
        assert parameters.colorTable == "viridis"
        assert [maps.title for maps in self.results] == self.titles
        assert slicer.app.layoutManager().layout == self.layout
        for maps, voxels in zip(self.results, self.voxels, strict=True):
            assert np.array_equal(slicer.util.arrayFromVolume(maps.denoised), voxels)
        table = self.ui("Numbers").statisticsView.mrmlTableNode()
        assert table is not None
        assert table.GetNumberOfRows() >= 9

    def step27_a_run_is_repeated_from_the_saved_scene(self):
        """Its settings are chosen again, and Apply gives the same voxels."""
        keep = self.ui("Keep")
        self.look("Keep")
        choose(keep.runComboBox, self.results[0].run)
        click(keep.restoreButton)
        parameters = self.widget.logic.getParameterNode()
        assert parameters.pairs == 0
        assert parameters.model == self.results[0].denoised.GetAttribute("DeepASL.Model")
        again = self.denoise()
        assert np.array_equal(slicer.util.arrayFromVolume(again.denoised), self.voxels[0])

    def step28_a_folder_that_cannot_be_written_is_told(self):
        """A file lies where the folder should be; the scene and the file stay as they are."""
        keep = self.ui("Keep")
        blocked = self.folder / "a file"
        blocked.write_text("mine", encoding="utf-8")
        keep.folderPathEdit.setCurrentPath(str(blocked))
        timer, seen = answering("OK")
        try:
            click(keep.exportButton)
        finally:
            timer.stop()
        assert any("cannot be exported" in text for text in seen), seen
        assert blocked.read_text(encoding="utf-8") == "mine"
