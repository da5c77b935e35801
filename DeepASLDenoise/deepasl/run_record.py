"""What was chosen for a run, and what the steps before the network did to the scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepasl.settings import Settings


@dataclass(frozen=True)
class HeadMotion:
    """How the head moved during a scan.

    Attributes:
        parameters: Where the head was in each volume, against where it mostly was: shift to the right, to the front and
            up in mm, rotation about these axes (right-handed) in degrees, ``[t, 6]``; 0 for volumes that show no head.
        framewise_displacement: Of each volume against the one before of the same kind, mm, ``[t]``; 0 for the first of
            each kind and for volumes that show no head.
        corrected: Whether any image was resampled; a head that kept still is left as it was acquired.
    """

    parameters: NDArray[np.float64]
    framewise_displacement: NDArray[np.float64]
    corrected: bool


@dataclass(frozen=True)
class DroppedVolumes:
    """Volumes that were left out of the mean because of what they show.

    Attributes:
        volumes: The control and the label volume of a pair, or one subtracted volume.
        reason: Why, in words.
    """

    volumes: tuple[int, ...]
    reason: str


@dataclass(frozen=True)
class RunRecord:
    """The part of a run that its maps do not show.

    Attributes:
        settings: What the user chose.
        volume_signal: Mean of each volume of the scan in the brain ``[t]``, scanner units, as it was subtracted.
        motion: How the head moved; None where it was not looked for.
        dropped: Pairs and subtracted volumes that were left out as outliers.
        mppca: Whether control and label images were denoised by MP-PCA.
        tissue_origin: What grey and white matter were told by; empty for perfusion itself.
    """

    settings: Settings
    volume_signal: NDArray[np.float64]
    motion: HeadMotion | None = None
    dropped: tuple[DroppedVolumes, ...] = ()
    mppca: bool = False
    tissue_origin: str = ""
