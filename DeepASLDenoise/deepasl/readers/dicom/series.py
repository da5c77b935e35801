"""Which series a folder holds, and what each of them is: told from headers alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepasl.progress import Job, Progress, run
from deepasl.readers.dicom.evidence import Verdict, judge
from deepasl.readers.dicom.header import places_of_frames, quiet_pydicom, read_header
from deepasl.readers.dicom.heads import Head, files_in, heads_of

REPORT_EVERY = 64
"""Files between two reports of progress."""


@dataclass(frozen=True)
class DicomSeries:
    """One series of a folder or of a list of files.

    Attributes:
        uid, study: Series and Study Instance UID.
        patient: Checksum of the patient's name and number: tells patients apart, and nothing else.
        number: Series number; None if it has none.
        description: Series description, without any part of the patient's name.
        modality: E.g. ``"MR"``.
        verdict: What it is, why, and how sure that is.
        files: Its files, each instance once.
        instance_numbers: (0020,0013) of each file.
        images: How many images: frames of all files.
        compressed: Whether pixels are compressed.
        copies: How many files were copies of others.
        cut_off: Instance numbers of files that end too early.
        mixed: Whether its files name more than one patient or study.
    """

    uid: str
    study: str
    patient: str
    number: int | None
    description: str
    modality: str
    verdict: Verdict
    files: tuple[Path, ...]
    instance_numbers: tuple[int, ...]
    images: int
    compressed: bool
    copies: int = 0
    cut_off: tuple[int, ...] = ()
    mixed: bool = False

    @property
    def title(self) -> str:
        """For messages, e.g. ``series 9 (pcasl_2d)``."""
        number = "series without number" if self.number is None else f"series {self.number}"
        return f"{number} ({self.description})" if self.description else number


def find_series(folder: Path | str) -> tuple[DicomSeries, ...]:
    """Every series in a folder and the folders within it, by series number."""
    return run(searching(files_in(Path(folder))))


def find_series_in(files: Iterable[Path | str]) -> tuple[DicomSeries, ...]:
    """Every series of a list of files, by series number; files that are no DICOM images are left out."""
    return run(searching(tuple(Path(file) for file in files)))


def searching(files: Sequence[Path]) -> Job[tuple[DicomSeries, ...]]:
    """The same as `find_series_in`, in small steps.

    Raises:
        InputError: If pydicom is not installed.
    """
    groups: dict[tuple[str, str], list[Head]] = {}
    for number, head in enumerate(heads_of(iter(files))):
        if number % REPORT_EVERY == 0:
            yield Progress("Reading headers", number, len(files))
        if head is not None:
            groups.setdefault((head.series, head.kind), []).append(head)
    found = []
    for number, heads in enumerate(groups.values()):
        yield Progress("Looking for ASL", number, len(groups))
        found.append(_series(heads))
    return tuple(sorted(found, key=lambda series: (series.number is None, series.number or 0, series.uid)))


def _series(heads: list[Head]) -> DicomSeries:
    once = list({head.instance or str(head.path): head for head in reversed(heads)}.values())[::-1]
    once.sort(key=lambda head: (head.instance_number, str(head.path)))
    first = once[0]
    return DicomSeries(
        uid=first.series,
        study=first.study,
        patient=first.patient,
        number=first.number,
        description=first.description,
        modality=first.modality,
        verdict=_verdict(once),
        files=tuple(head.path for head in once),
        instance_numbers=tuple(head.instance_number for head in once),
        images=sum(head.frames for head in once),
        compressed=any(head.compressed for head in once),
        copies=len(heads) - len(once),
        cut_off=tuple(head.instance_number for head in once if head.cut_off),
        mixed=len({(head.patient, head.study) for head in once}) > 1,
    )


def _verdict(heads: list[Head]) -> Verdict:
    """What a series is, from the header of its first whole file and the image types of all."""
    whole = next((head for head in heads if not head.cut_off), None)
    if whole is None or whole.modality != "MR":
        return judge((), [], heads[0].description, heads[0].modality, images=0, files=0)
    with quiet_pydicom():
        places = places_of_frames(read_header(whole.path))
    images = sum(head.frames for head in heads)
    image_types = list(dict.fromkeys(head.image_type for head in heads))
    return judge(places[0], image_types, whole.description, whole.modality, images=images, files=len(heads))
