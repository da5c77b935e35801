"""A scan of a synthetic person: the difference signal, and the volumes a scanner would have given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepasl.acquisition.parameters import Source
from deepasl.phantom.artifacts import NO_ARTIFACTS, Artifacts
from deepasl.phantom.motion import moved
from deepasl.phantom.noise import unit_noise
from deepasl.phantom.protocol import Protocol
from deepasl.phantom.subject import Subject
from deepasl.phantom.transit import TransitMaps
from deepasl.quantification.buxton import by_slice, delay_of_slices, pcasl_gain
from deepasl.quantification.kinetics import apparent_t1, pcasl_signal
from deepasl.series import AslSeries, FloatArray, M0Scan, Role


def true_deltam(subject: Subject, protocol: Protocol) -> FloatArray:
    """The noise-free difference control minus label ``[k, j, i]``, scanner units.

    Without transit times it is `deepasl.quantification.buxton.pcasl_gain` turned round: quantifying it with
    `subject.m0` returns `subject.cbf`. With them it is `deepasl.quantification.kinetics.pcasl_signal`: the model with
    two parameters returns CBF and ATT.
    """
    pld = delay_of_slices(protocol.pld, protocol.slice_timing) if protocol.slice_timing else protocol.pld
    delay = np.broadcast_to(by_slice(pld, subject.cbf), subject.cbf.shape)
    if subject.transit is not None:
        return _arriving(subject, subject.transit, protocol, delay)
    gain = pcasl_gain(
        pld=delay,
        labeling_duration=protocol.labeling_duration,
        t1_blood=protocol.t1_blood,
        labeling_efficiency=protocol.labeling_efficiency,
        partition_coefficient=protocol.partition_coefficient,
    )
    deltam: FloatArray = (subject.cbf * subject.m0 / gain).astype(np.float32)
    return deltam


def acquire(
    subject: Subject,
    protocol: Protocol,
    *,
    noise_sd: float | FloatArray,
    seed: int,
    artifacts: Artifacts = NO_ARTIFACTS,
) -> AslSeries:
    """Scan a subject: M0 images, then pairs of control and label.

    Args:
        subject: Who is scanned.
        protocol: How.
        noise_sd: SD of the Gaussian noise of every image, scanner units; a number or a map ``[k, j, i]``.
        seed: Of the noise. The same seed gives the same scan.
        artifacts: What else spoils it. The head moves and the signal drifts; the noise of the scanner does neither.

    Raises:
        ValueError: If there are not as many poses as volumes.
    """
    geometry, roles = subject.tissue.geometry, protocol.roles()
    signal = _signals(subject, protocol)
    gains, poses = artifacts.gains(len(roles)), artifacts.poses_of(len(roles))
    spread = np.asarray(noise_sd, dtype=np.float32)
    rng = np.random.default_rng(seed)
    volumes = np.empty((len(roles), *geometry.shape), dtype=np.float32)
    for volume, role, gain, pose in zip(volumes, roles, gains, poses, strict=True):
        volume[:] = spread * unit_noise(geometry, artifacts.noise_fwhm_mm, rng)
        volume += gain * moved(signal[role], geometry, pose)
    return AslSeries(
        name="phantom_asl",
        volumes=volumes,
        geometry=geometry,
        roles=roles,
        acquisition=protocol.acquisition(),
        role_evidence=("the phantom was acquired in this order",),
        origin="phantom",
    )


def with_separate_m0(series: AslSeries) -> AslSeries:
    """The same scan with its M0 images in a file of their own.

    Raises:
        ValueError: If it has no M0 images.
    """
    included = series.indices(Role.M0SCAN)
    if not included:
        raise ValueError("there is no M0 image to take out of the series")
    kept = [t for t in range(len(series.roles)) if t not in included]
    delays = series.acquisition.post_labeling_delay.require()
    return replace(
        series,
        volumes=series.volumes[kept],
        roles=tuple(series.roles[t] for t in kept),
        acquisition=series.acquisition.with_values(
            Source.FILE, "phantom", post_labeling_delay=tuple(delays[t] for t in kept)
        ),
        m0scan=M0Scan(series.volumes_of(Role.M0SCAN), series.geometry, "phantom"),
    )


def _signals(subject: Subject, protocol: Protocol) -> dict[Role, FloatArray]:
    """The noise-free image of every role."""
    recovered = subject.m0 * np.float32(protocol.recovered_fraction())
    control = recovered * np.float32(protocol.static_fraction)
    return {Role.M0SCAN: recovered, Role.CONTROL: control, Role.LABEL: control - true_deltam(subject, protocol)}


def _arriving(subject: Subject, transit: TransitMaps, protocol: Protocol, delay: FloatArray) -> FloatArray:
    """The difference signal of blood that is still arriving; 0 where none flows."""
    flowing = (subject.cbf > 0.0) & (transit.t1 > 0.0)
    cbf = subject.cbf[flowing]
    deltam = np.zeros_like(subject.m0)
    deltam[flowing] = subject.m0[flowing] * pcasl_signal(
        cbf,
        att=transit.att[flowing],
        t1_apparent=apparent_t1(transit.t1[flowing], cbf, protocol.partition_coefficient),
        pld=delay[flowing],
        labeling_duration=protocol.labeling_duration,
        t1_blood=protocol.t1_blood,
        labeling_efficiency=protocol.labeling_efficiency,
        partition_coefficient=protocol.partition_coefficient,
    )
    return deltam
