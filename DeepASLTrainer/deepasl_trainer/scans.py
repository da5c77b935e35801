"""Synthetic scans of people: what is drawn for each, and the truth that comes of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepasl.denoising import to_percent
from deepasl.geometry import Geometry
from deepasl.phantom import Lesion, Protocol, Subject, TissueMaps, make_subject, true_deltam
from deepasl.quantification import delay_of_slices, pcasl_gain
from deepasl.results import BoolArray
from deepasl.series import FloatArray
from deepasl_trainer.anatomies import Person, axial_grid, tissue_maps
from deepasl_trainer.noise import MeasuredNoise, noise_over
from deepasl_trainer.settings import Range, ScanSettings

MOSTLY = 0.7
"""Partial volume above which a voxel tells of one tissue."""


@dataclass(frozen=True)
class SyntheticScan:
    """The truth about one scan, in percent of the mean M0 of the brain.

    Attributes:
        person: Who was scanned.
        deltam: Noise-free difference image ``[k, j, i]``.
        m0: Recovered M0 ``[k, j, i]``; 0 outside the brain.
        noise_shape: Measured noise SD ``[k, j, i]``, divided by its mean in the brain.
        noise_percent: That mean, for one image.
        brain: Brain ``[k, j, i]``.
        gain: CBF per unit of dM/M0 of every slice ``[k]``.
        grey_signal: Mean `deltam` of grey matter.
        geometry: The grid.
    """

    person: str
    deltam: FloatArray
    m0: FloatArray
    noise_shape: FloatArray
    noise_percent: float
    brain: BoolArray
    gain: FloatArray
    grey_signal: float
    geometry: Geometry


def draw_scan(
    person: Person,
    voxel: tuple[float, float, float],
    measured: MeasuredNoise,
    settings: ScanSettings,
    patch_size: int,
    rng: np.random.Generator,
) -> SyntheticScan:
    """Scan a person at random within `settings`: the rigid augmentation is the placing of the slices."""
    grid = axial_grid(
        person,
        voxel,
        margin=settings.margin,
        multiple=patch_size,
        offset=rng.uniform(-1.0, 1.0, 3).tolist(),
        tilt_degrees=rng.uniform(-settings.tilt_degrees, settings.tilt_degrees, 3).tolist(),
    )
    tissue = tissue_maps(person, grid)
    subject = make_subject(
        tissue,
        grey_cbf=_draw(settings.grey_cbf, rng),
        white_cbf=_draw(settings.white_cbf, rng),
        lesions=[
            draw_lesion(tissue, settings.lesion_radius, settings.lesion_factor, rng) for _ in range(settings.lesions)
        ],
        regional_sd=_draw(settings.regional_sd, rng),
        receive_bias=_draw(settings.receive_bias, rng),
        seed=int(rng.integers(2**31)),
    )
    return scan_of(person.name, subject, _draw_protocol(settings, grid.shape[0], rng), measured)


def scan_of(person: str, subject: Subject, protocol: Protocol, measured: MeasuredNoise) -> SyntheticScan:
    """The truth about a scan of `subject` under `protocol`."""
    brain = subject.mask & (subject.m0 > 0)
    mean_m0 = float(subject.m0[brain].mean())
    noise = noise_over(measured, brain)
    mean_noise = float(noise[brain].mean())
    deltam = to_percent(true_deltam(subject, protocol), mean_m0)
    grey = brain & (subject.tissue.grey > MOSTLY)
    return SyntheticScan(
        person=person,
        deltam=deltam,
        m0=np.where(brain, to_percent(subject.m0, mean_m0), np.float32(0.0)),
        noise_shape=noise / np.float32(mean_noise),
        noise_percent=100.0 * mean_noise,
        brain=brain,
        gain=slice_gains(protocol, len(deltam)),
        grey_signal=float(deltam[grey].mean()) if grey.any() else float("nan"),
        geometry=subject.tissue.geometry,
    )


def slice_gains(protocol: Protocol, slices: int) -> FloatArray:
    """CBF per unit of dM/M0 of every slice, ``[k]``."""
    timing = protocol.slice_timing or (0.0,) * slices
    gains: FloatArray = pcasl_gain(
        pld=delay_of_slices(protocol.pld, timing),
        labeling_duration=protocol.labeling_duration,
        t1_blood=protocol.t1_blood,
        labeling_efficiency=protocol.labeling_efficiency,
        partition_coefficient=protocol.partition_coefficient,
    ).astype(np.float32)
    return gains


def draw_lesion(tissue: TissueMaps, radius: Range, factor: Range, rng: np.random.Generator) -> Lesion:
    """A lesion around a voxel that is mostly grey or white matter."""
    parenchyma = np.argwhere(tissue.grey + tissue.white > MOSTLY)
    k, j, i = parenchyma[rng.integers(len(parenchyma))]
    centre: NDArray[np.float64] = tissue.geometry.ijk_to_ras() @ [i, j, k, 1.0]
    x, y, z = (float(v) for v in centre[:3])
    return Lesion((x, y, z), _draw(radius, rng), _draw(factor, rng))


def _draw_protocol(settings: ScanSettings, slices: int, rng: np.random.Generator) -> Protocol:
    delay = _draw(settings.slice_delay, rng) * rng.integers(2)
    return Protocol(
        labeling_duration=_draw(settings.labeling_duration, rng),
        pld=_draw(settings.pld, rng),
        labeling_efficiency=_draw(settings.labeling_efficiency, rng),
        slice_timing=tuple(float(k * delay) for k in range(slices)) if delay > 0 else (),
    )


def _draw(limits: Range, rng: np.random.Generator) -> float:
    return float(rng.uniform(*limits))
