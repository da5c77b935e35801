"""How labeled blood arrives in tissue and decays there: the forward models of (P)CASL and PASL at any delay.

The general kinetic model of Buxton et al., Magn Reson Med 1998;40:383-396, for a bolus of constant strength: blood
labeled for a time tau reaches the voxel one arterial transit time (ATT) later, the label decaying with the T1 of blood
on its way and with the apparent T1 of the tissue from then on.

With an apparent T1 equal to that of blood this is the model of Woods et al., Magn Reson Med 2024;92:469-495; if
all of the label has arrived as well, it is equation 1 of the white paper, `deepasl.quantification.buxton.pcasl_gain`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import exprel

from deepasl.quantification.buxton import ML_PER_G_PER_S_TO_ML_PER_100G_PER_MIN, PARTITION_COEFFICIENT


def apparent_t1(t1_tissue: Any, cbf: Any, partition_coefficient: float = PARTITION_COEFFICIENT) -> Any:
    """T1 of the label in tissue in s, shortened by the venous outflow: ``1/T1' = 1/T1 + f/lambda`` (Buxton 1998).

    Args:
        t1_tissue: T1 of tissue in s; a number or an array.
        cbf: Blood flow in mL/100g/min; a number or an array.
        partition_coefficient: Blood-brain partition coefficient lambda in mL/g.
    """
    return 1.0 / (1.0 / t1_tissue + cbf / (ML_PER_G_PER_S_TO_ML_PER_100G_PER_MIN * partition_coefficient))


def pcasl_signal(
    cbf: Any,
    *,
    att: Any,
    t1_apparent: Any,
    pld: Any,
    labeling_duration: Any,
    t1_blood: float = 1.65,
    labeling_efficiency: float = 0.85,
    partition_coefficient: float = PARTITION_COEFFICIENT,
) -> Any:
    """Control minus label as a fraction of M0: Buxton 1998, equation 5, before, during and after the arrival.

    Args:
        cbf: Blood flow in mL/100g/min; a number or an array.
        att: Arterial transit time in s, as `cbf`.
        t1_apparent: T1 of the label in tissue in s (see `apparent_t1`), as `cbf`.
        pld: Post-labeling delay in s; a number, or an array that broadcasts with `cbf`.
        labeling_duration: Labeling duration tau in s, as `pld`.
        t1_blood: T1 of arterial blood in s.
        labeling_efficiency: Fraction of the blood magnetisation inverted.
        partition_coefficient: Blood-brain partition coefficient in mL/g.

    Returns:
        dM / M0, of the shape that the arguments broadcast to; 0 where no label has arrived yet.
    """
    since_first = np.maximum(pld + labeling_duration - att, 0.0)
    since_last = np.maximum(pld - att, 0.0)
    # The residue exp(-t/T1') integrated over the label that is there, from the youngest to the oldest.
    stayed = t1_apparent * (np.exp(-since_last / t1_apparent) - np.exp(-since_first / t1_apparent))
    inflow = cbf / (ML_PER_G_PER_S_TO_ML_PER_100G_PER_MIN * partition_coefficient)
    return 2.0 * labeling_efficiency * inflow * np.exp(-att / t1_blood) * stayed


def pasl_signal(
    cbf: Any,
    *,
    att: Any,
    t1_apparent: Any,
    inversion_time: Any,
    bolus_duration: Any,
    t1_blood: float = 1.65,
    labeling_efficiency: float = 0.98,
    partition_coefficient: float = PARTITION_COEFFICIENT,
) -> Any:
    """Control minus label as a fraction of M0 for PASL: Buxton 1998, equation 3, for a bolus cut to a known width.

    All blood is labeled at once: what arrives later has decayed for longer in the arteries. With an apparent T1 equal
    to that of blood, once all label is there, this is equation 2 of the white paper,
    `deepasl.quantification.buxton.pasl_gain`.

    Args:
        cbf: Blood flow in mL/100g/min; a number or an array.
        att: Arterial transit time in s, as `cbf`.
        t1_apparent: T1 of the label in tissue in s (see `apparent_t1`), as `cbf`.
        inversion_time: TI in s, from the labeling pulse to excitation; a number, or an array that broadcasts.
        bolus_duration: TI1 in s, as `inversion_time`.
        t1_blood: T1 of arterial blood in s.
        labeling_efficiency: Fraction of the blood magnetisation inverted.
        partition_coefficient: Blood-brain partition coefficient in mL/g.

    Returns:
        dM / M0, of the shape that the arguments broadcast to; 0 where no label has arrived yet.
    """
    arrived = np.clip(inversion_time - att, 0.0, bolus_duration)
    first = np.exp(-att / t1_blood - np.maximum(inversion_time - att, 0.0) / t1_apparent)
    # What followed the first of the bolus stayed longer in blood and shorter in tissue.
    stayed = first * arrived * exprel(-arrived * (1.0 / t1_blood - 1.0 / t1_apparent))
    inflow = cbf / (ML_PER_G_PER_S_TO_ML_PER_100G_PER_MIN * partition_coefficient)
    return 2.0 * labeling_efficiency * inflow * stayed
