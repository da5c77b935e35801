"""What was understood of a scan, from where, and what is doubtful: before anything is computed from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepasl.acquisition.checks import check
from deepasl.acquisition.defaults import complete
from deepasl.acquisition.parameters import Acquisition
from deepasl.errors import DeepASLError
from deepasl.findings import Finding, error, worst_first
from deepasl.geometry import Geometry
from deepasl.labeling.volume_use import VolumeUse, volume_uses
from deepasl.preparation import prepare
from deepasl.progress import Clock, Job
from deepasl.results import BoolArray
from deepasl.series import AslSeries, FloatArray, Role
from deepasl.settings import Settings
from deepasl.side_images import NOTHING_BESIDE, SideImages
from deepasl.writers.provenance import findings_as_data, parameters_as_data


@dataclass(frozen=True)
class Inspection:
    """A scan in words and numbers.

    Attributes:
        name: The name of the series.
        geometry: Its grid.
        roles: What each volume was taken for.
        role_evidence: Why.
        acquisition: Its parameters, defaults filled in.
        m0: What M0 would be made from; empty if there is none.
        signal_percent: Mean dM / M0 of grey matter in percent; NaN if not known.
        findings: Everything noticed, errors first.
        volumes: What becomes of each volume.
        signal: Mean of each volume in the brain ``[t]``, scanner units; None if no brain was found.
        deltam: Control minus label, mean over pairs ``[k, j, i]``; None if it could not be computed.
        mask: The brain, ``[k, j, i]`` bool; None if it was not found.
    """

    name: str
    geometry: Geometry
    roles: tuple[Role, ...]
    role_evidence: tuple[str, ...]
    acquisition: Acquisition
    m0: str
    signal_percent: float
    findings: tuple[Finding, ...]
    volumes: tuple[VolumeUse, ...] = ()
    signal: NDArray[np.float64] | None = None
    deltam: FloatArray | None = None
    mask: BoolArray | None = None

    def as_data(self) -> dict[str, Any]:
        """For JSON: roles, parameters, warnings."""
        return {
            "name": self.name,
            "grid": self.geometry.describe(),
            "roles": [role.value for role in self.roles],
            "role_evidence": list(self.role_evidence),
            "volumes": [self._volume(use) for use in self.volumes],
            "parameters": parameters_as_data(self.acquisition),
            "m0": self.m0,
            "signal_percent_of_m0": None if self.signal_percent != self.signal_percent else self.signal_percent,
            "warnings": findings_as_data(self.findings),
        }

    def _volume(self, use: VolumeUse) -> dict[str, Any]:
        signal = None if self.signal is None else float(self.signal[use.index])
        return {
            "index": use.index,
            "role": use.role.value,
            "delay": use.delay,
            "used": use.used,
            "reason": use.reason,
            "mean_in_brain": signal,
        }


def inspect_series(series: AslSeries, settings: Settings, beside: SideImages = NOTHING_BESIDE) -> Job[Inspection]:
    """Look at a scan as the pipeline does, and report what stops it instead of stopping."""
    try:
        ready = yield from prepare(series, settings, Clock(), beside)
    except DeepASLError as problem:
        acquisition, noticed = complete(series.acquisition)
        stop = error("stop", str(problem))
        findings = worst_first([*series.findings, *noticed, *check(acquisition), stop])
        return _inspection(series, acquisition, "", float("nan"), findings)
    m0 = "" if ready.m0 is None else ready.m0.origin
    inspection = _inspection(series, ready.acquisition, m0, ready.signal_percent, ready.findings)
    return replace(
        inspection,
        volumes=volume_uses(series, pld=settings.pld, pairs=settings.pairs, dropped=ready.differences.dropped),
        signal=ready.volume_signal,
        deltam=ready.differences.mean,
        mask=ready.mask,
    )


def _inspection(
    series: AslSeries, acquisition: Acquisition, m0: str, signal: float, findings: tuple[Finding, ...]
) -> Inspection:
    return Inspection(
        series.name, series.geometry, series.roles, series.role_evidence, acquisition, m0, signal, findings
    )
