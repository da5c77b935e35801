"""How a scan was acquired: every parameter with its unit, where its value came from, and what is usual."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Source(StrEnum):
    """Where a value came from."""

    FILE = "file"
    DICOM = "dicom"
    COMPUTED = "computed"
    DEFAULT = "default"
    USER = "user"


class LabelingType(StrEnum):
    """ASL-BIDS `ArterialSpinLabelingType`."""

    PCASL = "PCASL"
    CASL = "CASL"
    PASL = "PASL"


@dataclass(frozen=True)
class Parameter(Generic[T]):
    """A value and how it is known.

    Attributes:
        value: The value in the unit of its `ParameterSpec`; None when it is not known.
        source: Where it came from; None when it is not known.
        origin: The place in words, e.g. ``"sub-01_asl.json: LabelingDuration"`` or a citation.
    """

    value: T | None = None
    source: Source | None = None
    origin: str = ""

    @property
    def known(self) -> bool:
        """Whether anybody said what the value is."""
        return self.value is not None

    def require(self) -> T:
        """The value. Callers check `known` first; asking for an unknown value is a programming error."""
        if self.value is None:
            raise ValueError("this parameter has no value")
        return self.value


def missing() -> Parameter[Any]:
    """A parameter nobody has given yet."""
    return Parameter()


@dataclass(frozen=True)
class Acquisition:
    """The parameters of an ASL scan that denoising and quantification need. Times in seconds.

    `post_labeling_delay` holds one value for all volumes, or one for each (0 for M0 volumes); for PASL it is
    the inversion time TI, as ASL-BIDS has it. `slice_timing` is the excitation delay of each slice k after
    the first, in the order of the array. `bolus_cutoff_delay` is TI1 of QUIPSS II and Q2TIPS.
    `labeling_efficiency` includes the loss by background-suppression pulses. `hematocrit` is a volume fraction.
    """

    labeling_type: Parameter[LabelingType] = Parameter()
    post_labeling_delay: Parameter[tuple[float, ...]] = Parameter()
    labeling_duration: Parameter[float] = Parameter()
    bolus_cutoff_delay: Parameter[float] = Parameter()
    magnetic_field_strength: Parameter[float] = Parameter()
    readout: Parameter[str] = Parameter()
    slice_timing: Parameter[tuple[float, ...]] = Parameter()
    repetition_time: Parameter[float] = Parameter()
    m0_repetition_time: Parameter[float] = Parameter()
    background_suppression: Parameter[bool] = Parameter()
    background_suppression_pulses: Parameter[int] = Parameter()
    labeling_efficiency: Parameter[float] = Parameter()
    hematocrit: Parameter[float] = Parameter()
    t1_blood: Parameter[float] = Parameter()
    t1_tissue: Parameter[float] = Parameter()
    partition_coefficient: Parameter[float] = Parameter()

    def __iter__(self) -> Iterator[tuple[str, Parameter[Any]]]:
        """Field names and parameters, in order."""
        return ((field.name, getattr(self, field.name)) for field in fields(self))

    def with_values(self, source: Source, origin: str, **values: Any) -> Acquisition:
        """A copy in which the named fields have these values, from `source`."""
        return replace(self, **{name: Parameter(value, source, origin) for name, value in values.items()})


@dataclass(frozen=True)
class ParameterSpec:
    """What is to be said of one field of `Acquisition`, for every value it may take.

    Attributes:
        field: Name of the field.
        title: What users read.
        unit: UCUM-like unit; empty when it has none.
        bids: The ASL-BIDS field; empty when it has none.
        usual: Range of values that raise no question, ends included.
        meaning: One sentence.
        zero_is_usual: Whether 0 is usual though it lies outside the range: ASL-BIDS writes a delay of 0 for M0
            volumes and for the first slice.
    """

    field: str
    title: str
    unit: str
    bids: str
    usual: tuple[float, float] | None
    meaning: str
    zero_is_usual: bool = False

    def is_unusual(self, value: float) -> bool:
        """Whether a value lies outside the usual range."""
        if self.usual is None or (value == 0 and self.zero_is_usual):
            return False
        low, high = self.usual
        return not low <= value <= high


SPECS: dict[str, ParameterSpec] = {
    spec.field: spec
    for spec in (
        ParameterSpec(
            "labeling_type",
            "Labeling type",
            "",
            "ArterialSpinLabelingType",
            None,
            "How blood is labeled: pseudo-continuous, continuous or pulsed.",
        ),
        ParameterSpec(
            "post_labeling_delay",
            "Post-labeling delay (PLD; TI for PASL)",
            "s",
            "PostLabelingDelay",
            (0.5, 3.5),
            "Time from the end of labeling (PASL: from the labeling pulse) to the first excitation.",
            zero_is_usual=True,
        ),
        ParameterSpec(
            "labeling_duration",
            "Labeling duration",
            "s",
            "LabelingDuration",
            (1.0, 4.0),
            "How long blood is labeled in (P)CASL.",
        ),
        ParameterSpec(
            "bolus_cutoff_delay",
            "Bolus cut-off delay (TI1)",
            "s",
            "BolusCutOffDelayTime",
            (0.4, 1.2),
            "Time from the PASL labeling pulse to the first saturation pulse; it fixes the bolus width.",
        ),
        ParameterSpec(
            "magnetic_field_strength",
            "Magnetic field strength",
            "T",
            "MagneticFieldStrength",
            (1.0, 7.0),
            "Field of the scanner; it sets the T1 of blood and tissue.",
        ),
        ParameterSpec(
            "readout",
            "Readout",
            "",
            "MRAcquisitionType",
            None,
            "2D excites slice after slice, each with its own delay; 3D excites all at once.",
        ),
        ParameterSpec(
            "slice_timing",
            "Slice timing",
            "s",
            "SliceTiming",
            (0.0, 2.0),
            "Excitation delay of each slice after the first, added to the PLD of that slice.",
            zero_is_usual=True,
        ),
        ParameterSpec(
            "repetition_time",
            "Repetition time",
            "s",
            "RepetitionTimePreparation",
            (2.0, 12.0),
            "Time between two volumes.",
        ),
        ParameterSpec(
            "m0_repetition_time",
            "Repetition time of the M0 scan",
            "s",
            "RepetitionTimePreparation",
            (1.5, 20.0),
            "Below 5 s the M0 signal has not fully recovered and is corrected.",
        ),
        ParameterSpec(
            "background_suppression",
            "Background suppression",
            "",
            "BackgroundSuppression",
            None,
            "Whether inversion pulses suppress static tissue.",
        ),
        ParameterSpec(
            "background_suppression_pulses",
            "Background suppression pulses",
            "",
            "BackgroundSuppressionNumberPulses",
            (0, 5),
            "Each pulse costs about 5 % of the label.",
        ),
        ParameterSpec(
            "labeling_efficiency",
            "Labeling efficiency",
            "",
            "LabelingEfficiency",
            (0.5, 1.0),
            "Fraction of blood magnetisation inverted, losses by background suppression included.",
        ),
        ParameterSpec(
            "hematocrit",
            "Hematocrit",
            "",
            "",
            (0.3, 0.55),
            "Volume fraction of red cells, such as 0.42; T1 of arterial blood follows from it unless that is given.",
        ),
        ParameterSpec("t1_blood", "T1 of arterial blood", "s", "", (1.2, 2.3), "How fast the label decays."),
        ParameterSpec("t1_tissue", "T1 of grey matter", "s", "", (0.9, 2.2), "Used to correct M0 at short TR."),
        ParameterSpec(
            "partition_coefficient",
            "Blood-brain partition coefficient",
            "mL/g",
            "",
            (0.8, 1.0),
            "Water in brain relative to blood.",
        ),
    )
}
