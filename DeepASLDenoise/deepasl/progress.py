"""Progress reports of long steps, and how to run such a step to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

R = TypeVar("R")

VALUES_PER_STEP = 2**21
"""So many voxels of a long series are worked on between two yields: of what is done to them, smoothing takes longest,
less than 0.1 s."""


@dataclass(frozen=True)
class Progress:
    """How far a stage has come.

    Attributes:
        stage: What is being done, in words, e.g. ``"Denoising"``.
        done: Units finished.
        total: Units in all; at least 1.
    """

    stage: str
    done: int
    total: int


Job = Generator[Progress, None, R]
"""A computation in small steps: yields `Progress`, returns its result, may be closed at any yield."""


def run(job: Job[R], report: Callable[[Progress], object] | None = None) -> R:
    """Run `job` to its end and return its result, telling `report` of every step."""
    while True:
        try:
            step = next(job)
        except StopIteration as end:
            result: R = end.value
            return result
        if report is not None:
            report(step)


def batches(count: int, size: int) -> Iterator[range]:
    """The numbers from 0 to `count` - 1 in batches of about `VALUES_PER_STEP` values, for a job to yield between.

    Args:
        count: How many images or slices there are.
        size: How many values each of them holds.
    """
    together = max(1, VALUES_PER_STEP // max(1, size))
    return (range(start, min(start + together, count)) for start in range(0, count, together))


class Clock:
    """Wall time of named stages."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what happens inside, under `name`."""
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start
