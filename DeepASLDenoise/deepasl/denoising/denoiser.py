"""Denoising of a difference image: the network predicts the noise of each slice, which is then taken away."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from deepasl.denoising.network_input import stack_slices
from deepasl.denoising.registry import ModelEntry, models_without_m0, read_verified
from deepasl.denoising.runtime import OutOfMemoryError, Provider, open_session
from deepasl.errors import InputError, ModelError
from deepasl.progress import Job, Progress
from deepasl.results import ModelRun
from deepasl.series import FloatArray, require_finite

STAGE = "Denoising"

BATCH_SECONDS = 0.025
"""How long one batch should take: short enough for a user interface to stay alive between two of them."""

_FIRST_BATCH_PIXELS = 64 * 64


class Denoiser:
    """A network of the registry, loaded once, that denoises any number of difference images.

    Every slice is denoised for itself, from what `deepasl.denoising.network_input` shows the network of it, its
    neighbours and M0. Nothing is padded: the slices of one image are equally large and so make a batch as they are, and
    at the border of the image the convolutions pad with zeros themselves, exactly as they did at the borders of the
    training patches. Mirrored voxels would show the network mirrored noise, which it never saw.

    Attributes:
        entry: The network.
        session: Where it runs.
    """

    def __init__(self, entry: ModelEntry, provider: Provider = "auto") -> None:
        """Load the network.

        Raises:
            ModelError: If its file is absent or damaged, is not what the registry says, or cannot be run here.
        """
        self.entry = entry
        self.session = open_session(read_verified(entry), provider, where=entry.path)
        if self.session.channels != entry.input.channels:
            raise ModelError(
                f"model {entry.id!r} takes {self.session.channels} channels, but its registry says "
                f"{entry.input.describe()}, that is {entry.input.channels}",
                where=entry.path,
                remedy="Install DeepASL again to restore it, or export the network again.",
            )

    def denoise(self, deltam: FloatArray, scale: float, m0: FloatArray | None = None) -> Job[FloatArray]:
        """Denoise whole slices.

        Args:
            deltam: Control minus label ``[k, j, i]`` float32, scanner units. Not modified.
            scale: Mean M0 in the brain, scanner units.
            m0: M0 ``[k, j, i]`` float32 on the same grid, scanner units, 0 outside the brain. Not modified; needed and
                looked at only where ``entry.input.m0``.

        Yields:
            Progress in slices, after each batch. Closing the generator leaves nothing behind.

        Returns:
            The denoised difference image: a new array of the same shape and unit.

        Raises:
            InputError: If `scale` is not above 0, an image holds NaN or infinite voxels, or M0 is needed and is not
                given or lies on another grid.
            ModelError: If the network fails, or memory is too small for a single slice.
        """
        return self._denoise(deltam, scale, m0, max(deltam.shape[1:]))

    def denoise_patches(self, deltam: FloatArray, scale: float, m0: FloatArray | None = None) -> Job[FloatArray]:
        """Denoise patch by patch, as the paper does: squares of ``entry.input.patch_size`` voxels side by side.

        The network cannot see across the border of a patch, in any slice that it sees. A network of convolutions alone
        gives other results than in `denoise` within ``(entry.input.receptive_field - 1) / 2`` voxels of it, and nowhere
        else; one that pools does so from the corner of the patch, and its results may differ everywhere. Arguments,
        results and errors are those of `denoise`.

        Source: Ulas et al., MICCAI 2018, section 3 (40 x 40 patches).
        """
        return self._denoise(deltam, scale, m0, self.entry.input.patch_size)

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

    def _denoise(self, deltam: FloatArray, scale: float, m0: FloatArray | None, side: int) -> Job[FloatArray]:
        percent, fraction = self._scaled(deltam, scale, m0)
        denoised = np.array(deltam, dtype=np.float32)
        tiles = list(_tiles(denoised.shape, side))
        batch, limit, done = max(1, _FIRST_BATCH_PIXELS // tiles[0].pixels), len(tiles), 0
        while done < len(tiles):
            now = tiles[done : done + batch]
            started = time.perf_counter()
            try:
                noise = self.session.predict(self._seen(now, percent, fraction))
            except OutOfMemoryError:
                if len(now) == 1:
                    raise
                batch = limit = len(now) // 2
                continue
            for tile, predicted in zip(now, noise[:, 0], strict=True):
                denoised[tile.k, *tile.kept] -= from_percent(predicted[tile.kept_of_seen], scale)
            batch = min(limit, next_batch(batch, time.perf_counter() - started))
            done += len(now)
            yield Progress(STAGE, done * len(denoised) // len(tiles), len(denoised))
        return denoised

    def _scaled(self, deltam: FloatArray, scale: float, m0: FloatArray | None) -> tuple[FloatArray, FloatArray | None]:
        """Both images in the unit of the network, once they are what it can take; None for an M0 it does not see."""
        if deltam.ndim != 3 or deltam.size == 0:
            raise ValueError(f"a difference image is [k, j, i], not {deltam.shape}")
        require_m0(self.entry, m0)
        require_finite(deltam[np.newaxis], "difference image")
        require_scale(scale)
        percent = to_percent(np.asarray(deltam, dtype=np.float32), scale)
        if m0 is None or not self.entry.input.m0:
            return percent, None
        if m0.shape != deltam.shape:
            raise InputError(
                f"the M0 image has {_size(m0)} voxels and the difference image {_size(deltam)}",
                remedy="Resample M0 onto the grid of the ASL scan first.",
            )
        require_finite(m0[np.newaxis], "M0 image")
        return percent, to_fraction(np.asarray(m0, dtype=np.float32), scale)

    def _seen(self, tiles: Sequence[_Tile], percent: FloatArray, fraction: FloatArray | None) -> FloatArray:
        """What the network sees of each tile, ``[n, channels, height, width]``."""
        cut = (
            (tile.k, percent[:, *tile.seen], None if fraction is None else fraction[:, *tile.seen]) for tile in tiles
        )
        return np.concatenate([stack_slices(deltam, m0, self.entry.input, [k]) for k, deltam, m0 in cut])


def require_m0(entry: ModelEntry, m0: FloatArray | None) -> None:
    """Refuse to go on without M0 where the network sees it.

    Raises:
        InputError: If it is missing, naming the networks that can do without.
    """
    if m0 is not None or not entry.input.m0:
        return
    others = " or ".join(models_without_m0(entry))
    raise InputError(
        f"the network {entry.id} needs M0, and this scan has no M0 image that can be used",
        remedy="Give an M0 image (command line: --m0)" + (f", or choose the model {others}." if others else "."),
    )


def to_percent(deltam: FloatArray, mean_m0: float) -> FloatArray:
    """A difference image in percent of the mean M0 of the brain: the scaling `registry.PERCENT_OF_MEAN_M0`."""
    scaled: FloatArray = deltam * np.float32(100.0 / mean_m0)
    return scaled


def from_percent(scaled: FloatArray, mean_m0: float) -> FloatArray:
    """The inverse of `to_percent`."""
    deltam: FloatArray = scaled * np.float32(mean_m0 / 100.0)
    return deltam


def to_fraction(m0: FloatArray, mean_m0: float) -> FloatArray:
    """M0 as a fraction of its mean in the brain."""
    fraction: FloatArray = m0 * np.float32(1.0 / mean_m0)
    return fraction


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
    """A rectangle of one slice: what the network sees of it and its neighbours, and the part that is kept.

    Attributes:
        k: The slice to denoise.
        seen: Rows and columns the network sees.
        kept: Rows and columns whose result comes from this tile.
        kept_of_seen: The same part, counted from the corner of `seen`.
        pixels: The size of `seen`.
    """

    k: int
    seen: tuple[slice, slice]
    kept: tuple[slice, slice]
    kept_of_seen: tuple[slice, slice]
    pixels: int


def _tiles(shape: tuple[int, ...], side: int) -> Iterator[_Tile]:
    """Cover every slice of ``[k, j, i]`` with equal tiles of at most `side` voxels squared, slice by slice."""
    for k in range(shape[0]):
        for seen_j, kept_j in _cuts(shape[1], side):
            for seen_i, kept_i in _cuts(shape[2], side):
                yield _Tile(
                    k=k,
                    seen=(seen_j, seen_i),
                    kept=(kept_j, kept_i),
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


def _size(image: FloatArray) -> str:
    return " x ".join(str(length) for length in image.shape)
