"""An export of maps as DICOM that is known to be possible before there are any maps."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.readers.dicom.header import quiet_pydicom
from deepasl.results import Result
from deepasl.writers.dicom.context import Patient, StudyContext, new_study, study_of
from deepasl.writers.dicom.deidentification import deidentified
from deepasl.writers.dicom.parametric_map import require_highdicom
from deepasl.writers.dicom.plan import plan_export
from deepasl.writers.dicom.planes import planes_of
from deepasl.writers.dicom.sources import require_overlap
from deepasl.writers.dicom.writing import require_room, write_maps
from deepasl.writers.dicom_form import ALL_FORMS, Form


@dataclass(frozen=True)
class Export:
    """Where the maps of one scan go, as what, and whose they are.

    Attributes:
        folder: Where to; made if it is absent.
        context: Patient, study and source images.
        forms: What to write.
        force: Whether maps that are there may be replaced.
    """

    folder: Path
    context: StudyContext
    forms: tuple[Form, ...]
    force: bool

    def write(self, result: Result) -> tuple[Path, ...]:
        """Write the maps of a result on the grid the export was made ready for.

        Returns:
            The files, in order.

        Raises:
            ResultExistsError: If maps have come there meanwhile, and they may not be replaced.
            OutputError: If there is no CBF, or a file cannot be written; then nothing is.
        """
        require_room(self.folder, self.forms, force=self.force)
        with quiet_pydicom():
            return write_maps(plan_export(result, self.context), self.folder, self.forms, datetime.now())


def ready_export(
    geometry: Geometry,
    folder: Path,
    *,
    source: Path | Sequence[Path] | None = None,
    patient: Patient | None = None,
    forms: Collection[Form] = ALL_FORMS,
    deidentify: bool = False,
    force: bool = False,
) -> Export:
    """Find out before the work whether its maps can be written as DICOM; see `write_dicom` for what is given.

    Args:
        geometry: The grid of the scan, which will be that of the maps.
        folder: Where to.
        source: The DICOM files of the scan.
        patient: Whose scan it is, without a source.
        forms: What to write.
        deidentify: Leave out whose maps these are.
        force: Replace maps that are there already.

    Raises:
        InputError: If a source is not there, is no DICOM file, or belongs to several studies or to another scan.
        ResultExistsError: If maps are there already, and they may not be replaced.
        OutputError: If highdicom is needed but missing.
    """
    require_room(folder, forms, force=force)
    if Form.PARAMETRIC_MAP in forms:
        require_highdicom()
    with quiet_pydicom():
        context = _context(geometry, source, patient)
    return Export(folder, deidentified(context) if deidentify else context, tuple(forms), force)


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
        deidentify: Leave out whose maps these are; see `deepasl.writers.dicom.deidentification`.
        force: Replace maps that are there already.

    Returns:
        The files, in order.

    Raises:
        InputError: If a source is not a DICOM file, or the sources belong to several studies or to another scan.
        ResultExistsError: If maps are there already, and they may not be replaced.
        OutputError: If there is no CBF, highdicom is needed but missing, or a file cannot be written; then nothing is.
    """
    export = ready_export(
        result.geometry, folder, source=source, patient=patient, forms=forms, deidentify=deidentify, force=force
    )
    return export.write(result)


def _context(geometry: Geometry, source: Path | Sequence[Path] | None, patient: Patient | None) -> StudyContext:
    if source is None:
        return new_study(patient or Patient(), datetime.now())
    if patient is not None:
        raise InputError(
            "both DICOM files and a patient are given", remedy="Leave out the patient: the files name one."
        )
    context = study_of(source)
    require_overlap(context.images, planes_of(geometry), source if isinstance(source, Path) else source[0].parent)
    return context
