"""Every number of an evaluation, read from a TOML file of its own: no training has a say in it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deepasl_trainer.toml_tables import read_table
from deepasl_trainer.training.settings import Range

Classical = Literal["Gaussian", "NLM", "TV", "wavelet", "MP-PCA"]
"""Methods without training: `deepasl_trainer.evaluation.baselines`."""


@dataclass(frozen=True)
class BaselineSettings:
    """Parameters of the classical methods. Noise levels are estimated from the pairs.

    Attributes:
        methods: Which of them are judged beside averaging.
        gaussian_fwhm: Width in mm of the three-dimensional Gaussian filter.
        nlm_patch: Side of the patches that non-local means compares, voxels.
        nlm_reach: How far it looks for similar ones, voxels.
        nlm_strength: Its filter strength h as a multiple of the noise SD.
        tv_weight: Weight of total variation as a multiple of the noise SD.
        wavelet: Name of the wavelet, as PyWavelets has it.
        mppca_radius: Reach of the neighbourhood of MP-PCA, voxels; it is 2 x radius + 1 wide.
    """

    methods: tuple[Classical, ...]
    gaussian_fwhm: float
    nlm_patch: int
    nlm_reach: int
    nlm_strength: float
    tv_weight: float
    wavelet: str
    mppca_radius: int


@dataclass(frozen=True)
class LesionSettings:
    """Lesions of the simulated people; M0 shows no trace of them.

    Attributes:
        each: Number of lesions of every factor in a scan.
        factors: What flow is multiplied with inside: below 1 hypoperfusion, above 1 hyperperfusion.
        radius: Radius in mm; that where the change has fallen to one half.
        apart: Least distance between the surfaces of two lesions, mm.
    """

    each: int
    factors: tuple[float, ...]
    radius: Range
    apart: float


@dataclass(frozen=True)
class ProtocolSettings:
    """Simulated scans of one kind. Ranges are drawn from evenly, once for each scan of a person.

    The noise of a person's scans comes from equal parts of its range, one for each.

    Attributes:
        name: What tables call it.
        scans: Scans of each person.
        voxels: Voxel sizes (i, j, k) in mm, taken in turn; people begin at different ones.
        pairs: How many of the first pairs are averaged: one level for each number.
        labeling_duration, pld, labeling_efficiency: In s, s, and as a fraction.
        grey_cbf, white_cbf: Flow of pure tissue, mL/100g/min. Both 0: a null test.
        image_noise: SD of the noise of one image, percent of the mean M0 of the brain; None for that measured.
        measured_share: Fraction of the scans whose noise is shaped as measured; in the others it is even.
        measured_scale: Factor on the measured SD where it sets the level.
        noise_fwhm: Width of the Gaussian that correlates the noise of neighbouring voxels, mm; 0 for white noise.
        slice_delay: Time between two slices of a 2D readout in s; 0 for 3D.
        static_fraction: Signal of tissue left in control and label, as a fraction of M0.
        margin: Field of view beyond the brain, mm.
        tilt_degrees: Largest rotation of the slices about each axis.
        regional_sd: SD of smooth regional variation of flow, as a fraction of it.
        receive_bias: Sensitivity of the coil at the rim of the head beyond that at its centre, as a fraction.
        m0_scale: What M0 is multiplied with before a method sees it: 1 for an M0 in the units of the images.
        lesions: None for people without.
        methods: Which of the classical methods are judged on these scans; None for all of them.
    """

    name: str
    scans: int
    voxels: tuple[tuple[float, float, float], ...]
    pairs: tuple[int, ...]
    labeling_duration: Range
    pld: Range
    grey_cbf: Range
    white_cbf: Range
    image_noise: Range | None = None
    measured_share: float = 1.0
    measured_scale: float = 0.7
    noise_fwhm: float = 0.0
    labeling_efficiency: Range = (0.85, 0.85)
    slice_delay: Range = (0.0, 0.0)
    static_fraction: float = 1.0
    margin: float = 15.0
    tilt_degrees: float = 0.0
    regional_sd: Range = (0.0, 0.0)
    receive_bias: Range = (0.0, 0.0)
    m0_scale: float = 1.0
    lesions: LesionSettings | None = None
    methods: tuple[Classical, ...] | None = None

    def __post_init__(self) -> None:
        if not (self.scans > 0 and self.voxels and self.pairs and min(self.pairs) > 1):
            raise ValueError(f"protocol {self.name!r} needs scans, voxels, and levels of at least two pairs")


@dataclass(frozen=True)
class CurveSettings:
    """One protocol with one of its numbers changed step by step, to see where a method stops to hold.

    Attributes:
        name: What tables call it.
        base: The protocol that is changed.
        vary: The number: size of cubic voxels in mm, noise of one image in percent of M0, or factor on M0.
        values: Its values.
        pairs: How many pairs are averaged.
        scans: Scans of each person at each value.
        methods: Which of the classical methods are on the curve, beside averaging.
    """

    name: str
    base: str
    vary: Literal["voxel", "image_noise", "m0_scale"]
    values: tuple[float, ...]
    pairs: int
    scans: int = 1
    methods: tuple[Classical, ...] = ("Gaussian", "NLM")


@dataclass(frozen=True)
class EvaluationSettings:
    """A whole evaluation.

    Attributes:
        seed: Of everything that is drawn.
        people: Who is evaluated on unless others are named.
        baselines: Parameters of the classical methods.
        protocols: The simulated scans; the first decides.
        curves: Series of changed protocols.
    """

    seed: int
    people: tuple[str, ...]
    baselines: BaselineSettings
    protocols: tuple[ProtocolSettings, ...]
    curves: tuple[CurveSettings, ...] = ()

    def __post_init__(self) -> None:
        names = [protocol.name for protocol in self.protocols]
        if not names or len(set(names)) < len(names):
            raise ValueError("protocols need names of their own, and there must be one")
        if absent := {curve.base for curve in self.curves} - set(names):
            raise ValueError(f"a curve starts from {', '.join(sorted(absent))}, which is no protocol")

    def protocols_of(self, curve: CurveSettings) -> tuple[ProtocolSettings, ...]:
        """The protocols that a curve runs through, one for each of its values."""
        (base,) = (protocol for protocol in self.protocols if protocol.name == curve.base)
        return tuple(_changed(base, curve, value) for value in curve.values)


def read_evaluation_settings(path: Path | str) -> EvaluationSettings:
    """Read a TOML file, or one that comes with the package by its name, e.g. ``"evaluation"``.

    Raises:
        InputError: If it cannot be read or its values cannot be.
    """
    return read_table(EvaluationSettings, path)


def _changed(base: ProtocolSettings, curve: CurveSettings, value: float) -> ProtocolSettings:
    step = dataclasses.replace(
        base, name=f"{curve.name} {value:g}", pairs=(curve.pairs,), scans=curve.scans, methods=curve.methods
    )
    if curve.vary == "voxel":
        return dataclasses.replace(step, voxels=((value, value, value),))
    if curve.vary == "image_noise":
        return dataclasses.replace(step, image_noise=(value, value))
    return dataclasses.replace(step, m0_scale=value)
