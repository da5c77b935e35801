"""What is true of a synthetic scan, as a BIDS derivative beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepasl.images import write_image
from deepasl.phantom.artifacts import NO_ARTIFACTS, Artifacts
from deepasl.phantom.bids import MADE_BY
from deepasl.phantom.lesion import lesion_mask
from deepasl.phantom.protocol import Protocol
from deepasl.phantom.scan import true_deltam
from deepasl.phantom.subject import Subject
from deepasl.results import CBF_UNIT
from deepasl.writers.bids_files import BIDS_VERSION, perf_folder, told_of_disk, write_json

TRUTH_FOLDER = Path("derivatives") / "truth"

SHIFTS, ROTATIONS, GAIN = ("trans_x", "trans_y", "trans_z"), ("rot_x", "rot_y", "rot_z"), "signal_gain"
"""Columns of the table of motion and drift."""


@dataclass(frozen=True)
class _Map:
    """One image of the truth."""

    suffix: str
    array: NDArray[Any]
    units: str
    description: str
    more: dict[str, Any] = field(default_factory=dict)


def write_truth(
    subject: Subject,
    protocol: Protocol,
    data_set: Path | str,
    participant: str = "phantom",
    *,
    artifacts: Artifacts = NO_ARTIFACTS,
) -> Path:
    """Write what is true of a scan to ``derivatives/truth`` of its data set.

    Maps of blood flow, difference signal, M0, tissue, brain and lesions; of transit time and T1, if the subject has
    them; and a table of motion and drift.

    Args:
        subject: Who was scanned.
        protocol: How.
        data_set: The BIDS data set.
        participant: Label of the participant, letters and digits, without ``sub-``.
        artifacts: What spoiled the scan.

    Returns:
        The folder of the maps.

    Raises:
        OutputError: If the label is none, or it cannot be written.
    """
    derivative = Path(data_set) / TRUTH_FOLDER
    perf = perf_folder(derivative, participant)
    stem = f"sub-{participant}"
    with told_of_disk(derivative):
        perf.mkdir(parents=True, exist_ok=True)
        write_json(derivative / "dataset_description.json", _description())
        _write_timeseries(perf / f"{stem}_desc-truth_timeseries", protocol, artifacts)
        for each in _maps(subject, protocol):
            about = {"Description": each.description, "Units": each.units, **each.more}
            write_json(perf / f"{stem}_{each.suffix}.json", about)
            write_image(perf / f"{stem}_{each.suffix}.nii.gz", each.array, subject.tissue.geometry)
    return perf


def _maps(subject: Subject, protocol: Protocol) -> Iterator[_Map]:
    yield _Map("desc-truth_cbf", subject.cbf, CBF_UNIT, "True cerebral blood flow")
    deltam = true_deltam(subject, protocol)
    yield _Map("desc-truth_deltam", deltam, "arbitrary", "Noise-free control minus label, head at rest")
    yield _Map("desc-truth_M0map", subject.m0, "arbitrary", "Noise-free, fully recovered M0, head at rest")
    if subject.transit is not None:
        yield _Map("desc-truth_att", subject.transit.att, "s", "True arterial transit time; 0 where nothing flows")
        yield _Map("desc-truth_T1map", subject.transit.t1, "s", "True T1 of perfused tissue; 0 where nothing flows")
    for label, fraction in (("GM", subject.tissue.grey), ("WM", subject.tissue.white), ("CSF", subject.tissue.csf)):
        yield _Map(f"label-{label}_probseg", fraction, "1", f"Partial volume of {label}")
    yield _Map("desc-brain_mask", subject.mask, "1", "Brain, ventricles included")
    for number, lesion in enumerate(subject.lesions, start=1):
        mask = lesion_mask(subject.tissue.geometry, lesion)
        description = "Where blood flow is changed by at least half of what it is in the middle of the lesion"
        yield _Map(f"desc-lesion{number}_mask", mask, "1", description, {"Lesion": asdict(lesion)})


def _write_timeseries(stem: Path, protocol: Protocol, artifacts: Artifacts) -> None:
    """The table of motion and drift, a row for each volume, M0 images included."""
    volumes = len(protocol.roles())
    poses = [[*pose.shift_mm, *pose.rotation_degrees] for pose in artifacts.poses_of(volumes)]
    table = np.column_stack([poses, artifacts.gains(volumes)])
    rows = ["\t".join(f"{value:.6g}" for value in row) for row in table]
    header = "\t".join((*SHIFTS, *ROTATIONS, GAIN))
    stem.with_suffix(".tsv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    directions = ("the right", "the front", "the top")
    columns = {n: {"Description": f"Shift to {d}", "Units": "mm"} for n, d in zip(SHIFTS, directions, strict=True)}
    columns |= {
        n: {"Description": f"Rotation about the axis to {d}, through the center of the grid", "Units": "deg"}
        for n, d in zip(ROTATIONS, directions, strict=True)
    }
    columns[GAIN] = {"Description": "What the drift multiplies the signal with", "Units": "1"}
    write_json(stem.with_suffix(".json"), {**columns, "NoiseFWHM": artifacts.noise_fwhm_mm})


def _description() -> dict[str, Any]:
    return {
        "Name": "What is true of the synthetic scans",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "License": "CC0",
        "GeneratedBy": [MADE_BY],
    }
