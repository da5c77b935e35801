"""Maps without the person: the Basic Application Level Confidentiality Profile of DICOM PS3.15, annex E.

Data sets are built from few attributes, so few have to be dealt with. Of those in table E.1-1: patient and study
attributes are emptied, replaced or left out; UIDs are new; references to source images and the scanner's serial number
are left out; dates and times are left out, or replaced by a dummy where the standard asks for one. Descriptions are
sentences of this program that hold no word from outside (Clean Descriptors Option). CBF is 0 outside the brain, so no
face can be seen.
"""

from __future__ import annotations

from uuid import uuid4

from pydicom.dataset import Dataset

from deepasl.writers.dicom.codes import BASIC_PROFILE, CLEAN_DESCRIPTORS, code_sequence
from deepasl.writers.dicom.context import UNICODE, StudyContext, new_uid, with_required
from deepasl.writers.dicom.scan_facts import copy_present

DUMMY_DATE = "19000101"
DUMMY_TIME = "000000"

SCANNER_KEPT = ("Manufacturer", "ManufacturerModelName", "SoftwareVersions")
"""What may be said of a scanner without naming the one and the place it stands in."""


def deidentified(context: StudyContext) -> StudyContext:
    """The context of the same maps when nobody shall know whose they are.

    The patient gets a random identifier, since a PACS needs one; all maps written with one context share it.
    """
    subject = Dataset()
    subject.SpecificCharacterSet = UNICODE
    subject.PatientID = f"ANON-{uuid4().hex[:8].upper()}"
    subject.StudyInstanceUID = new_uid()
    subject.PatientIdentityRemoved = "YES"
    subject.DeidentificationMethod = f"DICOM PS3.15: {BASIC_PROFILE.meaning}"
    subject.DeidentificationMethodCodeSequence = code_sequence(BASIC_PROFILE, CLEAN_DESCRIPTORS)
    subject.LongitudinalTemporalInformationModified = "REMOVED"
    return StudyContext(
        subject=with_required(subject),
        frame_of_reference=new_uid(),
        facts=context.facts,
        scanner=copy_present(context.scanner, SCANNER_KEPT),
        dated=False,
    )
