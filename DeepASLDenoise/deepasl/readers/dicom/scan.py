"""From a folder of DICOM files to an ASL scan: the order of all steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deepasl.acquisition.parameters import Acquisition
from deepasl.errors import InputError
from deepasl.findings import Finding, error, note, warning
from deepasl.labeling.roles import RoleDecision
from deepasl.progress import Job, Progress, run
from deepasl.readers.dicom import attributes as tag
from deepasl.readers.dicom.choice import bystanders, chosen_series, m0_candidates
from deepasl.readers.dicom.doubtful_scale import scale_doubts
from deepasl.readers.dicom.evidence import Vendor, protocol_of
from deepasl.readers.dicom.ge import ge_scale
from deepasl.readers.dicom.header import Places, number_of, places_of_frames, quiet_pydicom, read_header, text_of
from deepasl.readers.dicom.heads import files_in
from deepasl.readers.dicom.loading import LoadedSeries, load_series
from deepasl.readers.dicom.maps import ScannerMap, scanner_maps
from deepasl.readers.dicom.roles import roles_of
from deepasl.readers.dicom.series import DicomSeries, searching
from deepasl.readers.dicom.timing import repetition_time_of
from deepasl.readers.dicom.understanding import Evidence, acquisition_of
from deepasl.readers.dicom.volumes import HeaderVolume, missing_volumes
from deepasl.readers.doubts import delay_doubts
from deepasl.readers.m0 import with_given_m0_scale, with_m0_times
from deepasl.readers.parameters import overridden
from deepasl.readers.roles import expand_roles
from deepasl.series import AslSeries, M0Scan, Role, require_finite

STEPS = ("Converting the ASL series", "Converting M0 and maps", "Understanding the scan")


@dataclass(frozen=True)
class DicomScan:
    """An ASL scan and what belongs to it.

    Attributes:
        series: The scan, ready for the pipeline.
        source: The DICOM series it came from.
        m0: That of a separate M0 scan, if one was found.
        maps: What the scanner made of the scan itself.
        found: All series of the folder.
        header: ASL-BIDS fields of scanner and sequence that `Acquisition` does not hold: echo time in s and the like.
    """

    series: AslSeries
    source: DicomSeries
    m0: DicomSeries | None
    maps: tuple[ScannerMap, ...]
    found: tuple[DicomSeries, ...]
    header: Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """What a user may say about a scan.

    Attributes:
        series: Series number or Series Instance UID; None for the only ASL scan there is.
        given: Parameters that stand above those of the headers.
        roles: What each volume is in words (see `expand_roles`).
        m0: An M0 image of the user's own, which stands above those of the folder.
        m0_scale: What M0 has to be multiplied by to be on the scale of the ASL images; None to go by the header.
    """

    series: int | str | None = None
    given: Acquisition | None = None
    roles: str | None = None
    m0: M0Scan | None = None
    m0_scale: float | None = None


ANY_SCAN = Request()


def read_dicom_folder(
    folder: Path | str, *, series: int | str | None = None, given: Acquisition | None = None
) -> AslSeries:
    """The ASL scan in a folder of DICOM files of Siemens, Philips or GE scanners, with its M0.

    Args:
        folder: With any number of series in it and in the folders within it.
        series: Series number or Series Instance UID, where there are several ASL scans.
        given: Parameters that stand above those of the headers.

    Raises:
        InputError: If there is no ASL scan or more than one, or it is damaged or incomplete; then nothing is read.
    """
    return read_dicom(folder, Request(series, given)).series


def read_dicom(folder: Path | str, request: Request = ANY_SCAN) -> DicomScan:
    """The same, with the maps of the scanner and the series it came from."""
    return run(reading(files_in(Path(folder)), str(folder), request))


def reading(files: Sequence[Path], where: str, request: Request = ANY_SCAN) -> Job[DicomScan]:
    """The same from a list of files, in small steps.

    Args:
        files: DICOM files, of one series or of many.
        where: What the list is, for messages.
        request: What the user says.

    Raises:
        InputError: As `read_dicom_folder`.
    """
    found = yield from searching(files)
    source = chosen_series(found, request.series, where)
    yield Progress(STEPS[0], 0, len(STEPS))
    loaded = load_series(source)
    yield Progress(STEPS[1], 1, len(STEPS))
    decision = _decided(loaded, request.roles)
    has_m0 = request.m0 is not None or Role.M0SCAN in decision.roles
    m0, noticed = (None, ()) if has_m0 else _separate_m0(loaded, found)
    maps = scanner_maps(source, found)
    yield Progress(STEPS[2], 2, len(STEPS))
    series, places = _assembled(loaded, decision, m0, request)
    findings = (*_recognized(source), *bystanders(source, found), *series.findings, *noticed)
    return DicomScan(
        series=replace(series, findings=findings),
        source=source,
        m0=None if m0 is None else m0.source,
        maps=maps,
        found=found,
        header=_header_fields(places),
    )


def _assembled(
    loaded: LoadedSeries, decision: RoleDecision, m0: LoadedSeries | None, request: Request
) -> tuple[AslSeries, Places]:
    """The series with roles, parameters and scale, and the header of its first perfusion volume."""
    source = loaded.source
    vendor = source.verdict.vendor
    perfusion = _first_of(decision.roles, (Role.CONTROL, Role.LABEL, Role.DELTAM))
    places = _places(loaded, perfusion)
    acquisition, doubts = acquisition_of(
        Evidence(
            vendor=vendor,
            places=places,
            middle=_places(loaded, len(loaded.headers) // 2),
            volumes=loaded.headers,
            roles=decision.roles,
            voxels=loaded.voxels,
            geometry=loaded.geometry,
            sidecar=loaded.sidecar,
        )
    )
    if m0 is not None and vendor is not Vendor.GE:
        repetition_time = repetition_time_of(m0.headers, [Role.M0SCAN] * len(m0.headers), (Role.M0SCAN,))
        acquisition = replace(acquisition, m0_repetition_time=repetition_time)
    series = AslSeries(
        name=f"{source.description or 'ASL'} (series {source.number})" if source.number is not None else "ASL",
        volumes=loaded.voxels,
        geometry=loaded.geometry,
        roles=decision.roles,
        acquisition=overridden(acquisition, request.given),
        role_evidence=decision.evidence,
        m0scan=request.m0 if m0 is None else M0Scan(m0.voxels, m0.geometry, m0.source.title),
        origin=f"DICOM {source.title}",
    )
    require_finite(series.volumes, source.title)
    series, scaling = _on_one_scale(series, places, vendor, request.m0_scale)
    said = (*loaded.findings, *series.findings, *_incomplete(loaded, places), *decision.findings, *doubts, *scaling)
    return replace(series, findings=(*said, *delay_doubts(series.acquisition))), places


def _recognized(source: DicomSeries) -> tuple[Finding, ...]:
    """Why the series was taken for an ASL scan."""
    evidence = "; ".join(source.verdict.evidence)
    if not evidence:
        return (warning("not-recognized", f"Nothing in the header says that {source.title} is an ASL scan."),)
    return (note("recognized", f"{source.title[0].upper()}{source.title[1:]} is an ASL scan by: {evidence}."),)


def _decided(loaded: LoadedSeries, words: str | None) -> RoleDecision:
    if words is not None:
        return RoleDecision(expand_roles(words, len(loaded.headers)), ("given by the user",))
    return roles_of(loaded.headers, loaded.voxels, loaded.geometry, loaded.source.title)


def _first_of(roles: Sequence[Role], wanted: Sequence[Role]) -> int:
    return next((t for t, role in enumerate(roles) if role in wanted), 0)


def _places(loaded: LoadedSeries, t: int) -> Places:
    """The header of one volume."""
    frame = loaded.headers[t].first
    with quiet_pydicom():
        return places_of_frames(read_header(loaded.source.files[frame.file]))[frame.index]


def _separate_m0(loaded: LoadedSeries, found: Sequence[DicomSeries]) -> tuple[LoadedSeries | None, tuple[Finding, ...]]:
    """The M0 scan of the same study on the same grid that is nearest in number; and what speaks against others."""
    told: list[Finding] = []
    for candidate in m0_candidates(loaded.source, found):
        try:
            scan = load_series(candidate)
        except InputError as problem:
            told.append(warning("m0-unreadable", f"An M0 scan is left out. {problem}"))
            continue
        if scan.geometry.matches(loaded.geometry):
            words = "; ".join(candidate.verdict.evidence)
            told.append(note("m0-found", f"M0 is {candidate.title}: same patient, study and grid ({words})."))
            return scan, tuple(told)
        told.append(
            warning(
                "m0-other-grid",
                f"{candidate.title} is an M0 scan on another grid ({scan.geometry.describe()}); it is not used, so "
                "that no interpolation happens unseen.",
            )
        )
    return None, tuple(told)


def _on_one_scale(
    series: AslSeries, places: Places, vendor: Vendor, m0_scale: float | None
) -> tuple[AslSeries, tuple[Finding, ...]]:
    """M0 and ASL images on one scale: by the user's word, by a factor of the vendor, or as they are, if that can be."""
    if m0_scale is not None:
        return with_given_m0_scale(series, m0_scale), ()
    if vendor is Vendor.GE and Role.DELTAM in series.roles:
        return _ge_on_one_scale(series, places)
    return series, scale_doubts(series, vendor)


def _ge_on_one_scale(series: AslSeries, places: Places) -> tuple[AslSeries, tuple[Finding, ...]]:
    factor = ge_scale(places)
    if factor is None:
        unknown = error(
            "scale-doubtful",
            "GE scanners store the subtracted image multiplied by 32 and by the number of excitations, which this "
            "header does not have. Say what M0 has to be multiplied by (command line: --m0-scale).",
        )
        return series, (unknown,)
    told = note("ge-scale", f"M0 was multiplied by {factor[0]:g}, the factor of GE's subtracted image: {factor[1]}.")
    series = with_m0_times(series, factor[0])
    return series, (told, *scale_doubts(series, Vendor.GE))


def _incomplete(loaded: LoadedSeries, places: Places) -> tuple[Finding, ...]:
    """Whether volumes are missing, by their numbers or by the protocol."""
    found: list[Finding] = []
    if missing := missing_volumes(loaded.headers):
        numbers = ", ".join(str(number) for number in missing[:8])
        found.append(warning("volumes-missing", f"Volumes are missing in the middle of the series: number {numbers}."))
    planned = _planned(places, loaded.headers)
    if planned is not None and planned > len(loaded.headers):
        message = f"The protocol plans {planned} volumes; {len(loaded.headers)} are here."
        found.append(note("scan-shorter", message))
    return tuple(found)


def _planned(places: Places, headers: Sequence[HeaderVolume]) -> int | None:
    """How many volumes the protocol of a Siemens mosaic series plans; None if it does not say."""
    repetitions = protocol_of(places).number("lRepetitions")
    return None if repetitions is None or headers[0].first.tiles == 1 else int(repetitions) + 1


def _header_fields(places: Places) -> dict[str, Any]:
    """ASL-BIDS fields of scanner and sequence."""
    echo = number_of(tag.ECHO_TIME, places) or number_of(tag.EFFECTIVE_ECHO_TIME, places)
    fields: dict[str, Any] = {
        "Manufacturer": text_of(tag.MANUFACTURER, places),
        "ManufacturersModelName": text_of(tag.MODEL, places),
        "SoftwareVersions": text_of(tag.SOFTWARE, places),
        "EchoTime": None if echo is None else round(echo / 1000, 6),
        "FlipAngle": number_of(tag.FLIP_ANGLE, places),
    }
    return {name: value for name, value in fields.items() if value not in (None, "")}
