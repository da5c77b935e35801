"""Write the DICOM files of an export: all of them, or none."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path

from pydicom.dataset import Dataset

from deepasl.errors import OutputError
from deepasl.writers.derivatives import ResultExistsError
from deepasl.writers.dicom.context import StudyContext, new_uid
from deepasl.writers.dicom.derivation import CbfMap
from deepasl.writers.dicom.header import NOTICE, PROGRAM, NewSeries, common_header
from deepasl.writers.dicom.mr_series import mr_images
from deepasl.writers.dicom.parametric_map import parametric_map
from deepasl.writers.dicom.plan import Plan
from deepasl.writers.dicom_form import Form

WITHOUT_SOURCE = 90
"""Stands for the number of the source series where there is none."""


def require_room(folder: Path, forms: Collection[Form], *, force: bool) -> None:
    """Find out whether maps may be written to a folder.

    Raises:
        ResultExistsError: If maps are there already, and they may not be replaced.
    """
    existing = [path for form in forms for path in (folder / form.value).glob("*/*.dcm")]
    if existing and not force:
        raise ResultExistsError(
            "DICOM maps are there already",
            where=existing[0],
            remedy="Choose another folder, or replace them (command line: --force).",
        )


def write_maps(plan: Plan, folder: Path, forms: Collection[Form], now: datetime) -> tuple[Path, ...]:
    """Write every file beside its place, then move whole folders into it.

    Args:
        plan: The export.
        folder: Where to; made if it is absent. What is there of these forms is replaced.
        forms: What to write.
        now: When.

    Returns:
        The files, in order.

    Raises:
        OutputError: If a file cannot be written; then nothing is.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".deepasl-", dir=folder))
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        written = [_save(staging, place, image) for place, image in _instances(plan, forms, now)]
        for form in forms:
            shutil.rmtree(folder / form.value, ignore_errors=True)
            (staging / form.value).replace(folder / form.value)
        return tuple(folder / place for place in written)
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _instances(plan: Plan, forms: Collection[Form], now: datetime) -> Iterator[tuple[Path, Dataset]]:
    """Every file to be written, with its place below the folder."""
    order = [(form, cbf) for form in Form if form in forms for cbf in plan.maps]
    for number, (form, cbf) in enumerate(order, start=1):
        header = common_header(plan.context, _new_series(plan.context, form, cbf, number, now), plan.result, cbf)
        images = mr_images(cbf, header, plan) if form is Form.SERIES else iter([parametric_map(cbf, header, plan)])
        for instance, image in enumerate(images, start=1):
            yield Path(form.value, cbf.name, f"{instance:04d}.dcm"), image


def _new_series(context: StudyContext, form: Form, cbf: CbfMap, number: int, now: datetime) -> NewSeries:
    kind = "" if form is Form.SERIES else " parametric map"
    return NewSeries(
        uid=new_uid(),
        number=100 * (context.series_number or WITHOUT_SOURCE) + number,
        title=f"{PROGRAM} CBF {cbf.name}{kind} - {NOTICE}",
        written=now,
    )


def _save(staging: Path, place: Path, image: Dataset) -> Path:
    path = staging / place
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save_as(path, enforce_file_format=True)
    return place


def _unwritable(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"the DICOM files cannot be written ({error.strerror})", where=folder, remedy="Check the disk and its rights."
    )
