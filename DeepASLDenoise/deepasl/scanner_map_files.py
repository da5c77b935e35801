"""Maps the scanner made, as files beside the computed ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from deepasl.errors import OutputError
from deepasl.images import write_image
from deepasl.readers.dicom import ScannerMap, SeriesKind, likeness
from deepasl.results import Result
from deepasl.writers import Written

CONVENTIONAL = "_desc-conventional_deltam.nii.gz"

SUFFIXES = {SeriesKind.SUBTRACTED: "deltam", SeriesKind.RELATIVE_CBF: "relcbf", SeriesKind.CBF: "cbf"}


def write_scanner_maps(maps: Sequence[ScannerMap], result: Result, written: Written) -> tuple[Path, ...]:
    """Write the maps of the scanner beside those of a result, named by their series.

    Args:
        maps: What the scanner made of the scan.
        result: What was computed from it.
        written: Where that lies.

    Returns:
        The images.

    Raises:
        OutputError: If the disk refuses.
    """
    beside = next((file for file in written.files if file.name.endswith(CONVENTIONAL)), None)
    if beside is None:
        return ()
    stem = beside.name.removesuffix(CONVENTIONAL)
    images = []
    try:
        for number, scanner in enumerate(maps):
            label = f"scanner{number if scanner.number is None else scanner.number}"
            image = beside.with_name(f"{stem}_desc-{label}_{SUFFIXES[scanner.kind]}.nii.gz")
            write_image(image, scanner.volume, scanner.geometry)
            about = {
                "Description": f"Made by the scanner: {scanner.title}, {scanner.kind}; not computed by DeepASL",
                "Units": scanner.unit,
                "CorrelationWithConventional": correlation_with(scanner, result),
            }
            image.with_name(image.name.replace(".nii.gz", ".json")).write_text(json.dumps(about, indent=2) + "\n")
            images.append(image)
    except OSError as error:
        raise OutputError(
            f"the maps of the scanner cannot be written ({error.strerror})", where=beside.parent, remedy="Make room."
        ) from error
    return tuple(images)


def correlation_with(scanner: ScannerMap, result: Result) -> float | None:
    """Correlation with the conventional difference image in the brain; None on another grid."""
    correlation = likeness(result.conventional.deltam, result.geometry, scanner, result.mask)
    return None if correlation != correlation else round(correlation, 4)
