"""Everything before the network, in order: understand the scan, find brain and M0, subtract."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepasl.acquisition.parameters import Acquisition
from deepasl.acquisition.scan_check import CheckedScan, check_scan
from deepasl.brain.finding import find_brain
from deepasl.calibration.m0_for_flow import m0_for_flow
from deepasl.findings import Finding, worst_first
from deepasl.labeling.roles import mean_signal
from deepasl.motion.realignment import realign
from deepasl.perfusion.differences import Differences
from deepasl.perfusion.noise_components import without_noise_components
from deepasl.perfusion.subtraction import perfusion_weighted, with_unknown_noise
from deepasl.progress import Clock, Job, Progress
from deepasl.quality.checks import check_scale
from deepasl.quantification.multidelay import DelayImages
from deepasl.results import BoolArray, M0Map
from deepasl.run_record import HeadMotion
from deepasl.series import AslSeries, FloatArray, mean_in
from deepasl.settings import Settings
from deepasl.side_images import NOTHING_BESIDE, SideImages
from deepasl.tissue.finding import tissue_beside, tissue_by
from deepasl.tissue.maps import TissueProbability


@dataclass(frozen=True)
class Prepared:
    """A scan ready for the network.

    Attributes:
        series: The scan; where one of several post-labeling delays was chosen, reduced to it, and where motion was
            corrected, with the head in one place.
        acquisition: Its parameters, defaults filled in.
        mask: The brain, ``[k, j, i]`` bool, without voxels of unusable M0.
        m0: The calibration image as it was measured, which the network is shown; None if none can be used.
        flow_m0: What flow is divided by: `m0` itself, unless the user chose otherwise.
        differences: Control minus label; of a scan at several delays the mean of each.
        delays: The difference images of each delay; None for a scan at one delay.
        noise: Noise SD in the brain of the image that the network sees, scanner units: the mean over all pairs, or over
            those of one delay.
        volume_signal: Mean of each volume in the brain ``[t]``, scanner units.
        motion: How the head moved; None where it was not looked for.
        mppca: Whether control and label images were denoised by MP-PCA.
        grey, white: Voxels that stand for grey and for white matter, ``[k, j, i]`` bool.
        tissue: How much of each voxel is which tissue; None where only perfusion tells grey from white matter.
        signal_percent: Mean dM of grey matter in percent of mean M0 in the brain; NaN where either is not known.
        findings: Everything noticed so far, errors first.
    """

    series: AslSeries
    acquisition: Acquisition
    mask: BoolArray
    m0: M0Map | None
    flow_m0: M0Map | None
    differences: Differences
    delays: DelayImages | None
    noise: float
    volume_signal: NDArray[np.float64]
    motion: HeadMotion | None
    mppca: bool
    grey: BoolArray
    white: BoolArray
    tissue: TissueProbability | None
    signal_percent: float
    findings: tuple[Finding, ...]


def prepare(series: AslSeries, settings: Settings, clock: Clock, beside: SideImages = NOTHING_BESIDE) -> Job[Prepared]:
    """Everything before the network: understand the scan, find the brain and M0, subtract.

    Problems of the acquisition are among the findings, errors included, so that a scan can be inspected before they
    are settled.

    Raises:
        AcquisitionError: As `deepasl.acquisition.scan_check.check_scan`.
        InputError: If the volumes or the images beside them cannot be used, or one is missing that a step needs.
    """
    scan = yield from check_scan(series, settings, clock, beside)
    return (yield from prepare_checked(scan, settings, clock, beside))


def prepare_checked(
    scan: CheckedScan, settings: Settings, clock: Clock, beside: SideImages = NOTHING_BESIDE
) -> Job[Prepared]:
    """The same for a scan whose acquisition was looked at already.

    Raises:
        InputError: If the volumes or the images beside them cannot be used.
    """
    series, acquisition, findings = scan.series, scan.acquisition, list(scan.findings)
    series, motion, noticed = yield from _head_in_one_place(series, settings, clock)
    findings += noticed

    with clock.stage("mask"):
        brain = yield from find_brain(series, acquisition, findings)
        mask, m0 = brain.mask, brain.m0
        findings += brain.findings

    tissue = yield from _tissue(beside, series, mask, clock)

    mppca = False
    if settings.mppca:
        with clock.stage("mppca"):
            cleaned = yield from without_noise_components(series, mask)
        series, mppca = cleaned.series, cleaned.done
        findings += cleaned.findings

    with clock.stage("subtract"):
        tissue_in = tissue_by(tissue, m0, mask, series)
        perfusion = yield from perfusion_weighted(series, mask, tissue_in, settings, several_delays=scan.several_delays)
        perfusion = with_unknown_noise(perfusion) if mppca else perfusion
        signal = _signal_percent(perfusion.differences.mean, perfusion.grey, m0, mask)
        findings += [*perfusion.findings, *check_scale(signal)]
    yield Progress("Measuring the signal of each volume", 0, 1)
    volume_signal = mean_signal(series.volumes, mask)
    flow_m0, noticed = _m0_for_flow(m0, series, acquisition, settings, mask, perfusion.differences.mean)
    findings += noticed

    return Prepared(
        series=series,
        acquisition=acquisition,
        mask=mask,
        m0=m0,
        flow_m0=flow_m0,
        differences=perfusion.differences,
        delays=perfusion.delays,
        noise=perfusion.noise,
        volume_signal=volume_signal,
        motion=motion,
        mppca=mppca,
        grey=perfusion.grey,
        white=perfusion.white,
        tissue=tissue,
        signal_percent=signal,
        findings=worst_first(findings),
    )


def _head_in_one_place(
    series: AslSeries, settings: Settings, clock: Clock
) -> Job[tuple[AslSeries, HeadMotion | None, tuple[Finding, ...]]]:
    """The scan without head motion, where this was chosen."""
    if not settings.motion_correction:
        return series, None, ()
    with clock.stage("motion"):
        found = yield from realign(series)
    motion = HeadMotion(found.parameters, found.framewise_displacement, found.moved)
    return found.series, motion, found.findings


def _tissue(beside: SideImages, series: AslSeries, mask: BoolArray, clock: Clock) -> Job[TissueProbability | None]:
    """How much of each voxel is which tissue, where images beside the scan tell it."""
    if not beside.tell_tissue:
        return None
    with clock.stage("tissue"):
        return (yield from tissue_beside(beside, series, mask))


def _signal_percent(deltam: FloatArray, grey: BoolArray, m0: M0Map | None, mask: BoolArray) -> float:
    """Mean difference signal of grey matter in percent of mean M0 in the brain; NaN where either is not known."""
    return float("nan") if m0 is None else 100.0 * mean_in(deltam, grey) / mean_in(m0.volume, mask)


def _m0_for_flow(
    m0: M0Map | None,
    series: AslSeries,
    acquisition: Acquisition,
    settings: Settings,
    mask: BoolArray,
    deltam: FloatArray,
) -> tuple[M0Map | None, tuple[Finding, ...]]:
    return (None, ()) if m0 is None else m0_for_flow(m0, series, acquisition, settings.m0, mask, deltam)
