"""How much of each voxel is grey matter, white matter and CSF, and which voxels stand for a tissue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.images import Image
from deepasl.results import BoolArray
from deepasl.series import FloatArray, mean_in
from deepasl.tissue.voxel_averaging import averaged_onto

GREY_SHARE = 0.7
"""Share of grey matter from which a voxel stands for it; ExploreASL (Mutsaerts et al., NeuroImage 2020;219:117031)
takes the same. At the resolution of ASL little cortex is purer."""

WHITE_SHARE = 0.9
"""White matter is thick enough for purer voxels, and a little grey matter changes its low flow much."""

OVERSHOOT = 0.01
"""Of a probability beyond 0 or 1 that interpolation leaves."""

MOST_TOGETHER = 1.05
"""What the probabilities of all tissues of a voxel may add up to."""

LEAST_COVERED = 0.5
"""Mean probability of all tissues in the brain below which maps lie elsewhere."""


@dataclass(frozen=True)
class TissueProbability:
    """How much of each voxel is which tissue.

    Attributes:
        grey, white, csf: Partial volumes ``[k, j, i]`` float32, 0 to 1, on the grid of the ASL scan.
        origin: Where they came from, in words.
    """

    grey: FloatArray
    white: FloatArray
    csf: FloatArray
    origin: str

    def regions(self, mask: BoolArray) -> tuple[BoolArray, BoolArray]:
        """The voxels of a mask that stand for grey and for white matter in statistics, ``[k, j, i]`` bool."""
        grey: BoolArray = mask & (self.grey >= GREY_SHARE)
        white: BoolArray = mask & (self.white >= WHITE_SHARE)
        return grey, white


def tissue_of_maps(
    grey: Image, white: Image, csf: Image | None, geometry: Geometry, mask: BoolArray, origin: str
) -> TissueProbability:
    """Given probability images averaged onto the grid of the scan; their headers say where they lie.

    Args:
        grey: Probability of grey matter, 0 to 1, on any grid.
        white: That of white matter.
        csf: That of CSF; None for what the others leave of the brain.
        geometry: The grid of the scan.
        mask: The brain on it, ``[k, j, i]``.
        origin: Where they came from, in words.

    Raises:
        InputError: If an image is no probability, they add up to more than 1, or they lie beside the brain.
    """
    given = {"grey matter": grey, "white matter": white} | ({} if csf is None else {"CSF": csf})
    maps = [
        averaged_onto(_probability(name, image, origin), image.geometry, geometry)[0] for name, image in given.items()
    ]
    total: FloatArray = np.stack(maps).sum(axis=0)
    covered = mean_in(total, mask)
    if float(total.max()) > MOST_TOGETHER:
        raise InputError(
            f"the tissue probabilities add up to {float(total.max()):.2f} in a voxel",
            where=origin,
            remedy="Give probability or partial-volume maps of one segmentation.",
        )
    if not covered >= LEAST_COVERED:
        raise InputError(
            f"the tissue probabilities add up to {covered:.2f} in the brain on average, so they lie elsewhere",
            where=origin,
            remedy="Give maps in the space of the ASL scan, or the anatomical image itself, which is registered.",
        )
    rest = np.where(mask, np.clip(1.0 - total, 0.0, 1.0), 0.0).astype(np.float32)
    return TissueProbability(maps[0], maps[1], maps[2] if csf is not None else rest, origin)


def _probability(name: str, image: Image, origin: str) -> FloatArray:
    """One volume ``[1, k, j, i]`` of numbers from 0 to 1."""
    low, high = float(np.min(image.volumes)), float(np.max(image.volumes))
    if len(image.volumes) != 1:
        raise InputError(f"the map of {name} has {len(image.volumes)} volumes", where=origin, remedy="Give one volume.")
    if not (np.isfinite(image.volumes).all() and low >= -OVERSHOOT and high <= 1.0 + OVERSHOOT):
        raise InputError(
            f"the map of {name} goes from {low:.4g} to {high:.4g}; probabilities go from 0 to 1",
            where=origin,
            remedy="Divide it by its largest possible value first.",
        )
    return np.clip(image.volumes, 0.0, 1.0)
