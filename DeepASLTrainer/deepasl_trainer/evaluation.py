"""What a network does to scans of people it has never seen, beside plain averaging and Gaussian smoothing."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage

from deepasl.geometry import Geometry
from deepasl.metrics import ccc, psnr, rmse
from deepasl.phantom import Lesion, Protocol, Subject, TissueMaps, make_subject
from deepasl.results import BoolArray
from deepasl.series import FloatArray
from deepasl.smoothing import sigma_in_voxels
from deepasl_trainer.anatomies import Person, axial_grid, read_person, tissue_maps
from deepasl_trainer.averaging import averaged_noise_percent
from deepasl_trainer.networks import PaperNetwork
from deepasl_trainer.noise import MeasuredNoise
from deepasl_trainer.scans import SyntheticScan, scan_of
from deepasl_trainer.settings import EvaluationSettings, NoiseSettings, Settings, TestScan

Denoise = Callable[[FloatArray], FloatArray]
"""A difference image ``[k, j, i]`` in percent of mean M0 -> the same, denoised."""

AVERAGE, GAUSSIAN, NETWORK = "average", "Gaussian", "network"

PURE = 0.9
"""Partial volume from which on a voxel is called one tissue."""

BATCH_SLICES = 8


@dataclass(frozen=True)
class Figures:
    """One method on one person at one noise level.

    Attributes:
        scan, person, method: Which.
        level: The noise in words: pairs averaged, or its SD.
        noise_percent: Mean SD of the noise in the brain, percent of mean M0.
        psnr: Of the difference image in dB; the peak is the largest true value in the brain.
        rmse: Of CBF, mL/100g/min.
        ccc: Of CBF.
        grey_bias, white_bias: Mean error of CBF in pure tissue, mL/100g/min.
        lesions: Recovered contrast of a lesion in CBF by its factor: 1 is all, 0 nothing.
        null: Mean |CBF| in the brain where nothing flows, mL/100g/min.
    """

    scan: str
    person: str
    method: str
    level: str
    noise_percent: float
    psnr: float
    rmse: float
    ccc: float
    grey_bias: float
    white_bias: float
    lesions: Mapping[str, float]
    null: float


def evaluate(
    network: PaperNetwork,
    files: tuple[Path, ...],
    measured: MeasuredNoise,
    settings: Settings,
    report: Callable[[Figures], object] = lambda figures: None,
) -> list[Figures]:
    """All figures of all test people, scans, levels and methods."""
    everything: list[Figures] = []
    for file in files:
        person = read_person(file)
        for scan in settings.evaluation.scans:
            for figures in _figures_of_scan(network, person, scan, measured, settings):
                report(figures)
                everything.append(figures)
    return everything


def apply_network(network: PaperNetwork, deltam: FloatArray) -> FloatArray:
    """A difference image ``[k, j, i]`` in percent of mean M0, less the noise the network sees in it."""
    with torch.inference_mode():
        slices = torch.from_numpy(np.ascontiguousarray(deltam))[:, None]
        noise = torch.cat([network(part) for part in torch.split(slices, BATCH_SLICES)])
    denoised: FloatArray = deltam - noise[:, 0].numpy()
    return denoised


def gaussian(deltam: FloatArray, geometry: Geometry, fwhm: float) -> FloatArray:
    """Three-dimensional Gaussian smoothing with `fwhm` in mm."""
    smooth: FloatArray = ndimage.gaussian_filter(deltam, sigma_in_voxels(fwhm, geometry))
    return smooth


def lesion_contrast(
    with_lesion: FloatArray, without: FloatArray, true_with: FloatArray, true_without: FloatArray, inside: BoolArray
) -> float:
    """How much of a lesion's true contrast is left: same noise with and without it, means over its inside."""
    recovered = (with_lesion[inside] - without[inside]).mean(dtype=np.float64)
    true = (true_with[inside] - true_without[inside]).mean(dtype=np.float64)
    return float(recovered / true)


@dataclass(frozen=True)
class _Condition:
    """What a row of figures is about, the method apart."""

    scan: str
    person: str
    level: str
    noise_percent: float


@dataclass(frozen=True)
class _Case:
    """A person under a protocol, healthy and with one lesion of each kind at a time."""

    healthy: SyntheticScan
    tissue: TissueMaps
    lesions: Mapping[str, SyntheticScan]


def _figures_of_scan(
    network: PaperNetwork, person: Person, test: TestScan, measured: MeasuredNoise, settings: Settings
) -> Iterator[Figures]:
    case = _case(person, test, measured, settings.evaluation)
    grid = case.healthy.geometry
    methods: dict[str, Denoise] = {
        AVERAGE: lambda deltam: deltam,
        GAUSSIAN: lambda deltam: gaussian(deltam, grid, settings.evaluation.gaussian_fwhm),
        NETWORK: lambda deltam: apply_network(network, deltam),
    }
    # Of the names, not Python's hash(), which differs from run to run.
    rng = np.random.default_rng((settings.evaluation.seed, zlib.crc32(f"{person.name} {test.name}".encode())))
    for level, sd in _levels(case.healthy, test, settings.noise):
        noise = sd * rng.standard_normal(grid.shape, dtype=np.float32)
        condition = _Condition(test.name, person.name, level, float(sd[case.healthy.brain].mean()))
        for name, denoise in methods.items():
            yield _judge(case, name, denoise, noise, condition)


def _levels(scan: SyntheticScan, test: TestScan, noise: NoiseSettings) -> list[tuple[str, FloatArray]]:
    """Names and SD maps of the noise of the averaged difference image, percent of mean M0."""
    if test.noise_percent:
        return [(f"SD {sd:g} %", np.full(scan.deltam.shape, sd, dtype=np.float32)) for sd in test.noise_percent]
    image = noise.measured_scale * scan.noise_percent
    counts = [round(fraction * noise.pairs) for fraction in noise.fractions]
    return [
        (f"{count} of {noise.pairs} pairs", np.float32(averaged_noise_percent(image, count)) * scan.noise_shape)
        for count in counts
    ]


def _judge(case: _Case, method: str, denoise: Denoise, noise: FloatArray, condition: _Condition) -> Figures:
    truth, brain = case.healthy, case.healthy.brain
    restored = denoise(truth.deltam + noise)
    cbf, true_cbf = _cbf(restored, truth), _cbf(truth.deltam, truth)
    error = cbf - true_cbf
    grey, white = brain & (case.tissue.grey >= PURE), brain & (case.tissue.white >= PURE)
    return Figures(
        **dataclasses.asdict(condition),
        method=method,
        psnr=psnr(restored, truth.deltam, brain),
        rmse=rmse(cbf, true_cbf, brain),
        ccc=ccc(cbf, true_cbf, brain),
        grey_bias=float(error[grey].mean(dtype=np.float64)),
        white_bias=float(error[white].mean(dtype=np.float64)),
        lesions={name: _contrast(case, lesion, denoise, noise, cbf) for name, lesion in case.lesions.items()},
        null=float(np.abs(_cbf(denoise(noise), truth)[brain]).mean(dtype=np.float64)),
    )


def _contrast(
    case: _Case, lesion: SyntheticScan, denoise: Denoise, noise: FloatArray, healthy_cbf: FloatArray
) -> float:
    """Recovered contrast of a lesion, given the CBF that the same method makes of the same noise without it."""
    true, true_healthy = _cbf(lesion.deltam, lesion), _cbf(case.healthy.deltam, case.healthy)
    change = np.abs(true - true_healthy)
    inside = change > 0.5 * change.max()
    return lesion_contrast(_cbf(denoise(lesion.deltam + noise), lesion), healthy_cbf, true, true_healthy, inside)


def _cbf(deltam: FloatArray, scan: SyntheticScan) -> FloatArray:
    """CBF in mL/100g/min; 0 outside the brain."""
    m0 = np.where(scan.brain, scan.m0, np.float32(1.0))
    cbf: FloatArray = (scan.gain[:, None, None] * deltam / m0 * scan.brain).astype(np.float32)
    return cbf


def _case(person: Person, test: TestScan, measured: MeasuredNoise, settings: EvaluationSettings) -> _Case:
    tissue = tissue_maps(person, axial_grid(person, test.voxel))
    protocol = Protocol(labeling_duration=test.labeling_duration, pld=test.pld)
    place = _middle_of_right_hemisphere(tissue)

    def scanned(lesions: tuple[Lesion, ...]) -> SyntheticScan:
        subject: Subject = make_subject(
            tissue,
            grey_cbf=settings.grey_cbf,
            white_cbf=settings.white_cbf,
            regional_sd=settings.regional_sd,
            seed=settings.seed,
            lesions=lesions,
        )
        return scan_of(person.name, subject, protocol, measured)

    lesions = {f"x{f:g}": scanned((Lesion(place, settings.lesion_radius, f),)) for f in settings.lesion_factors}
    return _Case(scanned(()), tissue, lesions)


def _middle_of_right_hemisphere(tissue: TissueMaps) -> tuple[float, float, float]:
    """RAS mm of the grey voxel closest to the centre of right-hemisphere grey matter above the brain's middle."""
    points = np.argwhere(tissue.grey > 0.5)
    homogeneous = np.column_stack([points[:, ::-1], np.ones(len(points))])
    ras = (homogeneous @ tissue.geometry.ijk_to_ras().T)[:, :3]
    middle = np.median(ras, axis=0)
    part = ras[(ras[:, 0] > middle[0] + 25.0) & (ras[:, 2] > middle[2])]
    x, y, z = part[np.argmin(((part - part.mean(axis=0)) ** 2).sum(axis=1))].tolist()
    return x, y, z
