"""What a file said about a scan, remembered on its node, so that it is saved with the scene."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from deepasl.acquisition import Acquisition, LabelingType, Parameter, Source
from deepasl.findings import Finding, Severity
from deepasl.provenance import findings_as_data, parameters_as_data
from deepasl.series import AslSeries, Role
from DeepASLDenoiseLib.nodes import Node

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
        m0: The node of a separate M0 scan, if there was one.
    """

    acquisition: Acquisition = field(default_factory=Acquisition)
    roles: tuple[Role, ...] | None = None
    roleEvidence: tuple[str, ...] = ()
    origin: str = ""
    findings: tuple[Finding, ...] = ()
    m0: Node | None = None


def remember(node: Node, series: AslSeries, m0: Node | None = None) -> None:
    """Keep on `node` what was understood of the series it was made of."""
    data = {
        "parameters": parameters_as_data(series.acquisition),
        "roles": [role.value for role in series.roles],
        "roleEvidence": list(series.role_evidence),
        "origin": str(series.origin),
        "findings": findings_as_data(series.findings),
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
        acquisition=Acquisition(**{name: _parameter(name, p) for name, p in data["parameters"].items()}),
        roles=tuple(Role(role) for role in data["roles"]),
        roleEvidence=tuple(data["roleEvidence"]),
        origin=data["origin"],
        findings=tuple(Finding(f["code"], Severity(f["severity"]), f["message"]) for f in data["findings"]),
        m0=node.GetNodeReference(M0_ROLE),
    )


def _parameter(name: str, data: dict[str, Any]) -> Parameter[Any]:
    value = data["value"]
    if isinstance(value, list):
        value = tuple(value)
    if name == "labeling_type":
        value = LabelingType(value)
    return Parameter(value, Source(data["source"]) if data["source"] else None, data["origin"])
