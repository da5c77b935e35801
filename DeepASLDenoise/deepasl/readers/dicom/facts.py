"""What a header says about the acquisition, before it is put together: parameters and doubts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deepasl.acquisition.parameters import LabelingType, Parameter, Source
from deepasl.findings import Finding


@dataclass(frozen=True)
class Facts:
    """What one source of facts knows.

    Attributes:
        parameters: Known parameters by field of `Acquisition`.
        findings: What is doubtful about them.
    """

    parameters: Mapping[str, Parameter[Any]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def from_dicom(value: Any, origin: object) -> Parameter[Any]:
    """A parameter that the header gives."""
    return Parameter(value, Source.DICOM, str(origin))


LABELING_TYPES = {
    "PSEUDOCONTINUOUS": LabelingType.PCASL,
    "CONTINUOUS": LabelingType.CASL,
    "PULSED": LabelingType.PASL,
}
"""Defined terms of (0018,9250) Arterial Spin Labeling Contrast, PS3.3 C.8.13.1.1; GE uses them too."""
