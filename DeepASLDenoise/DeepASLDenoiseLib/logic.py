"""What scripts may call: everything the panels do, without them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleLogic

from deepasl.denoising.denoiser import Denoiser
from deepasl.denoising.registry import DEFAULT_MODEL, find_model
from deepasl.denoising.runtime import Provider
from deepasl.pipeline import process
from deepasl.progress import Job, Progress, run
from deepasl.results import Result
from deepasl.series import AslSeries
from deepasl.settings import DEFAULT_SETTINGS, Settings
from deepasl.side_images import NOTHING_BESIDE, SideImages
from deepasl.writers.derivatives import Written
from deepasl.writers.dicom_form import Form
from DeepASLDenoiseLib.compare import desktop
from DeepASLDenoiseLib.compare.comparison import choose
from DeepASLDenoiseLib.compare.display import showFurtherMaps
from DeepASLDenoiseLib.dicom.export import exportDicom
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.numbers.plots import blandAltmanPlot
from DeepASLDenoiseLib.numbers.references import referenceTable
from DeepASLDenoiseLib.numbers.tables import statisticsTable
from DeepASLDenoiseLib.parameternode import DeepASLDenoiseParameterNode
from DeepASLDenoiseLib.runs.export import exportResult
from DeepASLDenoiseLib.runs.inscene import ResultNodes, resultsOf
from DeepASLDenoiseLib.runs.provenancedata import builtFrom
from DeepASLDenoiseLib.runs.repeat import repeatJob, settingsOf
from DeepASLDenoiseLib.runs.resultnodes import addResult
from DeepASLDenoiseLib.scans import inputs
from DeepASLDenoiseLib.scans.sidenodes import NO_NODES, SideNodes, sideImages
from DeepASLDenoiseLib.scans.understanding import Choice, choosingSeries

if TYPE_CHECKING:
    from deepasl.writers.dicom import Patient

NOTHING: Mapping[str, str] = MappingProxyType({})


class DeepASLDenoiseLogic(ScriptedLoadableModuleLogic):
    """The module without its panels.

    Example::

        logic = slicer.util.getModuleLogic("DeepASLDenoise")
        scan = logic.loadScan("/data/sub-01/perf/sub-01_asl.nii.gz")
        maps = logic.process(scan, pairs=10)
        cbf = slicer.util.arrayFromVolume(maps.denoised)
        logic.compare([maps])
    """

    def __init__(self) -> None:
        ScriptedLoadableModuleLogic.__init__(self)
        self._formerLayout = int(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)

    def getParameterNode(self) -> DeepASLDenoiseParameterNode:
        """The user's choices of the scene."""
        return DeepASLDenoiseParameterNode(super().getParameterNode())

    def loadScan(self, path: Path | str) -> Node:
        """Read a scan (a file or a folder with one) and all that belongs to it; returns its sequence node."""
        return inputs.loadScan(slicer.mrmlScene, path)

    def job(
        self,
        series: AslSeries,
        model: str = DEFAULT_MODEL,
        device: Provider = "auto",
        settings: Settings = DEFAULT_SETTINGS,
        beside: SideImages = NOTHING_BESIDE,
    ) -> Job[Result]:
        """The computation as a generator of `Progress` that returns a `Result`; it touches no node."""
        yield Progress(_("Loading the network"), 0, 1)
        denoiser = Denoiser(find_model(model), device)
        return (yield from process(series, denoiser, settings, beside))

    def jobOf(self, choice: Choice, model: str = DEFAULT_MODEL, device: Provider = "auto") -> Job[Result]:
        """The same of what is chosen in the scene; its nodes are read first and needed no more."""
        yield Progress(_("Reading the scan"), 0, 1)
        series, beside = (yield from choosingSeries(choice)), sideImages(choice.beside)
        return (yield from self.job(series, model, device, choice.settings, beside))

    def process(
        self,
        inputNode: Node,
        m0Node: Node | None = None,
        *,
        model: str = DEFAULT_MODEL,
        device: Provider = "auto",
        edits: Mapping[str, str] = NOTHING,
        roleEdits: Mapping[str, str] = NOTHING,
        swapped: bool = False,
        beside: SideNodes = NO_NODES,
        **settings: Any,
    ) -> ResultNodes:
        """Denoise a scan and put its maps into the scene; waits until it is done.

        Args:
            inputNode: A sequence, or a volume with several components.
            m0Node: A separate M0 scan on the same grid.
            model: Id of the network.
            device: "auto", "cpu" or "cuda".
            edits: Acquisition parameters as users type them, by field, e.g. {"labeling_duration": "1.8"}.
            roleEdits: Roles of single volumes by their numbers, e.g. {"0": "m0scan"}.
            swapped: Whether to exchange control and label.
            beside: Images of the same head that tell its tissue.
            settings: Fields of `deepasl.settings.Settings`, as in ``pairs=10, motion_correction=True,
                outliers="score", m0={"smoothing": "median"}``.

        Returns:
            The nodes of the maps, see `DeepASLDenoiseLib.runs.resultnodes.ResultNodes`.

        Raises:
            DeepASLError: If the scan cannot be denoised; then the scene is as it was.
        """
        choice = Choice(inputNode, m0Node, edits, roleEdits, swapped, builtFrom(Settings, settings), beside)
        return self.keep(run(self.jobOf(choice, model, device)), inputNode, m0Node, beside)

    def keep(
        self,
        result: Result,
        inputNode: Node | None = None,
        m0Node: Node | None = None,
        beside: SideNodes = NO_NODES,
    ) -> ResultNodes:
        """Put a result into the scene beside its scan; returns the nodes of its maps."""
        nodes = addResult(slicer.mrmlScene, result, inputNode, m0Node, beside)
        showFurtherMaps(nodes)
        return nodes

    def results(self, inputNode: Node | None) -> tuple[ResultNodes, ...]:
        """The results of a scan that are in the scene, the oldest first."""
        return resultsOf(slicer.mrmlScene, inputNode)

    def compare(self, results: Iterable[ResultNodes]) -> None:
        """Show the maps of these results of one scan side by side, as the parameter node says they should look."""
        wanted = tuple(results)
        for nodes in self.results(wanted[-1].input):
            choose(nodes, any(nodes.run == each.run for each in wanted))
        self.showComparison(wanted)

    def showComparison(self, results: tuple[ResultNodes, ...]) -> None:
        """As `compare`, but only those that were chosen to be compared; else the newest of each model."""
        self.rememberLayout()
        desktop.showComparison(results, self.getParameterNode())

    def leaveComparison(self) -> None:
        """Go back to the views from before the comparison."""
        if desktop.isComparing():
            desktop.leaveComparison(self._formerLayout)

    def rememberLayout(self) -> None:
        """Keep the layout that leads back from a comparison; nothing happens while one is shown."""
        if not desktop.isComparing():
            self._formerLayout = slicer.app.layoutManager().layout

    def statistics(self, results: Sequence[ResultNodes], segmentation: Node | None = None) -> Node:
        """Mean, spread and change of the maps in tissue, brain and segments, as a table node of the scene."""
        return statisticsTable(slicer.mrmlScene, results, segmentation)

    def agreement(self, nodes: ResultNodes) -> Node:
        """The Bland-Altman plot of conventional and denoised map, as a chart node of the scene."""
        return blandAltmanPlot(slicer.mrmlScene, nodes)

    def closeness(self, results: Sequence[ResultNodes], reference: Node) -> Node:
        """PSNR, RMSE and concordance of the maps with a reference map, as a table node of the scene."""
        return referenceTable(slicer.mrmlScene, results, reference)

    def export(self, nodes: ResultNodes, folder: Path | str, *, replace: bool = False) -> Written:
        """Write maps, sidecars, figures and report of a result; works for a scene that was opened again, too.

        Args:
            nodes: The result.
            folder: Where to; made if it is absent.
            replace: Whether a result that is there may be replaced.

        Raises:
            DeepASLError: If the folder holds a result already or cannot be written to, or maps were changed.
        """
        return exportResult(nodes, folder, replace=replace)

    def exportDicom(
        self,
        nodes: ResultNodes,
        folder: Path | str,
        *,
        forms: Collection[Form] = (Form.SERIES,),
        patient: Patient | None = None,
        deidentify: bool = False,
        replace: bool = False,
    ) -> tuple[Path, ...]:
        """Write the CBF maps of a result as DICOM; see `DeepASLDenoiseLib.dicom.export.exportDicom`."""
        return exportDicom(nodes, folder, forms=forms, patient=patient, deidentify=deidentify, replace=replace)

    def repeat(self, nodes: ResultNodes) -> ResultNodes:
        """Denoise the scan of a result again, with all its settings; waits until it is done.

        Raises:
            DeepASLError: If the scan or the network is not there any more.
        """
        settings = settingsOf(nodes)
        return self.keep(run(repeatJob(settings)), settings.input, settings.m0, settings.beside)
