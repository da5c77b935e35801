"""Blood flow maps: the formulas of `buxton` with the parameters of a scan."""

from __future__ import annotations

import numpy as np

from deepasl.acquisition.parameters import Acquisition, LabelingType
from deepasl.quantification.buxton import cbf_pasl, cbf_pcasl, delay_of_slices
from deepasl.results import BoolArray, M0Map
from deepasl.series import FloatArray


def blood_flow(deltam: FloatArray, m0: M0Map | None, mask: BoolArray, acquisition: Acquisition) -> FloatArray | None:
    """CBF of a difference image by the labeling type, delays and constants of its scan.

    Args:
        deltam: Control minus label ``[k, j, i]``, scanner units.
        m0: The calibration image; None if there is none.
        mask: Where to compute, ``[k, j, i]`` bool.
        acquisition: Complete parameters; a 2D readout with slice timing has a longer delay in later slices.

    Returns:
        ``[k, j, i]`` float32 in mL/100g/min, 0 outside the mask; None without M0.
    """
    if m0 is None:
        return None
    delay = acquisition.post_labeling_delay.require()[0]
    timing = acquisition.slice_timing.value
    delays = delay if timing is None else delay_of_slices(delay, timing)
    divisor = np.where(mask, m0.volume, 1.0)
    constants = {
        "t1_blood": acquisition.t1_blood.require(),
        "labeling_efficiency": acquisition.labeling_efficiency.require(),
        "partition_coefficient": acquisition.partition_coefficient.require(),
    }
    if acquisition.labeling_type.value is LabelingType.PASL:
        bolus = acquisition.bolus_cutoff_delay.require()
        cbf = cbf_pasl(deltam, divisor, inversion_time=delays, bolus_duration=bolus, **constants)
    else:
        duration = acquisition.labeling_duration.require()
        cbf = cbf_pcasl(deltam, divisor, pld=delays, labeling_duration=duration, **constants)
    return np.where(mask, cbf, 0.0).astype(np.float32)
