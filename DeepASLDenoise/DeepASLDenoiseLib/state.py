"""All there is to show: one state, computed in one place, from which every panel sets its widgets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deepasl.denoising.registry import ModelEntry
from deepasl.findings import Finding, worst_first
from deepasl.quality.checks import check_domain
from DeepASLDenoiseLib.panelwords import forPanels
from DeepASLDenoiseLib.runs.jobs import JobState, JobStatus
from DeepASLDenoiseLib.runs.resultnodes import ResultNodes
from DeepASLDenoiseLib.scans.understanding import NO_INPUT, Understanding
from DeepASLDenoiseLib.translation import tr as _

if TYPE_CHECKING:
    from DeepASLDenoiseLib.parameternode import DeepASLDenoiseParameterNode


@dataclass(frozen=True)
class ModuleState:
    """The module at one moment.

    Attributes:
        parameters: The user's choices; None while no scene is followed.
        understanding: What the chosen scan was taken for.
        looking: What is being done to understand it, in words; empty when it is understood.
        job: Where the computation is.
        models: The networks there are.
        modelProblem: Why there are none; empty if there are.
        results: Maps of the chosen scan that are in the scene, the oldest first.
        comparing: Whether the comparison layout is shown.
        message: What is to be said of the last thing that was done.
    """

    parameters: DeepASLDenoiseParameterNode | None = None
    understanding: Understanding = field(default_factory=Understanding)
    looking: str = ""
    job: JobStatus = field(default_factory=JobStatus)
    models: tuple[ModelEntry, ...] = ()
    modelProblem: str = ""
    results: tuple[ResultNodes, ...] = ()
    comparing: bool = False
    message: str = ""

    @property
    def running(self) -> bool:
        """Whether a scan is being denoised."""
        return self.job.state is JobState.RUNNING

    @property
    def model(self) -> ModelEntry | None:
        """The chosen network; None if there is no such network."""
        wanted = None if self.parameters is None else self.parameters.model
        return next((entry for entry in self.models if entry.id == wanted), None)

    @property
    def modelFindings(self) -> tuple[Finding, ...]:
        """Whether the chosen scan lies outside what the chosen network was trained on."""
        if self.model is None or self.understanding.series is None:
            return ()
        if self._ranWithModel:
            return tuple(finding for finding in self.job.result.findings if finding.code == "outside-domain")
        return check_domain(
            self.model,
            self.understanding.series.geometry,
            noise_percent=self.understanding.noisePercent,
            signal_percent=self.understanding.signalPercent,
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything noticed about the scan, and about the maps of its last run; nothing while there is no scan."""
        ofScan = tuple(finding for finding in self.understanding.findings if finding.code != NO_INPUT)
        ofRun = self.job.result.findings if self._ranWithModel else ()
        return worst_first(forPanels(finding) for finding in (*ofScan, *self.modelFindings, *ofRun))

    @property
    def _ranWithModel(self) -> bool:
        """Whether the last run was one of the chosen scan with the chosen network."""
        done = self.job.state is JobState.DONE
        return done and self.model is not None and bool(self.job.result.model.id == self.model.id)

    @property
    def obstacles(self) -> tuple[str, ...]:
        """Why nothing can be denoised now, in words for the user; nothing if it can."""
        if self.running:
            return (_("The scan is being denoised."),)
        if self.looking:
            return (_("The scan is being looked at: {step}.").format(step=self.looking),)
        return (*self._obstaclesOfScan(), *self._obstaclesOfModel())

    def _obstaclesOfScan(self) -> tuple[str, ...]:
        problems = self.understanding.problems
        if self.understanding.series is None and not problems:
            return (_("Choose an ASL scan, or load one."),)
        return problems

    def _obstaclesOfModel(self) -> tuple[str, ...]:
        if self.modelProblem:
            return (self.modelProblem,)
        if self.model is None:
            return (_("Choose a model."),)
        if self.model.input.m0 and self.understanding.series is not None and not self.understanding.m0:
            text = _("The model {model} needs M0, and this scan has none. Choose an M0 scan or another model.")
            return (text.format(model=self.model.title),)
        return ()
