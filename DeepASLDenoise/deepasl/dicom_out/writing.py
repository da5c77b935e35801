"""Write the CBF maps of a result as DICOM: all files, or none."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydicom.dataset import Dataset

from deepasl.dicom_out.context import Patient, StudyContext, new_study, new_uid, study_of
from deepasl.dicom_out.deidentification import deidentified
from deepasl.dicom_out.derivation import CbfMap
from deepasl.dicom_out.header import NOTICE, PROGRAM, NewSeries, common_header
from deepasl.dicom_out.mr_series import mr_images
from deepasl.dicom_out.parametric_map import parametric_map, require_highdicom
from deepasl.dicom_out.plan import Plan, plan_export
from deepasl.dicom_out.planes import planes_of
from deepasl.dicom_out.sources import require_overlap
from deepasl.errors import InputError, OutputError
from deepasl.readers.dicom.header import quiet_pydicom
from deepasl.results import Result
from deepasl.writers import ResultExistsError


class Form(StrEnum):
    """What a map is written as; the value names its folder."""

    SERIES = "mr-series"
    """Single-frame MR images: every viewer opens them."""
    PARAMETRIC_MAP = "parametric-map"
    """One file with the 32-bit values themselves."""


ALL_FORMS = tuple(Form)

WITHOUT_SOURCE = 90
"""Stands for the number of the source series where there is none."""


def write_dicom(
    result: Result,
    folder: Path,
    *,
    source: Path | Sequence[Path] | None = None,
    patient: Patient | None = None,
    forms: Collection[Form] = ALL_FORMS,
    deidentify: bool = False,
    force: bool = False,
) -> tuple[Path, ...]:
    """Write conventional and denoised CBF as DICOM, each as a derived MR series and as a Parametric Map.

    Files lie at ``mr-series/conventional/0001.dcm``, ..., and ``parametric-map/denoised/0001.dcm`` below `folder`: no
    path holds the name of a person or scan. Every call makes new series.

    Args:
        result: What the pipeline returned.
        folder: Where to; made if it is absent.
        source: The DICOM files the result was computed from: a file, a folder that holds one ASL scan, or a list of
            files, those of the ASL scan first. Maps join their patient, study and frame of reference, and name each of
            them as a source image. None for a scan that did not come as DICOM: the maps become a study of their own.
        patient: Whose maps these are, without a source.
        forms: What to write.
        deidentify: Leave out whose maps these are; see `deepasl.dicom_out.deidentification`.
        force: Replace maps that are there already.

    Returns:
        The files, in order.

    Raises:
        InputError: If a source is not a DICOM file, or the sources belong to several studies or to another scan.
        ResultExistsError: If maps are there already, and they may not be replaced.
        OutputError: If there is no CBF, highdicom is needed but missing, or a file cannot be written; then nothing is.
    """
    now = datetime.now()
    _require_room(folder, forms, force=force)
    if Form.PARAMETRIC_MAP in forms:
        require_highdicom()
    with quiet_pydicom():
        context = _context(result, source, patient, now)
        plan = plan_export(result, deidentified(context) if deidentify else context)
        return _write(_instances(plan, forms, now), folder, forms)


def _context(
    result: Result, source: Path | Sequence[Path] | None, patient: Patient | None, now: datetime
) -> StudyContext:
    if source is None:
        return new_study(patient or Patient(), now)
    if patient is not None:
        raise InputError(
            "both DICOM files and a patient are given", remedy="Leave out the patient: the files name one."
        )
    context = study_of(source)
    require_overlap(
        context.images, planes_of(result.geometry), source if isinstance(source, Path) else source[0].parent
    )
    return context


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


def _require_room(folder: Path, forms: Collection[Form], *, force: bool) -> None:
    existing = [path for form in forms for path in (folder / form.value).glob("*/*.dcm")]
    if existing and not force:
        raise ResultExistsError(
            "DICOM maps are there already", where=existing[0], remedy="Choose another folder, or replace them."
        )


def _write(instances: Iterator[tuple[Path, Dataset]], folder: Path, forms: Collection[Form]) -> tuple[Path, ...]:
    """Write everything beside its place, then move whole folders into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".deepasl-", dir=folder))
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        written = [_save(staging, place, image) for place, image in instances]
        for form in forms:
            shutil.rmtree(folder / form.value, ignore_errors=True)
            (staging / form.value).replace(folder / form.value)
        return tuple(folder / place for place in written)
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _save(staging: Path, place: Path, image: Dataset) -> Path:
    path = staging / place
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save_as(path, enforce_file_format=True)
    return place


def _unwritable(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"the DICOM files cannot be written ({error.strerror})", where=folder, remedy="Check the disk and its rights."
    )
