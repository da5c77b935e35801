"""What a series is, and why: ASL scan, M0 scan, a map the scanner made, or nothing of these."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from deepasl.readers.asl_words import ASL_WORD
from deepasl.readers.dicom.attributes import (
    ACQUISITION_CONTRAST,
    CONTEXT,
    GE_LABELING,
    GE_TECHNIQUE,
    IMAGE_TYPE,
    LABELING,
    MANUFACTURER,
    PHILIPS_LABEL,
    PROTOCOL_NAME,
    SIEMENS_SERIES_HEADER,
    SIEMENS_XA_PROTOCOL,
    TECHNIQUE,
)
from deepasl.readers.dicom.csa import MeasurementProtocol, measurement_protocol
from deepasl.readers.dicom.header import Places, bytes_of, origin_of, text_of

ASL_SEQUENCE = re.compile(r"p?c?asl|fairest")
"""In the name of a Siemens pulse sequence."""

NAME_WORD = re.compile(r"asl", re.IGNORECASE)
"""In the name of a series that has ASL attributes besides: ``3DpCASL``."""

M0_WORD = re.compile(r"(?<![a-z0-9])(m0|m0scan|calib\w*|mzero|pd)(?![a-z0-9])", re.IGNORECASE)
"""What M0 scans are called."""

CERTAIN, LIKELY, NO_EVIDENCE = 0.95, 0.5, 0.0


class SeriesKind(StrEnum):
    """What a series is."""

    ASL = "ASL"
    M0 = "M0"
    SUBTRACTED = "subtracted"
    RELATIVE_CBF = "relative CBF"
    CBF = "CBF"
    OTHER = "other"


MAP_KINDS = (SeriesKind.SUBTRACTED, SeriesKind.RELATIVE_CBF, SeriesKind.CBF)


class Vendor(StrEnum):
    """Who made the scanner."""

    SIEMENS = "Siemens"
    PHILIPS = "Philips"
    GE = "GE"
    OTHER = "other"


@dataclass(frozen=True)
class Verdict:
    """What a series was taken for.

    Attributes:
        kind: What it is.
        vendor: Whose scanner made it.
        evidence: Why, in words, with the attribute.
        confidence: 0.95 with attributes that only ASL has, 0.5 where it is merely called so, 0 for anything else.
    """

    kind: SeriesKind
    vendor: Vendor
    evidence: tuple[str, ...] = ()
    confidence: float = NO_EVIDENCE


def vendor_of(places: Places) -> Vendor:
    """Whose scanner made an image, by (0008,0070)."""
    name = text_of(MANUFACTURER, places).upper()
    if "SIEMENS" in name:
        return Vendor.SIEMENS
    if "PHILIPS" in name:
        return Vendor.PHILIPS
    return Vendor.GE if name.startswith("GE") else Vendor.OTHER


def protocol_of(places: Places) -> MeasurementProtocol:
    """The measurement protocol of a Siemens scan; empty for others."""
    header = bytes_of(SIEMENS_SERIES_HEADER, places) or bytes_of(SIEMENS_XA_PROTOCOL, places)
    return measurement_protocol(header)


def judge(
    places: Places, image_types: Sequence[tuple[str, ...]], description: str, modality: str, *, images: int, files: int
) -> Verdict:
    """Say what a series is.

    Args:
        places: The header of its first image; empty if it is not to be looked at.
        image_types: The different values of (0008,0008) in the series.
        description: Series description.
        modality: (0008,0060).
        images: Number of images; a name alone is no evidence for one image.
        files: Number of files.
    """
    if modality != "MR" or not places:
        return Verdict(SeriesKind.OTHER, Vendor.OTHER)
    vendor = vendor_of(places)
    evidence = _asl_evidence(places, image_types, vendor)
    names = f"{description} {text_of(PROTOCOL_NAME, places)}"
    if not evidence:
        if ASL_WORD.search(names.replace("_", " ")) and images > 1:
            return Verdict(_kind(image_types, names, places, vendor), vendor, ("its name only",), LIKELY)
        return Verdict(SeriesKind.OTHER, vendor)
    if files == 1 and text_of(CONTEXT, places) == "M_ZERO_SCAN":
        return Verdict(SeriesKind.M0, vendor, evidence, CERTAIN)
    return Verdict(_kind(image_types, names, places, vendor), vendor, evidence, CERTAIN)


def _asl_evidence(places: Places, image_types: Sequence[tuple[str, ...]], vendor: Vendor) -> tuple[str, ...]:
    attributes = (LABELING, CONTEXT, TECHNIQUE, GE_LABELING, GE_TECHNIQUE)
    found = [
        f"{origin_of(attribute, places)}: {value}" for attribute in attributes if (value := text_of(attribute, places))
    ]
    if (label := text_of(PHILIPS_LABEL, places).upper()) in ("CONTROL", "LABEL"):
        found.append(f"{PHILIPS_LABEL}: {label}")
    if ASL_SEQUENCE.search(sequence := protocol_of(places).sequence):
        found.append(f"pulse sequence {sequence} in the measurement protocol")
    words = {part for image_type in image_types for part in image_type}
    if words & {"ASL", "PERFUSION_ASL"}:
        found.append(f"{IMAGE_TYPE}: {_written(image_types, ('ASL', 'PERFUSION_ASL'))}")
    perfusion = any("PERFUSION" in part for part in words) or text_of(ACQUISITION_CONTRAST, places) == "PERFUSION"
    if vendor is Vendor.PHILIPS and perfusion and NAME_WORD.search(name := text_of(PROTOCOL_NAME, places)):
        found.append(f"perfusion image of a protocol called {name!r}")
    return tuple(found)


def _written(image_types: Sequence[tuple[str, ...]], words: Sequence[str]) -> str:
    chosen = next(image_type for image_type in image_types if set(words) & set(image_type))
    return "\\".join(chosen)


def _kind(image_types: Sequence[tuple[str, ...]], names: str, places: Places, vendor: Vendor) -> SeriesKind:
    """The kind of a series that has to do with ASL."""
    kinds = {map_kind(image_type) for image_type in image_types}
    if kinds <= set(MAP_KINDS):
        return next(kind for kind in MAP_KINDS if kind in kinds)
    if vendor is Vendor.GE:
        # Proton density and difference image may share a series; alone, an original image is the proton density.
        return SeriesKind.M0 if kinds == {SeriesKind.ASL} else SeriesKind.ASL
    labeled = text_of(PHILIPS_LABEL, places) or text_of(CONTEXT, places) not in ("", "M_ZERO_SCAN")
    if vendor is Vendor.PHILIPS and not labeled and not M0_WORD.search(names):
        return SeriesKind.SUBTRACTED
    return SeriesKind.M0 if M0_WORD.search(names.replace("_", " ")) and not labeled else SeriesKind.ASL


def map_kind(image_type: tuple[str, ...]) -> SeriesKind:
    """Which map of the scanner an image is by (0008,0008); ASL for an image that is none."""
    words = {part.upper() for part in image_type}
    if words & {"RCBF", "RELCBF"}:
        return SeriesKind.RELATIVE_CBF
    if "CBF" in words:
        return SeriesKind.CBF
    derived = "DERIVED" in words
    if words & {"SUBTRACTION", "SUB", "PERFUSION_ASL"} or (derived and "ASL" in words and "PERFUSION" in words):
        return SeriesKind.SUBTRACTED
    return SeriesKind.ASL
