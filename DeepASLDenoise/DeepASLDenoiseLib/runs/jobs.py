"""Runs a job of the core step by step, so that the application stays usable and the job can be cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Protocol

from deepasl.progress import Job, Progress


class JobState(Enum):
    """Where a job is. Whoever shows it looks here and nowhere else."""

    IDLE = "idle"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True)
class JobStatus:
    """All there is to know of a job.

    Attributes:
        state: Where it is.
        progress: Its last report; None before the first.
        result: What it returned, when it is done.
        error: Why it failed.
        seconds: How long it has run.
        secondsLeft: How long its present stage will still take, if it goes on as it went; None while nobody can tell.
    """

    state: JobState = JobState.IDLE
    progress: Progress | None = None
    result: Any = None
    error: Exception | None = None
    seconds: float = 0.0
    secondsLeft: float | None = None


@dataclass(frozen=True)
class Pace:
    """Where a stage was when it was first heard of: what time left is told from.

    Attributes:
        stage: The stage.
        done: Units finished then.
        moment: When that was, s.
    """

    stage: str
    done: int
    moment: float

    def secondsLeft(self, progress: Progress, now: float) -> float | None:
        """How long the rest of the stage takes at the speed so far; None while nothing of it was seen."""
        done = progress.done - self.done
        return (progress.total - progress.done) * (now - self.moment) / done if done > 0 else None


class Timer(Protocol):
    """What calls `JobRunner.step` again and again while the application is idle: a zero-interval `qt.QTimer`."""

    def start(self) -> object:
        """Begin calling."""

    def stop(self) -> object:
        """No more calls."""


class JobRunner:
    """Steps one job at a time and tells a listener of every change.

    No threads: a step is one batch of slices, and the user interface has its turn between two of them.

    Args:
        timer: Calls `step` until it is stopped.
        listener: Told of every change.
        clock: The time in s, from any moment on.
        during: What surrounds every step, by the job's last report; None before the first.
    """

    def __init__(
        self,
        timer: Timer,
        listener: Callable[[JobStatus], object],
        clock: Callable[[], float] = time.monotonic,
        during: Callable[[Progress | None], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._timer = timer
        self._listener = listener
        self._clock = clock
        self._during = during
        self._job: Job[Any] | None = None
        self._started = 0.0
        self._pace = Pace("", 0, 0.0)
        self.status = JobStatus()

    @property
    def running(self) -> bool:
        """Whether there is a job that has not ended."""
        return self._job is not None

    def start(self, job: Job[Any]) -> None:
        """Begin a job.

        Raises:
            RuntimeError: If one is running; cancel it first.
        """
        if self.running:
            raise RuntimeError("a job is running already")
        self._job = job
        self._started = self._clock()
        self._pace = Pace("", 0, 0.0)
        self._tell(JobStatus(JobState.RUNNING))
        self._timer.start()

    def step(self) -> None:
        """Let the job take its next step; connected to the timer."""
        if self._job is None:
            return
        try:
            with self._during(self.status.progress):
                progress = next(self._job)
        except StopIteration as end:
            self._end(JobState.DONE, result=end.value)
        except Exception as error:  # every failure is told to the user, whatever it is
            self._end(JobState.FAILED, error=error)
        else:
            now = self._clock()
            if progress.stage != self._pace.stage:
                self._pace = Pace(progress.stage, progress.done, now)
            left = self._pace.secondsLeft(progress, now)
            self._tell(replace(self.status, progress=progress, seconds=now - self._started, secondsLeft=left))

    def cancel(self) -> None:
        """End the job where it is; nothing happens if none is running."""
        if self._job is not None:
            self._job.close()
            self._end(JobState.CANCELLED)

    def forget(self) -> None:
        """Say no more of a job that has ended; its result is released."""
        if not self.running:
            self.status = JobStatus()

    def _end(self, state: JobState, result: Any = None, error: Exception | None = None) -> None:
        self._timer.stop()
        self._job = None
        seconds = self._clock() - self._started
        self._tell(JobStatus(state, self.status.progress, result, error, seconds))

    def _tell(self, status: JobStatus) -> None:
        self.status = status
        self._listener(status)
