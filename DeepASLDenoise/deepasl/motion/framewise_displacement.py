"""How much a head moved from each volume to the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HEAD_RADIUS_MM = 50.0
"""A rotation moves the cortex along an arc of a sphere of this radius."""


def framewise_displacement(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
    """Framewise displacement of each volume against the one before, mm.

    The sum of the absolute changes of the three shifts, and of the three rotations as arcs of a sphere of 50 mm: Power
    et al., NeuroImage 2012;59:2142-2154.

    Args:
        parameters: Shifts in mm and rotations in degrees, ``[t, 6]``.

    Returns:
        ``[t]``; 0 for the first volume.
    """
    changes = np.abs(np.diff(parameters, axis=0, prepend=parameters[:1]))
    changes[:, 3:] = np.radians(changes[:, 3:]) * HEAD_RADIUS_MM
    total: NDArray[np.float64] = changes.sum(axis=1)
    return total
