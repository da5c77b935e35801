"""The DICOM images a result was computed from: their identity and where their slices lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from deepasl.errors import InputError
from deepasl.readers.dicom.attributes import IMAGE_ORIENTATION, IMAGE_POSITION
from deepasl.readers.dicom.choice import chosen_series, require_whole
from deepasl.readers.dicom.header import Places, numbers_of, places_of_frames
from deepasl.readers.dicom.series import find_series
from deepasl.writers.dicom.codes import SOURCE_IMAGE, code_sequence
from deepasl.writers.dicom.planes import Planes

Vector = tuple[float, float, float]

PARALLEL = 0.999
"""Cosine between normals above which slices count as parallel (2.6 degrees)."""

IDENTITY = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")


@dataclass(frozen=True)
class SourcePlane:
    """One slice of a source image.

    Attributes:
        normal: Unit vector perpendicular to it, LPS.
        position: A point on it, LPS mm.
    """

    normal: Vector
    position: Vector


@dataclass(frozen=True)
class SourceImage:
    """One DICOM instance that entered the result.

    Attributes:
        sop_class: SOP Class UID.
        uid: SOP Instance UID.
        series: Series Instance UID.
        study: Study Instance UID.
        patient: Patient ID.
        planes: The plane of each frame; none where the file does not say, as for mosaics.
    """

    sop_class: str
    uid: str
    series: str
    study: str
    patient: str = field(repr=False)
    planes: tuple[SourcePlane, ...]

    def frames_at(self, planes: Planes, plane: int) -> tuple[int, ...] | None:
        """Which frames, counted from 1, lie in a plane of the result: those less than half a slice away.

        None where the frames are not parallel to the plane, or nobody knows where they lie: then all of them count.
        """
        parallel = [abs(float(np.dot(own.normal, planes.normal))) > PARALLEL for own in self.planes]
        if not any(parallel):
            return None
        there = planes.position(plane)
        return tuple(
            number
            for number, (own, is_parallel) in enumerate(zip(self.planes, parallel, strict=True), start=1)
            if is_parallel and abs(np.dot(planes.normal, np.subtract(own.position, there))) < planes.spacing / 2
        )


@dataclass(frozen=True)
class Reference:
    """What a plane of the result was computed from.

    Attributes:
        image: The source image.
        frames: Its frames, counted from 1; empty for all of it.
    """

    image: SourceImage
    frames: tuple[int, ...] = ()

    def item(self) -> Dataset:
        """As an item of Source Image Sequence (PS3.3, C.7.6.1.1.4)."""
        item = self.identity()
        if self.frames:
            item.ReferencedFrameNumber = list(self.frames)
        item.PurposeOfReferenceCodeSequence = code_sequence(SOURCE_IMAGE)
        return item

    def identity(self) -> Dataset:
        """As an item that names the instance alone."""
        item = Dataset()
        item.ReferencedSOPClassUID = self.image.sop_class
        item.ReferencedSOPInstanceUID = self.image.uid
        return item


def references_at(images: Sequence[SourceImage], planes: Planes, plane: int) -> tuple[Reference, ...]:
    """The source images, and frames of them, that a plane of the result was computed from."""
    found = []
    for image in images:
        frames = image.frames_at(planes, plane)
        if frames is None or len(frames) == len(image.planes):
            found.append(Reference(image))
        elif frames:
            found.append(Reference(image, frames))
    return tuple(found)


def require_overlap(images: Sequence[SourceImage], planes: Planes, where: Path) -> None:
    """Refuse sources whose slices lie elsewhere: they belong to another scan.

    Raises:
        InputError: If no plane of the result has a source image.
    """
    if images and not any(references_at(images, planes, plane) for plane in range(planes.count)):
        raise InputError(
            "the slices of these DICOM images lie elsewhere than the maps",
            where=where,
            remedy="Name the DICOM files of the scan that was processed.",
        )


def source_files(source: Path | Sequence[Path]) -> tuple[Path, ...]:
    """The files a source stands for: itself, those of the ASL scan in a folder, or those listed.

    Raises:
        InputError: If there are none; for a folder also if it holds no ASL scan, several, or a damaged one.
    """
    if isinstance(source, Path) and source.is_dir():
        return _files_of_the_scan_in(source)
    files = (source,) if isinstance(source, Path) else tuple(source)
    if not files:
        raise InputError("there are no DICOM files", remedy="Name the files of the scan.")
    for path in files:
        if not path.exists():
            raise InputError("there is no such file or folder", where=path, remedy="Name the DICOM files of the scan.")
    return files


def _files_of_the_scan_in(folder: Path) -> tuple[Path, ...]:
    try:
        series = chosen_series(find_series(folder), None, str(folder))
    except InputError as refusal:
        remedy = "Name the folder of the DICOM files of the scan that was processed, alone."
        raise InputError(refusal.what, where=refusal.where, remedy=remedy) from refusal
    require_whole(series)
    return series.files


def source_image(header: Dataset, path: Path) -> SourceImage:
    """The identity and the planes of an image.

    Args:
        header: Of the image.
        path: Its file, for messages.

    Raises:
        InputError: If it does not name its study, series and instance.
    """
    if missing := [keyword for keyword in IDENTITY if not header.get(keyword)]:
        raise InputError(f"a DICOM file lacks {', '.join(missing)}", where=path.parent, remedy="Export the scan again.")
    return SourceImage(
        sop_class=str(header.SOPClassUID),
        uid=str(header.SOPInstanceUID),
        series=str(header.SeriesInstanceUID),
        study=str(header.StudyInstanceUID),
        patient=str(header.get("PatientID", "")),
        planes=_planes(header),
    )


def _planes(header: Dataset) -> tuple[SourcePlane, ...]:
    """The plane of each frame; none unless all are told. The position of a mosaic is not that of a slice."""
    if "MOSAIC" in header.get("ImageType", ()):
        return ()
    planes = [_plane(places) for places in places_of_frames(header)]
    return tuple(plane for plane in planes if plane is not None) if None not in planes else ()


def _plane(places: Places) -> SourcePlane | None:
    cosines, point = numbers_of(IMAGE_ORIENTATION, places), numbers_of(IMAGE_POSITION, places)
    if len(cosines) != 6 or len(point) != 3:
        return None
    normal = np.cross(cosines[:3], cosines[3:])
    nx, ny, nz = (float(value) for value in normal / np.linalg.norm(normal))
    return SourcePlane((nx, ny, nz), (point[0], point[1], point[2]))
