"""The order of all steps, from a series as read to maps with their figures: here, and only here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepasl.acquisition import Acquisition
from deepasl.acquisition_checks import check
from deepasl.acquisition_defaults import complete
from deepasl.blood_flow import blood_flow
from deepasl.calibration import m0_map, network_scale, without_unusable
from deepasl.delays import with_one_delay
from deepasl.denoising import Denoiser, require_m0
from deepasl.errors import AcquisitionError, InputError
from deepasl.findings import Finding, obstacles, worst_first
from deepasl.labeling import check_sign
from deepasl.masking import brain_mask, reference_image
from deepasl.metrics import region_statistics
from deepasl.perfusion import Differences, choose_pairs, noise_of_mean, subtract
from deepasl.progress import Clock, Job, Progress
from deepasl.quality import check_bias, check_domain, check_scale, check_volume
from deepasl.results import CBF_UNIT, DELTAM_UNIT, BoolArray, M0Map, PerfusionMaps, RegionStatistics, Result
from deepasl.series import AslSeries, FloatArray, mean_in
from deepasl.tissue import estimate_tissue


@dataclass(frozen=True)
class Settings:
    """What a user may choose about a run.

    Attributes:
        pairs: Average only the first so many pairs, as a shorter scan would have; None for all.
        pld: The post-labeling delay in s to quantify, of several or in place of the file's; None for the only one.
        smoothing_fwhm: Gaussian smoothing of control and label images before the network, mm; 0 for none.
    """

    pairs: int | None = None
    pld: float | None = None
    smoothing_fwhm: float = 0.0


@dataclass(frozen=True)
class Prepared:
    """A scan ready for the network.

    Attributes:
        series: The scan, reduced to one post-labeling delay.
        acquisition: Its parameters, defaults filled in.
        mask: The brain, ``[k, j, i]`` bool, without voxels of unusable M0.
        m0: The calibration image; None if there is none that can be used.
        differences: Control minus label.
        noise: Noise SD of their mean in the brain, scanner units.
        grey, white: Tissue estimates, ``[k, j, i]`` bool.
        signal_percent: Mean dM of grey matter in percent of mean M0 in the brain; NaN where either is not known.
        findings: Everything noticed so far, errors first.
    """

    series: AslSeries
    acquisition: Acquisition
    mask: BoolArray
    m0: M0Map | None
    differences: Differences
    noise: float
    grey: BoolArray
    white: BoolArray
    signal_percent: float
    findings: tuple[Finding, ...]


DEFAULT_SETTINGS = Settings()


def process(series: AslSeries, denoiser: Denoiser, settings: Settings = DEFAULT_SETTINGS) -> Job[Result]:
    """Compute conventional and denoised maps of one scan.

    The generator touches nothing but its own arrays: it may be closed at any yield.

    Args:
        series: The scan as read.
        denoiser: The network to use.
        settings: What the user chose.

    Yields:
        Progress of each stage.

    Returns:
        The maps and everything that is to be said about them.

    Raises:
        AcquisitionError: If parameters are impossible, or missing where blood flow can be computed.
        InputError: If the volumes cannot be used: no pair, no brain, an M0 of zero or on another grid, or none where
            the network needs it.
    """
    clock = Clock()
    ready = yield from prepare(series, settings, clock)
    _require_possible(ready)
    findings = list(ready.findings)
    deltam, m0, mask = ready.differences.mean, ready.m0, ready.mask
    # Networks were trained on an M0 that is 0 outside the brain.
    m0_of_brain = None if m0 is None else np.where(mask, m0.volume, np.float32(0))
    require_m0(denoiser.entry, m0_of_brain)

    scale, noticed = network_scale(deltam, m0, mask, ready.grey)
    findings += noticed
    with clock.stage("denoise"):
        denoised = yield from denoiser.denoise(deltam, scale, m0_of_brain)

    yield Progress("Computing blood flow", 0, 1)
    with clock.stage("quantify"):
        conventional_maps = PerfusionMaps(deltam, blood_flow(deltam, m0, mask, ready.acquisition))
        denoised_maps = PerfusionMaps(denoised, blood_flow(denoised, m0, mask, ready.acquisition))
    with clock.stage("judge"):
        unit = CBF_UNIT if m0 is not None else DELTAM_UNIT
        statistics = _statistics(conventional_maps, denoised_maps, ready)
        findings += check_bias(statistics, unit)
        findings += check_domain(
            denoiser.entry,
            ready.series.geometry,
            noise_percent=100.0 * ready.noise / scale,
            signal_percent=ready.signal_percent,
        )

    return Result(
        name=series.name,
        origin=str(series.origin),
        geometry=series.geometry,
        conventional=conventional_maps,
        denoised=denoised_maps,
        removed=deltam - denoised,
        mask=mask,
        grey_matter=ready.grey,
        white_matter=ready.white,
        m0=m0,
        acquisition=ready.acquisition,
        roles=ready.series.roles,
        role_evidence=ready.series.role_evidence,
        pairs=ready.differences.pairs,
        smoothing_fwhm=settings.smoothing_fwhm,
        noise=ready.noise,
        statistics=statistics,
        statistics_unit=unit,
        findings=worst_first(findings),
        model=denoiser.run_info(scale),
        seconds=clock.seconds,
    )


def prepare(series: AslSeries, settings: Settings, clock: Clock) -> Job[Prepared]:
    """Everything before the network: understand the scan, find the brain and M0, subtract.

    Problems of the acquisition are among the findings, errors included, so that a scan can be inspected before they
    are settled.

    Raises:
        AcquisitionError: If a scan has several post-labeling delays and none was chosen.
        InputError: If the volumes cannot be used.
    """
    yield Progress("Checking the acquisition", 0, 1)
    with clock.stage("check"):
        series = with_one_delay(series, settings.pld)
        acquisition, noticed = complete(series.acquisition)
        findings = [*series.findings, *noticed, *check(acquisition)]
        _require_timing_of_each_slice(series)

    yield Progress("Finding the brain", 0, 1)
    with clock.stage("mask"):
        mask = brain_mask(reference_image(series), series.geometry)
        m0, noticed = _m0_if_possible(series, acquisition, findings)
        findings += noticed
        if m0 is not None:
            mask, noticed = without_unusable(mask, m0)
            findings += noticed
        findings += _require_brain(mask, series)

    yield Progress("Subtracting label from control", 0, 1)
    with clock.stage("subtract"):
        pairs, noticed = choose_pairs(series, settings.pairs)
        differences = subtract(series, pairs, settings.smoothing_fwhm)
        findings += [*noticed, *check_sign(differences.volumes, mask, series.role_evidence)]
        grey, white = estimate_tissue(differences.mean, None if m0 is None else m0.volume, mask, series.geometry)
        noise = noise_of_mean(differences.volumes, mask)

        signal = _signal_percent(differences.mean, grey, m0, mask)
        findings += check_scale(signal)

    return Prepared(series, acquisition, mask, m0, differences, noise, grey, white, signal, worst_first(findings))


def _signal_percent(deltam: FloatArray, grey: BoolArray, m0: M0Map | None, mask: BoolArray) -> float:
    """Mean difference signal of grey matter in percent of mean M0 in the brain; NaN where either is not known."""
    return float("nan") if m0 is None else 100.0 * mean_in(deltam, grey) / mean_in(m0.volume, mask)


def _m0_if_possible(
    series: AslSeries, acquisition: Acquisition, findings: Sequence[Finding]
) -> tuple[M0Map | None, tuple[Finding, ...]]:
    """The M0 map, unless a repetition time that cannot be would make it infinite."""
    impossible = (finding.code for finding in obstacles(findings, with_m0=True))
    if any(code.startswith(("m0-repetition-time", "repetition-time", "t1-tissue")) for code in impossible):
        return None, ()
    return m0_map(series, acquisition)


def _require_possible(ready: Prepared) -> None:
    """Stop at what has to be settled first."""
    if stopping := obstacles(ready.findings, with_m0=ready.m0 is not None):
        raise AcquisitionError(" ".join(finding.message for finding in stopping), where=ready.series.origin)


def _require_timing_of_each_slice(series: AslSeries) -> None:
    timing, slices = series.acquisition.slice_timing.value, series.geometry.shape[0]
    if timing is not None and len(timing) != slices:
        raise AcquisitionError(
            f"SliceTiming has {len(timing)} values for {slices} slices",
            where=series.origin,
            remedy="Correct the sidecar: one delay for each slice.",
        )


def _require_brain(mask: BoolArray, series: AslSeries) -> tuple[Finding, ...]:
    if not mask.any():
        raise InputError("no brain was found in the image", where=series.origin, remedy="Check that it is a head scan.")
    return check_volume(float(mask.sum() * np.prod(series.geometry.spacing)) / 1000.0)


def _statistics(conventional: PerfusionMaps, denoised: PerfusionMaps, ready: Prepared) -> tuple[RegionStatistics, ...]:
    """Figures of both maps in every region that has voxels: of CBF, or of deltam without M0."""
    regions = {"brain": ready.mask, "grey matter": ready.grey, "white matter": ready.white}
    maps = {"conventional": conventional, "denoised": denoised}
    return tuple(
        region_statistics(maps_of.deltam if maps_of.cbf is None else maps_of.cbf, region, region=name, map=kind)
        for name, region in regions.items()
        if region.any()
        for kind, maps_of in maps.items()
    )
