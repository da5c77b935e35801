"""Stored pixels of single images, to compare a conversion with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from deepasl.errors import InputError
from deepasl.readers.dicom.attributes import RESCALE_INTERCEPT, RESCALE_SLOPE
from deepasl.readers.dicom.frames import Frame
from deepasl.readers.dicom.header import number_of, places_of_frames, quiet_pydicom, read_header

Slice = NDArray[Any]
"""``[row, column]``, of any number type."""


def stored_slices(files: Sequence[Path], frames: Sequence[Frame], tile: int) -> list[Slice]:
    """The stored pixels of images of a series, each ``[row, column]`` in the number type of the file.

    Args:
        files: The files of the series.
        frames: Images of it.
        tile: Which slice of a mosaic is wanted.

    Raises:
        InputError: If pixels cannot be decoded.
    """
    by_file: dict[int, list[int]] = {}
    for frame in frames:
        by_file.setdefault(frame.file, []).append(frame.index)
    # Tiles are cut out file by file: all mosaics of a series at once are several times as large as the series.
    of_file = {frame.file: frame for frame in frames}
    cut = {
        (file, index): _tile(pixels, of_file[file], tile)
        for file, indices in by_file.items()
        for index, pixels in zip(indices, _decode(files[file], indices), strict=True)
    }
    return [cut[frame.file, frame.index] for frame in frames]


def _tile(pixels: Slice, frame: Frame, tile: int) -> Slice:
    if frame.tiles == 1:
        return pixels
    rows, columns = frame.plane.shape
    down, along = divmod(tile, pixels.shape[1] // columns)
    return pixels[down * rows : (down + 1) * rows, along * columns : (along + 1) * columns].copy()


def _decode(path: Path, indices: Sequence[int]) -> list[Slice]:
    """By pydicom, which needs further packages for compressed pixels; else by GDCM, which has its decoders built in."""
    from pydicom.pixels.utils import iter_pixels

    with quiet_pydicom():
        try:
            return [np.asarray(frame) for frame in iter_pixels(path, indices=list(indices), raw=True)]
        except (RuntimeError, NotImplementedError, ValueError, AttributeError, ImportError):
            return _decode_by_gdcm(path, indices)


def _decode_by_gdcm(path: Path, indices: Sequence[int]) -> list[Slice]:
    """Stored pixels again: GDCM rescales all frames as the first one is rescaled."""
    first = places_of_frames(read_header(path))[0]
    slope, intercept = number_of(RESCALE_SLOPE, first) or 1.0, number_of(RESCALE_INTERCEPT, first) or 0.0
    try:
        array = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    except RuntimeError as error:
        raise InputError(
            "the pixels of an image cannot be decoded",
            where=path.parent,
            remedy="Export the series uncompressed.",
        ) from error
    return [np.rint((array[index] - intercept) / slope) for index in indices]
