"""The order of all steps, from a series as read to maps with their figures: here, and only here."""

from __future__ import annotations

from deepasl.acquisition.scan_check import check_scan, require_possible
from deepasl.calibration.m0 import has_m0, network_scale
from deepasl.denoising.denoiser import STAGE as DENOISING
from deepasl.denoising.denoiser import Denoiser, require_m0
from deepasl.denoising.map_making import make_maps, seen_m0
from deepasl.findings import worst_first
from deepasl.preparation import Prepared, prepare, prepare_checked
from deepasl.progress import Clock, Job, Progress
from deepasl.quality.checks import check_bias, check_domain
from deepasl.quality.flow_errors import with_flow_errors
from deepasl.quality.scan_quality import quality_of
from deepasl.quality.verdicts import verdicts
from deepasl.quantification.arrival_checks import check_arrival
from deepasl.results import CBF_UNIT, DELTAM_UNIT, Result
from deepasl.run_record import RunRecord
from deepasl.series import AslSeries
from deepasl.settings import DEFAULT_SETTINGS, Settings
from deepasl.side_images import NOTHING_BESIDE, SideImages
from deepasl.tissue.pure_tissue_flow import with_pure_tissue_flow
from deepasl.tissue.region_figures import label_statistics, tissue_statistics

__all__ = ["DEFAULT_SETTINGS", "Prepared", "Settings", "prepare", "process"]


def process(
    series: AslSeries,
    denoiser: Denoiser,
    settings: Settings = DEFAULT_SETTINGS,
    beside: SideImages = NOTHING_BESIDE,
) -> Job[Result]:
    """Compute conventional and denoised maps of one scan.

    The generator touches nothing but its own arrays: it may be closed at any yield.

    Args:
        series: The scan as read.
        denoiser: The network to use.
        settings: What the user chose.
        beside: Images of the same head that tell its tissue and regions.

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
    scan = yield from check_scan(series, settings, clock, beside)
    # Before steps that take minutes; what M0 is worth is known only after them.
    require_possible(series, scan.findings, with_m0=has_m0(scan.series, scan.acquisition))
    ready = yield from prepare_checked(scan, settings, clock, beside)
    require_possible(series, ready.findings, with_m0=ready.m0 is not None)
    findings = list(ready.findings)
    m0, mask = ready.m0, ready.mask
    require_m0(denoiser.entry, seen_m0(ready))
    scale, noticed = network_scale(ready.differences.mean, m0, mask, ready.grey)
    findings += noticed
    yield Progress(DENOISING, 0, len(mask))
    conventional, denoised = yield from make_maps(ready, denoiser, scale, clock)
    if settings.partial_volume_correction:
        with clock.stage("partial volume"):
            conventional = yield from with_pure_tissue_flow(conventional, ready)
            denoised = yield from with_pure_tissue_flow(denoised, ready)
    if settings.uncertainty:
        with clock.stage("uncertainty"):
            certain = yield from with_flow_errors(conventional, denoised, ready, denoiser, scale)
        conventional, denoised = certain.conventional, certain.denoised
        findings += certain.findings
    conventional_maps, denoised_maps = conventional.maps, denoised.maps
    yield Progress("Judging the maps", 0, 1)
    with clock.stage("judge"):
        unit = CBF_UNIT if m0 is not None else DELTAM_UNIT
        statistics = tissue_statistics(conventional_maps, denoised_maps, ready)
        findings += check_bias(statistics, unit)
        quality = quality_of(conventional_maps, denoised_maps, ready, settings)
        findings += verdicts(quality[0], ready.acquisition)
        if ready.delays is not None and denoised_maps.att is not None:
            findings += check_arrival(denoised_maps.att, ready.grey, ready.delays.timing, ready.acquisition)
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
        removed=conventional_maps.deltam - denoised_maps.deltam,
        mask=mask,
        grey_matter=ready.grey,
        white_matter=ready.white,
        m0=ready.flow_m0,
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
        record=_record(ready, settings),
        quality=quality,
        label_statistics=label_statistics(conventional_maps, denoised_maps, ready, beside),
    )


def _record(ready: Prepared, settings: Settings) -> RunRecord:
    """What the steps before the network did."""
    return RunRecord(
        settings=settings,
        volume_signal=ready.volume_signal,
        motion=ready.motion,
        dropped=ready.differences.dropped,
        mppca=ready.mppca,
        tissue_origin="" if ready.tissue is None else ready.tissue.origin,
    )
