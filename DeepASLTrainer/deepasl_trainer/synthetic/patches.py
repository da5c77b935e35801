"""Patches of anatomy, whose flow, M0 and noise are drawn every time they are seen: no two examples are the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from deepasl_trainer.synthetic.arrival import Sampling, at_delays, at_one_delay, draw_att
from deepasl_trainer.synthetic.averaging import draw_noise_level
from deepasl_trainer.synthetic.contrast import draw_m0
from deepasl_trainer.synthetic.flow import draw_flow
from deepasl_trainer.synthetic.placement import PlacedPerson
from deepasl_trainer.synthetic.random_draws import chance
from deepasl_trainer.training.examples import Arrival, Examples
from deepasl_trainer.training.patches import cut, near, places_in
from deepasl_trainer.training.settings import DrawSettings, PatchSettings

FULL = 255.0
"""A partial volume of 1 as it is stored."""

PURE = 0.9
"""Partial volume from which on a voxel is called one tissue."""


@dataclass(frozen=True)
class AnatomyPatches:
    """Patches of placed people; s neighbouring slices, the middle one is to be denoised.

    Attributes:
        tissue: Partial volumes of grey matter, white matter and CSF ``[n, 3, s, h, w]`` uint8, 255 for 1.
        brain: Brain ``[n, s, h, w]`` bool.
        near_brain: Where the removed noise counts ``[n, h, w]`` bool.
        noise_shape: Measured noise SD over its mean in the brain ``[n, s, h, w]`` float16.
        noise_percent: That mean for one image ``[n]``, percent of mean M0.
        gain: CBF per unit of dM/M0 of each slice ``[n, s]``.
        brain_mean: Mean partial volumes in the brain of the scan ``[n, 3]``.
        voxel: Voxel size (i, j, k) in mm ``[n, 3]``.
    """

    tissue: Tensor
    brain: Tensor
    near_brain: Tensor
    noise_shape: Tensor
    noise_percent: Tensor
    gain: Tensor
    brain_mean: Tensor
    voxel: Tensor

    def __len__(self) -> int:
        return len(self.tissue)

    def take(self, chosen: Tensor) -> AnatomyPatches:
        """The patches with these numbers."""
        return AnatomyPatches(*(one[chosen] for one in self.tensors()))

    def to(self, device: torch.device | str) -> AnatomyPatches:
        """The same patches on another device."""
        return AnatomyPatches(*(one.to(device) for one in self.tensors()))

    def tensors(self) -> tuple[Tensor, ...]:
        """All tensors in order of the fields."""
        return tuple(getattr(self, field.name) for field in dataclasses.fields(self))


@dataclass(frozen=True)
class SyntheticPatches:
    """`deepasl_trainer.training.examples.PatchSet` of synthetic scans.

    Attributes:
        anatomy: The patches.
        settings: What is drawn each time.
    """

    anatomy: AnatomyPatches
    settings: DrawSettings

    def __len__(self) -> int:
        return len(self.anatomy)

    def to(self, device: torch.device | str) -> Self:
        """The same patches on another device."""
        return dataclasses.replace(self, anatomy=self.anatomy.to(device))

    def draw(self, chosen: Tensor, generator: torch.Generator) -> Examples:
        """Examples of the chosen patches: see `PatchSet.draw`."""
        patches, drawn = self.anatomy.take(chosen), self.settings
        tissue, brain = patches.tissue.float() / FULL, patches.brain
        flow = draw_flow(tissue, brain, patches.voxel, drawn.flow, generator)
        m0 = draw_m0(tissue, brain, patches.brain_mean, patches.voxel, drawn.m0, generator)
        level = draw_noise_level(patches.noise_shape.float(), patches.noise_percent, drawn.noise, generator)
        sampling = self._sampling(patches, tissue, generator)
        delays, middle = sampling.cbf.shape[1], brain.shape[1] // 2
        noise = torch.stack([level.draw(generator) for _ in range(delays)], dim=1)
        noisy = 100.0 * (flow.cbf * m0.true)[:, None] * sampling.per_flow + noise
        there = _present_slices(brain, drawn.end_share, generator)
        in_brain = brain[:, middle] & (m0.true[:, middle] > 0)
        per_percent = in_brain / (100.0 * torch.where(in_brain, m0.true[:, middle], 1.0))
        return Examples(
            noisy=(noisy * there[:, None]).flatten(0, 1),
            m0=(m0.seen * there).repeat_interleave(delays, dim=0),
            noise=noise[:, :, middle].flatten(0, 1),
            cbf_per_percent=(sampling.cbf * per_percent[:, None]).flatten(0, 1),
            near_brain=patches.near_brain.repeat_interleave(delays, dim=0),
            lesion=flow.lesion[:, middle] - 1.0,
            tissue=tissue[:, :2, middle] >= PURE,
            arrival=_arrival(sampling, per_percent),
        )

    def _sampling(self, patches: AnatomyPatches, tissue: Tensor, generator: torch.Generator) -> Sampling:
        arrival = self.settings.arrival
        if arrival is None:
            return at_one_delay(patches.gain)
        return at_delays(draw_att(tissue, patches.voxel, arrival, generator), arrival)


def _arrival(sampling: Sampling, per_percent: Tensor) -> Arrival | None:
    if sampling.moment is None or sampling.att is None:
        return None
    moment = (sampling.moment * per_percent[:, None]).flatten(0, 1)
    return Arrival(sampling.moment.shape[1], sampling.att, moment)


def cut_anatomy(scan: PlacedPerson, settings: PatchSettings, slices: int) -> AnatomyPatches:
    """All patches of a placed person that hold enough brain."""
    places = places_in(scan.brain, settings.size, settings.least_brain)
    count, side = len(places), settings.size
    fractions = (scan.tissue.grey, scan.tissue.white, scan.tissue.csf)
    if not places:
        return _empty(slices, side)
    tissue = np.stack([np.rint(FULL * cut(part, places, slices)).astype(np.uint8) for part in fractions], axis=1)
    gain = np.pad(scan.gain, slices // 2, mode="edge")
    return AnatomyPatches(
        tissue=torch.from_numpy(tissue),
        brain=torch.from_numpy(cut(scan.brain, places, slices)),
        near_brain=torch.from_numpy(cut(near(scan.brain, settings.rim_voxels), places, 1)[:, 0]),
        noise_shape=torch.from_numpy(cut(scan.noise_shape, places, slices)).half(),
        noise_percent=torch.full((count,), scan.noise_percent),
        gain=torch.from_numpy(np.stack([gain[one.k : one.k + slices] for one in places])).float(),
        brain_mean=torch.tensor([float(part[scan.brain].mean()) for part in fractions]).repeat(count, 1),
        voxel=torch.tensor(scan.geometry.spacing, dtype=torch.float32).repeat(count, 1),
    )


def joined(parts: Sequence[AnatomyPatches]) -> AnatomyPatches:
    """All patches together."""
    return AnatomyPatches(*(torch.cat(columns) for columns in zip(*(part.tensors() for part in parts), strict=True)))


def _empty(slices: int, side: int) -> AnatomyPatches:
    stack = (0, slices, side, side)
    return AnatomyPatches(
        tissue=torch.empty((0, 3, slices, side, side), dtype=torch.uint8),
        brain=torch.empty(stack, dtype=torch.bool),
        near_brain=torch.empty((0, side, side), dtype=torch.bool),
        noise_shape=torch.empty(stack, dtype=torch.float16),
        noise_percent=torch.empty(0),
        gain=torch.empty((0, slices)),
        brain_mean=torch.empty((0, 3)),
        voxel=torch.empty((0, 3)),
    )


def _present_slices(brain: Tensor, end_share: float, generator: torch.Generator) -> Tensor:
    """0 for the slices that a patch near the end of a scan would not have, 1 for the others, ``[n, s, 1, 1]``."""
    count, slices = brain.shape[:2]
    beside = slices // 2
    left = torch.randint(max(beside, 1), (count, 1), generator=generator, device=brain.device)
    side = torch.where(chance(0.5, (count, 1), generator), 1, -1)
    offset = torch.arange(slices, device=brain.device) - beside
    beyond = (side * offset > left) & chance(end_share, (count, 1), generator)
    return (~beyond).float()[:, :, None, None]
