"""The order of all steps, from a series as read to maps with their figures: here, and only here."""

from __future__ import annotations

import numpy as np

from deepasl.blood_flow import blood_flow
from deepasl.calibration import network_scale
from deepasl.denoising import Denoiser, require_m0
from deepasl.errors import AcquisitionError
from deepasl.findings import obstacles, worst_first
from deepasl.metrics import region_statistics
from deepasl.preparation import Prepared, prepare
from deepasl.progress import Clock, Job, Progress
from deepasl.quality import check_bias, check_domain
from deepasl.results import CBF_UNIT, DELTAM_UNIT, PerfusionMaps, RegionStatistics, Result
from deepasl.series import AslSeries
from deepasl.settings import DEFAULT_SETTINGS, Settings

__all__ = ["DEFAULT_SETTINGS", "Prepared", "Settings", "prepare", "process"]


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


def _require_possible(ready: Prepared) -> None:
    """Stop at what has to be settled first."""
    if stopping := obstacles(ready.findings, with_m0=ready.m0 is not None):
        raise AcquisitionError(" ".join(finding.message for finding in stopping), where=ready.series.origin)


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
