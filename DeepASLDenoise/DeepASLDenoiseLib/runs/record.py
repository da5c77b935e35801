"""What a result says of itself beside its maps, as text: saved with the scene, and made a result again from there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepasl.errors import InputError
from deepasl.findings import Finding, note, worst_first
from deepasl.geometry import Geometry
from deepasl.quality.indices import QualityIndices
from deepasl.results import M0Map, ModelRun, PerfusionMaps, RegionStatistics, Result
from deepasl.run_record import RunRecord
from deepasl.series import Role
from deepasl.writers.provenance import findings_as_data, parameters_as_data, software_versions
from DeepASLDenoiseLib.runs.furthermaps import FURTHER_MAPS, KINDS, mapsOf
from DeepASLDenoiseLib.runs.provenancedata import acquisitionFrom, asData, builtFrom, findingsFrom

Array = NDArray[Any]


def arraysOf(result: Result) -> dict[str, Array]:
    """The maps of a result ``[k, j, i]`` by the names `asResult` wants them under; those that there are."""
    arrays = {
        "conventional deltam": result.conventional.deltam,
        "conventional CBF": result.conventional.cbf,
        "denoised deltam": result.denoised.deltam,
        "denoised CBF": result.denoised.cbf,
        "removed": result.removed,
        "brain mask": result.mask,
        "grey matter": result.grey_matter,
        "white matter": result.white_matter,
        "M0": None if result.m0 is None else result.m0.volume,
        **{each.arrayName(kind): each.of(mapsOf(result, kind)) for each in FURTHER_MAPS for kind in KINDS},
    }
    return {name: array for name, array in arrays.items() if array is not None}


def asText(result: Result) -> str:
    """Everything of a result but its voxels, and what tells whether those were changed since."""
    m0 = result.m0
    grid = result.geometry
    data = {
        "name": result.name,
        "origin": result.origin,
        "geometry": [grid.shape, grid.spacing, grid.origin, grid.direction],
        "m0": None if m0 is None else {"origin": m0.origin, "recovery": m0.recovery, "volumes": m0.volumes},
        "parameters": parameters_as_data(result.acquisition),
        "roles": [role.value for role in result.roles],
        "roleEvidence": result.role_evidence,
        "pairs": result.pairs,
        "smoothing": result.smoothing_fwhm,
        "noise": result.noise,
        "statistics": [asdict(row) for row in result.statistics],
        "statisticsUnit": result.statistics_unit,
        "findings": findings_as_data(result.findings),
        "model": asdict(result.model),
        "seconds": dict(result.seconds),
        "quality": None if result.quality is None else [asData(each) for each in result.quality],
        "labelStatistics": [asData(row) for row in result.label_statistics],
        "record": None if result.record is None else asData(result.record),
        "software": software_versions(),
        "checksums": {name: checksum(array) for name, array in arraysOf(result).items()},
    }
    return json.dumps(data, default=lambda number: number.item())


def asResult(text: str, arrays: Mapping[str, Array]) -> Result:
    """The result a text was made of.

    Args:
        text: What `asText` returned.
        arrays: The maps, under the names of `arraysOf`.

    Raises:
        InputError: If voxels are not those that were computed.
    """
    data = json.loads(text)
    _requireUnchanged(data, arrays)
    geometry = Geometry(*(tuple(part) for part in data["geometry"]))
    m0 = data["m0"]
    return Result(
        name=data["name"],
        origin=data["origin"],
        geometry=geometry,
        conventional=_maps("conventional", arrays),
        denoised=_maps("denoised", arrays),
        removed=arrays["removed"],
        mask=arrays["brain mask"],
        grey_matter=arrays["grey matter"],
        white_matter=arrays["white matter"],
        m0=None if m0 is None else M0Map(arrays["M0"], m0["origin"], m0["recovery"], tuple(m0["volumes"])),
        acquisition=acquisitionFrom(data["parameters"]),
        roles=tuple(Role(role) for role in data["roles"]),
        role_evidence=tuple(data["roleEvidence"]),
        pairs=tuple((control, label) for control, label in data["pairs"]),
        smoothing_fwhm=data["smoothing"],
        noise=data["noise"],
        statistics=tuple(RegionStatistics(**row) for row in data["statistics"]),
        statistics_unit=data["statisticsUnit"],
        findings=worst_first([*findingsFrom(data["findings"]), *_otherSoftware(data["software"])]),
        model=ModelRun(**data["model"]),
        seconds=data["seconds"],
        quality=None if data.get("quality") is None else _quality(data["quality"]),
        label_statistics=tuple(RegionStatistics(**row) for row in data.get("labelStatistics", ())),
        record=None if data.get("record") is None else builtFrom(RunRecord, data["record"]),
    )


def tissueOriginIn(text: str) -> str:
    """What told grey from white matter in the run of a text that `asText` returned; empty for perfusion itself."""
    return str((json.loads(text).get("record") or {}).get("tissue_origin", ""))


def checksum(array: Array) -> str:
    """SHA-256 of the voxels of a map, as nodes keep them: float32, or bool."""
    kept = array if array.dtype == np.bool_ else array.astype(np.float32, copy=False)
    return hashlib.sha256(np.ascontiguousarray(kept).tobytes()).hexdigest()


def _requireUnchanged(data: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    for name, expected in data["checksums"].items():
        if name not in arrays or checksum(arrays[name]) != expected:
            raise InputError(
                f"the map {name!r} is not what was computed any more",
                where=data["name"],
                remedy="Denoise the scan again; to keep a map that you changed, save its node.",
            )


def _maps(kind: str, arrays: Mapping[str, Array]) -> PerfusionMaps:
    further = {each.part: arrays.get(each.arrayName(kind)) for each in FURTHER_MAPS}
    return PerfusionMaps(arrays[f"{kind} deltam"], arrays.get(f"{kind} CBF"), **further)


def _quality(data: list[Mapping[str, Any]]) -> tuple[QualityIndices, QualityIndices]:
    conventional, denoised = (builtFrom(QualityIndices, each) for each in data)
    return conventional, denoised


def _otherSoftware(computedWith: Mapping[str, str]) -> list[Finding]:
    """A note where the software that computed the maps is not the one that is running, which a report would name."""
    if computedWith == software_versions():
        return []
    listed = ", ".join(f"{name} {version}" for name, version in computedWith.items())
    return [note("computed-earlier", f"The maps come from a saved scene. They were computed with {listed}.")]
