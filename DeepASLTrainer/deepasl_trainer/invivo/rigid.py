"""Turning and shifting slices in plane without touching their noise.

Interpolation between neighbours takes noise away, more in some places than in others, and a network would learn noise
that no scanner makes. A turn made of three shears, each a shift of rows or columns done in Fourier space, keeps
the energy of every frequency: white noise stays white, of the same variance. Unser, Thevenaz and Yaroslavsky,
IEEE Trans Image Process 1995;4:1371-1381; Larkin, Oldfield and Klemm, Opt Commun 1997;139:99-106.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from deepasl.series import FloatArray


@dataclass(frozen=True)
class Move:
    """A rigid motion in plane: a turn about the centre, then a shift.

    Attributes:
        degrees: The turn, from columns (i) to rows (j).
        rows, columns: The shift in voxels.
    """

    degrees: float = 0.0
    rows: float = 0.0
    columns: float = 0.0


STAY = Move()


def room_for(move: Move, rows: int, columns: int, spacing: tuple[float, float]) -> tuple[int, int]:
    """How many rows and columns hold a slice after the motion; odd numbers, for which `moved` keeps all energy.

    Args:
        move: The motion.
        rows: Rows of the slice.
        columns: Columns of the slice.
        spacing: Voxel size (i, j) in mm.
    """
    cosine, sine = abs(math.cos(math.radians(move.degrees))), abs(math.sin(math.radians(move.degrees)))
    width, height = columns * spacing[0], rows * spacing[1]
    high = (height * cosine + width * sine) / spacing[1] + 2.0 * abs(move.rows)
    wide = (width * cosine + height * sine) / spacing[0] + 2.0 * abs(move.columns)
    return _quick(math.ceil(high)), _quick(math.ceil(wide))


def moved(volumes: FloatArray, move: Move, spacing: tuple[float, float]) -> FloatArray:
    """Slices after a motion about the centre of their grid. What leaves the grid comes in again on the other side.

    Args:
        volumes: ``[..., j, i]`` float32; j and i odd.
        move: The motion.
        spacing: Voxel size (i, j) in mm.

    Returns:
        A new array of the same shape.
    """
    si, sj = spacing
    angle = math.radians(move.degrees)
    along_i, along_j = -math.tan(angle / 2.0), math.sin(angle)
    x, y = (_centred(n) * s for n, s in zip(reversed(volumes.shape[-2:]), spacing, strict=True))
    sheared = _shifted(volumes, (along_i * y / si)[:, None], axis=-1)
    sheared = _shifted(sheared, (along_j * x / sj + move.rows)[None, :], axis=-2)
    return _shifted(sheared, (along_i * (y - move.rows * sj) / si + move.columns)[:, None], axis=-1)


def _quick(least: int) -> int:
    """The smallest odd number from `least` on whose Fourier transform is quick."""
    return next(n for n in range(least | 1, 3 * least + 3, 2) if fft.next_fast_len(n) == n)


def _centred(count: int) -> NDArray[np.float64]:
    return np.arange(count, dtype=np.float64) - (count - 1) / 2.0


def _shifted(volumes: FloatArray, voxels: NDArray[np.float64], axis: int) -> FloatArray:
    """Each line along an axis of ``[..., j, i]`` shifted by its own distance, ``[j, 1]`` or ``[1, i]``."""
    count = volumes.shape[axis]
    frequencies = fft.rfftfreq(count)
    phase = -2j * np.pi * voxels * (frequencies[None, :] if axis == -1 else frequencies[:, None])
    spectrum = fft.rfft(volumes, axis=axis) * np.exp(phase).astype(np.complex64)
    shifted: FloatArray = fft.irfft(spectrum, n=count, axis=axis).astype(np.float32, copy=False)
    return shifted
