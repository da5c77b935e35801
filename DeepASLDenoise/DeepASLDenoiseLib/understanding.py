"""What a node of the scene was taken for, and whether it can be denoised: shown before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deepasl.acquisition import Acquisition
from deepasl.delays import distinct_delays
from deepasl.errors import DeepASLError
from deepasl.findings import Finding, error, obstacles
from deepasl.inspection import inspect_series
from deepasl.labeling import swap_control_label
from deepasl.pipeline import Settings
from deepasl.series import AslSeries
from deepasl.text import roles_text
from DeepASLDenoiseLib.inputs import corrected, readSeries
from DeepASLDenoiseLib.nodes import Node


@dataclass(frozen=True)
class Choice:
    """What the user chose about the input.

    Attributes:
        node: The scan; None for none yet.
        m0Node: A separate M0 scan.
        edits: Acquisition parameters that were typed in, texts by field.
        swapped: Whether control and label were exchanged.
        delay: The post-labeling delay in s to quantify, of several.
    """

    node: Node | None = None
    m0Node: Node | None = None
    edits: Mapping[str, str] = field(default_factory=dict)
    swapped: bool = False
    delay: float | None = None


@dataclass(frozen=True)
class Understanding:
    """What became of the choice.

    Attributes:
        series: The scan; None if it cannot be read.
        roles: Its volumes in words.
        evidence: Why they were taken for that.
        acquisition: Its parameters, defaults filled in.
        delays: Its post-labeling delays in s.
        m0: What M0 would be made from; empty if there is none.
        findings: Everything noticed, errors first.
    """

    series: AslSeries | None = None
    roles: str = ""
    evidence: tuple[str, ...] = ()
    acquisition: Acquisition = field(default_factory=Acquisition)
    delays: tuple[float, ...] = ()
    m0: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """What must be settled before the scan can be denoised; nothing if it can."""
        return tuple(finding.message for finding in obstacles(self.findings, with_m0=bool(self.m0)))


def understand(choice: Choice) -> Understanding:
    """Look at the chosen scan. Problems are findings; nothing is raised for them."""
    if choice.node is None:
        return Understanding(findings=(error("no-input", "Choose an ASL scan, or load one."),))
    try:
        series = corrected(readSeries(choice.node, choice.m0Node), choice.edits)
    except DeepASLError as problem:
        return Understanding(findings=(error("unreadable", str(problem)),))
    if choice.swapped:
        series = swap_control_label(series)
    inspection = inspect_series(series, Settings(pld=choice.delay))
    return Understanding(
        series,
        roles_text(inspection.roles),
        inspection.role_evidence,
        inspection.acquisition,
        distinct_delays(series),
        inspection.m0,
        inspection.findings,
    )
