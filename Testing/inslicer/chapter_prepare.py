"""Chapter of scans at several delays, of steps before the network, and of files dropped onto the module."""

import json

import qt
import slicer
from storytools import backgroundsOfViews, choose, click, legendsOf, settle, shown
from teller import Teller

from deepasl.phantom import Protocol, write_bids
from multidelay_scans import acquire_delays, late_subject


class Preparing(Teller):
    """Arrival times, standard errors, preparation, drag and drop."""

    def step30_of_several_delays_all_are_used_unless_one_is_chosen(self):
        """A phantom at three delays; nothing has to be settled before Apply."""
        slicer.mrmlScene.Clear(0)
        self.load(self._severalDelays())
        self.look("Acquisition")
        delays = self.ui("Acquisition").delayComboBox
        assert shown(delays)
        assert "all delays" in delays.currentText
        assert delays.count == 4
        assert self.ui("Denoise").applyButton.enabled, self.ui("Denoise").applyButton.toolTip

    def step31_their_maps_of_blood_flow_come_with_arrival_times(self):
        """Blood flow is shown first; the arrival times are one choice away."""
        self.ownLayout = slicer.app.layoutManager().layout
        maps = self.denoise()
        self.look("Compare")
        assert maps.attDenoised.GetVoxelValueUnits().GetCodeValue() == "s"
        assert backgroundsOfViews(3)[1] == maps.denoised.GetID()
        assert shown(self.ui("Compare").showsComboBox)

    def step32_arrival_times_have_colors_range_and_legends_of_their_own(self):
        """In seconds, and in the views of the comparison."""
        compare = self.ui("Compare")
        choose(compare.showsComboBox, compare.showsComboBox.itemText(1))
        (maps,) = self.results
        assert backgroundsOfViews(3) == [
            each.GetID() for each in (maps.attConventional, maps.attDenoised, maps.attDifference)
        ]
        assert [legendsOf(n) for n in (1, 2, 3)] == [["ATT (s)"], ["ATT (s)"], ["Difference (s)"]]
        assert not compare.colorComboBox.enabled
        click(compare.fitButton)
        display = maps.attDenoised.GetDisplayNode()
        assert display.GetWindowLevelMax() == compare.lateSpinBox.value > 0.5
        assert "Viridis" in display.GetColorNodeID()

    def step33_the_standard_error_takes_the_third_view(self):
        """Of the arrival time, then of blood flow."""
        compare = self.ui("Compare")
        choose(compare.thirdComboBox, compare.thirdComboBox.itemText(2))
        assert legendsOf(3) == ["Standard error (s)"]
        choose(compare.showsComboBox, compare.showsComboBox.itemText(0))
        assert legendsOf(3) == ["Standard error (mL/100g/min)"]
        choose(compare.thirdComboBox, compare.thirdComboBox.itemText(0))

    def step34_steps_before_the_network_are_chosen_done_and_recorded(self):
        """The heading of the group says what is chosen while it is closed; the maps say what was done."""
        self.look("Denoise")
        denoise, before = self.ui("Denoise"), self.results
        denoise.preparationGroupBox.collapsed = False
        assert not denoise.partialVolumeCheckBox.enabled
        assert "T1 image" in denoise.partialVolumeCheckBox.toolTip
        choose(denoise.outliersComboBox, "robust")
        choose(denoise.m0SmoothingComboBox, "median")
        assert denoise.preparationGroupBox.title == "Preparation: outliers, M0 filter"
        click(denoise.applyButton)
        self.finish()
        assert len(self.results) == len(before) + 1, denoise.messageLabel.text
        settings = json.loads(self.results[-1].denoised.GetAttribute("DeepASL.Settings"))
        assert settings["outliers"] == "robust"
        assert settings["m0"]["smoothing"] == "median"
        assert "M0 was filtered" in denoise.findingsBrowser.plainText
        assert "outliers, M0 filter" in self.results[-1].title

    def step35_the_settings_of_the_plain_run_come_back(self):
        """With Keep, whatever was chosen since."""
        self.look("Keep")
        keep = self.ui("Keep")
        choose(keep.runComboBox, self.results[0].run)
        click(keep.restoreButton)
        denoise = self.ui("Denoise")
        assert denoise.outliersComboBox.currentData == "none"
        assert denoise.m0SmoothingComboBox.currentData == "none"
        assert denoise.preparationGroupBox.title == "Preparation: plain mean"

    def step36_a_file_dropped_onto_the_module_is_its_input(self):
        """As with the button, also where nothing says that it is an ASL scan; the user reads that."""
        slicer.mrmlScene.Clear(0)
        plain = self.folder / "series.nii.gz"
        plain.write_bytes(self.scan.read_bytes())
        data = qt.QMimeData()
        data.setUrls([qt.QUrl.fromLocalFile(str(plain))])
        target = self.widget.parent
        enter = qt.QDragEnterEvent(qt.QPoint(5, 5), qt.Qt.CopyAction, data, qt.Qt.LeftButton, qt.Qt.NoModifier)
        slicer.app.sendEvent(target, enter)
        assert enter.isAccepted()
        drop = qt.QDropEvent(qt.QPointF(5, 5), qt.Qt.CopyAction, data, qt.Qt.LeftButton, qt.Qt.NoModifier)
        slicer.app.sendEvent(target, drop)
        slicer.app.processEvents()
        settle()
        assert self.widget.logic.getParameterNode().inputNode.GetName() == "series"
        assert "Neither the name of series.nii.gz" in self.ui("Denoise").messageLabel.text
        assert "Labeling type is not known" in self.ui("Denoise").applyButton.toolTip

    def step37_the_demo_is_there_again(self):
        """For what follows."""
        slicer.mrmlScene.Clear(0)
        self.load(self.scan)
        self.denoise()
        assert len(self.results) == 1

    def _severalDelays(self):
        """A BIDS file of a small phantom at three delays."""
        scan = acquire_delays(late_subject(), (0.7, 1.4, 2.1), Protocol(pairs=3), noise_sd=1.0)
        return write_bids(scan, self.folder / "delays")
