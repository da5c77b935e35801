"""A phantom scan as part of an ASL-BIDS data set, so that it can be read as any scan is."""

from __future__ import annotations

from pathlib import Path

import deepasl
from deepasl.series import AslSeries
from deepasl.writers.bids_dataset import DataSet, Destination, write_bids_scan

ECHO_TIME_S = 0.0146
"""BIDS asks for an echo time, which perfusion does not depend on: that of the in-vivo scans of the DeepASL paper."""

MADE_BY = {
    "Name": "DeepASL",
    "Version": deepasl.__version__,
    "Description": "deepasl.phantom: simulated, no person was scanned",
}

PHANTOMS = DataSet(
    description={"Name": "Synthetic ASL scans of DeepASL", "License": "CC0", "GeneratedBy": [MADE_BY]},
    readme="""Synthetic arterial spin labeling scans made by DeepASL (deepasl.phantom): no person was scanned.
What is true of each of them, if it was written, lies in derivatives/truth.
""",
)


def write_bids(series: AslSeries, folder: Path | str, participant: str = "phantom") -> Path:
    """Write a series as one participant of a BIDS data set; other participants in it stay.

    Args:
        series: The scan; its M0 images, if any, are among its volumes or a scan of their own.
        folder: The data set; made where it does not exist.
        participant: Label of the participant, letters and digits, without ``sub-``. A scan of that name is replaced.

    Returns:
        The path of its ``sub-<participant>_asl.nii.gz``.

    Raises:
        AcquisitionError: If a parameter is not known that the standard requires.
        OutputError: If the label is none, or it cannot be written.
    """
    destination = Destination(Path(folder), participant)
    return write_bids_scan(series, {"EchoTime": ECHO_TIME_S}, destination, PHANTOMS, force=True)
