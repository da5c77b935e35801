"""Values of DICOM headers, wherever a scanner put them. With `pixels.py`, all that touches pydicom."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepasl.errors import InputError
from deepasl.readers.dicom.attributes import SIEMENS_IMAGE_HEADER, Attribute
from deepasl.readers.dicom.csa import csa_item, sequence_in_base64

if TYPE_CHECKING:
    from pydicom import Dataset

Places = Sequence["Dataset"]
"""Where to look for a value, the nearest first: the frame, what all frames share, the file."""

SHARED = 0x52009229
PER_FRAME = 0x52009230


@contextmanager
def quiet_pydicom() -> Iterator[None]:
    """Read headers without pydicom's remarks on values, which may quote the name of a patient.

    Raises:
        InputError: If pydicom is not installed.
    """
    try:
        import pydicom  # noqa: F401
    except ImportError as error:
        raise InputError(
            "DICOM files cannot be read without the Python package pydicom",
            remedy="Install it: pip install 'deepasl[dicom]'.",
        ) from error
    log = logging.getLogger("pydicom")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def read_header(path: Path) -> Dataset:
    """The whole header of a file, without its pixels.

    Raises:
        InputError: If it cannot be understood.
    """
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    try:
        return dcmread(path, stop_before_pixels=True)
    except (InvalidDicomError, OSError, EOFError, ValueError, KeyError, NotImplementedError) as error:
        raise InputError("a DICOM header cannot be read", where=path.parent, remedy="Export it again.") from error


def places_of_frames(header: Dataset) -> tuple[Places, ...]:
    """Where to look for the values of each frame of a file; one entry for a file with one image."""
    if PER_FRAME not in header:
        return ((*_asl_of_siemens(header), header),)
    common = (*(header[SHARED].value if SHARED in header else ()), header)
    return tuple((frame, *common) for frame in header[PER_FRAME].value)


def value_of(attribute: Attribute, places: Places) -> Any:
    """The first value that is not empty; None if there is none."""
    for place in places:
        for path in ((*attribute.inside, attribute), (attribute,)):
            value = _follow(place, path)
            if value is not None and value != "" and value != []:
                return value
    return None


def origin_of(attribute: Attribute, places: Places) -> str:
    """Where the first value that is not empty stands, in words."""
    hidden = len(places) > 1 and PER_FRAME not in places[-1] and value_of(attribute, places[:1]) is not None
    return f"{attribute} within MR_ASL of {SIEMENS_IMAGE_HEADER}" if hidden else str(attribute)


def text_of(attribute: Attribute, places: Places) -> str:
    """A value as text; empty if there is none. Several values are joined by backslashes, as DICOM writes them."""
    return "\\".join(str(v) for v in _listed(value_of(attribute, places))).strip()


def numbers_of(attribute: Attribute, places: Places) -> tuple[float, ...]:
    """All numbers of a value; none if it is absent or no number."""
    try:
        return tuple(float(v) for v in _listed(value_of(attribute, places)))
    except (TypeError, ValueError):
        return ()


def number_of(attribute: Attribute, places: Places) -> float | None:
    """The first number of a value; None if it has none."""
    return next(iter(numbers_of(attribute, places)), None)


def bytes_of(attribute: Attribute, places: Places) -> bytes:
    """A binary value; empty if there is none."""
    value = value_of(attribute, places)
    return value if isinstance(value, bytes) else b""


def _listed(value: Any) -> Sequence[Any]:
    from pydicom.multival import MultiValue

    if value is None:
        return ()
    return value if isinstance(value, (MultiValue, list, tuple)) else (value,)


def _follow(place: Dataset, path: Sequence[Attribute]) -> Any:
    """The value at the end of a path through sequences, of which the first item counts."""
    for attribute in path[:-1]:
        items = _element(place, attribute)
        if not items:
            return None
        place = items[0]
    return _element(place, path[-1])


def _element(place: Dataset, attribute: Attribute) -> Any:
    if not attribute.creator:
        element = place.get(attribute.tag)
        return None if element is None else element.value
    # Looked for by hand: `Dataset.private_block` sorts the whole header to find that a block is absent.
    for place_of_creator in _private_creators(place, attribute.group):
        if str(place[place_of_creator].value).strip() == attribute.creator:
            block = (place_of_creator & 0xFF) << 8
            element = place.get(attribute.group << 16 | block | attribute.element & 0xFF)
            return None if element is None else element.value
    return None


def _private_creators(place: Dataset, group: int) -> list[int]:
    """Where the names of the private blocks of a group stand: (gggg,0010) to (gggg,00FF), PS3.5, 7.8.1."""
    return [tag for tag in place.keys() if tag >> 16 == group and 0x10 <= int(tag) & 0xFFFF <= 0xFF]  # noqa: SIM118


def _asl_of_siemens(header: Dataset) -> tuple[Dataset, ...]:
    """What Siemens scanners before XA hide in the CSA image header: the standard ASL sequence, in base64."""
    coded = "".join(csa_item(bytes_of(SIEMENS_IMAGE_HEADER, (header,)), "MR_ASL"))
    return (sequence_in_base64(coded),) if coded else ()
