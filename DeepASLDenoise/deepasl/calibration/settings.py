"""What is done to the calibration image before flow is divided by it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class M0Smoothing(StrEnum):
    """How noise of M0 is kept out of flow."""

    NONE = "none"
    MEDIAN = "median"


class M0Method(StrEnum):
    """Where the equilibrium magnetization of a voxel comes from."""

    VOXELWISE = "voxelwise"
    CSF = "csf"
    WHITE_MATTER = "white-matter"


@dataclass(frozen=True)
class M0Settings:
    """The choices of a run. What stands here as default is the white paper's: M0 voxel by voxel, as it was measured.

    Attributes:
        smoothing: Of the image that flow is divided by.
        method: Voxel by voxel, or one number for the whole brain from a tissue whose M0 is known.
        echo_time: Of the M0 image in s, for M0 from a tissue; None to leave decay until the echo out of account.
    """

    smoothing: M0Smoothing = M0Smoothing.NONE
    method: M0Method = M0Method.VOXELWISE
    echo_time: float | None = None
