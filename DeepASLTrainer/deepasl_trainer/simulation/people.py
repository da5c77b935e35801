"""Who is simulated, and what is drawn for each person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.phantom import (
    Artifacts,
    BrainShape,
    Lesion,
    Protocol,
    Subject,
    TissueMaps,
    Transit,
    acquire,
    default_anatomy,
    make_subject,
    place_lesions,
    random_walk,
)
from deepasl.series import AslSeries, FloatArray, mean_in
from deepasl_trainer.people.anatomies import (
    CSF,
    GREY,
    WHITE,
    ClassMap,
    Person,
    find_people,
    person_name,
    random_grid,
    read_person,
    tissue_maps,
)
from deepasl_trainer.simulation.settings import (
    LesionSettings,
    ProtocolSettings,
    ShapeSettings,
    SimulationSettings,
    TransitSettings,
)
from deepasl_trainer.synthetic.noise import MeasuredNoise, noise_over
from deepasl_trainer.synthetic.range_draws import draw
from deepasl_trainer.training.settings import Range

FINDER = Geometry(shape=(42, 54, 44), spacing=(4.0, 4.0, 4.0), origin=(-86.0, -106.0, -80.0))
"""A coarse grid that holds any built-in head: slices are placed over the brain found on it."""

LARGEST_SEED = 2**31

Tissue = Callable[[np.random.Generator], TissueMaps]
"""The anatomy of somebody on slices placed at random."""


@dataclass(frozen=True)
class Candidate:
    """Somebody to be simulated.

    Attributes:
        label: BIDS label, letters and digits.
        number: Which person of the data set; with the seed it decides what is drawn.
        tissue: The anatomy.
    """

    label: str
    number: int
    tissue: Tissue


@dataclass(frozen=True)
class Simulated:
    """A synthetic person as scanned, and what is true.

    Attributes:
        series: The scan.
        subject: Who was scanned.
        protocol: How.
        artifacts: What spoiled the scan.
    """

    series: AslSeries
    subject: Subject
    protocol: Protocol
    artifacts: Artifacts


def built_in_people(count: int, settings: SimulationSettings) -> tuple[Candidate, ...]:
    """People with built-in brains, each another: ``01``, ``02``, ..."""

    def tissue(rng: np.random.Generator) -> TissueMaps:
        shape = draw_shape(settings.shape, rng)
        coarse = default_anatomy(FINDER, shape)
        grid = _place_slices(Person("built-in", _classes(coarse), FINDER), settings, rng)
        return default_anatomy(grid, shape)

    return tuple(Candidate(f"{number:02d}", number, tissue) for number in range(1, count + 1))


def people_of_label_maps(folder: Path, count: int | None, settings: SimulationSettings) -> tuple[Candidate, ...]:
    """The first `count` people in a folder of label maps, by name; all of them for None.

    Raises:
        InputError: If there are fewer, or two would have one BIDS label.
    """
    files = find_people(folder)
    if count is not None and count > len(files):
        raise InputError(
            f"there are {len(files)} label maps for {count} people",
            where=folder,
            remedy="Ask for fewer (--people), or add label maps.",
        )
    chosen = files[:count]
    labels = [_bids_label(file) for file in chosen]
    if len(set(labels)) < len(labels):
        raise InputError(
            "the names of two label maps differ in neither letters nor digits", where=folder, remedy="Rename one."
        )

    def tissue_of(file: Path) -> Tissue:
        def tissue(rng: np.random.Generator) -> TissueMaps:
            person = read_person(file)
            return tissue_maps(person, _place_slices(person, settings, rng))

        return tissue

    return tuple(
        Candidate(label, number, tissue_of(file))
        for number, (label, file) in enumerate(zip(labels, chosen, strict=True), start=1)
    )


def simulate_person(candidate: Candidate, settings: SimulationSettings, measured: MeasuredNoise | None) -> Simulated:
    """Draw everything about a person, and scan them.

    Args:
        candidate: Who.
        settings: What is drawn.
        measured: A measured map of the noise; None for the same noise everywhere.

    Raises:
        InputError: If the anatomy cannot be read, or has no room for the lesions.
    """
    rng = np.random.default_rng((settings.seed, candidate.number))
    try:
        tissue = candidate.tissue(rng)
        subject = _draw_subject(tissue, settings, rng)
    except InputError as error:
        raise InputError(error.what, where=error.where or candidate.label, remedy=error.remedy) from error
    protocol = _draw_protocol(settings.protocol, tissue.geometry.shape[0], rng)
    artifacts = _draw_artifacts(settings, len(protocol.roles()), rng)
    noise_sd = _draw_noise(subject, settings, measured, rng)
    series = acquire(subject, protocol, noise_sd=noise_sd, seed=_draw_seed(rng), artifacts=artifacts)
    return Simulated(series, subject, protocol, artifacts)


def draw_shape(settings: ShapeSettings, rng: np.random.Generator) -> BrainShape:
    """Another brain."""
    return BrainShape(
        folding=_draw_seed(rng),
        stretch=_draw_three(settings.stretch, rng),
        warp_mm=draw(settings.warp_mm, rng),
        cortex_mm=draw(settings.cortex_mm, rng),
        sulcus_depth_mm=draw(settings.sulcus_depth_mm, rng),
        sulcus_half_width_mm=draw(settings.sulcus_half_width_mm, rng),
        wider_ventricles_mm=draw(settings.wider_ventricles_mm, rng),
        wider_left_ventricle_mm=draw(settings.wider_left_ventricle_mm, rng),
    )


def _draw_subject(tissue: TissueMaps, settings: SimulationSettings, rng: np.random.Generator) -> Subject:
    person = settings.person
    return make_subject(
        tissue,
        grey_cbf=draw(person.grey_cbf, rng),
        white_cbf=draw(person.white_cbf, rng),
        lesions=_draw_lesions(tissue, settings.lesions, rng),
        regional_sd=draw(person.regional_sd, rng),
        regional_fwhm_mm=draw(person.regional_fwhm_mm, rng),
        receive_bias=draw(person.receive_bias, rng),
        m0_grey=draw(person.m0_grey, rng),
        m0_white=draw(person.m0_white, rng),
        m0_csf=draw(person.m0_csf, rng),
        transit=_draw_transit(settings.transit, rng),
        seed=_draw_seed(rng),
    )


def _draw_lesions(tissue: TissueMaps, settings: LesionSettings, rng: np.random.Generator) -> tuple[Lesion, ...]:
    placed = place_lesions(
        tissue,
        settings.radius_and_factor,
        seed=_draw_seed(rng),
        elongation=_draw_three(settings.elongation, rng),
        att_delay=settings.att_delay,
    )
    return tuple(each.lesion for each in placed)


def _draw_transit(times: TransitSettings | None, rng: np.random.Generator) -> Transit | None:
    if times is None:
        return None
    return Transit(
        grey_att=draw(times.grey_att, rng),
        white_att=draw(times.white_att, rng),
        grey_t1=draw(times.grey_t1, rng),
        white_t1=draw(times.white_t1, rng),
        regional_sd=draw(times.regional_sd, rng),
        regional_fwhm_mm=draw(times.regional_fwhm_mm, rng),
    )


def _draw_protocol(settings: ProtocolSettings, slices: int, rng: np.random.Generator) -> Protocol:
    delay = settings.slice_delay
    return Protocol(
        labeling_duration=draw(settings.labeling_duration, rng),
        pld=draw(settings.pld, rng),
        labeling_efficiency=draw(settings.labeling_efficiency, rng),
        pairs=settings.pairs,
        label_first=settings.label_first,
        m0_volumes=settings.m0_volumes,
        static_fraction=draw(settings.static_fraction, rng),
        repetition_time=settings.repetition_time,
        slice_timing=tuple(round(k * delay, 6) for k in range(slices)) if delay > 0.0 else (),
    )


def _draw_artifacts(settings: SimulationSettings, volumes: int, rng: np.random.Generator) -> Artifacts:
    spoiling = settings.spoiling
    step_mm, step_degrees = draw(spoiling.step_mm, rng), draw(spoiling.step_degrees, rng)
    walk = random_walk(volumes, step_mm=step_mm, step_degrees=step_degrees, seed=_draw_seed(rng))
    still = step_mm == step_degrees == 0.0
    return Artifacts(
        noise_fwhm_mm=draw(spoiling.noise_fwhm_mm, rng),
        drift=draw(spoiling.drift, rng),
        poses=() if still else walk,
    )


def _draw_noise(
    subject: Subject, settings: SimulationSettings, measured: MeasuredNoise | None, rng: np.random.Generator
) -> float | FloatArray:
    """SD of the noise of one image, scanner units."""
    level = mean_in(subject.m0, subject.mask)
    if measured is None:
        return draw(settings.spoiling.noise_percent, rng) / 100.0 * level
    return noise_over(measured, subject.mask) * np.float32(settings.spoiling.measured_scale * level)


def _place_slices(person: Person, settings: SimulationSettings, rng: np.random.Generator) -> Geometry:
    view = settings.field_of_view
    return random_grid(person, view.voxel, rng, margin=view.margin, multiple=2, tilt_degrees=view.tilt_degrees)


def _classes(tissue: TissueMaps) -> ClassMap:
    """Which tissue most of every voxel is, as a label map says it."""
    parts = np.stack([np.full_like(tissue.grey, 0.4), tissue.grey, tissue.white, tissue.csf])
    classes: ClassMap = np.array([0, GREY, WHITE, CSF], dtype=np.uint8)[parts.argmax(axis=0)]
    return classes


def _bids_label(file: Path) -> str:
    """The letters and digits of a person's name: ``labels_07.nii.gz`` gives ``labels07``."""
    return "".join(character for character in person_name(file) if character.isascii() and character.isalnum())


def _draw_three(limits: Range, rng: np.random.Generator) -> tuple[float, float, float]:
    return draw(limits, rng), draw(limits, rng), draw(limits, rng)


def _draw_seed(rng: np.random.Generator) -> int:
    return int(rng.integers(LARGEST_SEED))
