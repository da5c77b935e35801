"""Results as BIDS derivatives: all of them, or nothing."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import deepasl
from deepasl.errors import DeepASLError, OutputError
from deepasl.images import write_image
from deepasl.readers.companions import ENTITY
from deepasl.report.page import report_html
from deepasl.results import Result
from deepasl.writers import confounds
from deepasl.writers.derivative_images import derivative_images
from deepasl.writers.provenance import provenance_of
from deepasl.writers.scanner_map_files import write_scanner_maps
from deepasl.writers.statistics_csv import label_statistics_tsv, statistics_csv

REPORT = "report.html"
PICTURE = "comparison.png"
DATASET = "dataset_description.json"
STATISTICS = "desc-regions_statistics"
LABEL_STATISTICS = "desc-labels_statistics"

PictureWriter = Callable[[Result, Path], None]


class ResultExistsError(OutputError):
    """The folder holds a result already."""


@dataclass(frozen=True)
class Written:
    """What a run left on disk.

    Attributes:
        folder: The folder of the derivatives.
        files: Every file, in the order of writing.
        left_out: Why the picture is not among them; empty if it is.
    """

    folder: Path
    files: tuple[Path, ...]
    left_out: str = ""


def require_writable(folder: Path, name: str, *, force: bool) -> None:
    """Find out before the work whether its result can be written.

    Args:
        folder: Where the derivatives will go; made if it is absent.
        name: The name of the series.
        force: Whether an existing result may be replaced.

    Raises:
        ResultExistsError: If the folder holds a result already, and it may not be replaced.
        OutputError: If the folder cannot be written to.
    """
    existing = [path for path in _markers(folder, name) if path.exists()]
    if existing and not force:
        raise ResultExistsError(
            "a result is there already",
            where=existing[0],
            remedy="Choose another folder, or replace it with --force.",
        )
    made = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        _remove_empty(folder, made)
    except OSError as error:
        raise OutputError(
            f"the folder cannot be written to ({error.strerror})", where=folder, remedy="Choose another folder."
        ) from error


def write_result(result: Result, folder: Path, *, force: bool = False, picture: PictureWriter | None = None) -> Written:
    """Write maps and figures with sidecars, the report and the picture.

    All files are made under a temporary name inside `folder` and renamed when all of them are whole.

    Args:
        result: What the pipeline returned.
        folder: The folder of the derivatives; made if it is absent.
        force: Replace an existing result.
        picture: Draws the comparison; if it fails, the picture is left out with its reason.

    Raises:
        ResultExistsError: If the folder holds a result already, and it may not be replaced.
        OutputError: If something cannot be written; then nothing of it is.
    """
    require_writable(folder, result.name, force=force)
    folder.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".deepasl-", dir=folder))
    try:
        left_out = _write_all(result, staging, picture)
        published = _publish(staging, folder)
        _remove_stale(folder, result.name, published)
        return Written(folder, published, left_out)
    except OSError as error:
        raise OutputError(
            f"the result cannot be written ({error.strerror})", where=folder, remedy="Check the disk and its rights."
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write_all(result: Result, folder: Path, picture: PictureWriter | None) -> str:
    maps = folder / _map_folder(result.name)
    maps.mkdir(parents=True)
    provenance = provenance_of(result)
    for each in derivative_images(result):
        stem = f"{_prefix(result.name)}_{each.suffix}"
        write_image(maps / f"{stem}.nii.gz", each.array, result.geometry)
        _write_json(maps / f"{stem}.json", {"Description": each.description, "Units": each.units, **provenance})
    write_scanner_maps(result, maps / _prefix(result.name))
    _write_tables(result, maps / _prefix(result.name), provenance)
    _write_json(folder / DATASET, _dataset_description())
    (folder / REPORT).write_text(report_html(result), encoding="utf-8")
    if picture is None:
        return "no program to draw it is installed"
    try:
        picture(result, folder / PICTURE)
    except DeepASLError as error:
        return str(error)
    return ""


def _write_tables(result: Result, stem: Path, provenance: Mapping[str, Any]) -> None:
    """Figures of the maps, and what the volumes did."""
    table = stem.with_name(f"{stem.name}_{STATISTICS}")
    table.with_suffix(".csv").write_text(statistics_csv(result), encoding="utf-8")
    about = {"Description": "Figures of the maps in the brain and its tissues", "Units": result.statistics_unit}
    _write_json(table.with_suffix(".json"), {**about, **provenance})
    if result.label_statistics:
        table = stem.with_name(f"{stem.name}_{LABEL_STATISTICS}")
        table.with_suffix(".tsv").write_text(label_statistics_tsv(result), encoding="utf-8")
        about = {"Description": "Figures of the maps in the regions of a label image", "Units": result.statistics_unit}
        _write_json(table.with_suffix(".json"), {**about, **provenance})
    record = result.record
    if record is not None and record.motion is not None:
        table = stem.with_name(f"{stem.name}_{confounds.SUFFIX}")
        table.with_suffix(".tsv").write_text(confounds.confounds_tsv(record, record.motion), encoding="utf-8")
        _write_json(table.with_suffix(".json"), {name: dict(meaning) for name, meaning in confounds.COLUMNS.items()})


def _publish(staging: Path, folder: Path) -> tuple[Path, ...]:
    """Rename every finished file into its place."""
    published = []
    for source in sorted(path for path in staging.rglob("*") if path.is_file()):
        target = folder / source.relative_to(staging)
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
        published.append(target)
    return tuple(published)


def _remove_stale(folder: Path, name: str, published: Sequence[Path]) -> None:
    """Take away files of a replaced result that the new one does not have, such as a CBF map or a picture."""
    stem = _prefix(name)
    former = [folder / PICTURE, *(folder / _map_folder(name)).glob(f"{stem}_desc-*")]
    for path in former:
        if path not in published:
            path.unlink(missing_ok=True)


def _markers(folder: Path, name: str) -> tuple[Path, ...]:
    """Files that show that a folder holds a result."""
    stem = folder / _map_folder(name) / _prefix(name)
    return (folder / REPORT, folder / PICTURE, stem.with_name(f"{stem.name}_desc-conventional_deltam.nii.gz"))


def _prefix(name: str) -> str:
    """The entities of a BIDS name, or a subject made of a plain one: ``scan 4D`` gives ``sub-scan4D``."""
    parts = name.split("_")
    entities = [part for part in parts if ENTITY.match(part)]
    if entities and entities[0].startswith("sub-"):
        return "_".join(entities)
    letters = "".join(character for character in name if character.isascii() and character.isalnum())
    return f"sub-{letters or 'scan'}"


def _map_folder(name: str) -> Path:
    """Where BIDS keeps the maps of a scan: ``sub-01/ses-1/perf``."""
    levels = [part for part in _prefix(name).split("_") if part.startswith(("sub-", "ses-"))]
    return Path(*levels, "perf")


def _dataset_description() -> dict[str, Any]:
    return {
        "Name": "DeepASL perfusion maps",
        "BIDSVersion": "1.10.0",
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "DeepASL", "Version": deepasl.__version__}],
    }


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, default=_plain) + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value)} has no place in a sidecar")


def _remove_empty(folder: Path, existing: Path) -> None:
    """Take away the folders a trial made."""
    while folder != existing:
        folder.rmdir()
        folder = folder.parent
