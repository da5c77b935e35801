"""Where patches come from: synthetic scans of real anatomies, or real scans. People are named, and kept whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch

from deepasl.denoising.registry import Domain
from deepasl.errors import InputError
from deepasl_trainer.invivo.cutting import augmented_patches, patches_as_acquired
from deepasl_trainer.invivo.scans import InVivoScan, read_people
from deepasl_trainer.people.anatomies import find_people, person_name
from deepasl_trainer.people.bids import find_bids_people
from deepasl_trainer.synthetic.averaging import averaged_noise_percent
from deepasl_trainer.synthetic.noise import read_measured_noise
from deepasl_trainer.synthetic.patches import AnatomyPatches, SyntheticPatches
from deepasl_trainer.synthetic.preparation import Scanner, patches_of_people
from deepasl_trainer.training.examples import PatchSet
from deepasl_trainer.training.networks import build_network
from deepasl_trainer.training.settings import Settings

Report = Callable[[str], object]
"""Told the name of each person whose patches are there."""


@dataclass(frozen=True)
class Prepared:
    """Patches to train on.

    Attributes:
        patches: The patches.
        domain: What a network sees that is trained on them.
    """

    patches: PatchSet
    domain: Domain


class Data(Protocol):
    """People to train and validate on."""

    @property
    def names(self) -> tuple[str, ...]:
        """Everybody, each once."""
        ...

    def training(self, names: Sequence[str], report: Report) -> Prepared:
        """Patches of these people, each as often as the settings ask for."""
        ...

    def validation(self, names: Sequence[str], report: Report) -> PatchSet:
        """Patches of other people, to choose the checkpoint on."""
        ...


class SyntheticData:
    """Synthetic scans of label maps."""

    def __init__(self, anatomies: Path, noise: Path, settings: Settings, cache: Path) -> None:
        """Nothing is scanned yet.

        Args:
            anatomies: Folder of label maps, one for each person.
            noise: The measured noise: see `deepasl_trainer.synthetic.noise`.
            settings: What is scanned and drawn.
            cache: Folder for the patches of each person.

        Raises:
            InputError: If the folder holds no label map, the noise cannot be read, or the settings are for real scans.
        """
        if settings.scans is None or settings.draws is None:
            raise InputError("these settings are for real scans", remedy="Name a BIDS folder (--bids).")
        self._files = {person_name(file): file for file in find_people(anatomies)}
        self._patches, self._draws, self._cache = settings.patches, settings.draws, cache
        slices = build_network(settings.model).spec.slices
        self._scanner = Scanner(settings.scans, settings.patches, slices, read_measured_noise(noise))

    @property
    def names(self) -> tuple[str, ...]:
        """Everybody with a label map."""
        return tuple(self._files)

    def training(self, names: Sequence[str], report: Report) -> Prepared:
        """See `Data`."""
        patches = self._of(names, self._patches.count, report)
        return Prepared(SyntheticPatches(patches, self._draws), self._domain(patches))

    def validation(self, names: Sequence[str], report: Report) -> PatchSet:
        """See `Data`."""
        return SyntheticPatches(self._of(names, self._patches.validation_count, report), self._draws)

    def _of(self, names: Sequence[str], count: int, report: Report) -> AnatomyPatches:
        return patches_of_people([self._files[name] for name in names], self._scanner, count, self._cache, report)

    def _domain(self, patches: AnatomyPatches) -> Domain:
        voxels = [grid.voxel for grid in self._scanner.scans.grids]
        noise, (low, high) = self._draws.noise, self._draws.flow.grey_cbf
        measured = noise.measured_scale * patches.noise_percent
        levels = [averaged_noise_percent(measured, noise.pairs * fraction) for fraction in noise.fractions]
        ends = [float(end) for level in levels for end in (level.min(), level.max())]
        # Grey matter has about the mean M0 of the brain; the last slices of long 2D scans are too few to tell of.
        shortest, longest = torch.quantile(patches.gain[:, 0], torch.tensor([0.05, 0.95])).tolist()
        broad = noise.broad_percent if noise.measured_share < 1.0 else ()
        return Domain(
            in_plane_mm=_range(size for voxel in voxels for size in voxel[:2]),
            slice_mm=_range(voxel[2] for voxel in voxels),
            noise_percent=_range([*(ends if noise.measured_share else ()), *broad]),
            signal_percent=(100.0 * low / longest, 100.0 * high / shortest),
        )


class InVivoData:
    """Real scans of a BIDS data set."""

    def __init__(self, bids: Path, settings: Settings) -> None:
        """Read and prepare all scans.

        Raises:
            InputError: If none can be used, or the settings are for synthetic scans.
        """
        if settings.invivo is None:
            raise InputError(
                "these settings are for synthetic scans", remedy="Name a folder of label maps (--anatomies)."
            )
        self._settings, self._patches = settings.invivo, settings.patches
        self._slices = build_network(settings.model).spec.slices
        self.people: Mapping[str, tuple[InVivoScan, ...]] = read_people(find_bids_people(bids), settings.invivo)

    @property
    def names(self) -> tuple[str, ...]:
        """Everybody with a usable scan."""
        return tuple(self.people)

    def training(self, names: Sequence[str], report: Report) -> Prepared:
        """See `Data`."""
        scans = self._of(names, report)
        return Prepared(augmented_patches(scans, self._slices, self._patches, self._settings), self._domain(scans))

    def validation(self, names: Sequence[str], report: Report) -> PatchSet:
        """See `Data`."""
        return patches_as_acquired(self._of(names, report), self._slices, self._patches, self._settings)

    def _of(self, names: Sequence[str], report: Report) -> list[InVivoScan]:
        for name in names:
            report(name)
        return [scan for name in names for scan in self.people[name]]

    def _domain(self, scans: Sequence[InVivoScan]) -> Domain:
        spacings = [scan.observation.geometry.spacing for scan in scans]
        return Domain(
            in_plane_mm=_range(size for spacing in spacings for size in spacing[:2]),
            slice_mm=_range(spacing[2] for spacing in spacings),
            noise_percent=_range(
                scan.observation.noise_percent / fraction**0.5
                for scan in scans
                for fraction in self._settings.fractions
            ),
            signal_percent=_range(scan.signal_percent for scan in scans),
        )


def _range(values: Iterable[float]) -> tuple[float, float]:
    every = list(values)
    return (float(min(every)), float(max(every)))
