"""Every number of a simulated data set, read from a TOML file."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepasl_trainer.toml_tables import read_table
from deepasl_trainer.training.settings import Range


@dataclass(frozen=True)
class FieldOfViewSettings:
    """Where slices are put.

    Attributes:
        voxel: Voxel size (i, j, k) in mm.
        margin: Field of view beyond the brain on each side in mm, in plane.
        tilt_degrees: Largest rotation of the slices about each axis of the patient.
    """

    voxel: tuple[float, float, float]
    margin: float
    tilt_degrees: float

    def __post_init__(self) -> None:
        if min(self.voxel) <= 0.0 or self.margin < 0.0 or self.tilt_degrees < 0.0:
            raise ValueError("voxels have a size; margin and tilt are not negative")


@dataclass(frozen=True)
class ShapeSettings:
    """How built-in brains differ: see `deepasl.phantom.BrainShape`. Lengths in mm.

    Attributes:
        stretch: Size along each axis as a multiple.
        warp_mm: How far the form is bent.
        cortex_mm: Thickness of the cortex.
        sulcus_depth_mm: Mean depth of the sulci.
        sulcus_half_width_mm: Half of the width of a sulcus.
        wider_ventricles_mm: How far the walls of the ventricles have moved outwards.
        wider_left_ventricle_mm: How far those of the left lateral ventricle have moved beyond that.
    """

    stretch: Range
    warp_mm: Range
    cortex_mm: Range
    sulcus_depth_mm: Range
    sulcus_half_width_mm: Range
    wider_ventricles_mm: Range
    wider_left_ventricle_mm: Range

    def __post_init__(self) -> None:
        _require_ranges(self, may_be_negative=("wider_ventricles_mm", "wider_left_ventricle_mm"))
        if self.stretch[0] <= 0.0:
            raise ValueError("a brain cannot be stretched to nothing")


@dataclass(frozen=True)
class PersonSettings:
    """Flow and M0 of a person: see `deepasl.phantom.make_subject`.

    Attributes:
        grey_cbf: Flow of pure grey matter in mL/100g/min.
        white_cbf: Flow of pure white matter in mL/100g/min.
        regional_sd: SD of the smooth regional variation of flow, as a fraction.
        regional_fwhm_mm: Its correlation length.
        m0_grey: M0 of pure grey matter, scanner units.
        m0_white: M0 of pure white matter, scanner units.
        m0_csf: M0 of pure CSF, scanner units.
        receive_bias: Sensitivity at the rim of the head against its center, less 1.
    """

    grey_cbf: Range
    white_cbf: Range
    regional_sd: Range
    regional_fwhm_mm: Range
    m0_grey: Range
    m0_white: Range
    m0_csf: Range
    receive_bias: Range

    def __post_init__(self) -> None:
        _require_ranges(self)


@dataclass(frozen=True)
class TransitSettings:
    """Arrival of blood: see `deepasl.phantom.Transit`. Times in s.

    Attributes:
        grey_att: Arterial transit time of grey matter.
        white_att: Arterial transit time of white matter.
        grey_t1: T1 of grey matter.
        white_t1: T1 of white matter.
        regional_sd: SD of the smooth regional variation of the transit time.
        regional_fwhm_mm: Its correlation length in mm.
    """

    grey_att: Range
    white_att: Range
    grey_t1: Range
    white_t1: Range
    regional_sd: Range
    regional_fwhm_mm: Range

    def __post_init__(self) -> None:
        _require_ranges(self)
        if min(self.grey_t1[0], self.white_t1[0]) <= 0.0:
            raise ValueError("T1 is longer than 0 s")


@dataclass(frozen=True)
class LesionSettings:
    """What is wrong with a person.

    Attributes:
        radius_and_factor: Radius in mm and factor of flow of each lesion; empty for healthy people.
        elongation: Semi-axes as multiples of the radius, drawn for each axis of each person.
        att_delay: How much later blood arrives inside in s; it matters only with `TransitSettings`.
    """

    radius_and_factor: tuple[tuple[float, float], ...]
    elongation: Range
    att_delay: float

    def __post_init__(self) -> None:
        _require_ranges(self)
        if any(radius <= 0.0 or factor < 0.0 for radius, factor in self.radius_and_factor):
            raise ValueError("lesions have a radius above 0 and a factor that is not negative")
        if self.elongation[0] <= 0.0:
            raise ValueError("the axes of a lesion are longer than 0")


@dataclass(frozen=True)
class ProtocolSettings:
    """How people are scanned: see `deepasl.phantom.Protocol`. Times in s.

    Attributes:
        labeling_duration: Labeling duration tau.
        pld: Post-labeling delay of the first slice.
        labeling_efficiency: Fraction of the blood magnetisation inverted.
        pairs: Number of control-label pairs.
        label_first: Whether each pair starts with its label image.
        m0_volumes: Number of M0 images.
        separate_m0: Whether these are a scan of their own.
        static_fraction: Fraction of M0 left in control images; 1 without background suppression.
        repetition_time: Time between two volumes.
        slice_delay: Time between two slices of a 2D readout; 0 for 3D.
    """

    labeling_duration: Range
    pld: Range
    labeling_efficiency: Range
    pairs: int
    label_first: bool
    m0_volumes: int
    separate_m0: bool
    static_fraction: Range
    repetition_time: float
    slice_delay: float

    def __post_init__(self) -> None:
        _require_ranges(self)
        if self.pairs < 1 or self.m0_volumes < 0 or (self.separate_m0 and self.m0_volumes == 0):
            raise ValueError("at least one pair is needed, and one M0 image for a separate M0 scan")
        if self.labeling_duration[0] <= 0.0 or self.repetition_time <= 0.0 or self.slice_delay < 0.0:
            raise ValueError("labeling and repetition take time, and slices come one after the other")


@dataclass(frozen=True)
class SpoilingSettings:
    """Noise, drift and motion: see `deepasl.phantom.Artifacts`.

    Attributes:
        noise_percent: SD of the noise of one image in percent of the mean M0 of the brain, the same everywhere; not
            used where a measured map is given.
        measured_scale: Factor on a measured map.
        noise_fwhm_mm: Correlation of the noise.
        drift: Change of the signal over the scan, as a fraction.
        step_mm: SD of the shift of the head from one volume to the next, along each axis.
        step_degrees: SD of its rotation from one volume to the next, about each axis.
    """

    noise_percent: Range
    measured_scale: float
    noise_fwhm_mm: Range
    drift: Range
    step_mm: Range
    step_degrees: Range

    def __post_init__(self) -> None:
        _require_ranges(self, may_be_negative=("drift",))
        if self.measured_scale < 0.0:
            raise ValueError("noise is not negative")


@dataclass(frozen=True)
class SimulationSettings:
    """A whole data set.

    Attributes:
        seed: Of everything that is drawn; person n is the same however many people there are.
        people: Number of people with built-in brains, if no label maps are given.
        field_of_view: Where slices are put.
        shape: How built-in brains differ.
        person: Flow and M0.
        lesions: What is wrong with each person.
        protocol: How they are scanned.
        spoiling: Noise, drift and motion.
        transit: Arrival of blood; without this table all of it has arrived, and equation 1 of the white paper is exact.
    """

    seed: int
    people: int
    field_of_view: FieldOfViewSettings
    shape: ShapeSettings
    person: PersonSettings
    lesions: LesionSettings
    protocol: ProtocolSettings
    spoiling: SpoilingSettings
    transit: TransitSettings | None = None

    def __post_init__(self) -> None:
        if self.people < 1 or self.seed < 0:
            raise ValueError("at least one person is needed, and a seed that is not negative")


def read_simulation_settings(path: Path | str) -> SimulationSettings:
    """Read the settings of a simulation: see `toml_tables.read_table`."""
    return read_table(SimulationSettings, path)


def _require_ranges(settings: Any, may_be_negative: tuple[str, ...] = ()) -> None:
    """Refuse ranges that end before they begin, and negative numbers where there can be none."""
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if field.type != "Range":
            continue
        low, high = value
        if not low <= high:
            raise ValueError(f"{field.name} ends at {high:g}, before it begins at {low:g}")
        if low < 0.0 and field.name not in may_be_negative:
            raise ValueError(f"{field.name} cannot be negative, but begins at {low:g}")
