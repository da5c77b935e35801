"""Whose maps these are: patient, study and frame of reference, carried over from the scan or made anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from pydicom.dataset import Dataset
from pydicom.uid import UID, generate_uid

from deepasl.dicom_out.scan_facts import SCANNER, copy_present, scan_facts
from deepasl.dicom_out.sources import IDENTITY, PLACE, SourceImage, files_of, read_header, source_image
from deepasl.errors import InputError

UNICODE = "ISO_IR 192"

PATIENT = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "IssuerOfPatientIDQualifiersSequence",
    "TypeOfPatientID",
    "PatientBirthDate",
    "PatientBirthTime",
    "PatientSex",
    "OtherPatientIDsSequence",
    "PatientSpeciesDescription",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "ClinicalTrialSponsorName",
    "ClinicalTrialProtocolID",
    "ClinicalTrialProtocolName",
    "ClinicalTrialSiteID",
    "ClinicalTrialSiteName",
    "ClinicalTrialSubjectID",
    "ClinicalTrialSubjectReadingID",
)
STUDY = (
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "StudyDescription",
    "AccessionNumber",
    "IssuerOfAccessionNumberSequence",
    "ReferringPhysicianName",
    "ProcedureCodeSequence",
    "ReferencedStudySequence",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "AcquisitionDate",
    "AcquisitionTime",
)
"""What is carried over as it is, right or wrong: changing it would make another patient or study of it for a PACS."""

REQUIRED = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
)
"""Attributes of type 2 (PS3.3, C.7.1.1 and C.7.2.1): there, but empty where nothing is known."""


@dataclass(frozen=True)
class Patient:
    """A patient as the user names one, for scans that did not come as DICOM.

    Attributes:
        name: As DICOM has it: ``"Family^Given"``.
        id: Identifier in the hospital or study; one is made up if it is empty, since a PACS needs one.
        birth_date: ``"YYYYMMDD"`` or empty.
        sex: ``"F"``, ``"M"``, ``"O"`` or empty.
    """

    name: str = ""
    id: str = ""
    birth_date: str = ""
    sex: str = ""


@dataclass(frozen=True)
class StudyContext:
    """What new images of a study have in common with those that are there.

    Attributes:
        subject: Patient and study attributes, ready to be put into a data set.
        frame_of_reference: Its UID: maps with the same one lie on top of the scan.
        facts: How the scan was acquired; see `scan_facts`.
        scanner: The equipment it was acquired with; empty without a source.
        images: The source images.
        series_number: Of the first source series; 0 without one.
        dated: Whether dates and times may be written.
    """

    subject: Dataset
    frame_of_reference: str
    facts: Dataset
    scanner: Dataset = field(default_factory=Dataset)
    images: tuple[SourceImage, ...] = ()
    series_number: int = 0
    dated: bool = True


def new_study(patient: Patient, now: datetime) -> StudyContext:
    """A study of its own, for maps of a scan that did not come as DICOM."""
    subject = Dataset()
    subject.SpecificCharacterSet = UNICODE
    subject.PatientName = patient.name
    subject.PatientID = patient.id or f"DEEPASL-{uuid4().hex[:8].upper()}"
    subject.PatientBirthDate = patient.birth_date
    subject.PatientSex = patient.sex
    subject.StudyInstanceUID = new_uid()
    subject.StudyDate = now.strftime("%Y%m%d")
    subject.StudyTime = now.strftime("%H%M%S")
    subject.StudyID = "DEEPASL"
    return StudyContext(with_required(subject), new_uid(), scan_facts(Dataset()))


def study_of(source: Path | Sequence[Path]) -> StudyContext:
    """The patient and study of the DICOM files a result was computed from.

    Args:
        source: A file, a folder that holds one series, or the files of all series that entered the result, those of
            the ASL scan first. Every file is referenced by the maps as a source image.

    Raises:
        InputError: If a file cannot be read, or the files belong to several studies; for a folder also if it holds
            several series, because nobody said which of them was processed.
    """
    files = files_of(source)
    first = read_header(files[0])
    headers = [first, *(read_header(path, [*IDENTITY, *PLACE, "PatientID"]) for path in files[1:])]
    where = source if isinstance(source, Path) else files[0].parent
    _require_one("study", (header.StudyInstanceUID for header in headers), where)
    _require_one("patient", (header.get("PatientID", "") for header in headers), where)
    if isinstance(source, Path):
        _require_one("series", (header.SeriesInstanceUID for header in headers), where)
    return StudyContext(
        subject=_subject(first),
        frame_of_reference=str(first.get("FrameOfReferenceUID", "")) or new_uid(),
        facts=scan_facts(first),
        scanner=copy_present(first, SCANNER),
        images=tuple(source_image(header) for header in headers),
        series_number=int(first.get("SeriesNumber") or 0),
    )


def new_uid() -> UID:
    """A unique identifier made of a random UUID (PS3.5, B.2)."""
    return generate_uid(prefix=None)


def with_required(subject: Dataset) -> Dataset:
    """`subject` with an empty value for every required attribute that it lacks."""
    for keyword in REQUIRED:
        if keyword not in subject:
            setattr(subject, keyword, "")
    return subject


def _subject(header: Dataset) -> Dataset:
    return with_required(copy_present(header, ("SpecificCharacterSet", *PATIENT, *STUDY)))


def _require_one(what: str, values: Iterable[object], where: Path) -> None:
    count = len({str(value) for value in values})
    if count > 1:
        several = {"study": "studies", "patient": "patients", "series": "series"}[what]
        raise InputError(
            f"the DICOM files belong to {count} {several}",
            where=where,
            remedy=f"Name the files of one {what}: those of the scan that was processed.",
        )
