"""Patches cut from real scans: from each as it was acquired, and from as many turned and shifted ones as it takes."""

from __future__ import annotations

import logging
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from deepasl.errors import InputError
from deepasl_trainer.invivo.patches import InVivoPatches, join
from deepasl_trainer.invivo.placement import LaidScan, draw_move, lay
from deepasl_trainer.invivo.rigid import STAY
from deepasl_trainer.invivo.scans import InVivoScan
from deepasl_trainer.invivo.settings import InVivoSettings
from deepasl_trainer.training.patches import cut, near, places_in
from deepasl_trainer.training.settings import PatchSettings

logger = logging.getLogger(__name__)


def patches_as_acquired(
    scans: Sequence[InVivoScan], slices: int, patches: PatchSettings, settings: InVivoSettings
) -> InVivoPatches:
    """All patches of scans as they are, for validation. A scan without one is left out with a warning.

    Args:
        scans: Scans of any people, of any matrix and number of pairs.
        slices: Neighbouring slices that the network sees, odd.
        patches: How scans are cut; its counts do not matter.
        settings: How examples are made.

    Raises:
        InputError: If there is not a single patch.
    """
    parts = {
        number: _cut(lay(scan, STAY, patches.size), slices, patches, settings) for number, scan in enumerate(scans)
    }
    for number in (number for number, part in parts.items() if part is None):
        logger.warning(
            "%s of %s is left out: no patch of %d voxels squared holds enough brain between its top and bottom slice.",
            *(scans[number].name, scans[number].person, patches.size),
        )
    return _all_of(list(parts.values()), patches)


def augmented_patches(
    scans: Sequence[InVivoScan], slices: int, patches: PatchSettings, settings: InVivoSettings
) -> InVivoPatches:
    """Exactly `patches.count` patches: all scans as acquired, then turned and shifted at random, again and again.

    Every scan is laid equally often; of the last round, patches are dropped at random. The same scans and settings
    give the same patches. They take `count` x pairs x `slices` x `size` squared x 2 bytes, twice that while they are
    joined: 1.7 GB for 18,000 patches of 40x40 with 30 pairs and one slice.

    Args:
        scans: Scans of the people to train on.
        slices: Neighbouring slices that the network sees, odd.
        patches: How scans are cut.
        settings: How scans are moved and examples made.

    Raises:
        InputError: If there is not a single patch.
    """
    names = " ".join(f"{scan.person}/{scan.name}" for scan in scans)
    rng = np.random.default_rng((settings.seed, zlib.crc32(names.encode())))
    rounds = [patches_as_acquired(scans, slices, patches, settings)]
    while (missing := patches.count - sum(len(one) for one in rounds)) > 0:
        moved = [lay(scan, draw_move(settings, patches.size, rng), patches.size) for scan in scans]
        rounds.append(_all_of([_cut(laid, slices, patches, settings) for laid in moved], patches))
    last = rounds[-1]
    kept = np.sort(rng.permutation(len(last))[: len(last) + missing])
    return join([*rounds[:-1], last.take(torch.from_numpy(kept))])


def augmented_by_person(
    people: Mapping[str, Sequence[InVivoScan]], slices: int, patches: PatchSettings, settings: InVivoSettings
) -> Mapping[str, InVivoPatches]:
    """Patches of each person apart, cut once for all folds: `invivo_patches.join` those of the people of a fold.

    All people but one have `patches.count` patches together. A person without any is left out with a warning.

    Args:
        people: Scans by person: see `invivo.read_people`.
        slices: Neighbouring slices that the network sees, odd.
        patches: How scans are cut.
        settings: How scans are moved and examples made.
    """
    share = replace(patches, count=math.ceil(patches.count / max(len(people) - 1, 1)))
    by_person: dict[str, InVivoPatches] = {}
    for name, scans in people.items():
        try:
            by_person[name] = augmented_patches(scans, slices, share, settings)
        except InputError as error:
            logger.warning("%s is left out: %s.", name, error.what)
    return by_person


def _cut(laid: LaidScan, slices: int, patches: PatchSettings, settings: InVivoSettings) -> InVivoPatches | None:
    """The patches of one scan; None if it has none."""
    places = places_in(laid.brain, patches.size, patches.least_brain)
    if not places:
        return None
    pairs = np.stack([cut(pair, places, slices).astype(np.float16) for pair in laid.pairs], axis=1)
    judged = near(laid.brain, patches.rim_voxels) & laid.scanned
    return InVivoPatches(
        pairs=torch.from_numpy(pairs),
        counts=torch.full((len(places),), pairs.shape[1], dtype=torch.int64),
        m0=torch.from_numpy(cut(laid.m0, places, slices)),
        cbf_per_percent=torch.from_numpy(cut(laid.cbf_per_percent, places, 1)[:, 0]),
        near_brain=torch.from_numpy(cut(judged, places, 1)[:, 0]),
        settings=settings,
    )


def _all_of(parts: Sequence[InVivoPatches | None], patches: PatchSettings) -> InVivoPatches:
    there = [part for part in parts if part is not None]
    if not there:
        raise InputError(
            f"no scan holds a patch of {patches.size}x{patches.size} voxels with enough brain in it",
            remedy="Use smaller patches, or a smaller least fraction of brain.",
        )
    return join(there)
