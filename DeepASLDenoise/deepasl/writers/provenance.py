"""Where a result comes from, as plain data for JSON: software, parameters, model, findings."""

from __future__ import annotations

import importlib.metadata
import math
import platform
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import deepasl
from deepasl.acquisition.parameters import SPECS, Acquisition, Parameter
from deepasl.findings import Finding
from deepasl.quality.indices import QualityIndices
from deepasl.results import Result
from deepasl.run_record import RunRecord
from deepasl.settings import Settings

RESEARCH_USE = "Research use only. Not a medical device."

LIBRARIES = ("numpy", "scipy", "SimpleITK", "onnxruntime", "onnxruntime-gpu", "onnxruntime-directml")


def software_versions() -> dict[str, str]:
    """Versions of what computed the maps, by name; libraries that are not installed are left out."""
    versions = {"deepasl": deepasl.__version__, "Python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def parameters_as_data(acquisition: Acquisition) -> dict[str, Any]:
    """Every known parameter: value, unit, source and origin."""
    return {name: _parameter(name, parameter) for name, parameter in acquisition if parameter.known}


def findings_as_data(findings: tuple[Finding, ...]) -> list[dict[str, str]]:
    """Findings as code, severity and message."""
    return [{"code": f.code, "severity": f.severity.value, "message": f.message} for f in findings]


def settings_as_data(settings: Settings) -> dict[str, Any]:
    """What the user chose, by field; choices are written as their words."""
    return asdict(settings)


def quality_as_data(quality: tuple[QualityIndices, QualityIndices] | None) -> dict[str, Any] | None:
    """Quality figures of the conventional and of the denoised map, by field; None for one that is not known."""
    if quality is None:
        return None
    known = ({name: None if math.isnan(value) else value for name, value in asdict(each).items()} for each in quality)
    return dict(zip(("Conventional", "Denoised"), known, strict=True))


def provenance_of(result: Result) -> Mapping[str, Any]:
    """Everything needed to repeat and to judge a run."""
    return {
        "GeneratedBy": "DeepASL",
        "Notice": RESEARCH_USE,
        "Scan": result.origin.replace("\\", "/").rpartition("/")[2],
        "Software": software_versions(),
        "Parameters": parameters_as_data(result.acquisition),
        "VolumeRoles": [role.value for role in result.roles],
        "VolumeRolesEvidence": list(result.role_evidence),
        "ControlLabelPairs": [list(pair) for pair in result.pairs],
        "SmoothingFWHM": result.smoothing_fwhm,
        **_steps(result.record),
        "M0": None if result.m0 is None else {"Origin": result.m0.origin, "RecoveryFactor": result.m0.recovery},
        "Model": {
            "Id": result.model.id,
            "Title": result.model.title,
            "SHA256": result.model.sha256,
            "Provider": result.model.provider,
            "ProviderReason": result.model.provider_reason,
            "Scale": result.model.scale,
        },
        "Quality": quality_as_data(result.quality),
        "Findings": findings_as_data(result.findings),
    }


def _steps(record: RunRecord | None) -> dict[str, Any]:
    """What was chosen, and what the steps before the network did; nothing of maps read back from a file or a scene."""
    if record is None:
        return {"Settings": None}
    motion = record.motion
    displacements = None if motion is None else motion.framewise_displacement
    return {
        "Settings": settings_as_data(record.settings),
        "MotionCorrected": motion is not None and motion.corrected,
        "MaximumFramewiseDisplacement": None if displacements is None else float(displacements.max()),
        "DroppedAsOutliers": [{"Volumes": list(each.volumes), "Reason": each.reason} for each in record.dropped],
        "DenoisedByMPPCA": record.mppca,
        "Tissue": record.tissue_origin,
    }


def _parameter(name: str, parameter: Parameter[Any]) -> dict[str, Any]:
    value = parameter.require()
    data: dict[str, Any] = {"value": list(value) if isinstance(value, tuple) else value}
    if SPECS[name].unit:
        data["unit"] = SPECS[name].unit
    return data | {"source": "" if parameter.source is None else parameter.source.value, "origin": parameter.origin}
