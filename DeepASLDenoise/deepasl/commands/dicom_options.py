"""CBF maps as DICOM on the command line: what may be said about them, and the export that is asked for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deepasl.commands.scan_options import Scan
from deepasl.errors import InputError
from deepasl.writers.dicom_form import ALL_FORMS, Form

if TYPE_CHECKING:
    from deepasl.writers.dicom import Export, Patient

FOLDER = "dicom"
"""Where the maps go, within the output folder."""

PATIENT_OPTIONS = {
    "name": ("--patient-name", "FAMILY^GIVEN", "as DICOM writes it"),
    "id": ("--patient-id", "ID", "one is made up where none is given"),
    "birth_date": ("--patient-birth-date", "YYYYMMDD", ""),
    "sex": ("--patient-sex", "F|M|O", ""),
}
"""By field of `Patient`: option, what stands for its value, help."""


def add_dicom_options(parser: argparse.ArgumentParser) -> None:
    """Whether there shall be DICOM maps, which, and whose."""
    group = parser.add_argument_group("maps for a PACS")
    group.add_argument("--dicom", action="store_true", help=f"CBF maps as DICOM too, into the folder {FOLDER}")
    group.add_argument(
        "--dicom-form",
        action="append",
        choices=[form.value for form in ALL_FORMS],
        help="only this form (default: both)",
    )
    group.add_argument(
        "--dicom-source",
        type=Path,
        metavar="DIR",
        help="the DICOM files that an image file was converted from: the maps join their patient and study",
    )
    group.add_argument("--deidentify", action="store_true", help="leave out whose maps they are")
    for name, (option, value, told) in PATIENT_OPTIONS.items():
        title = option.removeprefix("--").replace("-", " ")
        help_text = f"{title} of a scan without DICOM files" + (f"; {told}" if told else "")
        group.add_argument(option, dest=_destination(name), metavar=value, help=help_text)


def dicom_export(options: argparse.Namespace, scan: Scan) -> Export | None:
    """The export the options ask for, known to be possible; None without ``--dicom``.

    Args:
        options: As parsed with `add_dicom_options`, and ``output`` and ``force``.
        scan: The scan.

    Raises:
        InputError: If options contradict one another, or sources are missing or of another scan.
        OutputError: If maps are there already, or a package is missing.
    """
    _require_sense(options, scan)
    if not options.dicom:
        return None
    # Writing DICOM needs packages that reading an image does not.
    from deepasl.writers.dicom import ready_export

    return ready_export(
        scan.series.geometry,
        options.output / FOLDER,
        source=options.dicom_source if scan.dicom is None else _sources(scan),
        patient=_patient(options),
        forms=[Form(name) for name in options.dicom_form or ALL_FORMS],
        deidentify=options.deidentify,
        force=options.force,
    )


def _require_sense(options: argparse.Namespace, scan: Scan) -> None:
    """Nothing that is said may be left unheard."""
    of_patient = [option for name, (option, *_) in PATIENT_OPTIONS.items() if _said(options, name)]
    others = {
        "--dicom-form": options.dicom_form,
        "--dicom-source": options.dicom_source,
        "--deidentify": options.deidentify,
    }
    said = [*of_patient, *(option for option, value in others.items() if value)]
    if said and not options.dicom:
        raise InputError(f"{said[0]} is for maps as DICOM", remedy="Add --dicom, or leave it out.")
    if scan.dicom is not None and options.dicom_source is not None:
        raise InputError("--dicom-source is for image files, and this is a DICOM folder", remedy="Leave it out.")
    if of_patient and (scan.dicom is not None or options.dicom_source is not None):
        raise InputError(f"{of_patient[0]} is given, but the DICOM files name a patient", remedy="Leave it out.")
    if of_patient and options.deidentify:
        raise InputError(f"{of_patient[0]} and --deidentify contradict each other", remedy="Leave out one of them.")


def _sources(scan: Scan) -> Sequence[Path] | None:
    """The files of the ASL series, then those of its M0 series."""
    if scan.dicom is None:
        return None
    return (*scan.dicom.source.files, *(scan.dicom.m0.files if scan.dicom.m0 is not None else ()))


def _patient(options: argparse.Namespace) -> Patient | None:
    from deepasl.writers.dicom import Patient

    said = {name: value for name in PATIENT_OPTIONS if (value := _said(options, name))}
    return Patient(**said) if said else None


def _said(options: argparse.Namespace, name: str) -> str | None:
    value: str | None = getattr(options, _destination(name))
    return value


def _destination(name: str) -> str:
    return f"patient_{name}"
