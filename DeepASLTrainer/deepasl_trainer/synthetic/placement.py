"""A person lies in the scanner: random slices through a real anatomy, under a random protocol."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepasl.geometry import Geometry
from deepasl.phantom import TissueMaps, make_subject
from deepasl.quantification.buxton import delay_of_slices, pcasl_gain
from deepasl.results import BoolArray
from deepasl.series import FloatArray
from deepasl_trainer.people.anatomies import Person, random_grid, tissue_maps
from deepasl_trainer.synthetic.noise import MeasuredNoise, noise_over
from deepasl_trainer.synthetic.range_draws import draw
from deepasl_trainer.training.settings import ScanSettings


@dataclass(frozen=True)
class PlacedPerson:
    """All of a scan that anatomy and protocol decide.

    Attributes:
        person: Who is scanned.
        tissue: Partial volumes on the grid of the scan.
        brain: Brain ``[k, j, i]``.
        gain: CBF per unit of dM/M0 of every slice ``[k]``.
        noise_shape: Measured noise SD ``[k, j, i]``, divided by its mean in the brain.
        noise_percent: That mean for one image, percent of mean M0.
    """

    person: str
    tissue: TissueMaps
    brain: BoolArray
    gain: FloatArray
    noise_shape: FloatArray
    noise_percent: float

    @property
    def geometry(self) -> Geometry:
        """The grid."""
        return self.tissue.geometry


def place(
    person: Person,
    voxel: tuple[float, float, float],
    measured: MeasuredNoise,
    settings: ScanSettings,
    multiple: int,
    rng: np.random.Generator,
) -> PlacedPerson:
    """Lay a person into the scanner within `settings`: the rigid augmentation is the placing of the slices.

    Args:
        person: The anatomy.
        voxel: Voxel size (i, j, k) in mm.
        measured: The measured noise.
        settings: What is drawn.
        multiple: Rows and columns are a multiple of this.
        rng: The source of randomness.
    """
    grid = random_grid(
        person, voxel, rng, margin=settings.margin, multiple=multiple, tilt_degrees=settings.tilt_degrees
    )
    tissue = tissue_maps(person, grid)
    subject = make_subject(tissue)
    brain = subject.mask & (subject.m0 > 0)
    noise = noise_over(measured, brain)
    mean_noise = float(noise[brain].mean())
    return PlacedPerson(
        person.name,
        tissue,
        brain,
        _draw_gain(grid.shape[0], settings, rng),
        noise / np.float32(mean_noise),
        100.0 * mean_noise,
    )


def _draw_gain(slices: int, settings: ScanSettings, rng: np.random.Generator) -> FloatArray:
    between = draw(settings.slice_delay, rng) * rng.integers(2)
    gain: FloatArray = pcasl_gain(
        pld=delay_of_slices(draw(settings.pld, rng), tuple(float(k * between) for k in range(slices))),
        labeling_duration=draw(settings.labeling_duration, rng),
        t1_blood=settings.t1_blood,
        labeling_efficiency=draw(settings.labeling_efficiency, rng),
        partition_coefficient=settings.partition_coefficient,
    ).astype(np.float32)
    return gain
