"""What a file said about a scan, remembered on its node, so that it is saved with the scene."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from deepasl.acquisition.parameters import Acquisition
from deepasl.findings import Finding
from deepasl.series import AslSeries, Role
from deepasl.writers.provenance import findings_as_data, parameters_as_data
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.runs.provenancedata import acquisitionFrom, findingsFrom

SCAN_ATTRIBUTE = "DeepASL.Scan"
M0_ROLE = "DeepASL.M0Scan"


@dataclass(frozen=True)
class Remembered:
    """What was understood of a file when it was loaded.

    Attributes:
        acquisition: Its parameters.
        roles: Its volumes; None if nobody said.
        roleEvidence: Where the roles come from.
        origin: The file.
        findings: What was doubtful.
        labelingDurations: How long blood was labeled before each volume, s, where this differs between volumes.
        m0: The node of a separate M0 scan, if there was one.
    """

    acquisition: Acquisition = field(default_factory=Acquisition)
    roles: tuple[Role, ...] | None = None
    roleEvidence: tuple[str, ...] = ()
    origin: str = ""
    findings: tuple[Finding, ...] = ()
    labelingDurations: tuple[float, ...] = ()
    m0: Node | None = None


def remember(node: Node, series: AslSeries, m0: Node | None = None) -> None:
    """Keep on `node` what was understood of the series it was made of."""
    data = {
        "parameters": parameters_as_data(series.acquisition),
        "roles": [role.value for role in series.roles],
        "roleEvidence": list(series.role_evidence),
        "origin": str(series.origin),
        "findings": findings_as_data(series.findings),
        "labelingDurations": list(series.labeling_durations),
    }
    node.SetAttribute(SCAN_ATTRIBUTE, json.dumps(data))
    node.SetNodeReferenceID(M0_ROLE, None if m0 is None else m0.GetID())


def recall(node: Node) -> Remembered:
    """What was kept on `node`; nothing known if it did not come from `remember`."""
    text = node.GetAttribute(SCAN_ATTRIBUTE)
    if text is None:
        return Remembered()
    data = json.loads(text)
    return Remembered(
        acquisition=acquisitionFrom(data["parameters"]),
        roles=tuple(Role(role) for role in data["roles"]),
        roleEvidence=tuple(data["roleEvidence"]),
        origin=data["origin"],
        findings=findingsFrom(data["findings"]),
        labelingDurations=tuple(data.get("labelingDurations", ())),
        m0=node.GetNodeReference(M0_ROLE),
    )
