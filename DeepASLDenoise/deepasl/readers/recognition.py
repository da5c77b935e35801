"""Whether a file is an ASL scan, told from its name, its companions and its header: no voxel is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import SimpleITK as sitk

from deepasl.errors import DeepASLError, InputError
from deepasl.images import IMAGE_SUFFIXES
from deepasl.readers.asl_words import ASL_WORD
from deepasl.readers.companions import find_companions, stem_of
from deepasl.readers.sidecar import read_sidecar

DEEPEST_FOLDER = 4
"""A BIDS data set has its scans at ``sub-x/ses-y/perf``."""

MOST_NAMED = 8
"""As many scans are named to the user; more do not help to choose."""


def is_image_name(path: Path) -> bool:
    """Whether a name has the suffix of an image format that is understood."""
    return path.name.lower().endswith(IMAGE_SUFFIXES)


def volume_count(path: Path) -> int:
    """How many volumes an image has, by its header: time points, or components of a vector image; 0 if unreadable."""
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        return 0
    beyond_space = 1
    for size in reader.GetSize()[3:]:
        beyond_space *= size
    return int(beyond_space * reader.GetNumberOfComponents())


def asl_evidence(path: Path) -> str:
    """Why an image file is taken for an ASL scan, in words; empty where nothing says so.

    A context file says it for certain, as does a labeling type or delay in the sidecar. The name alone counts for an
    image of several volumes only: a single one may be a map that was computed from a scan.
    """
    if not is_image_name(path) or not path.is_file():
        return ""
    companions = find_companions(path)
    if companions.context is not None:
        return f"context file {companions.context.name}"
    try:
        fields = read_sidecar(companions.sidecars)
    except DeepASLError:
        return ""
    for standard in ("ArterialSpinLabelingType", "PostLabelingDelay"):
        # "InversionTime" is an alias of the delay, and a field of every T1-weighted sidecar.
        if (name := fields.name_of(standard)) not in (None, "InversionTime"):
            return f"{name} in {fields.files[str(name)]}"
    if ASL_WORD.search(stem_of(path)) and volume_count(path) > 1:
        return "its name"
    return ""


def scans_in(folder: Path) -> tuple[Path, ...]:
    """The ASL scans in a folder and the folders within it, in alphabetical order.

    Images that something says to be ASL; where there is none, images with several volumes.
    """
    images = [path for path in _files(folder) if is_image_name(path)]
    return tuple(p for p in images if asl_evidence(p)) or tuple(p for p in images if volume_count(p) > 1)


def the_scan_in(folder: Path) -> Path:
    """The one ASL scan in a folder.

    Raises:
        InputError: If there is none, or several; they are named.
    """
    scans = scans_in(folder)
    if not scans:
        raise InputError(
            "there is no ASL scan in this folder",
            where=folder,
            remedy="It should hold a 4D image, NIfTI (.nii, .nii.gz), NRRD (.nrrd, .nhdr) or MetaImage (.mha, .mhd), "
            "or DICOM files.",
        )
    if len(scans) > 1:
        named = ", ".join(str(scan.relative_to(folder)) for scan in scans[:MOST_NAMED])
        more = f" and {len(scans) - MOST_NAMED} more" if len(scans) > MOST_NAMED else ""
        raise InputError(
            f"there are {len(scans)} ASL scans in this folder: {named}{more}",
            where=folder,
            remedy="Load the file of one of them.",
        )
    return scans[0]


def _files(folder: Path) -> Iterator[Path]:
    """The files of a folder and those within it, sorted; hidden folders and those too deep are left out."""
    for place, folders, names in os.walk(folder):
        depth = len(Path(place).relative_to(folder).parts)
        folders[:] = sorted(f for f in folders if not f.startswith(".")) if depth < DEEPEST_FOLDER else []
        yield from (Path(place) / name for name in sorted(names) if not name.startswith("."))
