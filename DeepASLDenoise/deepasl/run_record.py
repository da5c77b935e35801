"""What was chosen for a run, and what the steps before the network did to the scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepasl.settings import Settings


@dataclass(frozen=True)
class RunRecord:
    """The part of a run that its maps do not show.

    Attributes:
        settings: What the user chose.
        volume_signal: Mean of each volume of the scan in the brain ``[t]``, scanner units, as it was subtracted.
    """

    settings: Settings
    volume_signal: NDArray[np.float64]
