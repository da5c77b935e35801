"""Voxels and geometry of a series, by the conversion program dcm2niix."""

from __future__ import annotations

import importlib
import json
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.images import read_image
from deepasl.series import FloatArray

logger = logging.getLogger(__name__)

PROGRAM = "dcm2niix"

ARGUMENTS = ("-b", "y", "-ba", "y", "-z", "n", "-v", "0", "-f", "converted")
"""With an anonymized sidecar, uncompressed, and a name of its own that holds nothing of the header."""


@dataclass(frozen=True)
class Converted:
    """What dcm2niix makes of a series.

    Attributes:
        volumes: ``[t, k, j, i]`` float32.
        geometry: The grid of every volume.
        sidecar: The fields of its JSON file.
    """

    volumes: FloatArray
    geometry: Geometry
    sidecar: Mapping[str, Any]


def dcm2niix_path() -> Path:
    """Where dcm2niix is: that of its Python package, else the one on the search path.

    Raises:
        InputError: If there is none.
    """
    found: str | None
    try:
        found = str(importlib.import_module(PROGRAM).bin)
    except ImportError:
        found = shutil.which(PROGRAM)
    if found is None:
        raise InputError(
            "DICOM images cannot be converted without the program dcm2niix",
            remedy="Install it: pip install 'deepasl[dicom]'.",
        )
    return Path(found)


def convert(files: Sequence[Path], where: str) -> tuple[Converted, ...]:
    """Convert the files of one series; what lies on several grids comes as several images.

    Args:
        files: Its files.
        where: The series, for messages.

    Raises:
        InputError: If dcm2niix is not there, or makes nothing of the series.
    """
    program = dcm2niix_path()
    with tempfile.TemporaryDirectory(prefix="deepasl-") as folder:
        staged, made = Path(folder, "dicom"), Path(folder, "nifti")
        staged.mkdir()
        made.mkdir()
        for number, file in enumerate(files):
            _stage(file.resolve(), staged / f"{number:06d}.dcm")
        ended = subprocess.run(
            [str(program), *ARGUMENTS, "-o", str(made), str(staged)], capture_output=True, text=True, check=False
        )
        # Its messages may quote the header, names included: what it says is not passed on.
        logger.debug("%s ended with code %d", PROGRAM, ended.returncode)
        images = sorted(made.glob("*.nii"))
        if not images:
            raise InputError(
                f"{PROGRAM} could not convert the images (code {ended.returncode})",
                where=where,
                remedy="They are damaged or of a kind it does not know; export the images again, uncompressed.",
            )
        return tuple(_read(image) for image in images)


def _read(image: Path) -> Converted:
    read = read_image(image)
    sidecar = image.with_suffix(".json")
    fields = json.loads(sidecar.read_text(encoding="utf-8", errors="replace")) if sidecar.is_file() else {}
    return Converted(read.volumes, read.geometry, fields)


def _stage(file: Path, link: Path) -> None:
    """Put a file where dcm2niix sees this series alone: a link where the system allows one, else a copy."""
    for make in (os.symlink, os.link, shutil.copyfile):
        try:
            make(file, link)
        except OSError:
            continue
        return
    raise InputError("there is no room for a temporary copy of the images", remedy="Make room on the disk.")
