"""Denoising of a difference image: the network predicts the noise of each slice, which is then taken away."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from deepasl.errors import InputError
from deepasl.progress import Job, Progress
from deepasl.registry import ModelEntry, read_verified
from deepasl.results import ModelRun
from deepasl.runtime import OutOfMemoryError, Provider, open_session
from deepasl.series import FloatArray, require_finite

STAGE = "Denoising"

BATCH_SECONDS = 0.025
"""How long one batch should take: short enough for a user interface to stay alive between two of them."""

_FIRST_BATCH_PIXELS = 128 * 128


class Denoiser:
    """A network of the registry, loaded once, that denoises any number of difference images.

    Every slice is denoised for itself. Nothing is padded: the slices of one image are equally large and so make a
    batch as they are, and at the border of the image the convolutions pad with zeros themselves, exactly as they
    did at the borders of the training patches. Mirrored voxels would show the network mirrored noise, which it
    never saw.

    Attributes:
        entry: The network.
        session: Where it runs.
    """

    def __init__(self, entry: ModelEntry, provider: Provider = "auto") -> None:
        """Load the network.

        Raises:
            ModelError: If its file is absent or damaged, or it cannot be run here.
        """
        self.entry = entry
        self.session = open_session(read_verified(entry), provider, where=entry.path)

    def denoise(self, deltam: FloatArray, scale: float) -> Job[FloatArray]:
        """Denoise whole slices.

        Args:
            deltam: Control minus label ``[k, j, i]`` float32, scanner units. Not modified.
            scale: Mean M0 in the brain, scanner units.

        Yields:
            Progress in slices, after each batch. Closing the generator leaves nothing behind.

        Returns:
            The denoised difference image: a new array of the same shape and unit.

        Raises:
            InputError: If `scale` is not above 0, or `deltam` holds NaN or infinite voxels.
            ModelError: If the network fails, or memory is too small for a single slice.
        """
        return self._denoise(deltam, scale, max(deltam.shape[1:]))

    def denoise_patches(self, deltam: FloatArray, scale: float) -> Job[FloatArray]:
        """Denoise patch by patch, as the paper does: squares of ``entry.patch_size`` voxels side by side.

        The network cannot see across the border of a patch, so results differ from those of `denoise` within
        ``(entry.receptive_field - 1) / 2`` voxels of it, and nowhere else. Arguments, results and errors are
        those of `denoise`.

        Source: Ulas et al., MICCAI 2018, section 3 (40 x 40 patches).
        """
        return self._denoise(deltam, scale, self.entry.patch_size)

    def run_info(self, scale: float) -> ModelRun:
        """What to keep about a run with this `scale`."""
        return ModelRun(
            id=self.entry.id,
            title=self.entry.title,
            sha256=self.entry.sha256,
            provider=self.session.provider,
            provider_reason=self.session.reason,
            scale=scale,
        )

    def _denoise(self, deltam: FloatArray, scale: float, side: int) -> Job[FloatArray]:
        if deltam.ndim != 3 or deltam.size == 0:
            raise ValueError(f"a difference image is [k, j, i], not {deltam.shape}")
        require_finite(deltam[np.newaxis], "difference image")
        require_scale(scale)
        image: FloatArray = np.asarray(deltam, dtype=np.float32)
        denoised = image.copy()
        tiles = list(_tiles(image.shape, side))
        batch, limit, done = max(1, _FIRST_BATCH_PIXELS // tiles[0].pixels), len(tiles), 0
        while done < len(tiles):
            now = tiles[done : done + batch]
            started = time.perf_counter()
            try:
                noise = self.session.predict(np.stack([to_percent(image[tile.seen], scale) for tile in now])[:, None])
            except OutOfMemoryError:
                if len(now) == 1:
                    raise
                batch = limit = len(now) // 2
                continue
            for tile, predicted in zip(now, noise[:, 0], strict=True):
                denoised[tile.kept] -= from_percent(predicted[tile.kept_of_seen], scale)
            batch = min(limit, next_batch(batch, time.perf_counter() - started))
            done += len(now)
            yield Progress(STAGE, done * len(image) // len(tiles), len(image))
        return denoised


def to_percent(deltam: FloatArray, mean_m0: float) -> FloatArray:
    """A difference image in percent of the mean M0 of the brain: the scaling `registry.PERCENT_OF_MEAN_M0`."""
    scaled: FloatArray = deltam * np.float32(100.0 / mean_m0)
    return scaled


def from_percent(scaled: FloatArray, mean_m0: float) -> FloatArray:
    """The inverse of `to_percent`."""
    deltam: FloatArray = scaled * np.float32(mean_m0 / 100.0)
    return deltam


def require_scale(mean_m0: float) -> None:
    """Refuse a mean M0 by which nothing can be scaled.

    Raises:
        InputError: If it is not a number, not above 0, or so small or large that float32 cannot hold its inverse.
    """
    smallest = 100.0 / float(np.finfo(np.float32).max)
    if not (math.isfinite(mean_m0) and smallest < mean_m0 < 1.0 / smallest):
        raise InputError(
            f"the mean M0 in the brain is {mean_m0:g}: the difference image cannot be scaled for the network",
            remedy="Check the M0 image and the brain mask.",
        )


def next_batch(batch: int, seconds: float) -> int:
    """How many images to take next, after `batch` of them took `seconds`."""
    if seconds > 2 * BATCH_SECONDS:
        return max(1, batch // 2)
    if seconds < BATCH_SECONDS / 2:
        return batch * 2
    return batch


@dataclass(frozen=True)
class _Tile:
    """A rectangle of one slice: what the network sees of the image, and the part of it that is kept.

    Attributes:
        seen: Where it lies in the image.
        kept: The part of the image whose result comes from this tile.
        kept_of_seen: The same part, counted from the corner of `seen`.
        pixels: The size of `seen`.
    """

    seen: tuple[int, slice, slice]
    kept: tuple[int, slice, slice]
    kept_of_seen: tuple[slice, slice]
    pixels: int


def _tiles(shape: tuple[int, ...], side: int) -> Iterator[_Tile]:
    """Cover every slice of ``[k, j, i]`` with equal tiles of at most `side` voxels squared, slice by slice."""
    for k in range(shape[0]):
        for seen_j, kept_j in _cuts(shape[1], side):
            for seen_i, kept_i in _cuts(shape[2], side):
                yield _Tile(
                    seen=(k, seen_j, seen_i),
                    kept=(k, kept_j, kept_i),
                    kept_of_seen=(_counted_from(seen_j, kept_j), _counted_from(seen_i, kept_i)),
                    pixels=(seen_j.stop - seen_j.start) * (seen_i.stop - seen_i.start),
                )


def _cuts(length: int, side: int) -> Iterator[tuple[slice, slice]]:
    """Cut an axis into pieces of `side`. The last is moved inwards to be as long; only what is left of it is kept."""
    for start in range(0, length, side):
        stop = min(start + side, length)
        yield slice(max(0, stop - side), stop), slice(start, stop)


def _counted_from(seen: slice, kept: slice) -> slice:
    return slice(kept.start - seen.start, kept.stop - seen.start)
