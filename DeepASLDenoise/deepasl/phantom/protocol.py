"""How a synthetic person is scanned."""

from __future__ import annotations

from dataclasses import dataclass

from deepasl.acquisition.parameters import Acquisition, LabelingType, Source
from deepasl.calibration.m0 import FULLY_RECOVERED_TR
from deepasl.quantification.buxton import m0_recovery, t1_grey_matter_at
from deepasl.series import Role

FIELD_STRENGTH_T = 3.0


@dataclass(frozen=True)
class Protocol:
    """How a subject is scanned with pseudo-continuous labeling. Times in seconds.

    Attributes:
        labeling_duration: Labeling duration tau.
        pld: Post-labeling delay of the first slice excited.
        labeling_efficiency: Fraction of the blood magnetisation inverted.
        t1_blood: T1 of arterial blood.
        partition_coefficient: Blood-brain partition coefficient, mL/g.
        pairs: Number of control-label pairs.
        label_first: Whether each pair starts with its label image.
        m0_volumes: Number of M0 images before the pairs.
        static_fraction: Fraction of M0 left in control images; below 1 the background is suppressed.
        repetition_time: Time between two volumes. Below 5 s tissue recovers incompletely between them, in the way
            that `deepasl.calibration.m0` corrects: with the T1 of grey matter everywhere.
        slice_timing: Excitation delay of each slice of a 2D readout; empty for 3D.
    """

    labeling_duration: float = 1.8
    pld: float = 1.8
    labeling_efficiency: float = 0.85
    t1_blood: float = 1.65
    partition_coefficient: float = 0.9
    pairs: int = 30
    label_first: bool = False
    m0_volumes: int = 1
    static_fraction: float = 1.0
    repetition_time: float = 6.0
    slice_timing: tuple[float, ...] = ()

    def recovered_fraction(self) -> float:
        """Fraction of M0 that an image without background suppression shows."""
        if self.repetition_time >= FULLY_RECOVERED_TR:
            return 1.0
        t1, _ = t1_grey_matter_at(FIELD_STRENGTH_T)
        return 1.0 / m0_recovery(self.repetition_time, t1)

    def pair_roles(self) -> tuple[Role, Role]:
        """Control and label in order of acquisition."""
        return (Role.LABEL, Role.CONTROL) if self.label_first else (Role.CONTROL, Role.LABEL)

    def roles(self) -> tuple[Role, ...]:
        """What each volume is, in order of acquisition."""
        return (Role.M0SCAN,) * self.m0_volumes + self.pair_roles() * self.pairs

    def acquisition(self) -> Acquisition:
        """These parameters as a reader would have found them in a file."""
        delays = tuple(0.0 if role is Role.M0SCAN else self.pld for role in self.roles())
        acquisition = Acquisition().with_values(
            Source.FILE,
            "phantom",
            labeling_type=LabelingType.PCASL,
            post_labeling_delay=delays,
            labeling_duration=self.labeling_duration,
            magnetic_field_strength=FIELD_STRENGTH_T,
            readout="2D" if self.slice_timing else "3D",
            repetition_time=self.repetition_time,
            m0_repetition_time=self.repetition_time,
            background_suppression=self.static_fraction < 1.0,
            labeling_efficiency=self.labeling_efficiency,
            t1_blood=self.t1_blood,
            partition_coefficient=self.partition_coefficient,
        )
        if self.slice_timing:
            return acquisition.with_values(Source.FILE, "phantom", slice_timing=self.slice_timing)
        return acquisition
