"""The head of a DICOM file: which series it belongs to, and whether it is whole. Quick, for folders of 10,000 files.

Reading stops before the private and the pixel groups, and nothing of a file is kept but a few short values. The name
and the number of the patient are kept as a checksum only: enough to tell two patients apart.
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deepasl.readers.dicom.header import quiet_pydicom

if TYPE_CHECKING:
    from pydicom import Dataset

LAST_TAG = 0x00280103
"""Everything up to the description of the pixels: (0028,0103) Pixel Representation."""

PIXEL_DATA = (b"\xe0\x7f\x10\x00", b"\x7f\xe0\x00\x10")
"""(7FE0,0010) in little and big endian."""
DELIMITATION = b"\xfe\xff\xdd\xe0"

DEFLATED = "1.2.840.10008.1.2.1.99"
UNCOMPRESSED = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2")
"""Implicit and explicit VR, little and big endian."""

PREAMBLE = 132
LONGEST_TAIL = 64


@dataclass(frozen=True, slots=True)
class Head:
    """What is kept of one file.

    Attributes:
        path: The file.
        instance, kind: SOP Instance UID, and SOP Class UID: classic and enhanced images are of different classes.
        series, study: Their UIDs.
        patient: Checksum of name and number of the patient.
        modality: E.g. ``"MR"``.
        number: Series number; None if it has none.
        description: Series description, else protocol name; without any part of the patient's name.
        image_type: (0008,0008).
        instance_number: (0020,0013); 0 if it has none.
        frames: Number of frames.
        compressed: Whether the pixels are compressed.
        cut_off: Whether the file ends before its pixels do.
    """

    path: Path
    instance: str
    kind: str
    series: str
    study: str
    patient: str
    modality: str
    number: int | None
    description: str
    image_type: tuple[str, ...]
    instance_number: int
    frames: int
    compressed: bool
    cut_off: bool


def files_in(folder: Path) -> tuple[Path, ...]:
    """Every file of a folder and the folders within it, sorted; hidden ones are left out."""
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += (Path(place) / name for name in sorted(names) if not name.startswith("."))
    return tuple(found)


def heads_of(files: Iterator[Path]) -> Iterator[Head | None]:
    """The head of each file, in order; None for a file that is no DICOM image."""
    with quiet_pydicom():
        for path in files:
            yield _head(path)


def _head(path: Path) -> Head | None:
    from pydicom.errors import InvalidDicomError
    from pydicom.filereader import read_partial

    try:
        with path.open("rb") as file:
            if file.read(PREAMBLE)[-4:] != b"DICM":
                return None
            file.seek(0)
            dataset = read_partial(file, stop_when=lambda tag, vr, length: tag > LAST_TAG)
            syntax = str(dataset.file_meta.get("TransferSyntaxUID", ""))
            return _understood(path, dataset, syntax, _cut_off(dataset, syntax, path))
    except (InvalidDicomError, OSError, EOFError, ValueError, KeyError, TypeError, NotImplementedError, struct.error):
        return None


def _understood(path: Path, dataset: Dataset, syntax: str, cut_off: bool) -> Head | None:
    series = str(dataset.get("SeriesInstanceUID", ""))
    if not series or ("Rows" not in dataset and not cut_off):
        return None
    number = dataset.get("SeriesNumber")
    name = _raw(dataset, 0x00100010)
    described = str(dataset.get("SeriesDescription") or dataset.get("ProtocolName") or "")
    image_type = dataset.get("ImageType") or ()
    return Head(
        path=path,
        instance=str(dataset.get("SOPInstanceUID", "")),
        kind=str(dataset.get("SOPClassUID", "")),
        series=series,
        study=str(dataset.get("StudyInstanceUID", "")),
        patient=hashlib.sha256(name + b"\\" + _raw(dataset, 0x00100020)).hexdigest()[:16],
        modality=str(dataset.get("Modality", "")),
        number=None if number in (None, "") else int(number),
        description=without_name(described.strip(), name.decode("latin-1")),
        image_type=(image_type,) if isinstance(image_type, str) else tuple(str(part) for part in image_type),
        instance_number=int(dataset.get("InstanceNumber") or 0),
        frames=int(dataset.get("NumberOfFrames") or 1),
        compressed=syntax not in (*UNCOMPRESSED, DEFLATED),
        cut_off=cut_off,
    )


def without_name(text: str, name: str) -> str:
    """`text` without any part of a person's name of three letters or more."""
    for part in re.findall(r"\w{3,}", name):
        text = re.sub(rf"(?<![^\W_]){re.escape(part)}(?![^\W_])", "***", text, flags=re.IGNORECASE)
    return text


def _raw(dataset: Dataset, tag: int) -> bytes:
    """The bytes of a value as they stand in the file: not decoded, so that nothing can be said about them."""
    if tag not in dataset:
        return b""
    value = dataset.get_item(tag).value
    return (value if isinstance(value, bytes) else str(value).encode()).strip()


def _cut_off(dataset: Dataset, syntax: str, path: Path) -> bool:
    """Whether the pixels are not where a whole file has them, which is at its end."""
    if "Rows" not in dataset:
        return True
    if syntax == DEFLATED:
        return False
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        if syntax not in UNCOMPRESSED:
            file.seek(max(0, size - LONGEST_TAIL))
            return DELIMITATION not in file.read()
        length = _pixel_bytes(dataset)
        file.seek(max(0, size - length - LONGEST_TAIL))
        before = file.read(LONGEST_TAIL)
    if any(tag in before for tag in PIXEL_DATA):
        return False
    return not _holds_pixels(path, length)


def _pixel_bytes(dataset: Dataset) -> int:
    samples = int(dataset.get("SamplesPerPixel") or 1) * int(dataset.get("NumberOfFrames") or 1)
    length: int = dataset.Rows * dataset.Columns * samples * int(dataset.get("BitsAllocated") or 16) // 8
    return length + length % 2


def _holds_pixels(path: Path, length: int) -> bool:
    """The slow way, for files with something behind their pixels: walk to the pixels and count what follows."""
    from pydicom import dcmread

    with path.open("rb") as file:
        dcmread(file, stop_before_pixels=True)
        start = file.tell()
        return file.read(4) in PIXEL_DATA and path.stat().st_size - start >= length
