"""Patches that hold the measured pairs of real scans; which of them are averaged is drawn each time a patch is seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import torch
from torch import Tensor

from deepasl_trainer.invivo.references import choose, mean_of, shuffle
from deepasl_trainer.invivo.settings import InVivoSettings
from deepasl_trainer.synthetic.random_draws import chance
from deepasl_trainer.training.examples import Examples


@dataclass(frozen=True)
class InVivoPatches:
    """Patches of real scans, a `deepasl_trainer.training.examples.PatchSet`.

    Scans have different numbers of pairs: there is room for those of the longest, filled up with zeros.

    Attributes:
        pairs: Control minus label ``[n, p, s, h, w]`` float16, percent of mean M0.
        counts: How many of the `p` are pairs ``[n]`` int64.
        m0: M0 as a fraction of its mean in the brain ``[n, s, h, w]``; 0 outside the brain.
        cbf_per_percent: CBF in mL/100g/min of 1 % of mean M0 ``[n, h, w]``; 0 outside the brain.
        near_brain: Where the removed noise counts ``[n, h, w]`` bool.
        settings: How examples are made of them.
    """

    pairs: Tensor
    counts: Tensor
    m0: Tensor
    cbf_per_percent: Tensor
    near_brain: Tensor
    settings: InVivoSettings

    def __len__(self) -> int:
        return len(self.pairs)

    def to(self, device: torch.device | str) -> Self:
        """The same patches on another device."""
        return self._each(lambda tensor: tensor.to(device))

    def take(self, chosen: Tensor) -> Self:
        """The patches with these numbers ``[m]`` int64."""
        return self._each(lambda tensor: tensor[chosen])

    def draw(self, chosen: Tensor, generator: torch.Generator) -> Examples:
        """Examples of the chosen patches, each with pairs, noise level and mirroring of its own.

        `Examples.noise` is the noisy image less its reference, and so holds the noise of both.

        Args:
            chosen: Numbers of patches ``[n]`` int64, on the device of the patches.
            generator: The source of all randomness, on the same device.
        """
        pairs, counts = self.pairs[chosen], self.counts[chosen]
        middle = pairs.shape[2] // 2
        levels = torch.tensor(self.settings.fractions, device=pairs.device)
        level = torch.randint(len(levels), (len(chosen),), generator=generator, device=pairs.device)
        ranks = shuffle(counts, pairs.shape[1], generator)
        averaged, compared = choose(ranks, counts, levels[level], self.settings.reference)
        noisy = mean_of(pairs, averaged)
        is_mirrored = chance(self.settings.mirror_share, (len(chosen),), generator)
        return _mirrored(
            Examples(
                noisy=noisy,
                m0=self.m0[chosen],
                noise=noisy[:, middle] - mean_of(pairs[:, :, middle], compared),
                cbf_per_percent=self.cbf_per_percent[chosen],
                near_brain=self.near_brain[chosen],
                # Where the lesions of real people are is not known.
                lesion=torch.zeros_like(self.cbf_per_percent[chosen]),
                tissue=torch.zeros_like(self.near_brain[chosen])[:, None].expand(-1, 2, -1, -1),
            ),
            is_mirrored,
        )

    def _each(self, change: Callable[[Tensor], Tensor]) -> Self:
        return replace(
            self,
            pairs=change(self.pairs),
            counts=change(self.counts),
            m0=change(self.m0),
            cbf_per_percent=change(self.cbf_per_percent),
            near_brain=change(self.near_brain),
        )


def join(parts: Sequence[InVivoPatches]) -> InVivoPatches:
    """All patches of at least one part, of the same size, slices and settings."""
    room = max(part.pairs.shape[1] for part in parts)
    return InVivoPatches(
        pairs=torch.cat([_with_room(part.pairs, room) for part in parts]),
        counts=torch.cat([part.counts for part in parts]),
        m0=torch.cat([part.m0 for part in parts]),
        cbf_per_percent=torch.cat([part.cbf_per_percent for part in parts]),
        near_brain=torch.cat([part.near_brain for part in parts]),
        settings=parts[0].settings,
    )


def _with_room(pairs: Tensor, room: int) -> Tensor:
    return torch.nn.functional.pad(pairs, (0, 0) * 3 + (0, room - pairs.shape[1]))


def _mirrored(examples: Examples, chosen: Tensor) -> Examples:
    """The chosen examples ``[n]`` bool with columns in reverse order."""

    def mirrored(images: Tensor) -> Tensor:
        return torch.where(chosen.reshape(-1, *(1,) * (images.ndim - 1)), images.flip(-1), images)

    changed: dict[str, Any] = {
        field.name: mirrored(image)
        for field in fields(examples)
        if isinstance(image := getattr(examples, field.name), Tensor)
    }
    return replace(examples, **changed)
