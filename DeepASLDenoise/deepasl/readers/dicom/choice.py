"""Which series of a folder is the ASL scan, which M0 scans and scanner maps belong to it."""

from __future__ import annotations

from collections.abc import Sequence

from deepasl.errors import InputError
from deepasl.findings import Finding, note, warning
from deepasl.readers.dicom.evidence import MAP_KINDS, SeriesKind
from deepasl.readers.dicom.series import DicomSeries

MOST_NAMED = 8

REMEDY_CHOICE = "Choose one of them by its number (command line: --series)."


def chosen_series(found: Sequence[DicomSeries], wanted: int | str | None, where: str) -> DicomSeries:
    """The ASL scan among the series of a folder.

    Args:
        found: All series.
        wanted: Series number or Series Instance UID; None for the only ASL scan there is.
        where: The folder, for messages.

    Raises:
        InputError: If there is none, or several, or no series like the wanted one; they are named.
    """
    if not found:
        raise InputError(
            "there is no DICOM image in this folder", where=where, remedy="Name the folder that holds the images."
        )
    if wanted is not None:
        fitting = [series for series in found if str(wanted) in (str(series.number), series.uid)]
        none = f"there is no series {wanted}"
    else:
        fitting = [series for series in found if series.verdict.kind is SeriesKind.ASL]
        fitting = fitting or [series for series in found if series.verdict.kind is SeriesKind.SUBTRACTED]
        none = "there is no ASL series"
    if not fitting:
        raise InputError(
            f"{none} among the {len(found)} in this folder: {_named(found)}", where=where, remedy=_asking(found)
        )
    if len(fitting) > 1:
        patients = len({series.patient for series in fitting})
        of_whom = f" of {patients} patients" if patients > 1 else ""
        raise InputError(
            f"there are {len(fitting)} ASL series{of_whom} in this folder: {_named(fitting)}",
            where=where,
            remedy=REMEDY_CHOICE if len({s.number for s in fitting}) > 1 else "Name the folder of one of them.",
        )
    return fitting[0]


def require_whole(series: DicomSeries) -> tuple[Finding, ...]:
    """What is wrong with the files of a series.

    Returns:
        A note on copies.

    Raises:
        InputError: If files are cut off or name several patients or studies.
    """
    if series.mixed:
        raise InputError(
            "the images of this series name more than one patient or study",
            where=series.title,
            remedy="They were mixed up: export the series again.",
        )
    if series.cut_off:
        numbers = ", ".join(str(number) for number in series.cut_off[:MOST_NAMED])
        raise InputError(
            f"{len(series.cut_off)} of {len(series.files)} files are cut off before the end of their pixels "
            f"(instance number {numbers})",
            where=series.title,
            remedy="Copy or export them again.",
        )
    if not series.copies:
        return ()
    return (note("copies", f"{series.copies} files are copies of other images of {series.title} and were left out."),)


def m0_candidates(series: DicomSeries, found: Sequence[DicomSeries]) -> tuple[DicomSeries, ...]:
    """M0 scans of the same patient and study, the nearest in number first."""
    scans = [s for s in found if s.verdict.kind is SeriesKind.M0 and _same_study(s, series)]
    return tuple(sorted(scans, key=lambda scan: _apart(scan, series)))


def map_series(series: DicomSeries, found: Sequence[DicomSeries]) -> tuple[DicomSeries, ...]:
    """Maps the scanner made of this scan: those whose nearest ASL series in number it is."""
    scans = [s for s in found if s.verdict.kind is SeriesKind.ASL and _same_study(s, series)] or [series]
    maps = [s for s in found if s.verdict.kind in MAP_KINDS and _same_study(s, series) and s.uid != series.uid]
    return tuple(each for each in maps if min(scans, key=lambda scan: _apart(scan, each)).uid == series.uid)


def bystanders(series: DicomSeries, found: Sequence[DicomSeries]) -> tuple[Finding, ...]:
    """Whether the folder holds images of other patients or studies, of which nothing is used."""
    others = [s for s in found if not _same_study(s, series)]
    if not others:
        return ()
    patients = len({s.patient for s in found})
    whose = f"{patients} patients" if patients > 1 else f"{len({s.study for s in found})} studies"
    return (
        warning("several-studies", f"The folder holds images of {whose}; only the study of {series.title} is used."),
    )


def _same_study(one: DicomSeries, other: DicomSeries) -> bool:
    return (one.patient, one.study) == (other.patient, other.study)


def _apart(one: DicomSeries, other: DicomSeries) -> int:
    return abs((one.number or 0) - (other.number or 0))


def _named(found: Sequence[DicomSeries]) -> str:
    named = ", ".join(f"{s.title}, {s.images} {s.modality} images" for s in found[:MOST_NAMED])
    return named + (f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else "")


def _asking(found: Sequence[DicomSeries]) -> str:
    if any(s.modality == "MR" for s in found):
        return "If one of them is ASL all the same, choose it by its number (command line: --series)."
    return "ASL scans are MR images."
