"""The part of motion parameters that alternates with labeling: it is contrast, not motion.

Label images differ from control images not only in brightness. An estimate of motion takes a small part of that for a
shift, always the same one, so that the parameters run in a zig-zag: Wang, Magn Reson Imaging 2012;30:1409-1415, who
first removed it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from deepasl.series import Role

FALSE_ALARM = 0.005
"""How often motion that happened to go along with labeling may be taken for an alternation, in a whole scan."""

SHARED = 8.0 / 3.0
"""Neighboring comparisons share volumes: of restless motion, so many of them say as much as one of its own would.

The sum of their autocorrelations, which are 1, 2/3 and 1/6 for volumes without any.
"""

MOST = 1.0
"""mm or degrees to either side, above which it is the head that starts whenever blood is labeled: on phantoms labeling
made 0.1 at most where 5 % of M0 was left by background suppression, 0.25 where 2 % was, 0.7 with twice the flow."""

FEWEST = 6
"""Volumes between two of the other kind, below which nothing can be said."""

SD_PER_MAD = 1.4826
SE_OF_MEDIAN = 1.2533
"""Standard error of a median against that of a mean, for a normal distribution: the root of pi / 2."""

SIGN = {Role.CONTROL: 1.0, Role.LABEL: -1.0}


def alternation(parameters: NDArray[np.float64], roles: Sequence[Role]) -> NDArray[np.float64]:
    """How far control lies on one side and label on the other: half the zig-zag, ``[6]``, 0 where it is not certain.

    Each volume is compared with the mean of its neighbors in time, where both are of the other kind. Medians over the
    scan keep sudden motion out.

    Args:
        parameters: ``[t, 6]``, in order of acquisition.
        roles: What each volume is; only control and label count.
    """
    half = np.array(
        [
            0.5 * SIGN[role] * (parameters[t] - 0.5 * (parameters[t - 1] + parameters[t + 1]))
            for t, role in enumerate(roles)
            if 0 < t < len(roles) - 1 and _between_others(role, roles[t - 1], roles[t + 1])
        ]
    )
    if len(half) < FEWEST:
        return np.zeros(parameters.shape[1])
    middle = np.median(half, axis=0)
    spread = SD_PER_MAD * np.median(np.abs(half - middle), axis=0)
    independent = len(half) / SHARED
    # Six parameters are asked, each on both sides.
    least_t = stats.t.ppf(1.0 - FALSE_ALARM / (2 * half.shape[1]), independent - 1.0)
    certain = np.abs(middle) > least_t * SE_OF_MEDIAN * spread / np.sqrt(independent)
    result: NDArray[np.float64] = np.where(certain & (np.abs(middle) <= MOST), middle, 0.0)
    return result


def without_alternation(parameters: NDArray[np.float64], roles: Sequence[Role]) -> NDArray[np.float64]:
    """Motion parameters ``[t, 6]`` without what alternates with labeling."""
    signs = np.array([SIGN.get(role, 0.0) for role in roles])
    result: NDArray[np.float64] = parameters - signs[:, None] * alternation(parameters, roles)
    return result


def _between_others(role: Role, before: Role, after: Role) -> bool:
    return role in SIGN and before in SIGN and before is after and before is not role
