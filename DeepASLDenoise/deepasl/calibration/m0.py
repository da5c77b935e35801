"""The equilibrium magnetisation M0 that turns a difference image into blood flow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepasl.acquisition.parameters import Acquisition
from deepasl.errors import InputError
from deepasl.findings import Finding, note, warning
from deepasl.quality.checks import check_m0_voxels
from deepasl.quantification.buxton import m0_recovery
from deepasl.results import BoolArray, M0Map
from deepasl.series import AslSeries, FloatArray, Role, mean_in, mean_volume

FULLY_RECOVERED_TR = 5.0
"""Repetition time in s from which an M0 scan needs no correction: white paper (Alsop 2015)."""

TYPICAL_SIGNAL_FRACTION = 0.008
"""dM / M0 of grey matter at usual delays; the scale for the network where there is no M0 to give it."""

LOWEST_USABLE = 0.01
"""M0 below this fraction of its brain median cannot be divided by."""


def m0_map(series: AslSeries, acquisition: Acquisition) -> tuple[M0Map | None, tuple[Finding, ...]]:
    """The M0 image of a series: a separate scan, else its own M0 volumes, else the mean control.

    Args:
        series: The scan.
        acquisition: Its parameters, defaults filled in.

    Returns:
        The recovered M0, and what is to be said about it. None if there is no M0 that can be used: the mean control
        image is refused under background suppression, which takes most of its signal away.

    Raises:
        InputError: If a separate M0 scan lies on another grid.
    """
    if series.m0scan is not None:
        _require_same_grid(series)
        separate = M0Map(mean_volume(series.m0scan.volumes), f"separate M0 scan {series.m0scan.origin}", 1.0)
        return _recovered(separate, acquisition)
    if included := series.indices(Role.M0SCAN):
        mean = M0Map(series.mean_of(Role.M0SCAN), f"mean of {len(included)} M0 volume(s) of the series", 1.0, included)
        return _recovered(mean, acquisition)
    if series.indices(Role.CONTROL):
        return _from_control(series, acquisition)
    return None, (
        warning(
            "m0-absent",
            "There is no M0 scan and no control image: no CBF is computed. Give an M0 image (command line: --m0).",
        ),
    )


def has_m0(series: AslSeries, acquisition: Acquisition) -> bool:
    """Whether `m0_map` finds an M0, told without computing it."""
    if series.m0scan is not None or series.indices(Role.M0SCAN):
        return True
    return bool(series.indices(Role.CONTROL)) and not acquisition.background_suppression.value


def unusable_m0(m0: FloatArray, mask: BoolArray) -> BoolArray:
    """Voxels of the mask where M0 is too near zero to divide by, ``[k, j, i]`` bool."""
    level = float(np.median(m0[mask])) if mask.any() else 0.0
    unusable: BoolArray = mask & (m0 <= LOWEST_USABLE * level)
    return unusable


def without_unusable(mask: BoolArray, m0: M0Map) -> tuple[BoolArray, tuple[Finding, ...]]:
    """The mask without the voxels that M0 cannot be divided by, and how many these were.

    Raises:
        InputError: If M0 is zero everywhere.
    """
    if not (m0.volume > 0).any():
        raise InputError("the M0 image is zero everywhere", where=m0.origin, remedy="Give another M0 image.")
    unusable = unusable_m0(m0.volume, mask)
    return mask & ~unusable, check_m0_voxels(int(unusable.sum()), int(mask.sum()))


def network_scale(
    deltam: FloatArray, m0: M0Map | None, mask: BoolArray, grey: BoolArray
) -> tuple[float, tuple[Finding, ...]]:
    """What the network takes for 100 %: mean M0 in the brain, or a guess from grey matter without M0.

    Args:
        deltam: The difference image ``[k, j, i]``, scanner units.
        m0: The calibration image.
        mask: The brain.
        grey: Grey matter.

    Raises:
        InputError: If there is no M0 and no positive difference signal either.
    """
    if m0 is not None:
        return mean_in(m0.volume, mask), ()
    signal = mean_in(deltam, grey if grey.any() else mask)
    if not signal > 0:
        raise InputError(
            "there is no M0 image, and the mean difference signal is not positive, so that the network has no scale",
            remedy="Give an M0 image (command line: --m0), or check whether control and label are swapped.",
        )
    guess = warning(
        "scale-guessed",
        f"Without M0 the network's input is scaled as if grey matter had {100 * TYPICAL_SIGNAL_FRACTION:g} % of M0.",
    )
    return signal / TYPICAL_SIGNAL_FRACTION, (guess,)


def _require_same_grid(series: AslSeries) -> None:
    scan = series.m0scan
    if scan is not None and not scan.geometry.matches(series.geometry):
        raise InputError(
            f"the M0 scan lies on another grid ({scan.geometry.describe()}) than the ASL scan "
            f"({series.geometry.describe()})",
            where=scan.origin,
            remedy="Resample it onto the ASL scan first, so that no interpolation happens unseen.",
        )


def _recovered(m0: M0Map, acquisition: Acquisition) -> tuple[M0Map, tuple[Finding, ...]]:
    """Correct for incomplete recovery where the repetition time is short."""
    tr = acquisition.m0_repetition_time
    if not tr.known:
        doubt = warning(
            "m0-tr-missing",
            f"The repetition time of the M0 scan is not known; full recovery (TR of {FULLY_RECOVERED_TR:g} s or more) "
            "is assumed. If it was shorter, CBF comes out too high. Give it (command line: --m0-tr).",
        )
        return m0, (doubt,)
    if tr.require() >= FULLY_RECOVERED_TR:
        return m0, ()
    t1 = acquisition.t1_tissue.require()
    factor = m0_recovery(tr.require(), t1)
    told = note(
        "m0-recovery",
        f"M0 was multiplied by {factor:.3f}, because it recovers incompletely in TR {tr.require():g} s "
        f"(T1 of grey matter {t1:g} s).",
    )
    return replace(m0, volume=(m0.volume * factor).astype(np.float32), recovery=factor), (told,)


def _from_control(series: AslSeries, acquisition: Acquisition) -> tuple[M0Map | None, tuple[Finding, ...]]:
    if acquisition.background_suppression.value:
        return None, (
            warning(
                "m0-suppressed",
                "There is no M0 scan, and the control images cannot stand in for it because background suppression "
                "takes their signal away: no CBF is computed. Give an M0 image (command line: --m0).",
            ),
        )
    controls = series.indices(Role.CONTROL)
    origin = f"mean of {len(controls)} control images"
    said = [
        warning(
            "m0-from-control",
            f"There is no M0 scan; the {origin} stands in for it."
            + ("" if acquisition.background_suppression.known else " If they are background suppressed, CBF is wrong."),
        )
    ]
    mean = M0Map(series.mean_of(Role.CONTROL), origin, 1.0, controls)
    m0, more = _recovered(mean, replace(acquisition, m0_repetition_time=acquisition.repetition_time))
    return m0, (*said, *more)
