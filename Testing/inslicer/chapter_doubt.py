"""Last chapter: a scan whose M0 may be on another scale, which only a person can say; every answer is clicked."""

import numpy as np
import slicer
from storytools import attempting, settle
from teller import Teller

from deepasl.phantom import Protocol, acquire, default_anatomy, make_subject
from phantom_scans import COARSE
from synthetic_dicom import siemens_header, tilted, write_slices

FACTOR = 10.0
"""By which M0 is stored too small."""

PCASL = {"tSequenceFileName": '""%CustomerSeq%\\ep2d_pcasl""', "sWipMemBlock.adFree[2]": 1800000.0}


class Doubting(Teller):
    """Synthetic DICOM files with an M0 scan divided by 10, loaded with each answer to the question."""

    def step70_a_scale_of_m0_that_cannot_be_is_asked_about_and_may_be_left_open(self):
        """Then the scan can be looked at, and the tooltip of Apply says why there is no flow."""
        slicer.mrmlScene.Clear(0)
        slicer.util.selectModule("DeepASLDenoise")
        self.doubtful = self._write()
        asked = self._loading("Leave it open", "step70_dialog")
        assert "divided by 10" in asked, asked
        assert "--" not in asked
        assert self.ui("Scan").rolesLabel.text == "6 x (control, label)"
        denoise = self.ui("Denoise")
        assert not denoise.applyButton.enabled
        assert "% of M0" in denoise.applyButton.toolTip
        assert "Load the scan again to be asked again" in denoise.applyButton.toolTip
        self.look("Denoise")

    def step71_the_factor_that_was_typed_scales_m0(self):
        """Flow is that of the phantom; that M0 was multiplied is among the findings."""
        slicer.mrmlScene.Clear(0)
        self._loading("OK", "step71_dialog", FACTOR)
        assert self.ui("Denoise").applyButton.enabled, self.ui("Denoise").applyButton.toolTip
        maps = self.denoise()
        assert "10" in self._told("M0")
        self.flow = self._grey(maps)
        assert 35.0 < self.flow < 60.0, self.flow
        self.look("Denoise")

    def step72_images_may_be_right_as_they_are(self):
        """Nobody is overruled: flow is ten times as much, and a warning says so."""
        slicer.mrmlScene.Clear(0)
        self._loading("OK", "step72_dialog", 1.0)
        assert self.ui("Denoise").applyButton.enabled, self.ui("Denoise").applyButton.toolTip
        maps = self.denoise()
        assert 8.0 < self._grey(maps) / self.flow < 12.0
        assert "WARNING: The difference signal of grey matter is" in self.ui("Denoise").findingsBrowser.plainText
        self.look("Denoise")

    def _loading(self, button, name, factor=None):
        """Load the folder, answer the question after a picture of it; returns what it said."""

        def look(dialog):
            if factor is not None:
                (box,) = dialog.findChildren("QDoubleSpinBox")
                box.value = factor
            dialog.grab().save(str(self.output / f"{name}.png"))

        # The program that converts DICOM images may have to be installed first.
        told, seen = attempting(lambda: self.widget.loadScan(str(self.doubtful)), button, "OK", before=look)
        assert not told, told
        settle()
        return " ".join(seen)

    def _told(self, words):
        told = self.ui("Denoise").findingsBrowser.plainText
        return " ".join(line for line in told.splitlines() if words in line)

    def _grey(self, maps):
        """Mean conventional flow of grey matter."""
        grey = slicer.util.arrayFromVolume(maps.tissue) == 1
        return float(np.mean(slicer.util.arrayFromVolume(maps.conventional)[grey]))

    def _write(self):
        """Six pairs, and an M0 scan in a series of its own."""
        person = acquire(make_subject(default_anatomy(tilted(COARSE))), Protocol(pairs=6), noise_sd=1.0, seed=3)
        folder = self.folder / "doubtful"
        header = siemens_header({**PCASL, "sWipMemBlock.adFree[3]": 98}, MRAcquisitionType="3D")
        pairs = list(person.volumes[1:])
        write_slices(folder / "asl", pairs, person.geometry, header, lambda t: {"AcquisitionNumber": t + 1}, 0.1)
        apart = {"SeriesInstanceUID": "1.2.826.0.1.3680043.8.498.1.7", "SeriesDescription": "asl_m0"}
        write_slices(folder / "m0", [person.volumes[0] / FACTOR], person.geometry, {**header, **apart}, scale=0.1)
        return folder
