"""A job that the user waits for: a dialog says how far it is, and cancels it."""

from __future__ import annotations

from typing import TypeVar

import slicer
import slicer.util

from deepasl.progress import Job, run
from DeepASLDenoiseLib.translation import tr as _

R = TypeVar("R")


def runShown(job: Job[R], title: str) -> R | None:
    """Run a job to its end, its progress in a dialog; without a desktop there is none.

    Args:
        job: Must not touch the scene before its last step, so that nothing is left of it when it is cancelled.
        title: Of the dialog.

    Returns:
        Its result; None if the user cancelled it.
    """
    if not hasattr(slicer, "app"):
        return run(job)
    # Modal, so that nobody closes the scene or loads it twice meanwhile.
    dialog = slicer.util.createProgressDialog(windowTitle=title, autoClose=False, autoReset=False, modal=True)
    try:
        return _runIn(job, dialog)
    finally:
        job.close()
        dialog.close()
        dialog.deleteLater()


def _runIn(job: Job[R], dialog: slicer.qt.QProgressDialog) -> R | None:
    while not dialog.wasCanceled:
        try:
            progress = next(job)
        except StopIteration as end:
            result: R = end.value
            return result
        dialog.labelText = _("{stage} ...").format(stage=progress.stage)
        dialog.maximum, dialog.value = progress.total, progress.done
        slicer.app.processEvents()
    return None
