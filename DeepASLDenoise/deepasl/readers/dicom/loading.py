"""One series from its files: volumes in the order of acquisition, on the scale of the header, where they belong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepasl.errors import InputError
from deepasl.findings import Finding, note
from deepasl.geometry import Geometry
from deepasl.readers.dicom.choice import require_whole
from deepasl.readers.dicom.conversion import Converted, convert
from deepasl.readers.dicom.frames import frames_of
from deepasl.readers.dicom.header_order import in_header_order
from deepasl.readers.dicom.matching import match_volumes
from deepasl.readers.dicom.scaling import rescaled
from deepasl.readers.dicom.series import DicomSeries
from deepasl.readers.dicom.volumes import HeaderVolume, volumes_of
from deepasl.series import FloatArray


@dataclass(frozen=True)
class LoadedSeries:
    """A series in memory.

    Attributes:
        source: The series.
        headers: Its volumes as the headers describe them.
        voxels: Their voxels ``[t, k, j, i]`` float32, in the same order.
        geometry: The grid of every volume.
        sidecar: What dcm2niix says of it.
        findings: What was noticed on the way.
    """

    source: DicomSeries
    headers: tuple[HeaderVolume, ...]
    voxels: FloatArray
    geometry: Geometry
    sidecar: Mapping[str, Any]
    findings: tuple[Finding, ...]


def load_series(series: DicomSeries) -> LoadedSeries:
    """Read a series whole, or not at all.

    Raises:
        InputError: If files are damaged, images are missing, or the conversion does not agree with the headers.
    """
    noticed = require_whole(series)
    headers = volumes_of(tuple(frames_of(series.files)), series.title)
    plane = headers[0].first.plane
    converted = _joined(
        [in_header_order(image, plane, series.title) for image in convert(series.files, series.title)], series.title
    )
    matches = match_volumes(series.files, headers, converted, series.title)
    voxels, corrected = rescaled(converted.volumes, headers, matches)
    order = [match.index for match in matches]
    if order != sorted(order):
        noticed += (
            note(
                "order-corrected",
                f"dcm2niix had the volumes in another order ({_told(order)}); they were put into the order of "
                "acquisition by comparing pixels.",
            ),
        )
    return LoadedSeries(series, headers, voxels, converted.geometry, converted.sidecar, (*noticed, *corrected))


def _joined(images: Sequence[Converted], where: str) -> Converted:
    """One image of those that dcm2niix makes of a series; scans with several scale factors come in parts."""
    first = images[0]
    if not all(image.geometry.matches(first.geometry) for image in images):
        raise InputError(
            f"the series holds images on {len(images)} different grids",
            where=where,
            remedy="Export the ASL series alone, without reformatted copies.",
        )
    if len(images) == 1:
        return first
    return Converted(np.concatenate([image.volumes for image in images]), first.geometry, first.sidecar)


def _told(order: Sequence[int]) -> str:
    shown = ", ".join(str(t) for t in order[:8])
    return f"{shown}, ..." if len(order) > 8 else shown
