"""An ASL scan in memory: volumes, where they lie, what each one is, how it was acquired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepasl.acquisition.parameters import Acquisition
from deepasl.errors import InputError
from deepasl.findings import Finding
from deepasl.geometry import Geometry

FloatArray = NDArray[np.float32]


class Role(StrEnum):
    """What a volume is: the `volume_type` of an ASL-BIDS `*_aslcontext.tsv`."""

    CONTROL = "control"
    LABEL = "label"
    M0SCAN = "m0scan"
    DELTAM = "deltam"
    CBF = "cbf"
    NO_RF = "noRF"
    UNUSED = "n/a"


@dataclass(frozen=True)
class M0Scan:
    """A calibration scan that came in a file of its own.

    Attributes:
        volumes: ``[t, k, j, i]`` float32, scanner units.
        geometry: Its voxel grid.
        origin: Where it came from.
    """

    volumes: FloatArray
    geometry: Geometry
    origin: str


@dataclass(frozen=True)
class AslSeries:
    """An ASL scan as read, before anything is computed from it.

    Attributes:
        name: Short name for titles and file names, e.g. ``"sub-01_asl"``.
        volumes: ``[t, k, j, i]`` float32, scanner units.
        geometry: The voxel grid of every volume.
        roles: What each volume is; one for each t.
        acquisition: How it was acquired.
        role_evidence: Why the roles are what they are, in words.
        m0scan: A calibration scan in a file of its own, if there is one.
        origin: Where the series came from.
        findings: What the reader noticed.
        labeling_durations: How long blood was labeled before each volume, s, where this differs between volumes; empty
            where `acquisition` says it for all of them.
    """

    name: str
    volumes: FloatArray
    geometry: Geometry
    roles: tuple[Role, ...]
    acquisition: Acquisition
    role_evidence: tuple[str, ...] = ()
    m0scan: M0Scan | None = None
    origin: Path | str = ""
    findings: tuple[Finding, ...] = field(default=())
    labeling_durations: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.volumes.ndim != 4 or self.volumes.shape[1:] != self.geometry.shape:
            raise ValueError(f"volumes {self.volumes.shape} do not lie on the grid {self.geometry.shape}")
        if len(self.roles) != len(self.volumes):
            raise ValueError(f"{len(self.roles)} roles for {len(self.volumes)} volumes")
        if len(self.labeling_durations) not in (0, len(self.volumes)):
            raise ValueError(f"{len(self.labeling_durations)} labeling durations for {len(self.volumes)} volumes")

    def indices(self, role: Role) -> tuple[int, ...]:
        """Which volumes have `role`, in order of acquisition."""
        return tuple(t for t, r in enumerate(self.roles) if r is role)

    def volumes_of(self, role: Role) -> FloatArray:
        """The volumes with `role`, ``[t, k, j, i]``; t may be 0."""
        selected: FloatArray = self.volumes[list(self.indices(role))]
        return selected

    def mean_of(self, role: Role) -> FloatArray:
        """The mean of the volumes with `role`, of which there is one at least, ``[k, j, i]``; they are not copied."""
        return mean_of_some(self.volumes, self.indices(role))


def mean_volume(volumes: FloatArray) -> FloatArray:
    """The mean over volumes ``[t, k, j, i]``, summed in double precision: ``[k, j, i]`` float32."""
    mean: FloatArray = volumes.mean(axis=0, dtype=np.float64).astype(np.float32)
    return mean


def mean_of_some(volumes: FloatArray, chosen: Sequence[int]) -> FloatArray:
    """`mean_volume` of some volumes, at least one, without a copy of them: ``[k, j, i]`` float32."""
    total = np.zeros(volumes.shape[1:], dtype=np.float64)
    for t in chosen:
        total += volumes[t]
    return (total / len(chosen)).astype(np.float32)


def mean_in(volume: FloatArray, mask: NDArray[np.bool_]) -> float:
    """The mean of a volume ``[k, j, i]`` in a mask; NaN for an empty mask."""
    return float(volume[mask].mean(dtype=np.float64)) if mask.any() else float("nan")


def require_finite(volumes: FloatArray, where: Path | str) -> None:
    """Refuse NaN and infinite voxels: one of them would spread through every map.

    Raises:
        InputError: Naming the first volume that holds one, and how many there are.
    """
    bad = ~np.isfinite(volumes)
    if bad.any():
        t = int(np.argmax(bad.reshape(len(volumes), -1).any(axis=1)))
        raise InputError(
            f"{int(bad.sum())} voxels are not numbers (NaN or infinite), the first in volume {t}",
            where=where,
            remedy="Export the scan again, or replace these voxels before loading it.",
        )
