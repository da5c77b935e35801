"""From control and label images to their mean difference, at one delay or at several, and its tissue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from deepasl.findings import Finding
from deepasl.labeling.roles import check_sign
from deepasl.perfusion.differences import Differences, choose_pairs, noise_of_mean, subtract
from deepasl.perfusion.outliers import OutlierRule
from deepasl.perfusion.pair_averaging import Averaging
from deepasl.progress import Job, Progress
from deepasl.quantification.multidelay import DelayImages, choose_pairs_of_delays, subtract_delays
from deepasl.results import BoolArray
from deepasl.series import AslSeries, FloatArray
from deepasl.settings import Settings

TissueIn = Callable[[FloatArray], tuple[BoolArray, BoolArray]]
"""Grey and white matter, by a mean difference image ``[k, j, i]`` where nothing else tells them."""

FINDING_TISSUE = "Finding grey and white matter"


@dataclass(frozen=True)
class PerfusionWeighted:
    """The perfusion-weighted image of a scan and what it was made from.

    Attributes:
        differences: Control minus label; of a scan at several delays the mean of each.
        delays: The difference images of each delay; None for a scan at one delay.
        noise: Noise SD in the brain of the image that the network sees, scanner units: the mean over all pairs, or over
            those of one delay.
        grey, white: Tissue, ``[k, j, i]`` bool.
        findings: What is to be said about it.
    """

    differences: Differences
    delays: DelayImages | None
    noise: float
    grey: BoolArray
    white: BoolArray
    findings: tuple[Finding, ...]


def perfusion_weighted(
    series: AslSeries, mask: BoolArray, tissue_in: TissueIn, settings: Settings, *, several_delays: bool
) -> Job[PerfusionWeighted]:
    """Subtract label from control, leave out outliers where this was chosen, and average.

    Args:
        series: The scan.
        mask: The brain, ``[k, j, i]`` bool.
        tissue_in: Finds grey and white matter.
        settings: Pairs, smoothing and the rule for outliers.
        several_delays: Whether delays are kept apart.

    Yields:
        Progress of each part of the work.

    Raises:
        InputError: If there is nothing to subtract, fewer pairs than asked for, or a smoothing that cannot be.
    """
    subtracted = _of_several_delays if several_delays else _of_one_delay
    made = yield from subtracted(series, mask, tissue_in, settings)
    return replace(
        made,
        findings=(
            *made.findings,
            *made.differences.findings,
            *check_sign(made.differences.volumes, mask, series.role_evidence),
        ),
    )


def with_unknown_noise(perfusion: PerfusionWeighted) -> PerfusionWeighted:
    """The same where the scatter of the pairs does not tell the noise, as after MP-PCA, which takes scatter away."""
    delays = None if perfusion.delays is None else replace(perfusion.delays, scatter=None)
    return replace(perfusion, delays=delays, noise=float("nan"))


def _of_one_delay(
    series: AslSeries, mask: BoolArray, tissue_in: TissueIn, settings: Settings
) -> Job[PerfusionWeighted]:
    pairs, noticed = choose_pairs(series, settings.pairs)
    differences = yield from subtract(series, pairs, settings.smoothing_fwhm)
    yield Progress(FINDING_TISSUE, 0, 1)
    grey, white = tissue_in(differences.mean)
    if settings.outliers is not OutlierRule.NONE:
        differences = yield from Averaging(settings.outliers, mask, grey, white).of(differences, series)
        yield Progress(FINDING_TISSUE, 0, 1)
        grey, white = tissue_in(differences.mean)
    noise = yield from noise_of_mean(differences.volumes, mask)
    return PerfusionWeighted(differences, None, noise, grey, white, noticed)


def _of_several_delays(
    series: AslSeries, mask: BoolArray, tissue_in: TissueIn, settings: Settings
) -> Job[PerfusionWeighted]:
    pairs, noticed = choose_pairs_of_delays(series, settings.pairs)
    delays = yield from subtract_delays(series, pairs, settings.smoothing_fwhm)
    yield Progress(FINDING_TISSUE, 0, 1)
    grey, white = tissue_in(delays.average())
    if settings.outliers is not OutlierRule.NONE:
        averaging = Averaging(settings.outliers, mask, grey, white)
        delays = yield from subtract_delays(series, pairs, settings.smoothing_fwhm, averaging)
        yield Progress(FINDING_TISSUE, 0, 1)
        grey, white = tissue_in(delays.average())
    differences = Differences(delays.means, delays.average(), delays.pairs, delays.dropped, delays.findings)
    return PerfusionWeighted(differences, delays, delays.noise(mask), grey, white, noticed)
