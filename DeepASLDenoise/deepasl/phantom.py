"""Synthetic ASL scans whose true blood flow is known exactly.

The chain is: tissue maps -> a subject (flow and M0 per voxel) -> a scan of it under a protocol, with noise. The
difference signal is the quantification formula turned round, so that quantifying a noise-free phantom returns its
flow. Flow is mixed by the partial volumes of the tissues: 65 in grey and 20 mL/100g/min in white matter, as in
Ulas et al., DeepASL (MICCAI 2018), section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from deepasl.acquisition import Acquisition, LabelingType, Source
from deepasl.calibration import FULLY_RECOVERED_TR
from deepasl.geometry import Geometry
from deepasl.phantom_anatomy import tissue_fractions
from deepasl.phantom_bids import write_bids
from deepasl.quantification import by_slice, delay_of_slices, m0_recovery, pcasl_gain, t1_grey_matter_at
from deepasl.results import BoolArray
from deepasl.series import AslSeries, FloatArray, Role
from deepasl.smoothing import sigma_in_voxels

__all__ = [
    "Lesion",
    "Protocol",
    "Subject",
    "TissueMaps",
    "acquire",
    "default_anatomy",
    "make_subject",
    "true_deltam",
    "write_bids",
]

DEFAULT_GEOMETRY = Geometry(shape=(20, 80, 80), spacing=(2.7, 2.7, 5.0), origin=(-106.65, -102.65, -34.0))
"""The resolution of the in-vivo scans of the DeepASL paper, over a field of view that holds the brain."""

FIELD_STRENGTH_T = 3.0
LESION_EDGE_MM = 3.0
REGIONAL_FWHM_MM = 25.0


@dataclass(frozen=True)
class TissueMaps:
    """How much of each voxel is which tissue.

    Attributes:
        grey, white, csf: Partial volumes ``[k, j, i]`` float32 in 0..1; what they leave of 1 gives no signal.
        geometry: Their voxel grid.
    """

    grey: FloatArray
    white: FloatArray
    csf: FloatArray
    geometry: Geometry

    def __post_init__(self) -> None:
        for name in ("grey", "white", "csf"):
            if (shape := getattr(self, name).shape) != self.geometry.shape:
                raise ValueError(f"the {name} map {shape} does not lie on the grid {self.geometry.shape}")


@dataclass(frozen=True)
class Lesion:
    """A ball in which blood flow is too low or too high; M0 shows no trace of it.

    Attributes:
        center_mm: Its centre (x, y, z) in RAS mm.
        radius_mm: Where the change has fallen to one half.
        factor: Flow inside as a multiple of what it would be: below 1 a deficit, above 1 hyperperfusion.
    """

    center_mm: tuple[float, float, float]
    radius_mm: float
    factor: float


@dataclass(frozen=True)
class Subject:
    """The truth about one synthetic person.

    Attributes:
        tissue: The anatomy.
        cbf: Blood flow ``[k, j, i]`` float32, mL/100g/min.
        m0: Fully recovered M0 ``[k, j, i]`` float32, scanner units; 0 where there is no tissue.
        mask: Brain ``[k, j, i]``: voxels with at least half parenchyma, and what they enclose.
    """

    tissue: TissueMaps
    cbf: FloatArray
    m0: FloatArray
    mask: BoolArray


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
            that `deepasl.calibration` corrects: with the T1 of grey matter everywhere.
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


def default_anatomy(geometry: Geometry | None = None) -> TissueMaps:
    """A brain made by code on `geometry` (by default 80x80x20 voxels of 2.7x2.7x5 mm).

    Its centre is the origin of the patient coordinate system. Left and right differ: see `deepasl.phantom_anatomy`.
    """
    grid = DEFAULT_GEOMETRY if geometry is None else geometry
    return TissueMaps(*tissue_fractions(grid), grid)


def make_subject(
    tissue: TissueMaps,
    *,
    grey_cbf: float = 65.0,
    white_cbf: float = 20.0,
    lesions: Sequence[Lesion] = (),
    regional_sd: float = 0.0,
    receive_bias: float = 0.0,
    m0_grey: float = 1000.0,
    m0_white: float = 850.0,
    m0_csf: float = 1200.0,
    seed: int = 0,
) -> Subject:
    """A person with this anatomy.

    Args:
        tissue: The anatomy.
        grey_cbf: Blood flow of pure grey matter, mL/100g/min.
        white_cbf: Blood flow of pure white matter, mL/100g/min.
        lesions: Where flow is changed.
        regional_sd: SD of the smooth regional variation of flow, as a fraction of it.
        receive_bias: How much the coil brightens the rim against the centre: 0.3 for 30 % of M0.
        m0_grey: M0 of pure grey matter, scanner units.
        m0_white: M0 of pure white matter, scanner units.
        m0_csf: M0 of pure CSF, scanner units.
        seed: Of the regional variation.
    """
    cbf = grey_cbf * tissue.grey + white_cbf * tissue.white
    if regional_sd > 0.0:
        cbf = cbf * _regional_factor(tissue.geometry, regional_sd, seed)
    for lesion in lesions:
        cbf = cbf * _lesion_factor(tissue.geometry, lesion)
    m0 = m0_grey * tissue.grey + m0_white * tissue.white + m0_csf * tissue.csf
    m0 = m0 * _receive_field(tissue.geometry, receive_bias)
    parenchyma = tissue.grey + tissue.white >= 0.5
    mask = ndimage.binary_fill_holes(ndimage.binary_closing(parenchyma)) | parenchyma
    return Subject(tissue, cbf.astype(np.float32), m0.astype(np.float32), mask)


def true_deltam(subject: Subject, protocol: Protocol) -> FloatArray:
    """The noise-free difference control minus label ``[k, j, i]``, scanner units.

    `deepasl.quantification.pcasl_gain` turned round: quantifying it with `subject.m0` returns `subject.cbf`.
    """
    pld = delay_of_slices(protocol.pld, protocol.slice_timing) if protocol.slice_timing else protocol.pld
    gain = pcasl_gain(
        pld=by_slice(pld, subject.cbf),
        labeling_duration=protocol.labeling_duration,
        t1_blood=protocol.t1_blood,
        labeling_efficiency=protocol.labeling_efficiency,
        partition_coefficient=protocol.partition_coefficient,
    )
    deltam: FloatArray = (subject.cbf * subject.m0 / gain).astype(np.float32)
    return deltam


def acquire(subject: Subject, protocol: Protocol, *, noise_sd: float | FloatArray, seed: int) -> AslSeries:
    """Scan a subject: M0 images, then pairs of control and label.

    Args:
        subject: Who is scanned.
        protocol: How.
        noise_sd: SD of the Gaussian noise of every image, scanner units; a number or a map ``[k, j, i]``.
        seed: Of the noise. The same seed gives the same scan.
    """
    recovered = subject.m0 * np.float32(protocol.recovered_fraction())
    control = recovered * np.float32(protocol.static_fraction)
    signal = {Role.M0SCAN: recovered, Role.CONTROL: control, Role.LABEL: control - true_deltam(subject, protocol)}
    roles = protocol.roles()
    rng = np.random.default_rng(seed)
    volumes = rng.standard_normal((len(roles), *subject.m0.shape), dtype=np.float32)
    for volume, role in zip(volumes, roles, strict=True):
        volume *= np.asarray(noise_sd, dtype=np.float32)
        volume += signal[role]
    return AslSeries(
        name="phantom_asl",
        volumes=volumes,
        geometry=subject.tissue.geometry,
        roles=roles,
        acquisition=protocol.acquisition(),
        role_evidence=("the phantom was acquired in this order",),
        origin="phantom",
    )


def _ras_coordinates(geometry: Geometry) -> tuple[FloatArray, FloatArray, FloatArray]:
    """RAS coordinates in mm of every voxel centre, three arrays ``[k, j, i]``."""
    k, j, i = np.indices(geometry.shape, dtype=np.float32)
    rows = geometry.ijk_to_ras()[:3].astype(np.float32)
    x, y, z = (row[0] * i + row[1] * j + row[2] * k + row[3] for row in rows)
    return x, y, z


def _lesion_factor(geometry: Geometry, lesion: Lesion) -> FloatArray:
    """What a lesion multiplies flow with: `factor` inside, 1 outside, over a cosine edge of `LESION_EDGE_MM`."""
    squares = [(p - c) ** 2 for p, c in zip(_ras_coordinates(geometry), lesion.center_mm, strict=True)]
    outside = (np.sqrt(sum(squares)) - lesion.radius_mm) / LESION_EDGE_MM
    weight = 0.5 - 0.5 * np.sin(np.pi * np.clip(outside, -0.5, 0.5))
    factor: FloatArray = (1.0 + (lesion.factor - 1.0) * weight).astype(np.float32)
    return factor


def _regional_factor(geometry: Geometry, sd: float, seed: int) -> FloatArray:
    """A smooth positive random map with mean about 1 and SD about `sd`."""
    sigma = sigma_in_voxels(REGIONAL_FWHM_MM, geometry)
    white_noise = np.random.default_rng(seed).standard_normal(geometry.shape, dtype=np.float32)
    smooth = ndimage.gaussian_filter(white_noise, sigma, mode="wrap")
    factor: FloatArray = np.maximum(1.0 + sd * smooth / smooth.std(), 0.0).astype(np.float32)
    return factor


def _receive_field(geometry: Geometry, bias: float) -> FloatArray:
    """Sensitivity of a head coil: 1 at the centre of the grid, 1 + `bias` at the edge of a head (90 mm)."""
    middle = geometry.ijk_to_ras() @ [*((n - 1) / 2.0 for n in reversed(geometry.shape)), 1.0]
    squares = [(p - c) ** 2 for p, c in zip(_ras_coordinates(geometry), middle[:3], strict=True)]
    field: FloatArray = (1.0 + bias * sum(squares) / 90.0**2).astype(np.float32)
    return field
