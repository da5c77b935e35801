"""Simulated scans to evaluate on: what the scanner would give, and the truth that only the simulation knows."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from deepasl.acquisition.parameters import Acquisition, Source
from deepasl.geometry import Geometry
from deepasl.phantom import (
    Artifacts,
    PlacedLesion,
    Protocol,
    Subject,
    TissueMaps,
    acquire,
    lesion_mask,
    make_subject,
    place_lesions,
    true_deltam,
)
from deepasl.quantification.blood_flow import blood_flow
from deepasl.results import BoolArray, M0Map
from deepasl.series import AslSeries, FloatArray, Role, mean_in, mean_volume
from deepasl_trainer.evaluation.observation import Observation
from deepasl_trainer.evaluation.settings import LesionSettings, ProtocolSettings
from deepasl_trainer.people.anatomies import Person, axial_grid, tissue_maps
from deepasl_trainer.synthetic.noise import MeasuredNoise, noise_over
from deepasl_trainer.synthetic.patches import PURE
from deepasl_trainer.synthetic.range_draws import draw

MATRIX_MULTIPLE = 32
"""Rows and columns are a multiple of this, as scanners have them: 64 to 128 for voxels of 2 to 4 mm."""

PLACING_MM = 4.0
"""Voxels of the grid on which lesions find their places."""


@dataclass(frozen=True)
class World:
    """One person as scanned, and what noise hides.

    Attributes:
        observed: The scan, all pairs.
        deltam: Its noise-free difference image ``[k, j, i]``, scanner units.
    """

    observed: Observation
    deltam: FloatArray


@dataclass(frozen=True)
class Case:
    """A person under a protocol, with lesions, and with the same noise without them.

    Attributes:
        protocol, person: Names.
        scan: Number of the scan of this person under this protocol.
        patient: The person with lesions (without, if the protocol has none); what is judged.
        healthy: The same scan without lesions; None if the protocol has none.
        lesions: What is wrong with the patient, and where.
        brain: Where figures are computed ``[k, j, i]``.
        grey, white: Pure tissue outside lesions ``[k, j, i]``.
        m0: True M0 ``[k, j, i]``.
        acquisition: The parameters of the scan.
        image_noise: Mean SD in the brain of the noise of one image, percent of mean M0.
    """

    protocol: str
    person: str
    scan: int
    patient: World
    healthy: World | None
    lesions: tuple[PlacedLesion, ...]
    brain: BoolArray
    grey: BoolArray
    white: BoolArray
    m0: FloatArray
    acquisition: Acquisition
    image_noise: float

    @property
    def geometry(self) -> Geometry:
        """The voxel grid."""
        return self.patient.observed.geometry

    def cbf(self, deltam: FloatArray) -> FloatArray:
        """Flow in mL/100g/min of a difference image in scanner units; 0 outside the brain.

        With the true M0, so that an error of flow is one of the difference image.
        """
        flow = blood_flow(deltam, M0Map(self.m0, "truth", 1.0), self.brain, self.acquisition)
        assert flow is not None  # there is an M0
        return flow


def build_case(person: Person, protocol: ProtocolSettings, scan: int, measured: MeasuredNoise, seed: int) -> Case:
    """Simulate a scan. The same seed, person and number of the scan give the same draws under every protocol.

    Args:
        person: Who.
        protocol: How.
        scan: Number of the scan.
        measured: The measured noise.
        seed: Of all draws.
    """
    # Of the name, not Python's hash(), which differs from run to run.
    start = np.random.SeedSequence((seed, zlib.crc32(person.name.encode()), scan))
    place, people, scanner, lesions, noise = (np.random.default_rng(child) for child in start.spawn(5))
    tissue = tissue_maps(person, _grid(person, protocol, scan, place))
    placed = () if protocol.lesions is None else _lesions(person, tissue.geometry, protocol.lesions, lesions)
    make = _person_of(tissue, protocol, people)
    patient, healthy = make(lesions=[one.lesion for one in placed]), make()
    brain = healthy.mask & (healthy.m0 > 0)
    drawn = _drawn_protocol(protocol, len(tissue.grey), scanner)
    noise_sd = _noise_sd(protocol, scan, measured, brain, scanner) * np.float32(mean_in(healthy.m0, brain))
    noise_seed = int(noise.integers(2**31))

    def scanned(subject: Subject) -> World:
        artifacts = Artifacts(noise_fwhm_mm=protocol.noise_fwhm)
        series = acquire(subject, drawn, noise_sd=noise_sd, seed=noise_seed, artifacts=artifacts)
        return World(_observation(series, brain, protocol.m0_scale), true_deltam(subject, drawn))

    unchanged = brain & (patient.cbf == healthy.cbf)
    return Case(
        protocol=protocol.name,
        person=person.name,
        scan=scan,
        patient=scanned(patient),
        healthy=scanned(healthy) if placed else None,
        lesions=placed,
        brain=brain,
        grey=unchanged & (tissue.grey >= PURE),
        white=unchanged & (tissue.white >= PURE),
        m0=healthy.m0,
        # Not the delay of the M0 volumes, which come first.
        acquisition=drawn.acquisition().with_values(Source.FILE, "phantom", post_labeling_delay=(drawn.pld,)),
        image_noise=100.0 * mean_in(noise_sd, brain) / mean_in(healthy.m0, brain),
    )


def _person_of(tissue: TissueMaps, protocol: ProtocolSettings, rng: np.random.Generator) -> Callable[..., Subject]:
    """`make_subject` for one person: lesions are all that is left to choose."""
    return partial(
        make_subject,
        tissue,
        grey_cbf=draw(protocol.grey_cbf, rng),
        white_cbf=draw(protocol.white_cbf, rng),
        regional_sd=draw(protocol.regional_sd, rng),
        receive_bias=draw(protocol.receive_bias, rng),
        seed=int(rng.integers(2**31)),
    )


def _lesions(
    person: Person, grid: Geometry, settings: LesionSettings, rng: np.random.Generator
) -> tuple[PlacedLesion, ...]:
    """Lesions of every factor, anywhere in grey and white matter: in the same places whatever the voxels of a scan."""
    wanted = [(draw(settings.radius, rng), factor) for factor in settings.factors for _ in range(settings.each)]
    anatomy = tissue_maps(person, axial_grid(person, (PLACING_MM,) * 3))
    placed = place_lesions(anatomy, wanted, seed=int(rng.integers(2**31)), gap_mm=settings.apart)
    return tuple(PlacedLesion(one.lesion, lesion_mask(grid, one.lesion)) for one in placed)


def _observation(series: AslSeries, brain: BoolArray, m0_scale: float) -> Observation:
    return Observation(
        control=series.volumes_of(Role.CONTROL),
        label=series.volumes_of(Role.LABEL),
        m0=np.float32(m0_scale) * mean_volume(series.volumes_of(Role.M0SCAN)),
        brain=brain,
        geometry=series.geometry,
    )


def _grid(person: Person, protocol: ProtocolSettings, scan: int, rng: np.random.Generator) -> Geometry:
    first = zlib.crc32(person.name.encode())
    voxel = protocol.voxels[(first + scan) % len(protocol.voxels)]
    tilt = rng.uniform(-protocol.tilt_degrees, protocol.tilt_degrees, 3).tolist()
    return axial_grid(person, voxel, margin=protocol.margin, multiple=MATRIX_MULTIPLE, tilt_degrees=tilt)


def _drawn_protocol(settings: ProtocolSettings, slices: int, rng: np.random.Generator) -> Protocol:
    protocol = Protocol(
        labeling_duration=draw(settings.labeling_duration, rng),
        pld=draw(settings.pld, rng),
        labeling_efficiency=draw(settings.labeling_efficiency, rng),
        pairs=max(settings.pairs),
        static_fraction=settings.static_fraction,
    )
    delay = draw(settings.slice_delay, rng)
    return replace(protocol, slice_timing=tuple(k * delay for k in range(slices))) if delay > 0 else protocol


def _noise_sd(
    protocol: ProtocolSettings, scan: int, measured: MeasuredNoise, brain: BoolArray, rng: np.random.Generator
) -> FloatArray:
    """SD of the noise of one image ``[k, j, i]``, as a fraction of the mean M0 of the brain.

    Each scan of a person draws its level from a part of the range of its own, so that few scans cover all of it.
    """
    as_measured = noise_over(measured, brain)
    if protocol.image_noise is None:
        return np.float32(protocol.measured_scale) * as_measured
    low, high = protocol.image_noise
    level = np.float32((low + (high - low) * (scan + rng.random()) / protocol.scans) / 100.0)
    if rng.random() < protocol.measured_share:
        return level * as_measured / np.float32(mean_in(as_measured, brain))
    return np.full_like(as_measured, level)
