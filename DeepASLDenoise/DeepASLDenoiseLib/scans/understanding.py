"""What a node of the scene was taken for, and whether it can be denoised: shown before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deepasl.acquisition.parameters import Acquisition
from deepasl.calibration.m0 import network_scale
from deepasl.commands.text import roles_text
from deepasl.errors import DeepASLError, InputError
from deepasl.findings import Finding, error, obstacles, worst_first
from deepasl.inspection import inspect_series
from deepasl.labeling.delays import at_timing, delays_by_volume, distinct_delays, distinct_timings, with_one_delay
from deepasl.labeling.roles import pair_up, swap_control_label
from deepasl.labeling.volume_use import VolumeUse, brain_signal, volume_uses
from deepasl.preparation import Prepared, prepare
from deepasl.progress import Clock, Job, Progress, run
from deepasl.series import AslSeries, Role
from deepasl.settings import DEFAULT_SETTINGS, Settings
from deepasl.tissue.finding import require_tissue
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.panelwords import forPanels
from DeepASLDenoiseLib.scans.edits import editsOf
from DeepASLDenoiseLib.scans.inputs import corrected, readingSeries
from DeepASLDenoiseLib.scans.preparationchoices import pipelineSettings
from DeepASLDenoiseLib.scans.sidenodes import NO_NODES, SideNodes, sideImages
from DeepASLDenoiseLib.translation import tr as _

if TYPE_CHECKING:
    from DeepASLDenoiseLib.parameternode import DeepASLDenoiseParameterNode

NO_INPUT = "no-input"
"""Code of the finding that no scan is chosen yet: an obstacle, but nothing that was noticed."""


@dataclass(frozen=True)
class Choice:
    """What the user chose about the input.

    Attributes:
        node: The scan; None for none yet.
        m0Node: A separate M0 scan.
        edits: Acquisition parameters that were typed in, texts by field.
        roleEdits: Roles that were chosen for single volumes, values of `Role` by volume number, both as text.
        swapped: Whether control and label were exchanged; roles chosen for single volumes stand above it.
        settings: What else the pipeline leaves to the user.
        beside: Images of the same head.
    """

    node: Node | None = None
    m0Node: Node | None = None
    edits: Mapping[str, str] = field(default_factory=dict)
    roleEdits: Mapping[str, str] = field(default_factory=dict)
    swapped: bool = False
    settings: Settings = DEFAULT_SETTINGS
    beside: SideNodes = NO_NODES


@dataclass(frozen=True)
class Understanding:
    """What became of the choice.

    Attributes:
        series: The scan as it will be denoised: edits made, control and label exchanged; None if it cannot be read.
        roles: Its volumes in words.
        evidence: Why they were taken for that.
        acquisition: Its parameters, defaults filled in.
        delays: Its post-labeling delays in s.
        pairs: How many control-label pairs of the chosen delay, or of each of all delays, there are; 0 for a
            subtracted scan.
        m0: What M0 would be made from; empty if there is none.
        signalPercent: Mean difference signal of grey matter in percent of M0; NaN if not known.
        noisePercent: Noise of the difference image that the network would see in percent of M0; NaN if not known.
        uses: What becomes of each volume.
        signal: Mean of each volume in the brain ``[t]``, scanner units.
        findings: Everything noticed, errors first.
    """

    series: AslSeries | None = None
    roles: str = ""
    evidence: tuple[str, ...] = ()
    acquisition: Acquisition = field(default_factory=Acquisition)
    delays: tuple[float, ...] = ()
    pairs: int = 0
    m0: str = ""
    signalPercent: float = float("nan")
    noisePercent: float = float("nan")
    uses: tuple[VolumeUse, ...] = ()
    signal: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    findings: tuple[Finding, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """What must be settled before the scan can be denoised; nothing if it can."""
        return tuple(forPanels(finding).message for finding in obstacles(self.findings, with_m0=bool(self.m0)))


def choiceOf(parameters: DeepASLDenoiseParameterNode) -> Choice:
    """What the parameter node says about the input. What was typed in for another scan is left out."""
    edits = editsOf(parameters)
    return Choice(
        parameters.inputNode,
        parameters.m0Node,
        edits.parameters,
        edits.roles,
        parameters.swapped,
        pipelineSettings(parameters),
        SideNodes(parameters.anatomyNode, parameters.greyNode, parameters.whiteNode),
    )


def forgetChoicesOfScan(parameters: DeepASLDenoiseParameterNode) -> None:
    """Begin anew with another scan: what was chosen for the one before says nothing about this one."""
    parameters.swapped = False
    parameters.delay = 0.0
    parameters.pairs = 0
    parameters.anatomyNode = parameters.greyNode = parameters.whiteNode = None


def understand(choice: Choice) -> Understanding:
    """Look at the chosen scan to the end. Problems are findings; nothing is raised for them."""
    return run(look(choice))


def look(choice: Choice) -> Job[Understanding]:
    """Look at the chosen scan step by step. Problems are findings; nothing is raised for them."""
    if choice.node is None:
        return Understanding(findings=(error(NO_INPUT, _("Choose an ASL scan, or load one.")),))
    yield Progress(_("Reading the scan"), 0, 1)
    try:
        series = yield from choosingSeries(choice)
    except DeepASLError as problem:
        return Understanding(findings=(error("unreadable", str(problem)),))
    try:
        ready = yield from prepare(series, quick(choice.settings), Clock())
    except DeepASLError:
        yield Progress(_("Looking for what stops it"), 0, 1)
        inspection = yield from inspect_series(series, quick(choice.settings))
        told = _ofSeries(series, choice.settings, (yield from brain_signal(series)))
        return replace(told, acquisition=inspection.acquisition, findings=inspection.findings)
    return replace(
        _ofSeries(series, choice.settings, ready.volume_signal),
        acquisition=ready.acquisition,
        m0="" if ready.m0 is None else ready.m0.origin,
        signalPercent=ready.signal_percent,
        noisePercent=noisePercent(ready),
        findings=worst_first((*ready.findings, *_findingsBeside(choice, series))),
    )


def _findingsBeside(choice: Choice, series: AslSeries) -> tuple[Finding, ...]:
    """Whether the images beside the scan can be used, and all are there that a chosen step needs."""
    try:
        require_tissue(choice.settings, sideImages(choice.beside), series)
    except DeepASLError as problem:
        return (error("beside", str(problem)),)
    return ()


def quick(settings: Settings) -> Settings:
    """The choices without those that take long: enough to look at a scan, though not all that a run would find."""
    return Settings(settings.pairs, settings.pld, settings.smoothing_fwhm)


def noisePercent(ready: Prepared) -> float:
    """Noise of the difference image that the network sees in percent of M0, as it is scaled; NaN if not known."""
    try:
        scale, _findings = network_scale(ready.differences.mean, ready.m0, ready.mask, ready.grey)
    except InputError:
        return float("nan")
    return 100.0 * ready.noise / scale


def _ofSeries(series: AslSeries, settings: Settings, signal: NDArray[np.float64]) -> Understanding:
    """What is known of a scan before anything is computed but the mean of each volume."""
    return Understanding(
        series,
        roles_text(series.roles),
        series.role_evidence,
        delays=distinct_delays(series),
        pairs=countPairs(series, settings.pld),
        uses=volume_uses(series, pld=settings.pld, pairs=settings.pairs),
        signal=signal,
    )


def chosenSeries(choice: Choice) -> AslSeries:
    """The scan of the chosen nodes; see `choosingSeries`."""
    return run(choosingSeries(choice))


def choosingSeries(choice: Choice) -> Job[AslSeries]:
    """The scan of the chosen nodes, with everything the user corrected, read step by step.

    Raises:
        InputError: If the nodes cannot be used, or a role cannot be given.
        AcquisitionError: If a typed text cannot be understood.
    """
    read = yield from readingSeries(choice.node, choice.m0Node)
    series = corrected(read, choice.edits)
    if choice.swapped:
        series = swap_control_label(series)
    return withRoles(series, choice.roleEdits)


def withRoles(series: AslSeries, edits: Mapping[str, str]) -> AslSeries:
    """The series with the roles the user chose for single volumes.

    Args:
        series: The scan.
        edits: Values of `Role` by volume number, counted from 0, both as text.

    Raises:
        InputError: If there is no such volume or role.
    """
    if not edits:
        return series
    roles = list(series.roles)
    for volume, role in edits.items():
        if not volume.isdigit() or int(volume) >= len(roles) or role not in set(Role):
            known = ", ".join(role.value for role in Role)
            raise InputError(
                f"volume {volume} cannot be {role!r}: the scan has volumes 0 to {len(roles) - 1}",
                where=series.name,
                remedy=f"Choose one of these roles for one of these volumes: {known}.",
            )
        roles[int(volume)] = Role(role)
    listed = ", ".join(sorted(edits, key=int))
    evidence = (*series.role_evidence, f"role of volume(s) {listed} chosen by the user")
    return replace(series, roles=tuple(roles), role_evidence=evidence)


def countPairs(series: AslSeries, delay: float | None) -> int:
    """How many pairs of control and label there are at a post-labeling delay in s, or at each if it is None.

    Of several delays, that with the fewest counts; of a delay that the scan does not have there are none.
    """
    if delay is None:
        return min((_pairsOf(at_timing(series, *timing)) for timing in distinct_timings(series)), default=0)
    try:
        return _pairsOf(with_one_delay(series, delay))
    except DeepASLError:
        return 0


def _pairsOf(series: AslSeries) -> int:
    return len(pair_up(series.roles, delays_by_volume(series)))
