"""Scans cut into square, non-overlapping patches, and people kept apart."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from scipy import ndimage

from deepasl.errors import InputError
from deepasl.results import BoolArray
from deepasl.series import FloatArray
from deepasl_trainer.anatomies import person_name
from deepasl_trainer.scans import SyntheticScan
from deepasl_trainer.settings import PatchSettings, PeopleSettings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Split:
    """Files of people, no person in two groups."""

    training: tuple[Path, ...]
    validation: tuple[Path, ...]
    test: tuple[Path, ...]


@dataclass(frozen=True)
class Patches:
    """Noise-free patches, intensities in percent of mean M0.

    Attributes:
        deltam: Difference images ``[n, h, w]``.
        m0: M0 ``[n, h, w]``; 0 outside the brain.
        noise_shape: Measured noise SD over its mean in the brain ``[n, h, w]``.
        noise_percent: That mean, for one image ``[n]``.
        gain: CBF per unit of dM/M0 ``[n]``.
        near_brain: Where the removed noise counts ``[n, h, w]``.
    """

    deltam: FloatArray
    m0: FloatArray
    noise_shape: FloatArray
    noise_percent: FloatArray
    gain: FloatArray
    near_brain: BoolArray

    def __len__(self) -> int:
        return len(self.deltam)

    def take(self, chosen: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.int64]]) -> Patches:
        """The patches with these numbers."""
        return Patches(*(getattr(self, field.name)[np.asarray(chosen)] for field in fields(self)))


def split_people(files: Sequence[Path], people: PeopleSettings) -> Split:
    """Who is trained on, validated on and tested on.

    Raises:
        InputError: If a person is named twice or is not there, or nobody is left for training.
    """
    kept_out = people.validation + people.test
    if twice := {name for name in kept_out if kept_out.count(name) > 1}:
        raise InputError(f"{', '.join(sorted(twice))} would be in two groups", remedy="Name each person once.")
    by_name = {person_name(file): file for file in files}
    if absent := [name for name in kept_out if name not in by_name]:
        raise InputError(
            f"there is no label map of {', '.join(absent)}", remedy=f"There are: {', '.join(by_name) or 'none'}."
        )
    training = tuple(file for name, file in by_name.items() if name not in kept_out)
    if not training:
        raise InputError("nobody is left to train on", remedy="Keep fewer people for validation and test.")
    return Split(
        training, tuple(by_name[name] for name in people.validation), tuple(by_name[name] for name in people.test)
    )


def windows(height: int, width: int, size: int) -> Iterator[tuple[slice, slice]]:
    """Non-overlapping squares that cover a plane whose sides are multiples of `size`."""
    if height % size or width % size:
        raise ValueError(f"{size} does not divide {height}x{width}")
    for row in range(0, height, size):
        for column in range(0, width, size):
            yield slice(row, row + size), slice(column, column + size)


def cut(scan: SyntheticScan, settings: PatchSettings) -> Patches:
    """All patches of a scan that hold enough brain, the top and bottom slices of the brain left out."""
    in_plane = ndimage.generate_binary_structure(3, 1) & np.array([False, True, False])[:, None, None]
    near = ndimage.binary_dilation(scan.brain, in_plane, iterations=settings.rim_voxels)
    filled = np.flatnonzero(scan.brain.any(axis=(1, 2)))
    places = [
        (k, *window)
        for k in filled[1:-1].tolist()
        for window in windows(scan.brain.shape[1], scan.brain.shape[2], settings.size)
        if scan.brain[(k, *window)].mean() >= settings.least_brain
    ]
    empty = np.empty((0, settings.size, settings.size))

    def stack(volume: FloatArray | BoolArray) -> FloatArray:
        return np.stack([volume[place] for place in places]) if places else empty.astype(volume.dtype)

    return Patches(
        deltam=stack(scan.deltam),
        m0=stack(scan.m0),
        noise_shape=stack(scan.noise_shape),
        noise_percent=np.full(len(places), scan.noise_percent, dtype=np.float32),
        gain=np.array([scan.gain[k] for k, *_ in places], dtype=np.float32),
        near_brain=stack(near).astype(np.bool_),
    )


def collect(scans: Iterable[SyntheticScan], settings: PatchSettings, count: int, rng: np.random.Generator) -> Patches:
    """At most `count` patches of all scans, drawn without preference.

    Raises:
        InputError: If there is not a single patch.
    """
    parts = [cut(scan, settings) for scan in scans]
    everything = Patches(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Patches)))
    if not len(everything):
        raise InputError(
            f"no scan holds a patch of {settings.size}x{settings.size} voxels with brain in it",
            remedy="Use smaller patches or voxels.",
        )
    if len(everything) < count:
        logger.warning("%d patches were asked for, the scans hold %d", count, len(everything))
    return everything.take(rng.permutation(len(everything))[:count])
