"""What each volume is: the word of the header first, checked against the signal; else the signal alone."""

from __future__ import annotations

from collections.abc import Sequence

from deepasl.errors import InputError
from deepasl.findings import Finding, warning
from deepasl.geometry import Geometry
from deepasl.labeling.roles import RoleDecision, detect_roles, pair_up
from deepasl.readers.dicom.volumes import HeaderVolume, missing_volumes
from deepasl.series import FloatArray, Role

PERFUSION = (Role.CONTROL, Role.LABEL)


def roles_of(headers: Sequence[HeaderVolume], volumes: FloatArray, geometry: Geometry, where: str) -> RoleDecision:
    """The role of every volume.

    Args:
        headers: The volumes as the headers describe them.
        volumes: Their voxels ``[t, k, j, i]``, in the same order.
        geometry: Their grid.
        where: The series, for messages.

    Raises:
        InputError: If there is one volume, and no header says what it is.
    """
    labels = [header.first.label for header in headers]
    if not any(labels):
        if len(headers) < 2:
            raise InputError(
                "the series has one volume, and its header does not say what it is",
                where=where,
                remedy="Choose the series with control and label images (command line: --series), or say what it is "
                "(--roles deltam).",
            )
        _require_no_gap(headers, where)
        return detect_roles(volumes, geometry)
    roles = tuple(Role(label) if label else Role.UNUSED for label in labels)
    origins = ", ".join(dict.fromkeys(header.first.label_origin for header in headers if header.first.label))
    decision = RoleDecision(roles, (f"{origins} of each volume",), _unlabeled(labels))
    if Role.M0SCAN in roles or len(volumes) < 4 or not set(roles) >= set(PERFUSION):
        return decision
    return _with_bright_volumes_as_m0(decision, volumes, geometry)


def _with_bright_volumes_as_m0(decision: RoleDecision, volumes: FloatArray, geometry: Geometry) -> RoleDecision:
    """Scanners label M0 volumes as the volumes they stand in for: the signal tells them apart."""
    seen = detect_roles(volumes, geometry)
    bright = [t for t, role in enumerate(seen.roles) if role is Role.M0SCAN]
    if not bright:
        return decision
    roles = [Role.M0SCAN if t in bright else role for t, role in enumerate(decision.roles)]
    called = " and ".join(dict.fromkeys(decision.roles[t].value for t in bright))
    evidence = [*decision.evidence, f"{seen.evidence[0]}, although the header calls that {called}"]
    for pair in pair_up(decision.roles, [0.0] * len(roles)):
        left = [t for t in pair if t not in bright]
        if len(left) == 1:
            roles[left[0]] = Role.UNUSED
            evidence.append(f"volume {left[0]} is left out: its partner is the M0 scan")
    return RoleDecision(tuple(roles), tuple(evidence), decision.findings)


def _unlabeled(labels: Sequence[str]) -> tuple[Finding, ...]:
    unknown = sum(not label for label in labels)
    if not unknown:
        return ()
    return (
        warning(
            "labels-missing",
            f"The header does not say what {unknown} of {len(labels)} volumes are; they are left out. "
            "Say it yourself (command line: --roles).",
        ),
    )


def _require_no_gap(headers: Sequence[HeaderVolume], where: str) -> None:
    """Alternation cannot be followed across a missing volume."""
    if missing := missing_volumes(headers):
        raise InputError(
            f"volume {missing[0]} is missing ({len(missing)} in all, by (0020,0012) Acquisition Number), so that "
            "control and label no longer alternate",
            where=where,
            remedy="Export the whole series again, or say what each volume is (command line: --roles).",
        )
