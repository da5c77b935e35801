"""Which sidecar, context file and M0 scan belong to an image: names and folders only, no content but IntendedFor.

ASL-BIDS (BIDS specification, "Arterial Spin Labeling perfusion data") and its inheritance principle.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from deepasl.errors import InputError
from deepasl.images import IMAGE_SUFFIXES

ENTITY = re.compile(r"^([a-zA-Z]+)-([a-zA-Z0-9]+)$")


@dataclass(frozen=True)
class Companions:
    """The files that say what an image is.

    Attributes:
        sidecars: JSON files, the most general first; later ones override.
        context: The ``*_aslcontext.tsv``, if there is one.
        m0scan: The image of a separate M0 scan, if there is one.
        m0scan_sidecars: JSON files of the M0 scan.
    """

    sidecars: tuple[Path, ...] = ()
    context: Path | None = None
    m0scan: Path | None = None
    m0scan_sidecars: tuple[Path, ...] = ()


def stem_of(image: Path) -> str:
    """The file name without its image suffix (``.nii.gz`` is one suffix).

    Raises:
        InputError: If the name has no suffix of an image format that is understood.
    """
    for suffix in IMAGE_SUFFIXES:
        if image.name.lower().endswith(suffix):
            return image.name[: -len(suffix)]
    raise InputError(
        "this is not the name of an image file",
        where=image,
        remedy="NIfTI (.nii, .nii.gz), NRRD (.nrrd, .nhdr) and MetaImage (.mha, .mhd) are understood.",
    )


def entities_of(stem: str) -> dict[str, str]:
    """The BIDS entities of a file stem: ``sub-01_task-rest_asl`` gives ``{"sub": "01", "task": "rest"}``."""
    return {match[1]: match[2] for part in stem.split("_") if (match := ENTITY.match(part))}


def find_companions(image: Path) -> Companions:
    """All companions of an ASL image.

    A BIDS image (``*_asl.nii.gz``) inherits from the folders up to its data set; any other image has the files
    of the same stem beside it (``scan.json``, ``scan_aslcontext.tsv``).
    """
    stem = stem_of(image)
    if not stem.endswith("_asl"):
        sidecar, context = image.with_name(f"{stem}.json"), image.with_name(f"{stem}_aslcontext.tsv")
        return Companions((sidecar,) if sidecar.is_file() else (), context if context.is_file() else None)
    contexts = _inherited(image, "aslcontext.tsv")
    m0scan = _m0scan_of(image)
    return Companions(
        sidecars=_inherited(image, "asl.json"),
        context=contexts[-1] if contexts else None,
        m0scan=m0scan,
        m0scan_sidecars=sidecars_of(m0scan) if m0scan else (),
    )


def sidecars_of(image: Path) -> tuple[Path, ...]:
    """The JSON files of an image: inherited ones for a BIDS name, else the one beside it."""
    stem = stem_of(image)
    suffix = stem.rpartition("_")[2]
    if entities_of(stem) and suffix in ("asl", "m0scan"):
        return _inherited(image, f"{suffix}.json")
    beside = image.with_name(f"{stem}.json")
    return (beside,) if beside.is_file() else ()


def _inherited(image: Path, ending: str) -> tuple[Path, ...]:
    """Files that apply to `image`, the most general first: their entities are among those of the image."""
    entities = entities_of(stem_of(image)).items()
    found: list[Path] = []
    for folder in reversed(_folders_of_data_set(image)):
        candidates = [f for f in folder.glob(f"*{ending}") if f.name == ending or f.name.endswith(f"_{ending}")]
        applying = [f for f in candidates if entities_of(f.name.split(".")[0]).items() <= entities]
        found += sorted(applying, key=lambda f: len(entities_of(f.name.split(".")[0])))
    return tuple(found)


def _folders_of_data_set(image: Path) -> list[Path]:
    """The folder of `image` and those above it, up to the one that holds ``dataset_description.json``."""
    folders = [image.resolve().parent]
    for parent in image.resolve().parents[1:4]:
        if (folders[-1] / "dataset_description.json").is_file():
            break
        if not re.match(r"^(sub-|ses-|perf$)", folders[-1].name):
            break
        folders.append(parent)
    return folders


def _m0scan_of(image: Path) -> Path | None:
    """The separate M0 scan: the one intended for `image`, else the one whose entities fit."""
    entities = entities_of(stem_of(image))
    scans = sorted(f for f in image.parent.glob("*_m0scan.nii*") if stem_of(f).endswith("_m0scan"))
    for scan in scans:
        if image.name in {Path(target).name for target in _intended_for(scan)}:
            return scan
    fitting = [scan for scan in scans if entities_of(stem_of(scan)).items() <= entities.items()]
    return fitting[-1] if fitting else None


def _intended_for(scan: Path) -> list[str]:
    sidecar = scan.with_name(f"{stem_of(scan)}.json")
    try:
        target = json.loads(sidecar.read_text(encoding="utf-8")).get("IntendedFor", [])
    except (OSError, ValueError, AttributeError):
        return []
    return [target] if isinstance(target, str) else [str(t) for t in target]
