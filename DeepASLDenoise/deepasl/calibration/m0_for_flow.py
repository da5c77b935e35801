"""The M0 that flow is divided by: as it was measured, without its noise, or from one tissue."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from deepasl.acquisition.parameters import Acquisition
from deepasl.calibration.reference import (
    BLOOD_DECAY,
    REFERENCE_TISSUES,
    Echo,
    ReferenceTissue,
    blood_m0,
    reference_region,
    reference_signal,
    require_enough,
)
from deepasl.calibration.settings import M0Method, M0Settings, M0Smoothing
from deepasl.calibration.smoothing import smoothed_m0
from deepasl.errors import AcquisitionError
from deepasl.findings import Finding, note, warning
from deepasl.results import BoolArray, M0Map
from deepasl.series import AslSeries, FloatArray, Role, mean_in

CONSTANTS_FIELD_STRENGTH = (2.7, 3.3)
"""In T: where T1 and T2 of the reference tissues were measured."""

CREDIBLE_RATIO = (0.75, 1.33)
"""M0 from a tissue over mean M0 of the brain as it was measured: partition coefficients and decay leave no more."""


def m0_for_flow(
    measured: M0Map,
    series: AslSeries,
    acquisition: Acquisition,
    settings: M0Settings,
    mask: BoolArray,
    deltam: FloatArray,
    region: BoolArray | None = None,
) -> tuple[M0Map, tuple[Finding, ...]]:
    """What flow is to be divided by.

    The measured M0 stays what brains and tissues are found in, and what a network is shown.

    Args:
        measured: As `deepasl.calibration.m0.m0_map` gave it.
        series: The scan.
        acquisition: Its parameters, defaults filled in.
        settings: What the user chose; as they stand, `measured` itself is returned.
        mask: The brain ``[k, j, i]``.
        deltam: Control minus label ``[k, j, i]``, to find a reference tissue by.
        region: The reference tissue ``[k, j, i]``, where it is known better.

    Returns:
        M0 of tissue, and what was done.

    Raises:
        AcquisitionError: If the repetition time of M0 is not known, without which a tissue tells nothing.
        InputError: If there is too little of the reference tissue.
    """
    if settings.method is not M0Method.VOXELWISE:
        tr = _known_repetition_time(measured, series, acquisition, REFERENCE_TISSUES[settings.method])
        if region is None:
            image = _as_measured(measured)
            region = reference_region(settings.method, image, deltam, mask, series.geometry)
        else:
            region = require_enough(region & mask, series.geometry, "the mask of the reference tissue is too small")
        m0, findings = _from_tissue(measured, region, tr, settings, acquisition)
        return m0, (*findings, *_doubts(m0, mean_in(measured.volume, mask)))
    if settings.smoothing is M0Smoothing.NONE:
        return measured, ()
    smooth = replace(measured, volume=smoothed_m0(measured.volume, mask), origin=f"{measured.origin}, median filtered")
    told = note("m0-smoothed", "M0 was filtered by a median of 3x3x3 voxels and continued into the rim of the brain.")
    return smooth, (told,)


def _from_tissue(
    measured: M0Map, region: BoolArray, repetition_time: float, settings: M0Settings, acquisition: Acquisition
) -> tuple[M0Map, tuple[Finding, ...]]:
    """One number for the whole brain."""
    tissue, echo, voxels = REFERENCE_TISSUES[settings.method], _echo(acquisition), int(region.sum())
    signal = reference_signal(settings.method, _as_measured(measured), region)
    blood = blood_m0(signal, tissue, repetition_time=repetition_time, echo_time=settings.echo_time, echo=echo)
    value = blood * acquisition.partition_coefficient.require()
    origin = f"{tissue.title} in {voxels} voxels of the {measured.origin}"
    told = note(
        "m0-reference",
        f"One M0 of {value:.4g} stands for the whole brain: {tissue.title} has {signal:.4g} in {voxels} voxels at TR "
        f"{repetition_time:g} s. The receive field of the coil is not taken out by it.",
    )
    m0 = M0Map(np.full_like(measured.volume, value), origin, 1.0, measured.volumes)
    return m0, (told, *_decay_told(settings, echo), *_field_told(acquisition))


def _as_measured(m0: M0Map) -> FloatArray:
    """Without the recovery that was put in with the T1 of grey matter."""
    image: FloatArray = m0.volume / np.float32(m0.recovery)
    return image


def _known_repetition_time(m0: M0Map, series: AslSeries, acquisition: Acquisition, tissue: ReferenceTissue) -> float:
    """Of the image that M0 was taken from: control images stand in where there is no M0 scan."""
    stand_in = any(series.roles[t] is Role.CONTROL for t in m0.volumes)
    repetition_time = acquisition.repetition_time if stand_in else acquisition.m0_repetition_time
    if not repetition_time.known:
        raise AcquisitionError(
            f"the repetition time of the M0 image is not known, and {tissue.title} has a T1 of {tissue.t1:g} s",
            where=series.origin,
            remedy="Give it (command line: --m0-tr), or use M0 voxel by voxel.",
        )
    return repetition_time.require()


def _echo(acquisition: Acquisition) -> Echo:
    """2D readouts of ASL are gradient-echo EPI as a rule, 3D readouts GRASE or spirals of spin echoes."""
    return Echo.GRADIENT if acquisition.readout.value == "2D" else Echo.SPIN


def _doubts(m0: M0Map, voxelwise: float) -> tuple[Finding, ...]:
    """Whether one number for the brain is what its voxels have on average."""
    ratio, (low, high) = float(m0.volume.flat[0]) / voxelwise, CREDIBLE_RATIO
    if low <= ratio <= high:
        return ()
    return (
        warning(
            "m0-reference-disagrees",
            f"M0 from the reference is {ratio:.2f} times the mean M0 of the brain, and CBF smaller by that factor. "
            "Either the repetition or the echo time is not that of the M0 image (the first image of a series is fully "
            "recovered, whatever its header says), or the reference is not what it is taken for.",
        ),
    )


def _decay_told(settings: M0Settings, echo: Echo) -> tuple[Finding, ...]:
    tissue = REFERENCE_TISSUES[settings.method]
    if settings.echo_time is None:
        per_10_ms = 100.0 * math.expm1(0.01 / tissue.decay[echo] - 0.01 / BLOOD_DECAY[echo])
        return (
            warning(
                "m0-echo-time",
                f"The echo time of the M0 image was not given, until which {tissue.title} decays otherwise than blood: "
                f"CBF is off by about {per_10_ms:+.0f} % for each 10 ms of it ({echo.value}).",
            ),
        )
    return (note("m0-decay", f"Decay until the echo at {1000.0 * settings.echo_time:g} ms: that of a {echo.value}."),)


def _field_told(acquisition: Acquisition) -> tuple[Finding, ...]:
    low, high = CONSTANTS_FIELD_STRENGTH
    field = acquisition.magnetic_field_strength.value
    if field is None or low <= field <= high:
        return ()
    return (
        warning(
            "m0-reference-field", f"T1 and T2 of reference tissues are those at 3 T; the scan was made at {field:g} T."
        ),
    )
