"""Time-encoded labeling: several short boluses in one preparation, told apart by what is labeled in which volume.

Each block of the labeling time is labeled in some of the volumes of a cycle and left as control in the others, as the
rows of a Hadamard matrix say; sums and differences of the volumes give the signal of each block alone, as if it had
been acquired with a labeling duration and a post-labeling delay of its own (Guenther, Proc ISMRM 2007;380; Teeuwisse
et al., Magn Reson Med 2014;72:1712-1722).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import hadamard

from deepasl.acquisition.parameters import Source
from deepasl.errors import InputError
from deepasl.quantification.label_timing import LabelTiming
from deepasl.series import AslSeries, FloatArray, Role

FIELDS = ("Labeled", "BlockDurations", "PostLabelingDelay")
"""Of the JSON file that describes an encoding."""

NOT_ENCODED = (Role.M0SCAN, Role.NO_RF, Role.UNUSED, Role.CBF)


@dataclass(frozen=True)
class TimeEncoding:
    """What is labeled when.

    Attributes:
        labeled: Whether each block is labeled, one row for each volume of a cycle; blocks in order of time.
        block_durations: How long each block is, s.
        delay: From the end of the last block to the first excitation, s.

    Raises:
        InputError: If the blocks cannot be told apart by these volumes, or times cannot be.
    """

    labeled: tuple[tuple[bool, ...], ...]
    block_durations: tuple[float, ...]
    delay: float

    def __post_init__(self) -> None:
        blocks = len(self.block_durations)
        if not blocks or any(len(row) != blocks for row in self.labeled):
            raise InputError(
                f"the encoding does not say for each of its {blocks} blocks whether it is labeled",
                remedy="Give one row for each volume of a cycle, with one entry for each block.",
            )
        if min(self.block_durations) <= 0.0 or self.delay < 0.0:
            raise InputError(
                "a block of the encoding lasts no time, or the delay after the last is negative",
                remedy="Give times in seconds.",
            )
        if np.linalg.matrix_rank(self._design()) <= blocks:
            raise InputError(
                f"{len(self.labeled)} volumes encoded like this do not tell {blocks} blocks apart",
                remedy="Check the encoding matrix: n volumes can tell n - 1 blocks.",
            )

    @property
    def timing(self) -> LabelTiming:
        """Labeling duration and post-labeling delay of each block, as of a scan of its own."""
        after = np.cumsum((0.0, *self.block_durations[:0:-1]))[::-1]
        return LabelTiming(tuple(float(self.delay + later) for later in after), self.block_durations)

    def decode(self, volumes: FloatArray) -> FloatArray:
        """The difference image of each block ``[b, ...]`` from one cycle of volumes ``[v, ...]``, by least squares.

        For a Hadamard matrix of order n these are sums and differences with the noise variance of 2/n of a plain pair.
        """
        signals = np.linalg.pinv(self._design())[1:] @ volumes.reshape(len(volumes), -1).astype(np.float64)
        decoded: FloatArray = signals.astype(np.float32).reshape(-1, *volumes.shape[1:])
        return decoded

    def _design(self) -> NDArray[np.float64]:
        """Volumes by (static tissue, blocks): what is labeled lowers the signal."""
        labeled = np.asarray(self.labeled, dtype=np.float64).reshape(len(self.labeled), -1)
        return np.column_stack([np.ones(len(labeled)), -labeled])


def hadamard_encoding(block_durations: Sequence[float], delay: float) -> TimeEncoding:
    """The encoding by Sylvester's Hadamard matrix, all blocks labeled in the first volume of a cycle.

    Args:
        block_durations: Of 3, 7, 11, ... blocks: one fewer than a power of 2; s, in order of time.
        delay: From the end of the last block to the first excitation, s.

    Raises:
        InputError: If there is no such matrix.
    """
    order = len(block_durations) + 1
    if order < 2 or order & (order - 1):
        raise InputError(
            f"there is no Hadamard matrix for {len(block_durations)} blocks here",
            remedy="One fewer than a power of 2 can be encoded: 3, 7 or 15 blocks; or give the matrix itself.",
        )
    labeled = tuple(tuple(bool(entry > 0) for entry in row) for row in hadamard(order)[:, 1:])
    return TimeEncoding(labeled, tuple(block_durations), delay)


def read_time_encoding(path: Path) -> TimeEncoding:
    """The encoding a JSON file describes: ``Labeled`` (rows of 0 and 1), ``BlockDurations``, ``PostLabelingDelay`` (s).

    Raises:
        InputError: If it cannot be read, lacks a field, or describes what cannot be.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
        rows, durations, delay = (content[name] for name in FIELDS)
        labeled = tuple(tuple(bool(entry) for entry in row) for row in rows)
        return TimeEncoding(labeled, tuple(float(duration) for duration in durations), float(delay))
    except InputError as problem:
        raise InputError(problem.what, where=path, remedy=problem.remedy) from problem
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise InputError(
            f"the time encoding cannot be read ({problem})",
            where=path,
            remedy=f"It must be a JSON object with {', '.join(FIELDS)}.",
        ) from problem


def decoded(series: AslSeries, encoding: TimeEncoding) -> AslSeries:
    """The series as a subtracted one of several delays: each cycle of encoded volumes becomes one volume per block.

    Args:
        series: The scan; every volume that is neither M0 nor unused is encoded, cycle after cycle.
        encoding: What is labeled when.

    Raises:
        InputError: If the volumes are no whole number of cycles.
    """
    encoded = [t for t, role in enumerate(series.roles) if role not in NOT_ENCODED]
    steps, blocks = len(encoding.labeled), len(encoding.block_durations)
    if not encoded or len(encoded) % steps:
        raise InputError(
            f"{len(encoded)} volumes are no whole number of cycles of {steps} time-encoded volumes",
            where=series.origin,
            remedy="Check the encoding, and which volumes are M0 (command line: --roles).",
        )
    cycles = [encoded[start : start + steps] for start in range(0, len(encoded), steps)]
    others = [t for t in range(len(series.roles)) if t not in encoded]
    volumes = [series.volumes[others], *(encoding.decode(series.volumes[cycle]) for cycle in cycles)]
    timing, nothing = encoding.timing, (0.0,) * len(others)
    delays, durations = (nothing + times * len(cycles) for times in (timing.delays, timing.durations))
    told = f"{len(cycles)} cycles of {steps} volumes were decoded to {blocks} blocks"
    # The first block is labeled longest before the readout: its duration and delay make up the whole preparation.
    acquisition = series.acquisition.with_values(
        Source.USER, "time encoding", post_labeling_delay=delays, labeling_duration=encoding.block_durations[0]
    )
    return replace(
        series,
        volumes=np.concatenate(volumes),
        roles=(*(series.roles[t] for t in others), *(Role.DELTAM,) * (blocks * len(cycles))),
        role_evidence=(*series.role_evidence, told),
        acquisition=acquisition,
        labeling_durations=durations,
    )
