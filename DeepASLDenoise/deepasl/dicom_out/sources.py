"""The DICOM images a result was computed from: their identity and where their slices lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from deepasl.dicom_out.codes import SOURCE_IMAGE, code_sequence
from deepasl.dicom_out.planes import Planes
from deepasl.errors import InputError

Vector = tuple[float, float, float]

PARALLEL = 0.999
"""Cosine between normals above which slices count as parallel (2.6 degrees)."""

IDENTITY = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")

PLACE = (
    "ImageType",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
)
"""Where the slices of an image lie."""


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
        planes: The plane of each frame; none where the file does not say, as for mosaics.
    """

    sop_class: str
    uid: str
    series: str
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


def files_of(source: Path | Sequence[Path]) -> tuple[Path, ...]:
    """The files a source stands for: itself, the files of a folder, or those listed.

    Raises:
        InputError: If there are none.
    """
    if not isinstance(source, Path):
        files = tuple(source)
    elif source.is_dir():
        files = tuple(sorted(path for path in source.rglob("*") if path.is_file() and path.name != "DICOMDIR"))
    else:
        files = (source,)
    if not files:
        where = source if isinstance(source, Path) else None
        raise InputError("there are no DICOM files", where=where, remedy="Name the files of the scan.")
    return files


def read_header(path: Path, keywords: list[str] | None = None) -> Dataset:
    """The header of a DICOM image, without its voxels.

    Args:
        path: The file.
        keywords: The attributes to read; all of them if None.

    Raises:
        InputError: If it is no DICOM image, or does not name its study, series and instance.
    """
    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=keywords)
    except (OSError, InvalidDicomError, EOFError, ValueError) as error:
        raise InputError(
            "this is not a readable DICOM file", where=path, remedy="Name the files of the scan."
        ) from error
    if missing := [keyword for keyword in IDENTITY if not header.get(keyword)]:
        raise InputError(f"the DICOM file lacks {', '.join(missing)}", where=path, remedy="Export the scan again.")
    return header


def source_image(header: Dataset) -> SourceImage:
    """The identity and the planes of an image."""
    return SourceImage(
        str(header.SOPClassUID), str(header.SOPInstanceUID), str(header.SeriesInstanceUID), tuple(_planes(header))
    )


def _planes(header: Dataset) -> Iterable[SourcePlane]:
    """The plane of each frame; none unless all are told. The position of a mosaic is not that of a slice."""
    if "MOSAIC" in header.get("ImageType", ()):
        return ()
    if "PerFrameFunctionalGroupsSequence" not in header:
        return _plane(header.get("ImageOrientationPatient"), header.get("ImagePositionPatient"))
    shared = header.get("SharedFunctionalGroupsSequence") or [Dataset()]
    found: list[SourcePlane] = []
    for frame in header.PerFrameFunctionalGroupsSequence:
        plane = _plane(
            _in_group((frame, shared[0]), "PlaneOrientationSequence", "ImageOrientationPatient"),
            _in_group((frame, shared[0]), "PlanePositionSequence", "ImagePositionPatient"),
        )
        if not plane:
            return ()
        found.extend(plane)
    return found


def _in_group(groups: Iterable[Dataset], group: str, keyword: str) -> object:
    """An attribute of a functional group, of the frame or shared; None if it is absent."""
    for each in groups:
        for item in each.get(group) or ():
            if keyword in item:
                return item[keyword].value
    return None


def _plane(orientation: object, position: object) -> tuple[SourcePlane, ...]:
    cosines = np.array(orientation if orientation is not None else (), dtype=float)
    point = np.array(position if position is not None else (), dtype=float)
    if cosines.shape != (6,) or point.shape != (3,):
        return ()
    normal = np.cross(cosines[:3], cosines[3:])
    nx, ny, nz = (float(value) for value in normal / np.linalg.norm(normal))
    x, y, z = (float(value) for value in point)
    return (SourcePlane((nx, ny, nz), (x, y, z)),)
