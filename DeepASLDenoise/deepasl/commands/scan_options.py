"""The scan a user names on the command line: its options, and reading it from a file or a DICOM folder."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deepasl.acquisition.parameters import SPECS, Acquisition, LabelingType, Source
from deepasl.errors import InputError
from deepasl.labeling.roles import swap_control_label
from deepasl.labeling.time_encoding import decoded, read_time_encoding
from deepasl.progress import Progress, run
from deepasl.readers import read_scan
from deepasl.readers.dicom import DicomScan, Request, ScannerMap, reading
from deepasl.readers.dicom.heads import files_in
from deepasl.readers.m0 import read_m0, with_given_m0_scale
from deepasl.readers.sidecar import truth_of
from deepasl.series import AslSeries


def _truth(word: str) -> bool:
    """``yes`` or ``no``, for argparse."""
    truth = truth_of(word)
    if truth is None:
        raise ValueError(word)
    return truth


def _seconds(words: str) -> tuple[float, ...]:
    """``0,0.05,0.1``, for argparse."""
    return tuple(float(word) for word in words.split(","))


PARAMETER_OPTIONS: dict[str, tuple[str, Any]] = {
    "labeling_duration": ("--labeling-duration", float),
    "labeling_type": ("--labeling-type", LabelingType),
    "bolus_cutoff_delay": ("--bolus-cutoff-delay", float),
    "magnetic_field_strength": ("--field-strength", float),
    "m0_repetition_time": ("--m0-tr", float),
    "repetition_time": ("--tr", float),
    "background_suppression": ("--background-suppression", _truth),
    "background_suppression_pulses": ("--background-suppression-pulses", int),
    "labeling_efficiency": ("--labeling-efficiency", float),
    "slice_timing": ("--slice-timing", _seconds),
    "hematocrit": ("--hematocrit", float),
    "t1_blood": ("--t1-blood", float),
    "t1_tissue": ("--t1-tissue", float),
    "partition_coefficient": ("--partition-coefficient", float),
}
"""Parameters the user may give, by field of `Acquisition`."""


@dataclass(frozen=True)
class Scan:
    """What the user named.

    Attributes:
        series: The scan.
        dicom: What else was in its folder; None for an image file.
    """

    series: AslSeries
    dicom: DicomScan | None = None

    @property
    def maps(self) -> tuple[ScannerMap, ...]:
        """What the scanner made of the scan itself."""
        return () if self.dicom is None else self.dicom.maps


def add_scan_options(parser: argparse.ArgumentParser) -> None:
    """The scan itself, and everything that may be said about it."""
    parser.add_argument(
        "scan", type=Path, metavar="SCAN", help="a BIDS *_asl.nii.gz, any 3D or 4D image, or a DICOM folder"
    )
    parser.add_argument("--series", metavar="N", help="which series of a DICOM folder: its number")
    parser.add_argument("--m0", type=Path, metavar="FILE", help="a separate M0 image on the same grid")
    parser.add_argument("--m0-scale", type=float, metavar="X", help="multiply M0 to be on the scale of the ASL images")
    parser.add_argument("--sidecar", type=Path, metavar="FILE", help="a JSON file with the parameters")
    parser.add_argument("--context", type=Path, metavar="FILE", help="an aslcontext.tsv with the role of each volume")
    parser.add_argument(
        "--roles", metavar="LIST", help="roles of the volumes: control-label, label-control, deltam, or a comma list"
    )
    parser.add_argument(
        "--time-encoding", type=Path, metavar="FILE", help="a JSON file: what is labeled when in time-encoded volumes"
    )
    parser.add_argument("--swap", action="store_true", help="exchange control and label")
    parser.add_argument("--pld", type=float, metavar="S", help="post-labeling delay in s; of several the one to use")
    for name, (option, kind) in PARAMETER_OPTIONS.items():
        spec = SPECS[name]
        told = f"{spec.title}, {spec.unit}" if spec.unit else spec.title
        parser.add_argument(option, dest=name, type=kind, metavar=(spec.unit or "VALUE").upper(), help=told)


def named_scan(options: argparse.Namespace, report: Callable[[Progress], object]) -> Scan:
    """Read the scan the options name.

    Args:
        options: As parsed with `add_scan_options`.
        report: Told of every step in a folder.

    Raises:
        InputError: If it cannot be read.
    """
    values = {name: getattr(options, name) for name in PARAMETER_OPTIONS if getattr(options, name) is not None}
    given = Acquisition().with_values(Source.USER, "given on the command line", **values)
    scan = _from_folder(options, given, report) if options.scan.is_dir() else Scan(_from_file(options, given))
    series = swap_control_label(scan.series) if options.swap else scan.series
    if options.time_encoding is not None:
        series = decoded(series, read_time_encoding(options.time_encoding))
    return replace(scan, series=series)


def _from_folder(options: argparse.Namespace, given: Acquisition, report: Callable[[Progress], object]) -> Scan:
    if options.sidecar is not None or options.context is not None:
        raise InputError(
            "--sidecar and --context are for image files, and this is a folder",
            where=options.scan,
            remedy="Give parameters by their own options and roles by --roles.",
        )
    m0 = None if options.m0 is None else read_m0(options.m0)
    request = Request(options.series, given, options.roles, m0, options.m0_scale)
    dicom = run(reading(files_in(options.scan), str(options.scan), request), report)
    return Scan(dicom.series, dicom)


def _from_file(options: argparse.Namespace, given: Acquisition) -> AslSeries:
    if options.series is not None:
        raise InputError("--series is for DICOM folders", where=options.scan, remedy="Leave it out.")
    series = read_scan(
        options.scan, m0=options.m0, sidecar=options.sidecar, context=options.context, roles=options.roles, given=given
    )
    return series if options.m0_scale is None else with_given_m0_scale(series, options.m0_scale)
