"""From files of people to the patches of a training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepasl_trainer.anatomies import read_person
from deepasl_trainer.noise import MeasuredNoise
from deepasl_trainer.patches import Patches, collect
from deepasl_trainer.scans import SyntheticScan, draw_scan
from deepasl_trainer.settings import Settings


@dataclass(frozen=True)
class Prepared:
    """Patches, and what range of signal is in them.

    Attributes:
        patches: The patches.
        signal_percent: Lowest and highest mean grey-matter signal of a scan, in percent of mean M0.
    """

    patches: Patches
    signal_percent: tuple[float, float]


def prepare(
    files: tuple[Path, ...],
    measured: MeasuredNoise,
    settings: Settings,
    count: int,
    seed: int,
    report: Callable[[SyntheticScan], object] = lambda scan: None,
) -> Prepared:
    """Scan all people on all grids and cut patches; the same seed gives the same patches.

    Args:
        files: Label maps.
        measured: The measured noise.
        settings: What is drawn.
        count: How many patches to keep.
        seed: Of all draws, beside that of the settings.
        report: Called after each scan, for progress.
    """
    rng = np.random.default_rng((settings.scans.seed, seed))
    signals: list[float] = []

    def scans() -> Iterator[SyntheticScan]:
        for scan in _all_scans(files, measured, settings, rng):
            signals.append(scan.grey_signal)
            report(scan)
            yield scan

    patches = collect(scans(), settings.patches, count, rng)
    return Prepared(patches, (float(np.nanmin(signals)), float(np.nanmax(signals))))


def scans_of_a_person(settings: Settings) -> int:
    """How many scans of each person are made."""
    return sum(grid.per_person for grid in settings.scans.grids)


def _all_scans(
    files: tuple[Path, ...], measured: MeasuredNoise, settings: Settings, rng: np.random.Generator
) -> Iterator[SyntheticScan]:
    for file in files:
        person = read_person(file)
        for grid in settings.scans.grids:
            for _ in range(grid.per_person):
                yield draw_scan(person, grid.voxel, measured, settings.scans, settings.patches.size, rng)
