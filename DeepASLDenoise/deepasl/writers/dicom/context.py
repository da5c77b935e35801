"""Whose maps these are: patient, study and frame of reference, carried over from the scan or made anew."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from pydicom.dataset import Dataset
from pydicom.uid import UID, generate_uid

from deepasl.errors import InputError
from deepasl.readers.dicom.attributes import Attribute
from deepasl.readers.dicom.header import number_of, read_header
from deepasl.writers.dicom.scan_facts import SCANNER, copy_present, scan_facts
from deepasl.writers.dicom.sources import SourceImage, source_files, source_image

UNICODE = "ISO_IR 192"

SERIES_NUMBER = Attribute(0x0020, 0x0011, "Series Number")

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

LONGEST_NAME = 64
"""Characters that fit into value representations PN (one group) and LO."""

SEXES = ("", "F", "M", "O")
"""Enumerated values of (0010,0040), PS3.3 C.7.1.1."""


@dataclass(frozen=True)
class Patient:
    """A patient as the user names one, for scans that did not come as DICOM.

    Attributes:
        name: As DICOM has it: ``"Family^Given"``.
        id: Identifier in the hospital or study; one is made up if it is empty, since a PACS needs one.
        birth_date: ``"YYYYMMDD"`` or empty.
        sex: ``"F"``, ``"M"``, ``"O"`` or empty.

    Raises:
        InputError: If a value cannot stand in a DICOM file.
    """

    name: str = field(default="", repr=False)
    id: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)
    sex: str = ""

    def __post_init__(self) -> None:
        for what, text in (("name", self.name), ("identifier", self.id)):
            if len(text) > LONGEST_NAME or "\\" in text or not text.isprintable():
                raise InputError(
                    f"the {what} of the patient is no text of {LONGEST_NAME} characters at most without backslash",
                    remedy="Give another one.",
                )
        if self.birth_date and not _is_date(self.birth_date):
            raise InputError("the birth date of the patient is no date YYYYMMDD", remedy="Write 19700131.")
        if self.sex not in SEXES:
            raise InputError("the sex of the patient is none of F, M and O (other)", remedy="Give one of them.")


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
        source: A file, a folder that holds one ASL scan, or the files of all series that entered the result, those of
            the ASL scan first. Every file is referenced by the maps as a source image.

    Raises:
        InputError: If a file cannot be read, the files belong to several patients or studies, or a folder does not
            hold one ASL scan.
    """
    files = source_files(source)
    first = read_header(files[0])
    images = (source_image(first, files[0]), *(source_image(read_header(path), path) for path in files[1:]))
    _require_one("patient", {image.patient for image in images}, files[0].parent)
    _require_one("study", {image.study for image in images}, files[0].parent)
    return StudyContext(
        subject=with_required(copy_present(first, ("SpecificCharacterSet", *PATIENT, *STUDY))),
        frame_of_reference=str(first.get("FrameOfReferenceUID", "")) or new_uid(),
        facts=scan_facts(first),
        scanner=copy_present(first, SCANNER),
        images=images,
        series_number=int(number_of(SERIES_NUMBER, (first,)) or 0),
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


def _is_date(text: str) -> bool:
    """Whether a text is a day as value representation DA writes it."""
    try:
        return datetime.strptime(text, "%Y%m%d").strftime("%Y%m%d") == text
    except ValueError:
        return False


def _require_one(what: str, values: Collection[str], where: Path) -> None:
    if len(values) > 1:
        raise InputError(
            f"the DICOM files belong to more than one {what}",
            where=where,
            remedy=f"Name the files of one {what}: those of the scan that was processed.",
        )
