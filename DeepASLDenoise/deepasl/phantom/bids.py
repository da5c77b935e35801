"""A series as an ASL-BIDS data set, so that a phantom can be read as any scan is.

Brain Imaging Data Structure specification 1.10, "Arterial Spin Labeling perfusion data".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deepasl.acquisition import SPECS, LabelingType
from deepasl.errors import OutputError
from deepasl.images import write_image
from deepasl.series import AslSeries, Role

BIDS_VERSION = "1.10.0"

ECHO_TIME_S = 0.0146
"""BIDS asks for an echo time, which perfusion does not depend on: that of the in-vivo scans of the DeepASL paper."""


def write_bids(series: AslSeries, folder: Path | str, participant: str = "phantom") -> Path:
    """Write a (P)CASL series as a BIDS data set of one participant.

    Args:
        series: The scan; its M0 images, if any, are among its volumes.
        folder: The data set; made where it does not exist.
        participant: Label of the participant, letters and digits, without ``sub-``.

    Returns:
        The path of its ``sub-<participant>_asl.nii.gz``.

    Raises:
        ValueError: If the label is not alphanumeric, the series is PASL, or its M0 is not among its volumes.
        OutputError: If it cannot be written.
    """
    if not participant.isalnum():
        raise ValueError(f"a BIDS label has letters and digits only, not {participant!r}")
    if series.acquisition.labeling_type.value is LabelingType.PASL or series.m0scan is not None:
        raise ValueError("only (P)CASL series that include their M0 images can be written")
    perf = Path(folder) / f"sub-{participant}" / "perf"
    image = perf / f"sub-{participant}_asl.nii.gz"
    rows = ["volume_type", *(role.value for role in series.roles)]
    try:
        perf.mkdir(parents=True, exist_ok=True)
        _write_json(Path(folder) / "dataset_description.json", _description())
        _write_json(perf / f"sub-{participant}_asl.json", sidecar(series))
        (perf / f"sub-{participant}_aslcontext.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"the data set cannot be written ({error.strerror})", where=folder, remedy="Choose another folder."
        ) from error
    write_image(image, series.volumes, series.geometry)
    return image


def sidecar(series: AslSeries) -> dict[str, Any]:
    """The fields of the ``*_asl.json``: what is known of the acquisition, and what BIDS requires besides."""
    known = {name: parameter.value for name, parameter in series.acquisition if parameter.known}
    m0_repetition_time = known.pop("m0_repetition_time", None)
    fields = {SPECS[name].bids: value for name, value in known.items() if SPECS[name].bids}
    repetition_time = known.get("repetition_time")
    if m0_repetition_time is not None and m0_repetition_time != repetition_time:
        times = [m0_repetition_time if role is Role.M0SCAN else repetition_time for role in series.roles]
        fields["RepetitionTimePreparation"] = times
    return fields | {
        "M0Type": "Included" if series.indices(Role.M0SCAN) else "Absent",
        "TotalAcquiredPairs": len(series.indices(Role.CONTROL)),
        "EchoTime": ECHO_TIME_S,
    }


def _description() -> dict[str, Any]:
    return {
        "Name": "Synthetic ASL scan of DeepASL",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "raw",
        "License": "CC0",
        "GeneratedBy": [{"Name": "DeepASL", "Description": "deepasl.phantom: simulated, no person was scanned"}],
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
