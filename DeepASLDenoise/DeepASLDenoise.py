"""DeepASLDenoise: a 3D Slicer module that denoises ASL MRI and compares blood flow before and after."""

import logging
import traceback

import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

from deepasl.denoising.registry import load_registry
from deepasl.errors import DeepASLError
from deepasl.findings import Finding, Severity
from DeepASLDenoiseLib.compare import desktop
from DeepASLDenoiseLib.compare.reopening import expectScenes
from DeepASLDenoiseLib.dicom.desktop import loadShown
from DeepASLDenoiseLib.logic import DeepASLDenoiseLogic
from DeepASLDenoiseLib.panels.acquisition import AcquisitionPanel
from DeepASLDenoiseLib.panels.compare import ComparePanel
from DeepASLDenoiseLib.panels.denoise import DenoisePanel
from DeepASLDenoiseLib.panels.keep import KeepPanel
from DeepASLDenoiseLib.panels.numbers import NumbersPanel
from DeepASLDenoiseLib.panels.scan import ScanPanel
from DeepASLDenoiseLib.panels.software import SoftwarePanel
from DeepASLDenoiseLib.panelsection import fitHeightSoon, fitHeightWhenFolded, section
from DeepASLDenoiseLib.panelwords import withoutCommandLine
from DeepASLDenoiseLib.reload import forgetModules
from DeepASLDenoiseLib.runs.jobs import JobState
from DeepASLDenoiseLib.runs.timedjobs import timedRunner
from DeepASLDenoiseLib.scans.droptarget import DropTarget
from DeepASLDenoiseLib.scans.filereader import AslFileReader, doubtText
from DeepASLDenoiseLib.scans.sampledata import registerSamples
from DeepASLDenoiseLib.scans.sidenodes import SideNodes
from DeepASLDenoiseLib.scans.understanding import Choice, Understanding, choiceOf, forgetChoicesOfScan, look
from DeepASLDenoiseLib.selftest import DeepASLDenoiseTest
from DeepASLDenoiseLib.software.dependencies import InstallationDeclinedError, ensureRuntime
from DeepASLDenoiseLib.state import ModuleState

__all__ = [
    "DeepASLDenoise",
    "DeepASLDenoiseFileReader",
    "DeepASLDenoiseLogic",
    "DeepASLDenoiseTest",
    "DeepASLDenoiseWidget",
]
"""Slicer looks for these names here."""

PANELS = (ScanPanel, AcquisitionPanel, DenoisePanel, ComparePanel, NumbersPanel, KeepPanel, SoftwarePanel)
"""The sections of the module, from top to bottom."""


class DeepASLDenoise(ScriptedLoadableModule):
    """The module as Slicer lists it."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("DeepASL Denoise")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Neuroimaging")]
        parent.dependencies = ["Colors", "Plots", "Segmentations", "Sequences", "SubjectHierarchy", "Tables"]
        parent.contributors = [_("The DeepASL for 3D Slicer developers")]
        parent.helpText = _(
            "Denoises arterial spin labeling (ASL) MRI with the DeepASL network, computes cerebral blood flow, and "
            "shows conventional and denoised maps side by side. Load a scan, check what was understood of it, press "
            "Apply. For research use only, not a medical device."
        )
        parent.acknowledgementText = _(
            "The method is that of C. Ulas, G. Tetteh, S. Kaczmarz, C. Preibisch and B. H. Menze: DeepASL: Kinetic "
            "Model Incorporated Loss for Denoising Arterial Spin Labeled MRI via Deep Residual Learning, MICCAI 2018. "
            "Please cite it (doi:10.1007/978-3-030-00928-1_4) and DeepASL for 3D Slicer when you publish results."
        )
        slicer.app.connect("startupCompleted()", self.onStartupCompleted)

    def onStartupCompleted(self):
        """The Sample Data module and the views are there now."""
        registerSamples(self.resourcePath)
        expectScenes()


class DeepASLDenoiseWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """A stack of panels: computes the state, lets every panel show it, and does what they ask for (`Actions`)."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.runner = None
        self.looker = None
        self.panels = ()
        self._parameters = None
        self._choice = Choice()
        self._understanding = Understanding()
        self._models, self._modelProblem = (), ""
        self._source = Choice()
        self._message = ""
        self._showing = False

    def setup(self):
        """Build the panels when the module is opened for the first time."""
        ScriptedLoadableModuleWidget.setup(self)
        self.logic = DeepASLDenoiseLogic()
        self.runner = timedRunner(self.parent, self.onJobStatus)
        self.looker = timedRunner(self.parent, self.onLookStatus)
        try:
            self._models = load_registry()
        except DeepASLError as error:
            self._modelProblem = str(error)
        self.panels = tuple(panel(self, self.resourcePath) for panel in PANELS)
        self.layout.addWidget(qt.QLabel(_("Research use only. Not a medical device.")))
        for panel in self.panels:
            self.layout.addWidget(section(panel))
        self.layout.addStretch(1)
        fitHeightWhenFolded(self.parent)
        self._dropTarget = DropTarget(self.parent, self.loadScan)

        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(scene, scene.StartImportEvent, self.onSceneStartImport)
        self.addObserver(scene, scene.EndImportEvent, self.onSceneEndImport)
        self.addObserver(scene, scene.NodeAddedEvent, self.onNodeAdded)
        self.addObserver(scene, scene.NodeAboutToBeRemovedEvent, self.onNodeAboutToBeRemoved)
        self.addObserver(scene, scene.NodeRemovedEvent, self.onNodeRemoved)
        self.initializeParameterNode()

    def cleanup(self):
        """Leave nothing behind when the module is destroyed."""
        self.runner.cancel()
        self.looker.cancel()
        self.setParameterNode(None)
        self.removeObservers()
        self.panels = ()  # a refresh may still be waiting

    def enter(self):
        """Follow the scene again."""
        self.initializeParameterNode()

    def exit(self):
        """Stop following the scene; a job that runs goes on."""
        self.setParameterNode(None)

    def onReload(self):
        """Reload the packages of the project together with this file."""
        self.leaveComparison()
        self.runner.cancel()
        self.looker.cancel()
        forgetModules()
        super().onReload()

    def onSceneStartClose(self, caller, event):
        """The nodes go away; what is computed from them is of no use."""
        self.leaveComparison()
        self.runner.cancel()
        self.runner.forget()
        self.looker.cancel()
        self.setParameterNode(None)
        self._choice, self._source, self._message = Choice(), Choice(), ""
        self._understanding = Understanding()

    def onSceneEndClose(self, caller, event):
        """Begin anew if the module is open."""
        if self.parent.isEntered:
            self.initializeParameterNode()
        self.refresh()

    def onSceneStartImport(self, caller, event):
        """The scene may bring a comparison; leaving it leads to the layout of now."""
        self.logic.rememberLayout()

    def onSceneEndImport(self, caller, event):
        """Follow the choices that came with the scene when its nodes are complete and its views are there."""
        self._choice = Choice()
        if self.parent.isEntered:
            qt.QTimer.singleShot(0, self.initializeParameterNode)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeAdded(self, caller, event, node):
        """A scan that was dropped into the application is the input, if there is none yet."""
        if node.IsA("vtkMRMLSequenceNode"):
            qt.QTimer.singleShot(0, self.chooseInput)  # when it has its volumes

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeAboutToBeRemoved(self, caller, event, node):
        """A scan that goes is chosen no more; the node selectors would take another node in its place."""
        parameters = self._parameters
        if not parameters or slicer.mrmlScene.IsClosing():
            return
        if parameters.inputNode is node:
            parameters.inputNode = None
        for name in ("m0Node", "anatomyNode", "greyNode", "whiteNode"):
            if getattr(parameters, name) is node:
                setattr(parameters, name, None)

    def onNodeRemoved(self, caller, event):
        """A scan or a map may be gone; the scene is still at work on it while it tells."""
        qt.QTimer.singleShot(0, self.refresh)

    def initializeParameterNode(self):
        """Follow the parameter node of the scene."""
        self.setParameterNode(self.logic.getParameterNode())
        self.chooseInput()

    def chooseInput(self):
        """Choose the first sequence of the scene, if nothing is chosen."""
        if self._parameters and not self._parameters.inputNode:
            self._parameters.inputNode = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLSequenceNode")

    def setParameterNode(self, parameters):
        """Follow `parameters` instead of those before; None to follow none."""
        if self._parameters:
            self.removeObserver(self._parameters, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
        self._parameters = parameters
        for panel in self.panels:
            panel.follow(parameters)
            if parameters is None:
                panel.leave()
        if parameters:
            self.addObserver(parameters, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
            self.refresh()

    def onParametersModified(self, caller, event):
        """The user chose something."""
        self.refresh()

    def state(self):
        """Everything there is to show."""
        return ModuleState(
            self._parameters,
            self._understanding,
            self._looking(),
            self.runner.status,
            self._models,
            self._modelProblem,
            self.logic.results(self._choice.node),
            desktop.isComparing(),
            self._message,
        )

    def refresh(self):
        """Compute the state and let every panel show it; what a panel sets while it shows changes no choice."""
        if self._showing or slicer.mrmlScene.IsClosing() or slicer.mrmlScene.IsImporting():
            return
        self._showing = True
        try:
            self._follow(Choice() if self._parameters is None else choiceOf(self._parameters))
            state = self.state()
            for panel in self.panels:
                panel.show(state)
            fitHeightSoon(self.parent)
        finally:
            self._showing = False

    def _follow(self, choice):
        """Look at the scan if anything changed that matters for what it is."""
        if self._parameters is None or choice == self._choice:
            return
        self.runner.forget()  # what it found was true of another choice
        self._message = ""
        isOther = choice.node is not self._choice.node
        if self._choice.node is not None and isOther:
            forgetChoicesOfScan(self._parameters)
            choice = choiceOf(self._parameters)
        self._choice = choice
        self._look(Understanding() if isOther else self._understanding)

    def _look(self, meanwhile):
        """Look at the scan anew; `meanwhile` is what is shown of it until then."""
        self.looker.cancel()
        self._understanding = meanwhile
        self.looker.start(look(self._choice))

    def _looking(self):
        """What is being done to understand the scan, in words."""
        if not self.looker.running:
            return ""
        progress = self.looker.status.progress
        return _("Reading the scan") if progress is None else progress.stage

    def onLookStatus(self, status):
        """Show how far looking is, and what was seen."""
        if status.state is JobState.DONE:
            self._understanding = status.result
        elif status.state is JobState.FAILED:
            self._understanding = Understanding(findings=(unforeseen(status.error),))
        self.refresh()

    # What panels may ask for

    def loadScan(self, path):
        """Load a scan, choose it as input and show it."""
        with slicer.util.tryWithErrorDisplay(_("The scan cannot be loaded.")):  # it may ask: no wait cursor
            try:
                node = loadShown(slicer.mrmlScene, path)
            except InstallationDeclinedError as error:
                self.tell(str(error))
                return
            if node is None:
                self.tell(_("Cancelled. The scene is as it was."))
                return
            self._parameters.inputNode = node
            desktop.showScan(node)
            self.tell(doubtText(path))

    def apply(self):
        """Start the job."""
        with slicer.util.tryWithErrorDisplay(_("The scan cannot be denoised.")):  # it may ask: no wait cursor
            try:
                ensureRuntime(self.resourcePath("requirements.txt"))
            except InstallationDeclinedError as error:
                self.tell(str(error))
                return
            if self.state().obstacles:
                self.refresh()
                return
            self._source, self._message = self._choice, ""
            self.runner.start(self.logic.jobOf(self._choice, self._parameters.model, self._parameters.device.value))

    def cancel(self):
        """Stop the job; nothing of it is in the scene yet."""
        self.runner.cancel()

    def compare(self, results):
        """Show the maps of these results side by side."""
        with self.attempt(_("The maps cannot be compared.")):
            self.logic.showComparison(results)
        self.refresh()

    def leaveComparison(self):
        """Go back to the views from before the comparison."""
        self.logic.leaveComparison()
        self.refresh()

    def tell(self, message):
        """Show a line under Apply."""
        self._message = message
        self.refresh()

    def attempt(self, task):
        """A block with a wait cursor whose failure is shown to the user."""
        return slicer.util.tryWithErrorDisplay(task, waitCursor=True)

    def onJobStatus(self, status):
        """Show how far the job is, and what came of it."""
        if status.state is JobState.CANCELLED:
            self._message = _("Cancelled. The scene is as it was.")
        elif status.state is JobState.FAILED:
            self._showFailure(status.error)
            self._look(self._understanding)  # its voxels may have changed since
        elif status.state is JobState.DONE:
            self._keep(status)
        self.refresh()

    def _keep(self, status):
        """Put the result into the scene and show it; its scan may have been deleted meanwhile."""
        scan, m0 = (there(node) for node in (self._source.node, self._source.m0Node))
        beside = SideNodes(**{name: there(node) for name, node in self._source.beside.named().items()})
        try:
            self.logic.keep(status.result, scan, m0, beside)
        except Exception as error:  # every failure is told to the user, whatever it is
            self._showFailure(error)
            return
        text = _("Done in {seconds:.1f} s with {model}.")
        self._message = text.format(seconds=status.seconds, model=status.result.model.title)
        if self._choice != self._source:
            self.runner.forget()  # the user chose something else meanwhile
        if self._parameters and self._choice.node is self._source.node:
            self.compare(self.logic.results(scan))

    def _showFailure(self, error):
        self._message = _("Failed. The scene is as it was.")
        details = "".join(traceback.format_exception(error))
        logging.error(details)
        told = withoutCommandLine(str(error))
        slicer.util.errorDisplay(told, windowTitle=_("The scan cannot be denoised"), detailedText=details)


def there(node):
    """A node, unless it was deleted."""
    return node if node is not None and slicer.mrmlScene.IsNodePresent(node) else None


def unforeseen(error):
    """A failure that nobody thought of, as a finding; its details are in the log."""
    logging.error("".join(traceback.format_exception(error)))
    return Finding("unforeseen", Severity.ERROR, str(error))


class DeepASLDenoiseFileReader(AslFileReader):
    """ASL scans by drag and drop and File > Add data; Slicer looks for a class of this name in this file."""
