"""Put an image and its companions together into an `AslSeries`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from deepasl.acquisition.parameters import Acquisition
from deepasl.errors import InputError
from deepasl.findings import Finding, note, warning
from deepasl.geometry import Geometry
from deepasl.images import Image, read_image
from deepasl.labeling.roles import detect_roles
from deepasl.readers.companions import Companions, find_companions, sidecars_of, stem_of
from deepasl.readers.context import read_context
from deepasl.readers.dicom.scan import Request, read_dicom
from deepasl.readers.doubts import delay_doubts, doubts_of
from deepasl.readers.m0 import read_m0
from deepasl.readers.parameters import acquisition_of, labeling_durations_of, m0_repetition_time_of, overridden
from deepasl.readers.roles import expand_roles
from deepasl.readers.sidecar import Sidecar, read_sidecar
from deepasl.series import AslSeries, FloatArray, M0Scan, Role, require_finite


def read_scan(
    path: Path | str,
    *,
    m0: Path | str | None = None,
    sidecar: Path | str | None = None,
    context: Path | str | None = None,
    roles: str | None = None,
    given: Acquisition | None = None,
) -> AslSeries:
    """Read an ASL scan: a BIDS ``*_asl.nii.gz`` with all that belongs to it, any 3D or 4D image, or a DICOM folder.

    Args:
        path: The image, or a folder of DICOM files with one ASL scan.
        m0: A separate M0 image; the one BIDS names, if None.
        sidecar: A JSON file with the parameters, in place of those found.
        context: An ``aslcontext.tsv``, in place of the one found.
        roles: What each volume is in words (see `expand_roles`), in place of any context file.
        given: Parameters that stand above those of the files.

    Returns:
        The series, with everything doubtful among its findings.

    Raises:
        InputError: If a file cannot be read or the files contradict each other.
    """
    file = Path(path)
    if file.is_dir():
        return _from_folder(file, m0, sidecar, context, roles, given)
    name = stem_of(file)
    image = read_image(file)
    found = _chosen(find_companions(file), m0, sidecar, context)
    told, evidence, noticed = _told_roles(roles, found, len(image.volumes))
    parameters = read_sidecar(found.sidecars)
    m0scan = None if found.m0scan is None else read_m0(found.m0scan)
    series = series_from_arrays(
        name,
        image.volumes,
        image.geometry,
        roles=told,
        role_evidence=evidence,
        m0scan=m0scan,
        origin=file,
    )
    acquisition = acquisition_of(parameters, series.roles)
    if m0scan is not None:
        repetition_time = m0_repetition_time_of(read_sidecar(found.m0scan_sidecars))
        acquisition = replace(acquisition, m0_repetition_time=repetition_time)
    of_each = labeling_durations_of(parameters, series.roles)
    return replace(
        series,
        acquisition=overridden(acquisition, given),
        labeling_durations=() if given is not None and given.labeling_duration.known else of_each,
        findings=(
            *noticed,
            *series.findings,
            *doubts_of(parameters, acquisition, series.roles),
            *delay_doubts(acquisition),
            *_resampled(parameters, image),
        ),
    )


def series_from_arrays(
    name: str,
    volumes: FloatArray,
    geometry: Geometry,
    *,
    acquisition: Acquisition | None = None,
    roles: Sequence[Role] | None = None,
    role_evidence: Sequence[str] = (),
    m0scan: M0Scan | None = None,
    origin: Path | str = "",
) -> AslSeries:
    """An ASL series from arrays in memory; roles that are not given are detected.

    Args:
        name: For titles and file names.
        volumes: ``[t, k, j, i]`` float32, scanner units.
        geometry: Their grid.
        acquisition: What is known of the acquisition.
        roles: What each volume is; detected from the signal if None.
        role_evidence: Where given roles come from.
        m0scan: A separate M0 scan.
        origin: The file or node the volumes came from.

    Raises:
        InputError: For voxels that are not numbers, another number of roles than volumes, or too few volumes.
    """
    require_finite(volumes, origin or name)
    if m0scan is not None:
        require_finite(m0scan.volumes, m0scan.origin)
    findings: tuple[Finding, ...] = ()
    if roles is None:
        if len(volumes) < 2:
            raise InputError(
                "the image has one volume; control and label volumes are needed",
                where=origin or name,
                remedy="Give the 4D image, or say that the volume is already subtracted (role deltam).",
            )
        decision = detect_roles(volumes, geometry)
        roles, role_evidence, findings = decision.roles, decision.evidence, decision.findings
    if len(roles) != len(volumes):
        raise InputError(f"{len(roles)} roles were given for {len(volumes)} volumes", where=origin or name)
    return AslSeries(
        name=name,
        volumes=volumes,
        geometry=geometry,
        roles=tuple(roles),
        acquisition=acquisition or Acquisition(),
        role_evidence=tuple(role_evidence),
        m0scan=m0scan,
        origin=origin,
        findings=findings,
    )


def _from_folder(
    folder: Path,
    m0: Path | str | None,
    sidecar: Path | str | None,
    context: Path | str | None,
    roles: str | None,
    given: Acquisition | None,
) -> AslSeries:
    """The scan in a folder of DICOM files; an M0 image of the user stands above one found there."""
    if sidecar is not None or context is not None:
        raise InputError(
            "this is a folder of DICOM files, which have no sidecar and no context file",
            where=folder,
            remedy="Name the image file, or say what the volumes are (command line: --roles).",
        )
    given_m0 = None if m0 is None else read_m0(Path(m0))
    return read_dicom(folder, Request(given=given, roles=roles, m0=given_m0)).series


def _told_roles(
    words: str | None, found: Companions, count: int
) -> tuple[Sequence[Role] | None, tuple[str, ...], tuple[Finding, ...]]:
    """Roles somebody wrote down, with the evidence for them; None if nobody did."""
    if words is not None:
        return expand_roles(words, count), ("given by the user",), ()
    if found.context is not None:
        roles, noticed = read_context(found.context, count)
        return roles, (f"context file {found.context.name}",), noticed
    return None, (), ()


def _chosen(
    found: Companions, m0: Path | str | None, sidecar: Path | str | None, context: Path | str | None
) -> Companions:
    """The companions found, with those the user named in their place."""
    if sidecar is not None:
        found = replace(found, sidecars=(Path(sidecar),))
    if context is not None:
        found = replace(found, context=Path(context))
    if m0 is not None:
        found = replace(found, m0scan=Path(m0), m0scan_sidecars=sidecars_of(Path(m0)))
    return found


def _resampled(parameters: Sidecar, image: Image) -> list[Finding]:
    """Say when the voxels are not those that were acquired: resampling changes the noise a network sees."""
    thickness = parameters.number("SliceThickness")
    spacing = image.geometry.spacing[2]
    if thickness is None or thickness <= 0 or abs(spacing - thickness) <= 0.2 * thickness:
        return []
    message = (
        f"SliceThickness is {thickness:g} mm but the slices lie {spacing:g} mm apart: "
        "the image has gaps or was resampled after the scan"
    )
    if spacing > 1.5 * thickness:
        return [warning("resampled", message + "; its noise is not that of the scanner any more.")]
    return [note("resampled", message + ".")]
