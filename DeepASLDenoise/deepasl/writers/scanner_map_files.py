"""Maps the scanner made, as files beside the computed ones."""

from __future__ import annotations

import json
from pathlib import Path

from deepasl.images import write_image
from deepasl.readers.dicom import ScannerMap, SeriesKind, likeness
from deepasl.results import Result

SUFFIXES = {SeriesKind.SUBTRACTED: "deltam", SeriesKind.RELATIVE_CBF: "relcbf", SeriesKind.CBF: "cbf"}


def write_scanner_maps(result: Result, stem: Path) -> None:
    """Write the maps of the scanner of a result, named by their series.

    Args:
        result: What was computed, and the maps of the scanner beside it.
        stem: Where files go and how their names begin.

    Raises:
        OSError: If the disk refuses.
    """
    for number, scanner in enumerate(result.scanner_maps):
        label = f"scanner{number if scanner.number is None else scanner.number}"
        image = stem.with_name(f"{stem.name}_desc-{label}_{SUFFIXES[scanner.kind]}.nii.gz")
        write_image(image, scanner.volume, scanner.geometry)
        about = {
            "Description": f"Made by the scanner: {scanner.title}, {scanner.kind}; not computed by DeepASL",
            "Units": scanner.unit,
            "CorrelationWithConventional": correlation_with(scanner, result),
        }
        image.with_name(image.name.replace(".nii.gz", ".json")).write_text(json.dumps(about, indent=2) + "\n")


def correlation_with(scanner: ScannerMap, result: Result) -> float | None:
    """Correlation with the conventional difference image in the brain; None on another grid."""
    correlation = likeness(result.conventional.deltam, result.geometry, scanner, result.mask)
    return None if correlation != correlation else round(correlation, 4)
