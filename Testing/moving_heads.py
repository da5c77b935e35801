"""Phantom heads that moved before they were imaged: the anatomy is scanned in each pose, nothing is resampled."""

import functools

import numpy as np

from deepasl.geometry import Geometry
from deepasl.motion.rigid import Matrix
from deepasl.phantom import Pose, Protocol, default_anatomy, make_subject, true_deltam
from deepasl.phantom.motion import pose_transform
from deepasl.series import AslSeries, FloatArray, Role
from phantom_scans import COARSE

TONES = (1000.0, 850.0, 1200.0)
"""Grey matter, white matter and CSF without background suppression."""

INVERTED_TONES = (50.0, 90.0, 20.0)
"""What 5 % of it may look like with background suppression: white matter brightest, CSF nearly gone."""


def seen_from_the_head(geometry: Geometry, pose: Pose) -> Geometry:
    """Where the voxels of the scanner lie in a head that took this pose."""
    transform = pose_transform(pose, geometry)
    back, center = np.reshape(transform.GetMatrix(), (3, 3)).T, np.array(transform.GetCenter())
    origin = back @ (np.array(geometry.origin) - center - transform.GetTranslation()) + center
    direction = back @ np.reshape(geometry.direction, (3, 3))
    return Geometry(geometry.shape, geometry.spacing, tuple(origin.tolist()), tuple(direction.ravel().tolist()))


AT_EASE = Pose()


@functools.cache
def head(pose: Pose = AT_EASE, geometry: Geometry = COARSE) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Grey matter, white matter, CSF and the difference signal of a head in this pose."""
    tissue = default_anatomy(seen_from_the_head(geometry, pose))
    return tissue.grey, tissue.white, tissue.csf, true_deltam(make_subject(tissue), Protocol())


def image(
    pose: Pose = AT_EASE,
    role: Role = Role.CONTROL,
    *,
    tones: tuple[float, float, float] = TONES,
    perfusion: float = 1.0,
    geometry: Geometry = COARSE,
) -> FloatArray:
    """A noise-free image of the head; `perfusion` multiplies its blood flow."""
    *tissues, deltam = head(pose, geometry)
    volume = sum(tone * tissue for tone, tissue in zip(tones, tissues, strict=True))
    return (volume - (perfusion * deltam if role is Role.LABEL else 0.0)).astype(np.float32)


def scan(volumes: list[FloatArray], roles: list[Role], *, noise_sd: float, seed: int = 1) -> AslSeries:
    """These images with noise, as a series."""
    noise = np.random.default_rng(seed).normal(0.0, noise_sd, (len(volumes), *COARSE.shape))
    return AslSeries(
        "moving_head",
        (np.stack(volumes) + noise).astype(np.float32),
        COARSE,
        tuple(roles),
        Protocol().acquisition(),
        origin="phantom",
    )


def pose_matrix(pose: Pose, geometry: Geometry = COARSE) -> Matrix:
    """The phantom's pose as a matrix."""
    transform = pose_transform(pose, geometry)
    rotation, center = np.reshape(transform.GetMatrix(), (3, 3)), np.array(transform.GetCenter())
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = center + transform.GetTranslation() - rotation @ center
    return matrix
