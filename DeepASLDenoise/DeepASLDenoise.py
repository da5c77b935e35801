"""DeepASLDenoise: a 3D Slicer module that denoises ASL MRI and compares blood flow before and after."""

import logging
import tempfile
import traceback
from pathlib import Path

import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

from deepasl.demo import write_demo_scan
from deepasl.denoising import Denoiser
from deepasl.errors import DeepASLError
from deepasl.pipeline import Settings, process
from deepasl.progress import Progress, run
from deepasl.registry import DEFAULT_MODEL, find_model, load_registry
from DeepASLDenoiseLib.acquisitiontable import AcquisitionTable
from DeepASLDenoiseLib.acquisitiontext import parseValue
from DeepASLDenoiseLib.dependencies import InstallationDeclinedError, ensureRuntime
from DeepASLDenoiseLib.desktop import leaveComparison, showComparison, showResult, showScan
from DeepASLDenoiseLib.inputs import corrected, loadScan, readSeries
from DeepASLDenoiseLib.jobs import JobRunner, JobState
from DeepASLDenoiseLib.parameternode import DeepASLDenoiseParameterNode
from DeepASLDenoiseLib.reload import forgetModules
from DeepASLDenoiseLib.scene import addResult
from DeepASLDenoiseLib.understanding import Choice, Understanding, understand


class DeepASLDenoise(ScriptedLoadableModule):
    """The module as Slicer lists it."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("DeepASL Denoise")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Neuroimaging")]
        parent.dependencies = []
        parent.contributors = [_("The DeepASL for 3D Slicer developers")]
        parent.helpText = _(
            "Denoises arterial spin labeling (ASL) MRI with the DeepASL network, computes cerebral blood flow, and "
            "shows conventional and denoised maps side by side. For research use only, not a medical device."
        )
        parent.acknowledgementText = _(
            "The method is that of C. Ulas, G. Tetteh, S. Kaczmarz, C. Preibisch and B. H. Menze: DeepASL: Kinetic "
            "Model Incorporated Loss for Denoising Arterial Spin Labeled MRI via Deep Residual Learning, MICCAI 2018."
        )


class DeepASLDenoiseWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: shows what was understood, starts and cancels the job, shows the comparison."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.runner = None
        self._parameterNode = None
        self._guiTag = None
        self._understoodFrom = None
        self._understanding = Understanding()
        self._source = None
        self._resultNodes = None
        self._formerLayout = None

    def setup(self):
        """Build the panel when the module is opened for the first time."""
        ScriptedLoadableModuleWidget.setup(self)
        panel = slicer.util.loadUI(self.resourcePath("UI/DeepASLDenoise.ui"))
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        panel.setMRMLScene(slicer.mrmlScene)
        self.logic = DeepASLDenoiseLogic()
        self._table = AcquisitionTable(self.ui.acquisitionTable, self.onParameterEdited)
        self._timer = qt.QTimer()
        self._timer.setInterval(0)
        self.runner = JobRunner(self._timer, self.onJobStatus)
        self._timer.connect("timeout()", self.runner.step)
        self._fillModels()

        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.ui.loadButton.connect("clicked(bool)", self.onLoadButton)
        self.ui.resetButton.connect("clicked(bool)", self.onResetButton)
        self.ui.applyButton.connect("clicked(bool)", self.onApplyButton)
        self.ui.cancelButton.connect("clicked(bool)", self.onCancelButton)
        self.ui.compareButton.connect("clicked(bool)", self.onCompareButton)
        self.ui.formerLayoutButton.connect("clicked(bool)", self.onFormerLayoutButton)
        self.ui.modelComboBox.connect("activated(int)", self.onModelChosen)
        self.ui.delayComboBox.connect("activated(int)", self.onDelayChosen)
        self.initializeParameterNode()

    def cleanup(self):
        """Leave nothing behind when the panel is destroyed."""
        self.runner.cancel()
        self.setParameterNode(None)
        self.removeObservers()

    def enter(self):
        """Follow the scene again."""
        self.initializeParameterNode()

    def exit(self):
        """Stop following the scene; a job that runs goes on."""
        self.setParameterNode(None)

    def onSceneStartClose(self, caller, event):
        """The nodes go away; what was computed from them is of no use."""
        self.runner.cancel()
        self.setParameterNode(None)
        self._understoodFrom, self._understanding = None, Understanding()
        self._source, self._resultNodes = None, None

    def onSceneEndClose(self, caller, event):
        """Begin anew if the panel is open."""
        if self.parent.isEntered:
            self.initializeParameterNode()

    def onReload(self):
        """Reload the packages of the project together with this file."""
        self.runner.cancel()
        forgetModules()
        super().onReload()

    def initializeParameterNode(self):
        """Follow the parameter node of the scene; choose the first sequence if nothing is chosen."""
        self.setParameterNode(self.logic.getParameterNode())
        if not self._parameterNode.inputNode:
            self._parameterNode.inputNode = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSequenceNode")

    def setParameterNode(self, parameterNode):
        """Follow `parameterNode` instead of the one before; None to follow none."""
        if self._parameterNode:
            self._parameterNode.disconnectGui(self._guiTag)
            self.removeObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
        self._parameterNode = parameterNode
        self._guiTag = None
        if parameterNode:
            self._guiTag = parameterNode.connectGui(self.ui)
            self.addObserver(parameterNode, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
            self.onParametersModified()

    def onParametersModified(self, caller=None, event=None):
        """Look at the scan again if something changed that matters for what it is."""
        choice = self._choice()
        if choice != self._understoodFrom:
            self._understoodFrom = choice
            self.understand()
        self.ui.modelComboBox.currentIndex = max(0, self.ui.modelComboBox.findData(self._parameterNode.model))
        self.updateButtons()

    def understand(self):
        """Look at the scan, and show what it was taken for and what is doubtful."""
        with slicer.util.WaitCursor():
            self._understanding = understand(self._choice())
        self.ui.statusLabel.text = ""
        self.ui.rolesLabel.text = self._understanding.roles
        self.ui.rolesLabel.toolTip = "\n".join(self._understanding.evidence)
        self._table.show(self._understanding.acquisition)
        self._fillDelays(self._understanding.delays)
        self._showFindings(self._understanding.findings)

    def updateButtons(self):
        """Enable what can be done now; the tooltip of Apply says what is missing."""
        running = self.runner.running
        reasons = (
            (_("The scan is being denoised."),) if running else (*self._understanding.problems, *self._modelReasons)
        )
        self.ui.applyButton.enabled = not reasons
        self.ui.applyButton.toolTip = "\n".join(reasons) or _("Denoise the scan and compute blood flow.")
        self.ui.cancelButton.enabled = running
        self.ui.progressBar.visible = running
        self.ui.compareButton.enabled = self._resultIsThere()
        self.ui.formerLayoutButton.enabled = self._formerLayout is not None

    def onLoadButton(self):
        """Let the user choose a file and load it."""
        pattern = _("Images") + " (*.nii *.nii.gz *.nrrd *.nhdr *.mha *.mhd)"
        path = qt.QFileDialog.getOpenFileName(slicer.util.mainWindow(), _("Load an ASL scan"), "", pattern)
        if path:
            self.loadScan(path)

    def loadScan(self, path):
        """Load a scan, choose it as input and show it."""
        with slicer.util.tryWithErrorDisplay(_("The scan cannot be loaded."), waitCursor=True):
            self._parameterNode.inputNode = self.logic.loadScan(path)
            showScan(self._parameterNode.inputNode)

    def onParameterEdited(self, field, text):
        """Keep what the user typed into the table; an empty text goes back to what the file said."""
        node, edits = self._parameterNode, self._edits()
        edits.pop(field, None)
        if text.strip() and node.inputNode:
            try:
                parseValue(field, text)
            except DeepASLError as error:
                self._table.show(self._understanding.acquisition)
                self.ui.statusLabel.text = str(error)
                return
            edits[field] = text
        with slicer.util.NodeModify(node.parameterNode):
            node.edits = edits
            node.editedNode = node.inputNode.GetID() if node.inputNode else ""
        self.ui.statusLabel.text = ""
        self._table.show(self._understanding.acquisition)

    def onResetButton(self):
        """Forget what the user typed."""
        self._parameterNode.edits = {}

    def onModelChosen(self, index):
        """Keep the chosen network."""
        self._parameterNode.model = self.ui.modelComboBox.itemData(index)

    def onDelayChosen(self, index):
        """Keep the chosen post-labeling delay."""
        self._parameterNode.delay = self.ui.delayComboBox.itemData(index)

    def onApplyButton(self):
        """Start the job."""
        with slicer.util.tryWithErrorDisplay(_("The scan cannot be denoised.")):
            try:
                ensureRuntime(self.resourcePath("requirements.txt"))
            except InstallationDeclinedError as error:
                self.ui.statusLabel.text = str(error)
                return
            node = self._parameterNode
            self.understand()  # the voxels may have changed since
            if self._understanding.problems:
                self.updateButtons()
                return
            self._source = node.inputNode
            settings = Settings(pairs=node.pairs or None, pld=node.delay or None)
            self.runner.start(self.logic.job(self._understanding.series, node.model, node.device.value, settings))

    def onCancelButton(self):
        """Stop the job; nothing of it is in the scene yet."""
        self.runner.cancel()

    def onJobStatus(self, status):
        """Show how far the job is, and its result."""
        if status.state is JobState.RUNNING and status.progress is not None:
            self.ui.progressBar.maximum = status.progress.total
            self.ui.progressBar.value = status.progress.done
            self.ui.statusLabel.text = status.progress.stage
        elif status.state is JobState.CANCELLED:
            self.ui.statusLabel.text = _("Cancelled. The scene is as it was.")
        elif status.state is JobState.FAILED:
            self._showFailure(status.error)
        elif status.state is JobState.DONE:
            self._showResult(status.result, status.seconds)
        self.updateButtons()

    def onCompareButton(self):
        """Show the maps side by side."""
        if not self._resultIsThere():
            self.updateButtons()
            return
        former = showComparison(self._resultNodes)
        self._formerLayout = former if self._formerLayout is None else self._formerLayout
        self.updateButtons()

    def onFormerLayoutButton(self):
        """Go back to the views from before the comparison."""
        leaveComparison(self._formerLayout)
        self._formerLayout = None
        self.updateButtons()

    def _showResult(self, result, seconds):
        source = self._source if slicer.mrmlScene.IsNodePresent(self._source) else None
        self._resultNodes = addResult(slicer.mrmlScene, result, source)
        showResult(self._resultNodes)
        self.onCompareButton()
        self._showFindings(result.findings)
        text = _("Done in {seconds:.1f} s with {model} on {device}.")
        model, device = result.model.title, result.model.provider_reason
        self.ui.statusLabel.text = text.format(seconds=seconds, model=model, device=device)

    def _resultIsThere(self):
        """Whether there are maps to compare, none of them deleted meanwhile."""
        nodes = self._resultNodes.named().values() if self._resultNodes else ()
        return bool(nodes) and all(slicer.mrmlScene.IsNodePresent(node) for node in nodes)

    def _showFailure(self, error):
        self.ui.statusLabel.text = _("Failed. The scene is as it was.")
        details = "".join(traceback.format_exception(error))
        logging.error(details)
        slicer.util.errorDisplay(str(error), windowTitle=_("The scan cannot be denoised"), detailedText=details)

    def _showFindings(self, findings):
        self.ui.findingsBrowser.plainText = "\n\n".join(f"{f.severity.value.upper()}: {f.message}" for f in findings)

    def _choice(self):
        node = self._parameterNode
        return Choice(node.inputNode, node.m0Node, self._edits(), node.swapped, node.delay or None)

    def _edits(self):
        """What was typed in for this node; another scan has other parameters."""
        node = self._parameterNode
        return dict(node.edits) if node.inputNode and node.editedNode == node.inputNode.GetID() else {}

    def _fillModels(self):
        self._modelReasons = ()
        self.ui.modelComboBox.clear()
        try:
            for entry in load_registry():
                self.ui.modelComboBox.addItem(entry.title, entry.id)
        except DeepASLError as error:
            self._modelReasons = (str(error),)

    def _fillDelays(self, delays):
        several = len(delays) > 1
        self.ui.delayLabel.visible = several
        self.ui.delayComboBox.visible = several
        self.ui.delayComboBox.clear()
        self.ui.delayComboBox.addItem(_("choose one"), 0.0)
        for delay in delays:
            self.ui.delayComboBox.addItem(f"{delay:g} s", delay)
        self.ui.delayComboBox.currentIndex = max(0, self.ui.delayComboBox.findData(self._parameterNode.delay))


class DeepASLDenoiseLogic(ScriptedLoadableModuleLogic):
    """What scripts may call.

    Example::

        logic = slicer.util.getModuleLogic("DeepASLDenoise")
        scan = logic.loadScan("/data/sub-01/perf/sub-01_asl.nii.gz")
        maps = logic.process(scan, pairs=10)
        cbf = slicer.util.arrayFromVolume(maps.denoised)
    """

    def getParameterNode(self):
        """The user's choices of the scene."""
        return DeepASLDenoiseParameterNode(super().getParameterNode())

    def loadScan(self, path):
        """Read a scan with all that belongs to it into the scene; returns its sequence node."""
        return loadScan(slicer.mrmlScene, path)

    def job(self, series, model=DEFAULT_MODEL, device="auto", settings=None):
        """The computation as a generator of `Progress` that returns a `Result`; it touches no node."""
        yield Progress(_("Loading the network"), 0, 1)
        denoiser = Denoiser(find_model(model), device)
        return (yield from process(series, denoiser, settings or Settings()))

    def process(self, inputNode, m0Node=None, model=DEFAULT_MODEL, device="auto", pairs=None, pld=None, edits=None):
        """Denoise a scan and put its maps into the scene; waits until it is done.

        Args:
            inputNode: A sequence, or a volume with several components.
            m0Node: A separate M0 scan on the same grid.
            model: Id of the network.
            device: "auto", "cpu" or "cuda".
            pairs: Average only the first so many pairs; all if None.
            pld: The post-labeling delay in s to quantify, of several.
            edits: Acquisition parameters as users type them, by field, e.g. {"labeling_duration": "1.8"}.

        Returns:
            The nodes of the maps, see `DeepASLDenoiseLib.scene.ResultNodes`.

        Raises:
            DeepASLError: If the scan cannot be denoised; then the scene is as it was.
        """
        series = corrected(readSeries(inputNode, m0Node), edits or {})
        result = run(self.job(series, model, device, Settings(pairs=pairs, pld=pld)))
        nodes = addResult(slicer.mrmlScene, result, inputNode)
        showResult(nodes)
        return nodes


class DeepASLDenoiseTest(ScriptedLoadableModuleTest):
    """The self-test of the module in the running application."""

    def setUp(self):
        """Start from an empty scene."""
        slicer.mrmlScene.Clear()

    def test_PhantomToMaps(self):
        """A phantom with known blood flow goes all the way from file to maps."""
        logic = DeepASLDenoiseLogic()
        with tempfile.TemporaryDirectory() as folder:
            scan = logic.loadScan(write_demo_scan(Path(folder)))
            maps = logic.process(scan)
        brain = slicer.util.arrayFromVolume(maps.mask) > 0
        conventional, denoised = (
            slicer.util.arrayFromVolume(node)[brain] for node in (maps.conventional, maps.denoised)
        )
        assert 25 < denoised.mean() < 65
        assert abs(denoised.mean() - conventional.mean()) < 5
        assert denoised.std() < conventional.std()
