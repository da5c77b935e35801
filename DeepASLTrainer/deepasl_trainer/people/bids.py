"""Real people in a BIDS data set: every session and run of a person stays with that person."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deepasl.errors import InputError

SCANS = ("perf/*_asl.nii.gz", "perf/*_asl.nii", "ses-*/perf/*_asl.nii.gz", "ses-*/perf/*_asl.nii")
"""Where ASL scans of a participant lie: Brain Imaging Data Structure 1.10, "Arterial Spin Labeling perfusion data"."""


@dataclass(frozen=True)
class BidsPerson:
    """A participant of a data set.

    Attributes:
        name: The participant as BIDS names folders, e.g. ``"sub-01"``.
        scans: All ASL images, of all sessions and runs, by path; at least one.
    """

    name: str
    scans: tuple[Path, ...]


def find_bids_people(folder: Path | str) -> tuple[BidsPerson, ...]:
    """The participants with ASL scans, by name. Nothing is read yet.

    Derivatives lie deeper in a data set and are not found.

    Raises:
        InputError: If there is no such folder, or nobody with an ASL scan in it.
    """
    found = [BidsPerson(one.name, _scans_of(one)) for one in sorted(Path(folder).glob("sub-*")) if one.is_dir()]
    people = tuple(person for person in found if person.scans)
    if not people:
        what = "there is no ASL scan (sub-*/perf/*_asl.nii.gz)" if Path(folder).is_dir() else "there is no such folder"
        raise InputError(what, where=folder, remedy="Name the folder of a BIDS data set.")
    return people


def _scans_of(person: Path) -> tuple[Path, ...]:
    return tuple(sorted(file for pattern in SCANS for file in person.glob(pattern)))
