"""Cerebral blood flow (CBF) from a difference image at one post-labeling delay.

The single-compartment model of the ASL white paper (Alsop et al., Magn Reson Med 2015;73:102-116,
equations 1 and 2), after Buxton et al., Magn Reson Med 1998;40:383-396. All of the label is assumed to have
arrived and to decay with the T1 of blood.

Every function takes Python numbers or arrays that broadcast against each other, and returns the same.
A delay that differs by slice (2D readouts) is an array ``[k]`` beside a volume ``[k, j, i]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

N = TypeVar("N", float, NDArray[Any])

ML_PER_G_PER_S_TO_ML_PER_100G_PER_MIN = 6000.0

T1_BLOOD = {1.5: 1.35, 3.0: 1.65, 7.0: 2.087}
"""T1 of arterial blood in s by field strength in T: white paper; 7 T from Zhang et al. 2013."""

T1_GREY_MATTER = {1.5: 1.197, 3.0: 1.607, 7.0: 1.939}
"""T1 of grey matter in s by field strength in T: Wright et al., MAGMA 2008;21:121-130."""

LABELING_EFFICIENCY = {"PCASL": 0.85, "CASL": 0.68, "PASL": 0.98}
"""White paper (pCASL, PASL); CASL: Wang et al., Radiology 2005;235:218-228."""

EFFICIENCY_PER_SUPPRESSION_PULSE = 0.95
"""Label left after one background-suppression pulse: Garcia et al., Magn Reson Med 2005;54:366-372."""

PARTITION_COEFFICIENT = 0.9
"""Blood-brain partition coefficient of water, whole brain, mL/g: white paper."""


def pcasl_gain(
    *,
    pld: Any,
    labeling_duration: float,
    t1_blood: float = 1.65,
    labeling_efficiency: float = 0.85,
    partition_coefficient: float = PARTITION_COEFFICIENT,
) -> Any:
    """CBF per unit of dM/M0 for (P)CASL: white paper equation 1.

    Args:
        pld: Post-labeling delay in s; a number or an array.
        labeling_duration: Labeling duration tau in s.
        t1_blood: T1 of arterial blood in s.
        labeling_efficiency: Fraction of the blood magnetisation inverted.
        partition_coefficient: Blood-brain partition coefficient in mL/g.

    Returns:
        mL/100g/min, of the shape of `pld`.
    """
    bolus = labeling_efficiency * t1_blood * -np.expm1(-labeling_duration / t1_blood)
    return ML_PER_G_PER_S_TO_ML_PER_100G_PER_MIN * partition_coefficient * np.exp(pld / t1_blood) / (2.0 * bolus)


def pasl_gain(
    *,
    inversion_time: Any,
    bolus_duration: float,
    t1_blood: float = 1.65,
    labeling_efficiency: float = 0.98,
    partition_coefficient: float = PARTITION_COEFFICIENT,
) -> Any:
    """CBF per unit of dM/M0 for PASL with a bolus cut by QUIPSS II or Q2TIPS: white paper equation 2.

    Args:
        inversion_time: TI in s, from the labeling pulse to excitation, whatever the cut-off technique.
        bolus_duration: TI1 in s, from the labeling pulse to the first saturation pulse.
        t1_blood: T1 of arterial blood in s.
        labeling_efficiency: Fraction of the blood magnetisation inverted.
        partition_coefficient: Blood-brain partition coefficient in mL/g.

    Returns:
        mL/100g/min, of the shape of `inversion_time`.
    """
    bolus = labeling_efficiency * bolus_duration
    scale = ML_PER_G_PER_S_TO_ML_PER_100G_PER_MIN * partition_coefficient
    return scale * np.exp(inversion_time / t1_blood) / (2.0 * bolus)


def cbf_pcasl(
    dm: N,
    m0: N,
    *,
    pld: Any,
    labeling_duration: float,
    t1_blood: float = 1.65,
    labeling_efficiency: float = 0.85,
    partition_coefficient: float = PARTITION_COEFFICIENT,
) -> N:
    """CBF from a (P)CASL difference image.

    Args:
        dm: Control minus label, any shape, scanner units.
        m0: Equilibrium magnetisation of tissue in the same units, recovered (see `m0_recovery`).
        pld: Post-labeling delay in s; ``[k]`` for one in each slice of a volume.
        labeling_duration: Labeling duration tau in s.
        t1_blood: T1 of arterial blood in s.
        labeling_efficiency: Fraction of the blood magnetisation inverted.
        partition_coefficient: Blood-brain partition coefficient in mL/g.

    Returns:
        CBF in mL/100g/min. Negative where `dm` is negative: nothing is clipped.
    """
    gain = pcasl_gain(
        pld=by_slice(pld, dm),
        labeling_duration=labeling_duration,
        t1_blood=t1_blood,
        labeling_efficiency=labeling_efficiency,
        partition_coefficient=partition_coefficient,
    )
    cbf: N = gain * dm / m0
    return cbf


def cbf_pasl(
    dm: N,
    m0: N,
    *,
    inversion_time: Any,
    bolus_duration: float,
    t1_blood: float = 1.65,
    labeling_efficiency: float = 0.98,
    partition_coefficient: float = PARTITION_COEFFICIENT,
) -> N:
    """CBF from a PASL difference image (QUIPSS II or Q2TIPS).

    Args:
        dm: Control minus label, any shape, scanner units.
        m0: Equilibrium magnetisation of tissue in the same units, recovered (see `m0_recovery`).
        inversion_time: TI in s; ``[k]`` for one in each slice of a volume.
        bolus_duration: TI1 in s.
        t1_blood: T1 of arterial blood in s.
        labeling_efficiency: Fraction of the blood magnetisation inverted.
        partition_coefficient: Blood-brain partition coefficient in mL/g.

    Returns:
        CBF in mL/100g/min.
    """
    gain = pasl_gain(
        inversion_time=by_slice(inversion_time, dm),
        bolus_duration=bolus_duration,
        t1_blood=t1_blood,
        labeling_efficiency=labeling_efficiency,
        partition_coefficient=partition_coefficient,
    )
    cbf: N = gain * dm / m0
    return cbf


def delay_of_slices(pld: float, slice_timing: Sequence[float]) -> NDArray[np.float64]:
    """The delay of every slice of a 2D readout, ``[k]`` in s: white paper, section on 2D readouts."""
    return pld + np.asarray(slice_timing, dtype=np.float64)


def m0_recovery(repetition_time: float, t1_tissue: float) -> float:
    """Factor by which an M0 image taken at this TR must be multiplied: ``1 / (1 - exp(-TR/T1))``.

    White paper, section on calibration. Both times in s.
    """
    return float(-1.0 / np.expm1(-repetition_time / t1_tissue))


def t1_blood_at(field_strength: float) -> tuple[float, str]:
    """T1 of arterial blood in s at a field strength in T, and its source in words."""
    if (known := _nearest(field_strength, T1_BLOOD)) is not None:
        return T1_BLOOD[known], f"white paper (Alsop 2015), {known:g} T" if known < 7 else "Zhang 2013, 7 T"
    return (110.0 * field_strength + 1316.0) / 1000.0, f"Zhang 2013, linear in field strength, {field_strength:g} T"


def t1_grey_matter_at(field_strength: float) -> tuple[float, str]:
    """T1 of grey matter in s at a field strength in T, and its source in words."""
    known = min(T1_GREY_MATTER, key=lambda field: abs(field - field_strength))
    return T1_GREY_MATTER[known], f"Wright 2008, {known:g} T"


def _nearest(field_strength: float, table: dict[float, float]) -> float | None:
    """The entry within 10 % of this field strength (scanners of 2.89 T are called 3 T), if there is one."""
    return next((field for field in table if abs(field - field_strength) <= 0.1 * field), None)


def by_slice(delay: Any, dm: Any) -> Any:
    """A delay for each slice, shaped to broadcast over the volume beside it; any other delay as it is.

    Raises:
        ValueError: If there are not as many delays as slices.
    """
    if np.ndim(delay) != 1 or np.ndim(dm) < 3:
        return delay
    if len(delay) != np.shape(dm)[-3]:
        raise ValueError(f"{len(delay)} delays for {np.shape(dm)[-3]} slices")
    return np.asarray(delay)[:, None, None]
