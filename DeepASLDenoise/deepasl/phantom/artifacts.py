"""What spoils a scan beside noise, all of it stated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepasl.phantom.motion import AT_REST, Pose


@dataclass(frozen=True)
class Artifacts:
    """Departures from an ideal scan; the defaults are none.

    Attributes:
        noise_fwhm_mm: Width of the Gaussian that correlates the noise of neighbouring voxels; its SD stays.
        drift: Change of the signal from the first volume to the last, as a fraction of it; linear in time.
        poses: Where the head is in each volume, M0 images included; empty if it lies still.
    """

    noise_fwhm_mm: float = 0.0
    drift: float = 0.0
    poses: tuple[Pose, ...] = ()

    def gains(self, volumes: int) -> NDArray[np.float32]:
        """What the drift multiplies the signal of each volume with."""
        return (1.0 + self.drift * np.linspace(0.0, 1.0, volumes)).astype(np.float32)

    def poses_of(self, volumes: int) -> tuple[Pose, ...]:
        """Where the head is in each volume.

        Raises:
            ValueError: If poses are given for another number of volumes.
        """
        if self.poses and len(self.poses) != volumes:
            raise ValueError(f"{len(self.poses)} poses for {volumes} volumes")
        return self.poses or (AT_REST,) * volumes


NO_ARTIFACTS = Artifacts()
