"""How the scan behind a map was acquired, and with which scanner, as a single-frame image says it."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import format_number_as_ds

from deepasl.acquisition.parameters import Acquisition
from deepasl.readers.dicom.attributes import (
    EFFECTIVE_ECHO_TIME,
    FLIP_ANGLE,
    MEASURES,
    REPETITION_TIME,
    TIMING,
    Attribute,
)
from deepasl.readers.dicom.header import places_of_frames, value_of

COPIED = (
    "ScanningSequence",
    "SequenceVariant",
    "MRAcquisitionType",
    "RepetitionTime",
    "EchoTime",
    "EchoTrainLength",
    "InversionTime",
    "FlipAngle",
    "SliceThickness",
    "PatientPosition",
    "BodyPartExamined",
)

SCANNER = (
    "Manufacturer",
    "ManufacturerModelName",
    "DeviceSerialNumber",
    "SoftwareVersions",
    "InstitutionName",
    "StationName",
)

RESEARCH_MODE = "RM"
"""Scanning Sequence of a scan nobody described: it may not be empty, and the standard has no word for unknown."""

GATED = {"CG", "RG", "PPG"}
"""Scan Options with which a trigger time has to be given; a map has none."""

SLICE_THICKNESS = Attribute(0x0018, 0x0050, "Slice Thickness", inside=(MEASURES,))

IN_GROUPS = {
    "RepetitionTime": REPETITION_TIME,
    "EchoTrainLength": Attribute(0x0018, 0x0091, "Echo Train Length", inside=(TIMING,)),
    "FlipAngle": FLIP_ANGLE,
    "EchoTime": EFFECTIVE_ECHO_TIME,
    "SliceThickness": SLICE_THICKNESS,
}
"""Attributes of a single-frame image, and what holds the same in an enhanced one."""


def scan_facts(header: Dataset) -> Dataset:
    """What the MR Image module (PS3.3, C.8.3.1) says of an acquisition, and the slices and position of the patient.

    Args:
        header: Of a source image, single-frame or enhanced; empty if there was none.
    """
    facts = copy_present(header, COPIED)
    for keyword, attribute in IN_GROUPS.items():
        value = value_of(attribute, places_of_frames(header)[0])
        if keyword not in facts and value is not None:
            setattr(facts, keyword, _number(value))
    if not facts.get("ScanningSequence"):
        facts.ScanningSequence = _scanning_sequence(header)
    if not facts.get("SequenceVariant"):
        facts.SequenceVariant = "SK" if header.get("SegmentedKSpaceTraversal") in ("PARTIAL", "FULL") else "NONE"
    facts.ScanOptions = [option for option in several(header.get("ScanOptions")) if option not in GATED] or None
    if "IR" not in several(facts.ScanningSequence):
        facts.pop("InversionTime", None)
    return facts


def completed(facts: Dataset, acquisition: Acquisition) -> Dataset:
    """The facts with what the maps were computed with where the scan did not tell, and empty values for the rest.

    Args:
        facts: As `scan_facts` returns them.
        acquisition: The parameters of the result; times in s.
    """
    whole = deepcopy(facts)
    if not whole.get("RepetitionTime") and acquisition.repetition_time.known:
        whole.RepetitionTime = format_number_as_ds(1000.0 * acquisition.repetition_time.require())
    if not whole.get("MRAcquisitionType") and acquisition.readout.known:
        whole.MRAcquisitionType = acquisition.readout.require()
    if acquisition.magnetic_field_strength.known:
        whole.MagneticFieldStrength = format_number_as_ds(acquisition.magnetic_field_strength.require())
    for keyword in ("RepetitionTime", "MRAcquisitionType", "EchoTime", "EchoTrainLength", "PatientPosition"):
        if keyword not in whole:
            setattr(whole, keyword, None)
    if "IR" in several(whole.ScanningSequence) and "InversionTime" not in whole:
        whole.InversionTime = None
    return whole


def copy_present(header: Dataset, keywords: Iterable[str]) -> Dataset:
    """The attributes of `header` among `keywords` that have a value, in a data set of their own.

    Scanners write some of them empty where the standard asks for a value or nothing.
    """
    copied = Dataset()
    for keyword in keywords:
        if keyword in header and not header[keyword].is_empty:
            copied.add(deepcopy(header[keyword]))
    return copied


def several(value: object) -> list[str]:
    """The values of an attribute that may have none, one or many."""
    if not value:
        return []
    return [str(each) for each in value] if isinstance(value, list | MultiValue) else [str(value)]


def _scanning_sequence(header: Dataset) -> list[str]:
    """Scanning Sequence out of the attributes of an enhanced image (PS3.3, C.8.13.4)."""
    pulse = {"SPIN": ["SE"], "GRADIENT": ["GR"], "BOTH": ["SE", "GR"]}.get(header.get("EchoPulseSequence", ""), [])
    inversion = ["IR"] if header.get("InversionRecovery") == "YES" else []
    planar = ["EP"] if header.get("EchoPlanarPulseSequence") == "YES" else []
    return [*pulse, *inversion, *planar] or [RESEARCH_MODE]


def _number(value: object) -> object:
    """Enhanced images hold numbers where single-frame ones hold decimal strings of 16 characters at most."""
    return format_number_as_ds(value) if isinstance(value, float) else value
