"""When blood is labeled and when it is looked at, and what of it is seen then: the model a fit of arrival needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepasl.acquisition.parameters import Acquisition, LabelingType
from deepasl.quantification.kinetics import pasl_signal, pcasl_signal


@dataclass(frozen=True)
class LabelTiming:
    """The delays at which the arrival of blood is sampled.

    Attributes:
        delays: Post-labeling delay of each, s; for PASL the inversion time TI.
        durations: Labeling duration of each, s; for PASL the bolus width TI1.
    """

    delays: tuple[float, ...]
    durations: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.delays) != len(self.durations):
            raise ValueError(f"{len(self.delays)} delays and {len(self.durations)} durations")

    def __len__(self) -> int:
        return len(self.delays)

    def later_by(self, seconds: float) -> LabelTiming:
        """The timing of a slice excited so much after the first one (2D readouts)."""
        return LabelTiming(tuple(delay + seconds for delay in self.delays), self.durations)


@dataclass(frozen=True)
class LabelModel:
    """What does not change from delay to delay: how blood is labeled and how the label decays.

    Attributes:
        labeling_type: Pulsed or (pseudo-)continuous.
        t1_blood: T1 of arterial blood in s.
        t1_tissue: T1 of the label after its arrival in s. The consensus for clinical use is that of blood (Woods et
            al., Magn Reson Med 2024;92:469-495); where the true one is 1.33 s, as in grey matter of ASLDRO, CBF of 60
            comes out as 48 mL/100g/min and ATT 0.1 s too short.
        labeling_efficiency: Fraction of the blood magnetisation inverted.
        partition_coefficient: Blood-brain partition coefficient in mL/g.
    """

    labeling_type: LabelingType
    t1_blood: float
    t1_tissue: float
    labeling_efficiency: float
    partition_coefficient: float

    def signal(self, att: NDArray[Any], timing: LabelTiming) -> NDArray[np.float64]:
        """Control minus label over M0 for a CBF of 1 mL/100g/min, ``[p, n]``, by transit times ``[n]`` in s."""
        delays, durations = _columns(timing)
        constants = {
            "t1_blood": self.t1_blood,
            "t1_apparent": self.t1_tissue,
            "labeling_efficiency": self.labeling_efficiency,
            "partition_coefficient": self.partition_coefficient,
        }
        signal: NDArray[np.float64]
        if self.labeling_type is LabelingType.PASL:
            signal = pasl_signal(1.0, att=att, inversion_time=delays, bolus_duration=durations, **constants)
        else:
            signal = pcasl_signal(1.0, att=att, pld=delays, labeling_duration=durations, **constants)
        return signal

    def told_by(self, timing: LabelTiming) -> tuple[float, float]:
        """The shortest and the longest transit time in s that these delays can tell.

        Blood that arrived before the first delay gives the same signal, whenever it came: its label decays alike in
        arteries and in tissue. And where not even the last delay sees all of the label, noise makes much flow that
        comes late of little that came early: in noisy phantoms the error of flow in white matter doubles beyond.
        """
        delays, durations = _columns(timing)
        last = delays - durations if self.labeling_type is LabelingType.PASL else delays
        return max(float(last.min()), 0.0), float(last.max())


def label_model(acquisition: Acquisition) -> LabelModel:
    """The model of a scan, from its parameters with defaults filled in.

    Raises:
        ValueError: If a parameter is not known.
    """
    t1_blood = acquisition.t1_blood.require()
    return LabelModel(
        labeling_type=acquisition.labeling_type.require(),
        t1_blood=t1_blood,
        t1_tissue=t1_blood,
        labeling_efficiency=acquisition.labeling_efficiency.require(),
        partition_coefficient=acquisition.partition_coefficient.require(),
    )


def _columns(timing: LabelTiming) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return _column(timing.delays), _column(timing.durations)


def _column(values: Sequence[float]) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)[:, np.newaxis]
