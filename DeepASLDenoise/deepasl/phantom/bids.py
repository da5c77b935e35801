"""A series as part of an ASL-BIDS data set, so that a phantom can be read as any scan is.

Brain Imaging Data Structure specification 1.10, "Arterial Spin Labeling perfusion data".
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deepasl.acquisition import SPECS, LabelingType
from deepasl.images import write_image
from deepasl.phantom.bids_files import BIDS_VERSION, MADE_BY, perf_folder, told_of_disk, write_json
from deepasl.series import AslSeries, M0Scan, Role

ECHO_TIME_S = 0.0146
"""BIDS asks for an echo time, which perfusion does not depend on: that of the in-vivo scans of the DeepASL paper."""

README = """Synthetic arterial spin labeling scans made by DeepASL (deepasl.phantom): no person was scanned.
What is true of each of them, if it was written, lies in derivatives/truth.
"""


def write_bids(series: AslSeries, folder: Path | str, participant: str = "phantom") -> Path:
    """Write a (P)CASL series as one participant of a BIDS data set; other participants in it stay.

    Args:
        series: The scan; its M0 images, if any, are among its volumes or a scan of their own.
        folder: The data set; made where it does not exist.
        participant: Label of the participant, letters and digits, without ``sub-``.

    Returns:
        The path of its ``sub-<participant>_asl.nii.gz``.

    Raises:
        ValueError: If the label is not alphanumeric, or the series is PASL.
        OutputError: If it cannot be written.
    """
    if series.acquisition.labeling_type.value is LabelingType.PASL:
        raise ValueError("only (P)CASL series can be written")
    perf = perf_folder(Path(folder), participant)
    stem = perf / f"sub-{participant}"
    image = stem.with_name(f"{stem.name}_asl.nii.gz")
    rows = ["volume_type", *(role.value for role in series.roles)]
    with told_of_disk(Path(folder)):
        perf.mkdir(parents=True, exist_ok=True)
        _describe(Path(folder))
        _add_participant(Path(folder) / "participants.tsv", f"sub-{participant}")
        write_json(stem.with_name(f"{stem.name}_asl.json"), sidecar(series))
        stem.with_name(f"{stem.name}_aslcontext.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        if series.m0scan is not None:
            write_json(stem.with_name(f"{stem.name}_m0scan.json"), m0_sidecar(series, participant))
    write_image(image, series.volumes, series.geometry)
    if series.m0scan is not None:
        _write_m0scan(stem.with_name(f"{stem.name}_m0scan.nii.gz"), series.m0scan)
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
        "M0Type": _m0_type(series),
        "TotalAcquiredPairs": len(series.indices(Role.CONTROL)),
        "EchoTime": ECHO_TIME_S,
    }


def m0_sidecar(series: AslSeries, participant: str) -> dict[str, Any]:
    """The fields of the ``*_m0scan.json`` of a series whose M0 is a scan of its own."""
    acquisition = series.acquisition
    fields: dict[str, Any] = {
        "IntendedFor": f"bids::sub-{participant}/perf/sub-{participant}_asl.nii.gz",
        "EchoTime": ECHO_TIME_S,
    }
    for name in ("m0_repetition_time", "magnetic_field_strength", "readout", "slice_timing"):
        parameter = getattr(acquisition, name)
        if parameter.known:
            fields[SPECS[name].bids] = parameter.value
    return fields


def _m0_type(series: AslSeries) -> str:
    if series.m0scan is not None:
        return "Separate"
    return "Included" if series.indices(Role.M0SCAN) else "Absent"


def _write_m0scan(path: Path, m0scan: M0Scan) -> None:
    single = len(m0scan.volumes) == 1
    write_image(path, m0scan.volumes[0] if single else m0scan.volumes, m0scan.geometry)


def _add_participant(table: Path, name: str) -> None:
    """Add a row to ``participants.tsv`` unless it is there."""
    rows = table.read_text(encoding="utf-8").splitlines() if table.is_file() else ["participant_id"]
    if name not in rows:
        table.write_text("\n".join([*rows, name]) + "\n", encoding="utf-8")


def _describe(folder: Path) -> None:
    """Say what the data set is, unless it says so itself."""
    if not (folder / "dataset_description.json").exists():
        about = {"Name": "Synthetic ASL scans of DeepASL", "BIDSVersion": BIDS_VERSION, "DatasetType": "raw"}
        write_json(folder / "dataset_description.json", about | {"License": "CC0", "GeneratedBy": [MADE_BY]})
    if not any(folder.glob("README*")):
        (folder / "README").write_text(README, encoding="utf-8")
