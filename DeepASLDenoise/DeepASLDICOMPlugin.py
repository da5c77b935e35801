"""DeepASLDICOMPlugin: Slicer's DICOM module loads ASL scans of Siemens, Philips and GE scanners for DeepASL."""

import logging

import slicer
import slicer.util
from DICOMLib import DICOMLoadable, DICOMPlugin

from deepasl.errors import DeepASLError
from DeepASLDenoiseLib.dicom.files import SERIES_UID, otherSeries
from DeepASLDenoiseLib.dicom.offers import companionsIn, offersOf
from DeepASLDenoiseLib.dicom.packages import CONVERTER, ensureTool
from DeepASLDenoiseLib.dicom.scene import addDicomScan, placeCompanions, readingSeries, withScaleSettled
from DeepASLDenoiseLib.nodes import allOrNothing
from DeepASLDenoiseLib.runs.waiting import runShown
from DeepASLDenoiseLib.translation import tr as _


class DeepASLDICOMPluginClass(DICOMPlugin):
    """Offers series with ASL attributes, and loads them as the module loads a folder."""

    def __init__(self):
        super().__init__()
        self.loadType = _("ASL scan (DeepASL)")

    def examineForImport(self, fileLists):
        """The ASL scans in lists of files, one for each series."""
        return [loadable for files in fileLists for loadable in self._examineOnce(files)]

    def examineFiles(self, files):
        """The ASL scans in the files of one series."""
        offers = offersOf(files, lambda: otherSeries(slicer.dicomDatabase, files[0]))
        return [asLoadable(offer) for offer in offers]

    def load(self, loadable):
        """Put a scan into the scene with its M0 and the maps of the scanner, all or nothing; None if that fails."""
        try:
            ensureTool(CONVERTER)
            scan = runShown(readingLoadable(loadable), _("Loading an ASL scan"))
            node = None if scan is None else self._addToScene(settled(scan), loadable)
        except DeepASLError as error:
            logging.error("%s", error)
            slicer.util.errorDisplay(str(error), windowTitle=_("The ASL scan cannot be loaded"))
            return None
        if node is not None:
            show(node)
        return node

    def _examineOnce(self, files):
        loadables = self.getCachedLoadables(files)
        if loadables is None:
            loadables = self.examineFiles(files)
            self.cacheLoadables(files, loadables)
        return loadables

    def _addToScene(self, scan, loadable):
        with allOrNothing(slicer.mrmlScene):
            node = addDicomScan(slicer.mrmlScene, scan)
            self.addSeriesInSubjectHierarchy(loadable, node)
            placeCompanions(node)
        return node


def asLoadable(offer):
    """An offer as the DICOM module wants it."""
    loadable = DICOMLoadable()
    loadable.files = list(offer.files)
    loadable.name = offer.name
    loadable.tooltip = offer.tooltip
    loadable.warning = offer.warning
    loadable.confidence = offer.confidence
    loadable.selected = offer.chosen
    return loadable


def readingLoadable(loadable):
    """The job that reads a loadable, with what belongs to it in the DICOM database."""
    file = loadable.files[0]
    companions = companionsIn(otherSeries(slicer.dicomDatabase, file))
    uid = slicer.dicomDatabase.fileValue(file, SERIES_UID)
    return readingSeries([*loadable.files, *companions], uid, loadable.name)


def settled(scan):
    """A scan after the user was asked what only a person can say of it, where there is a desktop to ask on."""
    if not hasattr(slicer, "app"):
        return scan
    from DeepASLDenoiseLib.dicom.desktop import askScale  # needs Qt

    return withScaleSettled(scan, askScale)


def show(node):
    """Choose a scan in the module, and show it in the slice views, where there is a desktop."""
    if hasattr(slicer, "app"):
        from DeepASLDenoiseLib.dicom.desktop import showLoaded  # needs Qt

        showLoaded(node)


class DeepASLDICOMPlugin:
    """What Slicer finds when it looks for modules: tells the DICOM module of the plugin."""

    def __init__(self, parent):
        parent.title = _("DeepASL DICOM Plugin")
        parent.categories = ["Developer Tools.DICOM Plugins"]
        parent.contributors = [_("The DeepASL for 3D Slicer developers")]
        parent.helpText = _("Lets the DICOM module load ASL scans for DeepASL. It has no panel of its own.")
        parent.hidden = True
        # The DICOM module may be loaded later than this one.
        if not hasattr(slicer.modules, "dicomPlugins"):
            slicer.modules.dicomPlugins = {}
        slicer.modules.dicomPlugins["DeepASLDICOMPlugin"] = DeepASLDICOMPluginClass
