"""From the perfusion-weighted image to maps: denoised by the network, then quantified, at one delay or at several."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepasl.denoising.denoiser import Denoiser
from deepasl.preparation import Prepared
from deepasl.progress import Clock, Job, Progress
from deepasl.quantification.blood_flow import blood_flow
from deepasl.quantification.multidelay import DelayImages, denoise_delays, quantify_delays
from deepasl.results import PerfusionMaps
from deepasl.series import FloatArray


@dataclass(frozen=True)
class Made:
    """Maps of one kind, conventional or denoised.

    Attributes:
        maps: What is shown.
        delays: The images of each delay that they were fitted to; None for a scan at one delay.
    """

    maps: PerfusionMaps
    delays: DelayImages | None = None


def make_maps(ready: Prepared, denoiser: Denoiser, scale: float, clock: Clock) -> Job[tuple[Made, Made]]:
    """Conventional and denoised maps.

    Args:
        ready: The scan.
        denoiser: The network.
        scale: Mean M0 in the brain, scanner units.
        clock: Of the run.
    """
    if ready.delays is None:
        return (yield from _of_one_delay(ready.differences.mean, ready, denoiser, scale, clock))
    return (yield from _of_delays(ready.delays, ready, denoiser, scale, clock))


def seen_m0(ready: Prepared) -> FloatArray | None:
    """M0 as networks were trained on it: 0 outside the brain."""
    return None if ready.m0 is None else np.where(ready.mask, ready.m0.volume, np.float32(0))


def _of_one_delay(
    deltam: FloatArray, ready: Prepared, denoiser: Denoiser, scale: float, clock: Clock
) -> Job[tuple[Made, Made]]:
    with clock.stage("denoise"):
        denoised = yield from denoiser.denoise(deltam, scale, seen_m0(ready))
    yield Progress("Computing blood flow", 0, 1)
    with clock.stage("quantify"):
        before, after = (
            Made(PerfusionMaps(dm, blood_flow(dm, ready.flow_m0, ready.mask, ready.acquisition)))
            for dm in (deltam, denoised)
        )
    return before, after


def _of_delays(
    delays: DelayImages, ready: Prepared, denoiser: Denoiser, scale: float, clock: Clock
) -> Job[tuple[Made, Made]]:
    """Every delay is denoised for itself before CBF and transit time are fitted to all of them."""
    with clock.stage("denoise"):
        denoised = yield from denoise_delays(delays, denoiser, scale, seen_m0(ready))
    with clock.stage("quantify"):
        before = yield from quantify_delays(delays, ready.flow_m0, ready.mask, ready.acquisition)
        after = yield from quantify_delays(denoised, ready.flow_m0, ready.mask, ready.acquisition)
    return Made(before, delays), Made(after, denoised)
