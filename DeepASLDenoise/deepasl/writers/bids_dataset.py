"""A scan as part of an ASL-BIDS data set: image, sidecar and context file, all of them or nothing.

Brain Imaging Data Structure specification 1.10, "Arterial Spin Labeling perfusion data".
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import deepasl
from deepasl.acquisition.checks import OPTIONS
from deepasl.acquisition.parameters import SPECS, Acquisition, LabelingType, Source
from deepasl.errors import AcquisitionError, OutputError
from deepasl.images import write_image
from deepasl.series import AslSeries, Role
from deepasl.writers.bids_files import BIDS_VERSION, perf_folder, require_label, told_of_disk, write_json

REQUIRED = (
    "labeling_type",
    "post_labeling_delay",
    "background_suppression",
    "repetition_time",
    "magnetic_field_strength",
    "readout",
)
"""Parameters the standard requires of every scan."""

MORE_OPTIONS = {
    "background_suppression": "--background-suppression",
    "repetition_time": "--tr",
    "magnetic_field_strength": "--field-strength",
}

SHARED_WITH_M0 = (
    "Manufacturer",
    "ManufacturersModelName",
    "SoftwareVersions",
    "EchoTime",
    "FlipAngle",
    "MagneticFieldStrength",
)
"""What a separate M0 scan has in common with its scan. Not `MRAcquisitionType`: with 2D, slice times would be due."""


@dataclass(frozen=True)
class DataSet:
    """What a new data set says of itself.

    Attributes:
        description: Fields of its ``dataset_description.json``: ``Name``, ``GeneratedBy`` and others.
        readme: Text of its README.
    """

    description: Mapping[str, Any]
    readme: str


CONVERTED = DataSet(
    description={
        "Name": "Arterial spin labeling scans",
        "GeneratedBy": [{"Name": "DeepASL", "Version": deepasl.__version__}],
    },
    readme="""Arterial spin labeling scans converted from DICOM by DeepASL.
Parameters that no header holds were given by the person who converted them.
""",
)


@dataclass(frozen=True)
class Destination:
    """Where in a data set a scan goes.

    Attributes:
        folder: The data set.
        participant: Label of the participant, letters and digits, without ``sub-``.
        acquisition: Label that tells two scans of one participant apart (``acq-``); empty for none.
    """

    folder: Path
    participant: str
    acquisition: str = ""

    @property
    def stem(self) -> str:
        """E.g. ``sub-01_acq-pcasl3d``."""
        return f"sub-{self.participant}" + (f"_acq-{self.acquisition}" if self.acquisition else "")

    @property
    def image(self) -> Path:
        """The image of the scan."""
        return perf_folder(self.folder, self.participant) / f"{self.stem}_asl.nii.gz"


def write_bids_scan(
    series: AslSeries,
    header: Mapping[str, Any],
    destination: Destination,
    about: DataSet = CONVERTED,
    *,
    force: bool = False,
) -> Path:
    """Write a scan with its M0 into a data set; what else is in it stays.

    Args:
        series: The scan.
        header: Further fields for its sidecar: echo time in s, scanner.
        destination: Where it goes.
        about: What the data set says of itself, if it is new.
        force: Replace a scan that is there already.

    Returns:
        The path of the image.

    Raises:
        AcquisitionError: If a parameter is not known that the standard requires.
        OutputError: If a scan is there already, a label is none, or the disk refuses; then nothing is written.
    """
    if destination.acquisition:
        require_label(destination.acquisition)
    if destination.image.exists() and not force:
        raise OutputError(
            "there is such a scan already",
            where=destination.image,
            remedy="Choose another participant or acquisition label, or replace it with --force.",
        )
    fields = sidecar(series, header)
    with told_of_disk(destination.folder):
        destination.folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".deepasl-", dir=destination.folder))
        try:
            _write(series, fields, destination, staging)
            destination.image.parent.mkdir(parents=True, exist_ok=True)
            for file in destination.image.parent.glob(f"{destination.stem}_m0scan.*"):
                file.unlink()
            for file in sorted(staging.iterdir()):
                file.replace(destination.image.parent / file.name)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        _describe(destination, about)
    return destination.image


def sidecar(series: AslSeries, header: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the ``*_asl.json``.

    Raises:
        AcquisitionError: If a parameter is not known that the standard requires.
    """
    acquisition = series.acquisition
    _require_known(acquisition, header)
    kind = acquisition.labeling_type.require()
    fields = {**header, "ArterialSpinLabelingType": kind.value}
    for name in ("background_suppression", "background_suppression_pulses", "magnetic_field_strength", "readout"):
        parameter = getattr(acquisition, name)
        if parameter.known:
            fields[SPECS[name].bids] = parameter.value
    fields["PostLabelingDelay"] = _one_or_each(acquisition.post_labeling_delay.require(), series.roles)
    fields["RepetitionTimePreparation"] = _repetition_times(acquisition, series.roles)
    if acquisition.readout.value == "2D" and acquisition.slice_timing.known:
        fields["SliceTiming"] = list(acquisition.slice_timing.require())
    if acquisition.labeling_efficiency.source in (Source.FILE, Source.USER, Source.DICOM):
        fields["LabelingEfficiency"] = acquisition.labeling_efficiency.value
    if kind is LabelingType.PASL:
        fields |= _bolus(acquisition)
    else:
        fields["LabelingDuration"] = list(series.labeling_durations) or acquisition.labeling_duration.value
    return fields | {"M0Type": _m0_type(series), "TotalAcquiredPairs": _pairs(series)}


def _bolus(acquisition: Acquisition) -> dict[str, Any]:
    """PASL with a bolus of known width has one that was cut off: QUIPSS II, unless more is known."""
    return {
        "BolusCutOffFlag": True,
        "BolusCutOffDelayTime": acquisition.bolus_cutoff_delay.value,
        "BolusCutOffTechnique": "QUIPSSII",
    }


def _require_known(acquisition: Acquisition, header: Mapping[str, Any]) -> None:
    needed = list(REQUIRED)
    if acquisition.labeling_type.known:
        is_pulsed = acquisition.labeling_type.value is LabelingType.PASL
        needed.append("bolus_cutoff_delay" if is_pulsed else "labeling_duration")
    if acquisition.readout.value == "2D":
        needed.append("slice_timing")
    unknown = [SPECS[name].bids + _option(name) for name in needed if not getattr(acquisition, name).known]
    unknown += [] if "EchoTime" in header else ["EchoTime"]
    if unknown:
        raise AcquisitionError(
            f"ASL-BIDS requires what the headers of this scan do not hold: {', '.join(unknown)}",
            remedy="Give it on the command line, from the scan protocol.",
        )


def _option(name: str) -> str:
    option = OPTIONS.get(name) or MORE_OPTIONS.get(name)
    return f" ({option})" if option else ""


def _one_or_each(values: Sequence[float], roles: Sequence[Role]) -> float | list[float]:
    """One number for all volumes, or one for each: 0 for M0 volumes, as the standard has it."""
    if len(values) == 1 and Role.M0SCAN not in roles:
        return float(values[0])
    each = values if len(values) == len(roles) else [values[0]] * len(roles)
    return [0.0 if role is Role.M0SCAN else float(value) for value, role in zip(each, roles, strict=True)]


def _repetition_times(acquisition: Acquisition, roles: Sequence[Role]) -> float | list[float]:
    time, of_m0 = acquisition.repetition_time.require(), acquisition.m0_repetition_time.value
    if of_m0 is None or of_m0 == time or Role.M0SCAN not in roles:
        return time
    return [of_m0 if role is Role.M0SCAN else time for role in roles]


def _m0_type(series: AslSeries) -> str:
    if series.m0scan is not None:
        return "Separate"
    return "Included" if series.indices(Role.M0SCAN) else "Absent"


def _pairs(series: AslSeries) -> int:
    return len(series.indices(Role.CONTROL)) or len(series.indices(Role.DELTAM))


def _write(series: AslSeries, fields: Mapping[str, Any], destination: Destination, folder: Path) -> None:
    stem = destination.stem
    write_json(folder / f"{stem}_asl.json", fields)
    rows = ["volume_type", *(role.value for role in series.roles)]
    (folder / f"{stem}_aslcontext.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    write_image(folder / f"{stem}_asl.nii.gz", series.volumes, series.geometry)
    if series.m0scan is None:
        return
    target = f"bids::{destination.image.relative_to(destination.folder).as_posix()}"
    of_m0 = {name: fields[name] for name in SHARED_WITH_M0 if name in fields}
    repetition_time = series.acquisition.m0_repetition_time.value or fields["RepetitionTimePreparation"]
    of_m0 |= {"IntendedFor": target, "RepetitionTimePreparation": repetition_time}
    write_json(folder / f"{stem}_m0scan.json", of_m0)
    volumes = series.m0scan.volumes
    write_image(folder / f"{stem}_m0scan.nii.gz", volumes[0] if len(volumes) == 1 else volumes, series.m0scan.geometry)


def _describe(destination: Destination, about: DataSet) -> None:
    """Say what the data set is, and who is in it, unless that is there."""
    folder = destination.folder
    if not (folder / "dataset_description.json").exists():
        fields = {**about.description, "BIDSVersion": BIDS_VERSION, "DatasetType": "raw"}
        write_json(folder / "dataset_description.json", fields)
    if not any(folder.glob("README*")):
        (folder / "README").write_text(about.readme, encoding="utf-8")
    table, name = folder / "participants.tsv", f"sub-{destination.participant}"
    rows = table.read_text(encoding="utf-8").splitlines() if table.is_file() else ["participant_id"]
    if name not in [row.split("\t")[0] for row in rows]:
        missing = ["n/a"] * rows[0].count("\t")
        table.write_text("\n".join([*rows, "\t".join([name, *missing])]) + "\n", encoding="utf-8")
