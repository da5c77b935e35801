"""Standard errors of CBF: of the conventional map by the scatter of its pairs, of the denoised map by the network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepasl.denoising.denoiser import Denoiser
from deepasl.denoising.map_making import Made, seen_m0
from deepasl.findings import Finding, note
from deepasl.preparation import Prepared
from deepasl.progress import Job
from deepasl.quality.denoised_uncertainty import denoised_error
from deepasl.quality.uncertainty import standard_error
from deepasl.quantification.blood_flow import blood_flow
from deepasl.quantification.multidelay import DelayImages, OneDelay, images_of_delays, quantify_delays
from deepasl.results import PerfusionMaps
from deepasl.series import AslSeries, FloatArray, Role


@dataclass(frozen=True)
class WithErrors:
    """Maps with their standard errors, where these can be known.

    Attributes:
        conventional, denoised: The maps; otherwise as they were.
        findings: How large the errors are, or why they are not known.
    """

    conventional: Made
    denoised: Made
    findings: tuple[Finding, ...]


def with_flow_errors(
    conventional: Made, denoised: Made, ready: Prepared, denoiser: Denoiser, scale: float
) -> Job[WithErrors]:
    """Add standard errors of CBF by the noise of the difference images; noise of M0 is not part of them.

    At several delays those of the conventional map are there already, from the fit. Those of the denoised map are found
    at each delay and carried through the same fit, as if the network erred at every delay independently.

    Args:
        conventional: Maps before the network.
        denoised: Maps after it.
        ready: The scan.
        denoiser: The network; it is run several times more.
        scale: Mean M0 in the brain, as the network was given it.
    """
    if conventional.maps.cbf is None:
        why = note("error-no-flow", "Standard errors are those of CBF, and none was computed.")
        return WithErrors(conventional, denoised, (why,))
    if ready.mppca:
        why = note(
            "error-mppca", "Standard errors are not known after MP-PCA: it takes away the scatter that tells them."
        )
        return WithErrors(conventional, denoised, (why,))
    if ready.delays is None or denoised.delays is None:
        error = yield from standard_error(ready.differences.volumes, ready.mask)
        before = _with_error(conventional, error, ready)
        found = yield from denoised_error(
            ready.differences.volumes,
            ready.differences.mean,
            denoised.maps.deltam,
            denoiser,
            scale,
            ready.mask,
            ready.series.geometry,
            seen_m0(ready),
        )
        after = _with_error(denoised, None if found is None else found.volume, ready)
    else:
        before = conventional
        after = yield from _fitted_with_error(denoised, ready.delays, denoised.delays, ready, denoiser, scale)
    return WithErrors(before, after, _told(before.maps, after.maps, ready))


def _with_error(made: Made, deltam_error: FloatArray | None, ready: Prepared) -> Made:
    """CBF is proportional to the difference image, and so are their errors."""
    if deltam_error is None:
        return made
    error = blood_flow(deltam_error, ready.flow_m0, ready.mask, ready.acquisition)
    return replace(made, maps=replace(made.maps, cbf_error=error))


def _fitted_with_error(
    made: Made, noisy: DelayImages, clean: DelayImages, ready: Prepared, denoiser: Denoiser, scale: float
) -> Job[Made]:
    """The errors of all delays as the scatter that single images would have about them, through the fit."""
    variance = np.zeros(ready.mask.shape, dtype=np.float64)
    for number, at in enumerate(_averaged_delays(ready.series, noisy)):
        differences = (yield from at.differences(noisy.smoothing_fwhm)).volumes
        found = yield from denoised_error(
            differences,
            noisy.means[number],
            clean.means[number],
            denoiser,
            scale,
            ready.mask,
            ready.series.geometry,
            seen_m0(ready),
        )
        if found is None:
            return made
        variance += np.square(found.volume, dtype=np.float64) * len(differences) / len(noisy.counts)
    # The fit divides by the number of images less its two parameters.
    scatter = (variance * (sum(noisy.counts) - 2)).astype(np.float32)
    fitted = yield from quantify_delays(replace(clean, scatter=scatter), ready.flow_m0, ready.mask, ready.acquisition)
    return replace(made, maps=replace(made.maps, cbf_error=fitted.cbf_error, att_error=fitted.att_error))


def _averaged_delays(series: AslSeries, averaged: DelayImages) -> tuple[OneDelay, ...]:
    """What was averaged at each delay."""
    dropped = {t for each in averaged.dropped for t in each.volumes}
    roles = tuple(Role.UNUSED if t in dropped else role for t, role in enumerate(series.roles))
    return images_of_delays(replace(series, roles=roles), averaged.pairs)


def _told(conventional: PerfusionMaps, denoised: PerfusionMaps, ready: Prepared) -> tuple[Finding, ...]:
    where = ready.grey if ready.grey.any() else ready.mask
    known = {
        kind: float(np.median(maps.cbf_error[where]))
        for kind, maps in (("conventional", conventional), ("denoised", denoised))
        if maps.cbf_error is not None
    }
    if len(known) < 2:
        return (
            note(
                "error-unknown",
                "Standard errors are not known of every map: a single pair (of each delay) does not tell its noise.",
            ),
        )
    return (
        note(
            "flow-error",
            f"The standard error of CBF in a voxel of grey matter is {known['conventional']:.1f} mL/100g/min in the "
            f"conventional and {known['denoised']:.1f} in the denoised map (medians). It holds for 68 % of the voxels "
            "of a brain, but where the network erred, as at a lesion that it faded, the denoised map is further off.",
        ),
    )
