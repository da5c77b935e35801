"""Jobs in the desktop application: a timer steps them whenever there is nothing else to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import qt

from deepasl.progress import Progress
from DeepASLDenoiseLib.runs.jobs import JobRunner, JobStatus


def timedRunner(parent: qt.QObject, listener: Callable[[JobStatus], object]) -> JobRunner:
    """A runner whose timer belongs to `parent`; see `JobRunner`."""
    timer = qt.QTimer(parent)
    timer.setInterval(0)
    runner = JobRunner(timer, listener, during=busyCursor)
    timer.connect("timeout()", runner.step)
    return runner


@contextmanager
def busyCursor(progress: Progress | None) -> Iterator[None]:
    """Around a step that may be long: the first, or one of a stage that cannot say how far it is."""
    if progress is not None and progress.total > 1:
        yield
        return
    qt.QApplication.setOverrideCursor(qt.Qt.BusyCursor)
    try:
        yield
    finally:
        qt.QApplication.restoreOverrideCursor()
