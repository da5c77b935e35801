"""Damage in a NIfTI file that its reader repairs in silence.

The reader fills voxels that are missing at the end of a file with zeros, and replaces NaN and infinite voxels by zero.
Both would end as perfusion of zero in a map, so the bytes are checked before they are read.
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from deepasl.errors import InputError

GZIP_MAGIC = b"\x1f\x8b"
BLOCK_BYTES = 1 << 22
FLOAT_TYPES = {16: "f4", 64: "f8"}
"""NIfTI-1 `datatype` codes of voxels that can be NaN, and what numpy calls them."""


@dataclass(frozen=True)
class _Header:
    """What a NIfTI header announces.

    Attributes:
        offset: First byte of the voxels.
        voxels: Number of voxels in all.
        voxels_per_volume: Number of voxels in one volume.
        bytes_per_voxel: Size of a voxel.
        floats: numpy type of the voxels, with byte order; empty for integers.
    """

    offset: int
    voxels: int
    voxels_per_volume: int
    bytes_per_voxel: int
    floats: str


def require_intact(path: Path) -> None:
    """Refuse a NIfTI file that ends early or holds voxels that are not numbers; other formats pass.

    Raises:
        EOFError, OSError: If the file, or its gzip stream, is cut or damaged.
        InputError: If voxels are NaN or infinite: how many, and in which volume the first.
        RuntimeError: If SimpleITK cannot read the header.
    """
    if not path.name.lower().endswith((".nii", ".nii.gz")):
        return
    header = _read_header(path)
    read, bad, first = 0, 0, -1
    for voxels in _voxel_blocks(path, header):
        if header.floats:
            odd = np.flatnonzero(~np.isfinite(voxels))
            if len(odd) and not bad:
                first = (read + int(odd[0])) // header.voxels_per_volume
            bad += len(odd)
        read += len(voxels)
    if read < header.voxels:
        raise EOFError(f"{header.voxels} voxels announced, {read} found")
    if bad:
        raise InputError(
            f"{bad} voxels are not numbers (NaN or infinite), the first in volume {first}",
            where=path,
            remedy="Export the scan again, or replace these voxels before loading it.",
        )


def _read_header(path: Path) -> _Header:
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    size = reader.GetSize()
    with _open(path) as stream:
        order = "<" if int.from_bytes(stream.read(4), "little") in (348, 540) else ">"
    floats = FLOAT_TYPES.get(int(reader.GetMetaData("datatype")), "")
    voxels = math.prod(size) * reader.GetNumberOfComponents()
    return _Header(
        offset=int(float(reader.GetMetaData("vox_offset"))),
        voxels=voxels,
        voxels_per_volume=math.prod(size[:3]),
        bytes_per_voxel=int(reader.GetMetaData("bitpix")) // 8,
        floats=order + floats if floats else "",
    )


def _voxel_blocks(path: Path, header: _Header) -> Iterator[NDArray[np.generic]]:
    """The voxels of a file, a few megabytes at a time, floats as such and everything else as opaque items."""
    kind = np.dtype(header.floats or f"V{header.bytes_per_voxel}")
    with _open(path) as stream:
        stream.read(header.offset)
        rest = b""
        while block := stream.read(BLOCK_BYTES):
            block = rest + block
            whole = len(block) - len(block) % kind.itemsize
            rest = block[whole:]
            yield np.frombuffer(block[:whole], dtype=kind)


def _open(path: Path) -> gzip.GzipFile:
    """The content of a file, decompressed where it is a gzip file."""
    with path.open("rb") as raw:
        compressed = raw.read(2) == GZIP_MAGIC
    return gzip.open(path) if compressed else path.open("rb")  # type: ignore[return-value]
