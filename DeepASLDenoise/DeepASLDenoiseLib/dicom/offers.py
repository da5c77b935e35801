"""ASL scans among DICOM files, as a DICOM browser offers them: told from headers, with the reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepasl.acquisition.checks import OPTIONS, check
from deepasl.acquisition.parameters import SPECS, Acquisition, LabelingType
from deepasl.commands.text import roles_text
from deepasl.errors import InputError
from deepasl.readers.dicom import DicomSeries, SeriesKind, Vendor, Verdict, find_series_in
from deepasl.readers.dicom.choice import m0_candidates, map_series
from deepasl.readers.dicom.evidence import CERTAIN
from deepasl.readers.dicom.preview import Preview, preview
from deepasl.series import Role
from DeepASLDenoiseLib.translation import tr as _

Files = Sequence[str | Path]

SURE = 1.1
"""With attributes that only ASL has: above Slicer's own plugins (0.5 for volumes, at most 1.05 for cine MRI) and above
that for multi-volumes of the extension MultiVolumeImporter (1.0), which know less of such a series."""

UNSURE = 0.4
"""Merely called ASL, or damaged: below Slicer's volumes, so that it is offered and never chosen by itself."""


@dataclass(frozen=True)
class Offer:
    """A series that may be loaded as an ASL scan.

    Attributes:
        series: The series.
        files: Its files.
        name: What users choose.
        tooltip: What was recognized, line by line.
        warning: What is not known or is wrong; empty if nothing is.
        confidence: How much better than another way to load it this is.
    """

    series: DicomSeries
    files: tuple[str, ...]
    name: str
    tooltip: str
    warning: str
    confidence: float

    @property
    def chosen(self) -> bool:
        """Whether it is to be loaded unless the user says otherwise."""
        return self.confidence >= SURE


def offersOf(files: Files, others: Callable[[], Iterable[Files]]) -> tuple[Offer, ...]:
    """The ASL scans in a list of files; quick where there is none.

    Args:
        files: Of one series.
        others: The files of each other series of the study, asked for only if the first is ASL.

    Raises:
        InputError: If pydicom is not there.
    """
    if not concernsAsl(files):
        return ()
    scans = [series for series in find_series_in(files) if series.verdict.kind is SeriesKind.ASL]
    companions = find_series_in(companionsIn(others())) if scans else ()
    return tuple(_offer(series, (series, *companions)) for series in scans)


def concernsAsl(files: Files) -> bool:
    """Whether a series has to do with ASL, by the headers of three of its files."""
    some = {files[number]: None for number in (0, len(files) // 2, -1)} if files else {}
    return any(series.verdict.kind is not SeriesKind.OTHER for series in find_series_in(some))


def companionsIn(others: Iterable[Files]) -> list[str | Path]:
    """The files of those series that have to do with ASL: M0 scans and maps of the scanner."""
    return [file for files in others if concernsAsl(files) for file in files]


def _offer(series: DicomSeries, found: Sequence[DicomSeries]) -> Offer:
    # Slicer's own plugins begin like this, and browsers sort by it.
    number = "" if series.number is None else f"{series.number}: "
    title = _("{series} - ASL scan").format(series=f"{number}{series.description}")
    files = tuple(str(file) for file in series.files)
    recognized = [_recognized(series.verdict)]
    try:
        told = preview(series)
    except InputError as problem:
        return Offer(series, files, title, "\n".join(recognized), str(problem), UNSURE)
    recognized += [_technique(told.acquisition), _volumes(told), _m0(series, told, found), *_maps(series, found)]
    kind = told.acquisition.labeling_type.value
    about = _("{count} volumes").format(count=told.volumes)
    sure = series.verdict.confidence >= CERTAIN
    return Offer(
        series=series,
        files=files,
        name=", ".join([title, *([] if kind is None else [str(kind)]), about]),
        tooltip="\n".join(line for line in recognized if line),
        warning=" ".join(_doubts(told, sure)),
        confidence=SURE if sure else UNSURE,
    )


def _recognized(verdict: Verdict) -> str:
    vendor = _("unknown scanner") if verdict.vendor is Vendor.OTHER else str(verdict.vendor)
    return _("{vendor}, by: {evidence}").format(vendor=vendor, evidence="; ".join(verdict.evidence))


def _technique(acquisition: Acquisition) -> str:
    """What is known of labeling: ``PCASL, labeling duration 1.8 s, post-labeling delay 1.8 s``."""
    pulsed = acquisition.labeling_type.value is LabelingType.PASL
    delays = _("inversion time {times} s") if pulsed else _("post-labeling delay {times} s")
    kind, delay = acquisition.labeling_type.value, acquisition.post_labeling_delay.value
    duration, cutoff = acquisition.labeling_duration.value, acquisition.bolus_cutoff_delay.value
    parts = [
        "" if kind is None else str(kind),
        "" if duration is None else _("labeling duration {time:g} s").format(time=duration),
        "" if cutoff is None else _("bolus cut-off delay {time:g} s").format(time=cutoff),
        "" if delay is None else delays.format(times=", ".join(f"{d:g}" for d in delay)),
    ]
    return ", ".join(part for part in parts if part)


def _volumes(told: Preview) -> str:
    if told.roles:
        return _("{count} volumes: {roles}").format(count=told.volumes, roles=roles_text(told.roles))
    text = _("{count} volumes; control, label and M0 are told apart by their signal when it is loaded")
    return text.format(count=told.volumes)


def _m0(series: DicomSeries, told: Preview, found: Sequence[DicomSeries]) -> str:
    if Role.M0SCAN in told.roles:
        return _("M0: among its volumes")
    scans = m0_candidates(series, found)
    if scans:
        return _("M0: {title}, if it lies on the same grid").format(title=scans[0].title)
    return _("M0: no scan of its own; volumes of this one show as M0 by their signal when it is loaded")


def _maps(series: DicomSeries, found: Sequence[DicomSeries]) -> list[str]:
    maps = map_series(series, found)
    listed = ", ".join(f"{each.title}: {each.verdict.kind}" for each in maps)
    return [_("Maps of the scanner: {maps}").format(maps=listed)] if maps else []


def _doubts(told: Preview, sure: bool) -> list[str]:
    """What a user should know beforehand."""
    doubts = [] if sure else [_("Only its name says that it is ASL.")]
    missing = {finding.code for finding in check(told.acquisition)}
    names = [name for name in OPTIONS if f"missing-{name.replace('_', '-')}" in missing]
    if names:
        titles = ", ".join(SPECS[name].title for name in names)
        doubts.append(_("Not in the headers, to be typed in afterwards: {titles}.").format(titles=titles))
    return doubts
