"""What both forms of a map say of themselves: patient, study, series, equipment, provenance."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import UID

import deepasl
from deepasl.results import Result
from deepasl.writers.dicom.codes import ACQUISITION_EQUIPMENT, PROCESSING_EQUIPMENT, code_sequence
from deepasl.writers.dicom.context import StudyContext
from deepasl.writers.dicom.deidentification import DUMMY_DATE, DUMMY_TIME
from deepasl.writers.dicom.derivation import CbfMap, derivation_codes, description, software
from deepasl.writers.dicom.sources import Reference
from deepasl.writers.provenance import RESEARCH_USE

PROGRAM = "DeepASL"

NOTICE = "RESEARCH USE ONLY"


@dataclass(frozen=True)
class NewSeries:
    """A series that is being written.

    Attributes:
        uid: Its UID.
        number: Its number, beside those of the scanner.
        title: What lists of series show, at most 64 characters.
        written: When.
    """

    uid: UID
    number: int
    title: str
    written: datetime


def common_header(context: StudyContext, series: NewSeries, result: Result, cbf: CbfMap) -> Dataset:
    """The modules that MR images and Parametric Maps share, without what belongs to one instance alone."""
    header = deepcopy(context.subject)
    header.Modality = "MR"
    header.SeriesInstanceUID = series.uid
    header.SeriesNumber = series.number
    header.SeriesDescription = series.title
    header.FrameOfReferenceUID = context.frame_of_reference
    header.PositionReferenceIndicator = None
    header.Manufacturer = PROGRAM
    header.ManufacturerModelName = PROGRAM
    header.DeviceSerialNumber = f"{PROGRAM}-{deepasl.__version__}"
    header.SoftwareVersions = software()
    header.ContributingEquipmentSequence = _equipment(context, series, cbf)
    header.DerivationDescription = description(result, cbf)
    header.DerivationCodeSequence = derivation_codes(result)
    header.ImageComments = RESEARCH_USE.upper()
    header.BurnedInAnnotation = "NO"
    header.RecognizableVisualFeatures = "NO"
    header.LossyImageCompression = "00"
    header.update(_dates(context, series))
    return header


def referenced_series(references: Sequence[Reference]) -> DicomSequence:
    """The items of Referenced Series Sequence (PS3.3, C.12.2) for these source images."""
    items = []
    for uid in dict.fromkeys(reference.image.series for reference in references):
        item = Dataset()
        item.SeriesInstanceUID = uid
        item.ReferencedInstanceSequence = DicomSequence(
            [reference.identity() for reference in references if reference.image.series == uid]
        )
        items.append(item)
    return DicomSequence(items)


def _dates(context: StudyContext, series: NewSeries) -> Dataset:
    """When the maps were made. Content date and time must be there; without dates they get a dummy (action D)."""
    day, time = series.written.strftime("%Y%m%d"), series.written.strftime("%H%M%S")
    dates = Dataset()
    dates.ContentDate = day if context.dated else DUMMY_DATE
    dates.ContentTime = time if context.dated else DUMMY_TIME
    if context.dated:
        dates.SeriesDate = dates.InstanceCreationDate = day
        dates.SeriesTime = dates.InstanceCreationTime = time
    return dates


def _equipment(context: StudyContext, series: NewSeries, cbf: CbfMap) -> DicomSequence:
    """The scanner, where it is known, and this program (PS3.3, C.12.1.1.5)."""
    program = Dataset()
    program.PurposeOfReferenceCodeSequence = code_sequence(PROCESSING_EQUIPMENT)
    program.Manufacturer = PROGRAM
    program.ManufacturerModelName = PROGRAM
    program.SoftwareVersions = software()
    program.ContributionDescription = f"{cbf.name} CBF: {cbf.algorithm}, {cbf.parameters}. {RESEARCH_USE}"
    if context.dated:
        program.ContributionDateTime = series.written.strftime("%Y%m%d%H%M%S")
    if not context.scanner:
        return DicomSequence([program])
    scanner = deepcopy(context.scanner)
    scanner.PurposeOfReferenceCodeSequence = code_sequence(ACQUISITION_EQUIPMENT)
    scanner.Manufacturer = scanner.get("Manufacturer") or "unknown"
    return DicomSequence([scanner, program])
