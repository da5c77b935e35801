"""What each image of a series is: its place in space, its volume, its role, its scale; one pass over the headers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepasl.errors import InputError
from deepasl.readers.dicom import attributes as tag
from deepasl.readers.dicom.csa import csa_item
from deepasl.readers.dicom.evidence import MAP_KINDS, map_kind
from deepasl.readers.dicom.header import (
    Places,
    bytes_of,
    number_of,
    numbers_of,
    origin_of,
    places_of_frames,
    quiet_pydicom,
    read_header,
    text_of,
)

Vector = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Plane:
    """Where an image lies, DICOM patient coordinates.

    Attributes:
        corner: Center of its first pixel, mm.
        row, column: Directions of rising column and row number.
        normal: Direction in which the tiles of a mosaic follow one another; else row x column.
        spacing: Pixel distance (rows, columns) in mm.
        shape: Rows and columns of one slice.
    """

    corner: Vector
    row: Vector
    column: Vector
    normal: Vector
    spacing: tuple[float, float]
    shape: tuple[int, int]

    @property
    def position(self) -> float:
        """Distance along the normal, in 0.01 mm steps."""
        return round(float(np.dot(self.corner, self.normal)), 2)


@dataclass(frozen=True, slots=True)
class Frame:
    """One image of a series.

    Attributes:
        file, index: Number of its file in the series, and of the frame in the file.
        plane: Where it lies; of a mosaic, its first slice.
        tiles: How many slices a mosaic holds; 1 for any other image.
        label: The role its header gives: ``control``, ``label``, ``m0scan``, ``deltam``, ``cbf``, or empty.
        label_origin: The attribute that says so.
        delay: Post-labeling delay in s; None if the header has none for this image.
        temporal: Temporal position; 0 if unknown.
        phase: Philips phase number; 0 if unknown.
        acquisition: Acquisition number; 0 if unknown.
        time: Acquisition date and time, as text that sorts.
        instance: Instance number.
        trigger_time: (0018,1060) in ms; None if absent.
        repetition_time: In s; None if absent.
        slope, intercept: Rescaling to the displayed value.
        scale_slope: Philips scale slope; None for other vendors.
    """

    file: int
    index: int
    plane: Plane
    tiles: int
    label: str
    label_origin: str
    delay: float | None
    temporal: int
    phase: int
    acquisition: int
    time: str
    instance: int
    trigger_time: float | None
    repetition_time: float | None
    slope: float
    intercept: float
    scale_slope: float | None


CONTEXTS = {"CONTROL": "control", "LABEL": "label", "M_ZERO_SCAN": "m0scan"}
"""Defined terms of (0018,9257) and of the Philips label type, as roles."""


def frames_of(files: tuple[Path, ...]) -> Iterator[Frame]:
    """Every image of a series, file by file; one header is held at a time.

    Raises:
        InputError: If a header cannot be read or says not where its image lies.
    """
    for number, path in enumerate(files):
        with quiet_pydicom():
            for index, places in enumerate(places_of_frames(read_header(path))):
                yield _frame(number, index, places, path)


def _frame(file: int, index: int, places: Places, path: Path) -> Frame:
    label, origin = _label(places)
    milliseconds = number_of(tag.SIEMENS_XA_DELAY, places)
    return Frame(
        file=file,
        index=index,
        plane=_plane(places, path),
        tiles=int(number_of(tag.SIEMENS_MOSAIC, places) or 1),
        label=label,
        label_origin=origin,
        delay=None if milliseconds is None else milliseconds / 1000.0,
        temporal=int(number_of(tag.TEMPORAL_INDEX, places) or number_of(tag.TEMPORAL_IDENTIFIER, places) or 0),
        phase=int(number_of(tag.PHILIPS_PHASE, places) or 0),
        acquisition=int(number_of(tag.ACQUISITION_NUMBER, places) or 0),
        time=_time(places),
        instance=int(number_of(tag.INSTANCE_NUMBER, places) or 0),
        trigger_time=number_of(tag.PHILIPS_TRIGGER_TIME, places),
        repetition_time=_seconds(number_of(tag.REPETITION_TIME, places)),
        slope=number_of(tag.RESCALE_SLOPE, places) or 1.0,
        intercept=number_of(tag.RESCALE_INTERCEPT, places) or 0.0,
        scale_slope=number_of(tag.PHILIPS_SCALE_SLOPE, places),
    )


def _seconds(milliseconds: float | None) -> float | None:
    return None if not milliseconds else round(milliseconds / 1000.0, 6)


def _time(places: Places) -> str:
    date_time = text_of(tag.FRAME_TIME, places)
    return date_time or text_of(tag.ACQUISITION_DATE, places) + text_of(tag.ACQUISITION_TIME, places)


def _label(places: Places) -> tuple[str, str]:
    """The role that the header gives to an image, and the attribute that does."""
    image_type = tuple(text_of(tag.IMAGE_TYPE, places).upper().split("\\"))
    if (kind := map_kind(image_type)) in MAP_KINDS:
        return ("deltam" if kind is MAP_KINDS[0] else "cbf"), str(tag.IMAGE_TYPE)
    for attribute in (tag.CONTEXT, tag.PHILIPS_LABEL):
        word = text_of(attribute, places).upper()
        if word in CONTEXTS:
            return CONTEXTS[word], origin_of(attribute, places)
    if text_of(tag.MANUFACTURER, places).upper().startswith("GE") and "ASL" in image_type:
        return "m0scan", str(tag.IMAGE_TYPE)
    return "", ""


def _plane(places: Places, path: Path) -> Plane:
    corner, axes = numbers_of(tag.IMAGE_POSITION, places), numbers_of(tag.IMAGE_ORIENTATION, places)
    spacing = numbers_of(tag.PIXEL_SPACING, places)
    rows, columns = number_of(tag.ROWS, places), number_of(tag.COLUMNS, places)
    if len(corner) != 3 or len(axes) != 6 or len(spacing) != 2 or rows is None or columns is None:
        raise InputError(
            "an image does not say where it lies in the patient",
            where=path.parent,
            remedy="Export the original images of the scanner, not captures of a screen.",
        )
    row, column = np.array(axes[:3]), np.array(axes[3:])
    shape, tiles = (int(rows), int(columns)), int(number_of(tag.SIEMENS_MOSAIC, places) or 1)
    origin, normal = np.array(corner), np.cross(row, column)
    if tiles > 1:
        shape, origin = _first_tile(shape, tiles, origin, row, column, spacing)
        normal = _mosaic_normal(places, normal)
    return Plane(
        _vector(origin), _vector(row), _vector(column), _vector(normal), (float(spacing[0]), float(spacing[1])), shape
    )


def _first_tile(
    shape: tuple[int, int], tiles: int, corner: Any, row: Any, column: Any, spacing: Vector
) -> tuple[tuple[int, int], Any]:
    """Shape and corner of the first slice of a mosaic, whose header has the corner of a slice as large as the mosaic.

    Both are centered on the same point: NiBabel documentation, "Siemens mosaic format".
    """
    across = int(np.ceil(np.sqrt(tiles)))
    small = (shape[0] // across, shape[1] // across)
    rows_off, columns_off = (shape[0] - small[0]) / 2.0, (shape[1] - small[1]) / 2.0
    return small, corner + row * columns_off * spacing[1] + column * rows_off * spacing[0]


def _mosaic_normal(places: Places, default: Any) -> Any:
    """The direction of rising tile number: the CSA header knows it, the public header does not."""
    values = csa_item(bytes_of(tag.SIEMENS_IMAGE_HEADER, places), "SliceNormalVector")
    return np.array([float(value) for value in values]) if len(values) == 3 else default


def _vector(values: Any) -> Vector:
    return tuple(float(v) for v in values)


def first_places(files: tuple[Path, ...], which: int = 0) -> Places:
    """The header of one file of a series, seen from its first frame."""
    with quiet_pydicom():
        return places_of_frames(read_header(files[which]))[0]
