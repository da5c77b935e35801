"""From files of people to patches: scanned once for each person, and kept for the next training."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import logging
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch

from deepasl.errors import InputError
from deepasl_trainer.people.anatomies import person_name, read_person
from deepasl_trainer.synthetic.noise import MeasuredNoise
from deepasl_trainer.synthetic.patches import AnatomyPatches, cut_anatomy, joined
from deepasl_trainer.synthetic.placement import PlacedPerson, place
from deepasl_trainer.training.runs import write_atomically
from deepasl_trainer.training.settings import PatchSettings, ScanSettings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Scanner:
    """All that the patches of a person depend on, the person apart.

    Attributes:
        scans: How people are scanned.
        patches: How scans are cut.
        slices: Neighbouring slices of each patch.
        measured: The measured noise.
    """

    scans: ScanSettings
    patches: PatchSettings
    slices: int
    measured: MeasuredNoise

    def key(self) -> str:
        """A name for these numbers: patches with another key are other patches."""
        scans = dataclasses.asdict(self.scans)
        cutting = {name: getattr(self.patches, name) for name in ("size", "least_brain", "rim_voxels")}
        content = json.dumps([scans, cutting, self.slices]).encode() + self.measured.sd.tobytes()
        return hashlib.sha256(content).hexdigest()[:12]


def patches_of_people(
    files: Sequence[Path],
    scanner: Scanner,
    count: int,
    cache: Path,
    report: Callable[[str], object] = lambda person: None,
) -> AnatomyPatches:
    """At most `count` patches of people, drawn without preference.

    Every person is scanned with a seed of their own, so that the patches do not depend on who else is there.

    Args:
        files: Label maps.
        scanner: How they are scanned.
        count: How many patches to keep.
        cache: Folder in which the patches of each person are kept, and found again.
        report: Called with the name of each person whose patches are there.

    Raises:
        InputError: If a label map cannot be used, or there is not a single patch.
        OutputError: If the cache cannot be written.
    """
    parts = []
    for file in files:
        parts.append(_patches_of(file, scanner, cache))
        report(person_name(file))
    everything = joined(parts)
    if not len(everything):
        side = scanner.patches.size
        raise InputError(
            f"no scan holds a patch of {side}x{side} voxels with brain in it", remedy="Use smaller patches or voxels."
        )
    if len(everything) < count:
        logger.warning("%d patches were asked for, the scans hold %d", count, len(everything))
    order = np.random.default_rng(scanner.scans.seed).permutation(len(everything))[:count]
    return everything.take(torch.from_numpy(order))


def scans_of(file: Path, scanner: Scanner) -> Iterator[PlacedPerson]:
    """All scans of a person; the same each time."""
    person = read_person(file)
    # Of the name, not Python's hash(), which differs from run to run.
    rng = np.random.default_rng((scanner.scans.seed, zlib.crc32(person.name.encode())))
    for grid in scanner.scans.grids:
        for _ in range(grid.per_person):
            yield place(person, grid.voxel, scanner.measured, scanner.scans, scanner.patches.size, rng)


def _patches_of(file: Path, scanner: Scanner, cache: Path) -> AnatomyPatches:
    kept = cache / f"{person_name(file)}-{scanner.key()}.pt"
    if kept.is_file():
        try:
            return AnatomyPatches(*torch.load(kept, weights_only=True))
        except (OSError, RuntimeError, EOFError, TypeError, KeyError, ValueError, UnpicklingError) as error:
            logger.warning("%s is damaged (%s) and made again", kept, error)
    patches = joined([cut_anatomy(scan, scanner.patches, scanner.slices) for scan in scans_of(file, scanner)])
    content = io.BytesIO()
    torch.save(list(patches.tensors()), content)
    write_atomically(kept, content.getvalue())
    return patches
