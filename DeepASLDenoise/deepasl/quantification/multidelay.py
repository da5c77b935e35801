"""Scans at several post-labeling delays: difference images of each, denoised each, then CBF and ATT fitted to all."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepasl.acquisition.parameters import Acquisition
from deepasl.denoising.denoiser import Denoiser
from deepasl.errors import InputError
from deepasl.findings import Finding
from deepasl.labeling.delays import at_timing, distinct_timings
from deepasl.perfusion.differences import Differences, choose_pairs, subtract
from deepasl.perfusion.pair_averaging import Averaging
from deepasl.progress import Job, Progress
from deepasl.quantification.label_timing import LabelTiming, label_model
from deepasl.quantification.transit_fit import TransitFit, fit_transit
from deepasl.results import BoolArray, M0Map, PerfusionMaps
from deepasl.run_record import DroppedVolumes
from deepasl.series import AslSeries, FloatArray, Role

STAGE = "Fitting blood flow and transit time"

Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class DelayImages:
    """Difference images of a scan at several delays.

    Attributes:
        timing: Its delays in the first slice, and how long blood was labeled before each.
        means: Control minus label, mean of each delay, ``[p, k, j, i]`` float32, scanner units.
        counts: How many images were averaged at each.
        scatter: Sum of squares of the single images about the mean of their delay, ``[k, j, i]``, squared scanner
            units; None where the noise in `means` is not known, as after denoising: what the model leaves of denoised
            images is too little to tell their errors by.
        pairs: The (control, label) volume indices, delay by delay; none for an already subtracted scan.
        dropped: Pairs and subtracted volumes that were left out as outliers.
        findings: What is to be said about them.
        smoothing_fwhm: Of the single images, mm; 0 for none.
    """

    timing: LabelTiming
    means: FloatArray
    counts: tuple[int, ...]
    scatter: FloatArray | None
    pairs: Pairs = ()
    dropped: tuple[DroppedVolumes, ...] = ()
    findings: tuple[Finding, ...] = ()
    smoothing_fwhm: float = 0.0

    def average(self) -> FloatArray:
        """The mean over all images of all delays ``[k, j, i]``: what a single map of perfusion can show."""
        mean: FloatArray = np.average(self.means, axis=0, weights=self.counts).astype(np.float32)
        return mean

    def noise(self, mask: BoolArray) -> float:
        """Noise SD in the brain of the mean image of one delay, scanner units; NaN where it cannot be known."""
        freedom = sum(self.counts) - len(self.counts)
        if self.scatter is None or freedom < 1 or not mask.any():
            return float("nan")
        return float(np.sqrt(np.median(self.scatter[mask]) / freedom / np.mean(self.counts)))


def has_several_delays(series: AslSeries) -> bool:
    """Whether a scan tells the transit time: control, label or subtracted volumes of more than one timing."""
    return len(distinct_timings(series)) > 1


def choose_pairs_of_delays(series: AslSeries, count: int | None) -> tuple[Pairs, tuple[Finding, ...]]:
    """The pairs to average at every delay, and what was left out.

    Args:
        series: The scan.
        count: Take only the first so many of each delay, as a shorter scan would have; None for all.

    Returns:
        (control, label) volume indices, delay by delay; none for an already subtracted scan.

    Raises:
        InputError: If a delay has fewer pairs than asked for.
    """
    chosen = [choose_pairs(at_timing(series, *timing), count) for timing in distinct_timings(series)]
    pairs = tuple(pair for of_delay, _ in chosen for pair in of_delay)
    return pairs, tuple(dict.fromkeys(finding for _, findings in chosen for finding in findings))


def subtract_delays(
    series: AslSeries, pairs: Pairs, smoothing_fwhm: float = 0.0, averaging: Averaging | None = None
) -> Job[DelayImages]:
    """The mean difference image of each delay.

    Args:
        series: The scan.
        pairs: (control, label) volume indices, as `choose_pairs_of_delays` gave them or fewer; none for an already
            subtracted scan. Delays without a pair are left out.
        smoothing_fwhm: Gaussian smoothing of every image, mm; 0 for none.
        averaging: How the images of each delay become their mean; None for the plain mean.

    Yields:
        Progress of each delay.

    Raises:
        InputError: If there is nothing at more than one delay.
    """
    timings: list[tuple[float, float]] = []
    averaged: list[_Averaged] = []
    scatter = np.zeros(series.geometry.shape, dtype=np.float64)
    for at in images_of_delays(series, pairs):
        differences = yield from at.differences(smoothing_fwhm, averaging)
        for image in differences.volumes:
            scatter += np.square(image - differences.mean, dtype=np.float64)
        timings.append(at.timing)
        averaged.append(_Averaged.of(differences))
    if len(averaged) < 2:
        raise InputError(
            f"there are difference images at {len(averaged)} post-labeling delay(s); two are needed to fit transit "
            "times",
            where=series.origin,
            remedy="Check the roles and delays of the volumes (deepasl inspect), or choose one delay (--pld).",
        )
    delays, durations = zip(*timings, strict=True)
    return DelayImages(
        timing=LabelTiming(delays, durations),
        means=np.stack([each.mean for each in averaged]),
        counts=tuple(each.count for each in averaged),
        scatter=scatter.astype(np.float32),
        pairs=tuple(pair for each in averaged for pair in each.pairs),
        dropped=tuple(dropped for each in averaged for dropped in each.dropped),
        findings=tuple(finding for each in averaged for finding in each.findings),
        smoothing_fwhm=smoothing_fwhm,
    )


@dataclass(frozen=True)
class _Averaged:
    """What is kept of the differences of one delay: not the single images."""

    mean: FloatArray
    count: int
    pairs: Pairs
    dropped: tuple[DroppedVolumes, ...]
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, differences: Differences) -> _Averaged:
        count = len(differences.volumes)
        return cls(differences.mean, count, differences.pairs, differences.dropped, differences.findings)


@dataclass(frozen=True)
class OneDelay:
    """What a scan at several delays has at one of them.

    Attributes:
        timing: The delay in the first slice, and how long blood was labeled before it, s.
        series: The scan with all volumes of other timings unused.
        pairs: The (control, label) volume indices to average; none for an already subtracted scan.
    """

    timing: tuple[float, float]
    series: AslSeries
    pairs: Pairs

    def differences(self, smoothing_fwhm: float = 0.0, averaging: Averaging | None = None) -> Job[Differences]:
        """The difference images at this delay.

        Args:
            smoothing_fwhm: Gaussian smoothing of every image, mm; 0 for none.
            averaging: How they become their mean; None for the plain mean.
        """
        differences = yield from subtract(self.series, self.pairs, smoothing_fwhm)
        if averaging is None:
            return differences
        return (yield from averaging.of(differences, self.series, f"At {self.timing[0]:g} s: "))


def images_of_delays(series: AslSeries, pairs: Pairs) -> tuple[OneDelay, ...]:
    """Every delay that has something to average.

    Args:
        series: The scan.
        pairs: (control, label) volume indices; none for an already subtracted scan.
    """
    found = []
    for timing in distinct_timings(series):
        at = at_timing(series, *timing)
        own = tuple(pair for pair in pairs if at.roles[pair[0]] is Role.CONTROL)
        if own or (not pairs and at.indices(Role.DELTAM)):
            found.append(OneDelay(timing, at, own))
    return tuple(found)


def denoise_delays(
    images: DelayImages, denoiser: Denoiser, scale: float, m0: FloatArray | None = None
) -> Job[DelayImages]:
    """Every delay denoised for itself, before anything is fitted; the network was trained on images of one delay.

    Args:
        images: The scan.
        denoiser: The network.
        scale: Mean M0 in the brain, scanner units: one for all delays, so that they keep their ratios.
        m0: M0 ``[k, j, i]``, 0 outside the brain; needed only by networks that see it.

    Yields:
        Progress in slices of all delays.
    """
    denoised = np.empty_like(images.means)
    slices, delays = denoised.shape[1], len(denoised)
    for number, mean in enumerate(images.means):
        job = denoiser.denoise(mean, scale, m0)
        try:
            while True:
                step = next(job)
                yield Progress(step.stage, number * slices + step.done, delays * slices)
        except StopIteration as end:
            denoised[number] = end.value
    return replace(images, means=denoised, scatter=None)


def quantify_delays(
    images: DelayImages, m0: M0Map | None, mask: BoolArray, acquisition: Acquisition
) -> Job[PerfusionMaps]:
    """CBF and ATT with their standard errors in every voxel of the brain.

    Args:
        images: The difference images of each delay.
        m0: The calibration image; None if there is none. ATT needs none.
        mask: Where to compute, ``[k, j, i]`` bool.
        acquisition: Complete parameters; a 2D readout with slice timing has longer delays in later slices.

    Yields:
        Progress in slices.

    Returns:
        The maps; without ATT where how blood was labeled is not known, without standard errors where the noise is not.
    """
    if not (all(images.timing.durations) and acquisition.labeling_type.known):
        return PerfusionMaps(images.average(), None)
    model = label_model(acquisition)
    later = acquisition.slice_timing.value or (0.0,) * len(mask)
    maps = {name: np.zeros(mask.shape, dtype=np.float32) for name in TransitFit.__dataclass_fields__}
    for k, inside in enumerate(mask):
        unit = m0.volume[k][inside] if m0 is not None else np.ones(int(inside.sum()), dtype=np.float32)
        fit = fit_transit(
            images.means[:, k, inside] / unit,
            images.timing.later_by(later[k]),
            model,
            counts=images.counts,
            scatter=None if images.scatter is None else images.scatter[k, inside] / unit**2,
        )
        for name, volume in maps.items():
            volume[k][inside] = getattr(fit, name)
        maps["misfit"][k][inside] *= unit
        yield Progress(STAGE, k + 1, len(mask))
    known = images.scatter is not None and bool(np.isfinite(maps["cbf_error"]).all())
    return PerfusionMaps(
        deltam=images.average(),
        cbf=None if m0 is None else maps["cbf"],
        att=maps["att"],
        cbf_error=maps["cbf_error"] if known and m0 is not None else None,
        att_error=maps["att_error"] if known else None,
        fit_error=maps["misfit"],
    )
