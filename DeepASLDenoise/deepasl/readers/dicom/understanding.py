"""The acquisition a DICOM series describes, each value with its attribute, and where the converter read it wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deepasl.acquisition.parameters import SPECS, Acquisition, LabelingType, Parameter
from deepasl.findings import Finding, note, warning
from deepasl.geometry import Geometry
from deepasl.readers.dicom import attributes as tag
from deepasl.readers.dicom.evidence import Vendor, protocol_of
from deepasl.readers.dicom.facts import Facts, from_dicom
from deepasl.readers.dicom.ge import ge_facts
from deepasl.readers.dicom.header import Places, number_of, origin_of, text_of
from deepasl.readers.dicom.philips import philips_facts
from deepasl.readers.dicom.siemens import siemens_facts
from deepasl.readers.dicom.standard import standard_facts
from deepasl.readers.dicom.timing import repetition_time_of, slice_timing
from deepasl.readers.dicom.volumes import HeaderVolume
from deepasl.series import FloatArray, Role, mean_volume

PERFUSION_ROLES = (Role.CONTROL, Role.LABEL, Role.DELTAM)

CONVERTER_FIELDS = {
    "labeling_duration": ("LabelingDuration",),
    "post_labeling_delay": ("PostLabelingDelay", "InitialPostLabelDelay", "InversionTime"),
    "bolus_cutoff_delay": ("BolusDuration",),
    "repetition_time": ("RepetitionTimePreparation", "RepetitionTime"),
}
"""What dcm2niix calls them."""

SUPPRESSED_BELOW = 0.6
"""Control images with less of the M0 signal have suppressed background: short repetition alone leaves more."""

SAME = 0.01
"""Relative difference of two times that are the same."""


@dataclass(frozen=True)
class Evidence:
    """Everything known of a series before its parameters are.

    Attributes:
        vendor: Whose scanner.
        places: The header of its first perfusion volume.
        middle: The header of a volume from the middle.
        volumes: Its volumes as the headers describe them.
        roles: What they are.
        voxels: ``[t, k, j, i]``, in the same order.
        geometry: Their grid.
        sidecar: What dcm2niix says of it.
    """

    vendor: Vendor
    places: Places
    middle: Places
    volumes: Sequence[HeaderVolume]
    roles: Sequence[Role]
    voxels: FloatArray
    geometry: Geometry
    sidecar: Mapping[str, Any]


def acquisition_of(known: Evidence) -> tuple[Acquisition, tuple[Finding, ...]]:
    """The parameters of a series, and what is doubtful about them."""
    standard = standard_facts(known.places)
    private = vendor_facts(known.vendor, known.places, known.volumes)
    # XA software writes the public attributes; before it they are absent or left over from another sequence.
    parameters: dict[str, Parameter[Any]] = {**private.parameters, **standard.parameters}
    parameters |= _delay_of_each_volume(known, parameters)
    common, noticed = _common(known)
    parameters = {**common, **parameters}
    findings = [*standard.findings, *private.findings, *noticed]
    findings += _contradictions(standard, private)
    findings += _left_over(known.places, parameters.get("labeling_type", Parameter()))
    findings += _converter_mistakes(known.sidecar, parameters)
    return Acquisition(**parameters), tuple(findings)


def vendor_facts(vendor: Vendor, places: Places, volumes: Sequence[HeaderVolume]) -> Facts:
    """What the attributes of one vendor say.

    Args:
        vendor: Whose scanner.
        places: The header of the first perfusion volume.
        volumes: All volumes.
    """
    if vendor is Vendor.SIEMENS:
        return siemens_facts(protocol_of(places))
    if vendor is Vendor.PHILIPS:
        return philips_facts(places, volumes)
    return ge_facts(places, volumes) if vendor is Vendor.GE else Facts()


def _common(known: Evidence) -> tuple[dict[str, Parameter[Any]], tuple[Finding, ...]]:
    """What every MR header has."""
    parameters: dict[str, Parameter[Any]] = {
        "repetition_time": repetition_time_of(known.volumes, known.roles, PERFUSION_ROLES),
        "m0_repetition_time": repetition_time_of(known.volumes, known.roles, (Role.M0SCAN,)),
        "background_suppression": _suppression(known),
    }
    findings: tuple[Finding, ...] = ()
    if field := number_of(tag.FIELD_STRENGTH, known.places):
        parameters["magnetic_field_strength"] = from_dicom(field, tag.FIELD_STRENGTH)
    readout = text_of(tag.READOUT, known.places).upper()
    if readout in ("2D", "3D"):
        parameters["readout"] = from_dicom(readout, tag.READOUT)
    if readout == "2D":
        middle = known.volumes[len(known.volumes) // 2]
        parameters["slice_timing"], findings = slice_timing(known.middle, middle, known.geometry, known.sidecar)
    return parameters, findings


def _suppression(known: Evidence) -> Parameter[bool]:
    """Whether background is suppressed: no header says so, but control images beside M0 do."""
    controls = [t for t, role in enumerate(known.roles) if role is Role.CONTROL]
    scans = [t for t, role in enumerate(known.roles) if role is Role.M0SCAN]
    if not controls or not scans:
        return Parameter()
    m0 = mean_volume(known.voxels[scans])
    bright = m0 > m0.mean()
    fraction = float(mean_volume(known.voxels[controls])[bright].mean() / m0[bright].mean())
    return from_dicom(fraction < SUPPRESSED_BELOW, f"signal: control images have {100 * fraction:.0f} % of that of M0")


def _delay_of_each_volume(known: Evidence, parameters: Mapping[str, Parameter[Any]]) -> dict[str, Parameter[Any]]:
    """Delays that differ between volumes, 0 for M0; where all are the same, the one value stands."""
    told: Parameter[tuple[float, ...]] = parameters.get("post_labeling_delay", Parameter())
    delays = told.value if told.value is not None and len(told.value) > 1 else None
    origin = told.origin
    if delays is None and all(volume.first.delay is not None for volume in known.volumes):
        delays, origin = tuple(float(volume.first.delay or 0.0) for volume in known.volumes), str(tag.SIEMENS_XA_DELAY)
    if delays is None:
        return {}
    used = tuple(0.0 if role is Role.M0SCAN else delay for delay, role in zip(delays, known.roles, strict=True))
    distinct = {delay for delay, role in zip(used, known.roles, strict=True) if role in PERFUSION_ROLES}
    if len(distinct) == 1:
        return {"post_labeling_delay": from_dicom((distinct.pop(),), origin)}
    return {"post_labeling_delay": from_dicom(used, origin)}


def _contradictions(standard: Facts, private: Facts) -> list[Finding]:
    both = standard.parameters.keys() & private.parameters.keys()
    return [
        warning(
            "header-contradiction",
            f"{SPECS[name].title}: {_told(standard.parameters[name])}, but {_told(private.parameters[name])}. "
            "The first is used; check it with the scan protocol.",
        )
        for name in sorted(both)
        if not _equal(standard.parameters[name].value, private.parameters[name].value)
    ]


def _left_over(places: Places, labeling: Parameter[LabelingType]) -> list[Finding]:
    """Sequences made from a product sequence keep the product's ASL attributes: they say pulsed of a pCASL scan."""
    technique = text_of(tag.TECHNIQUE, places)
    continuous = labeling.value in (LabelingType.PCASL, LabelingType.CASL)
    if not continuous or "pulsed" not in technique.lower() or "continuous" in technique.lower():
        return []
    return [
        note(
            "technique-left-over",
            f"{origin_of(tag.TECHNIQUE, places)} is {technique!r}, left over from the product sequence; "
            f"{labeling.value} is right by the {labeling.origin}.",
        )
    ]


def _converter_mistakes(sidecar: Mapping[str, Any], parameters: Mapping[str, Parameter[Any]]) -> list[Finding]:
    """Fields in which dcm2niix says something else than the header: told, so that its sidecar is not trusted later."""
    found = []
    for name, fields in CONVERTER_FIELDS.items():
        parameter = parameters.get(name, Parameter())
        for field in fields:
            said = sidecar.get(field)
            if not parameter.known or said is None or _equal(said, parameter.value):
                continue
            found.append(
                note(
                    "converter-mistake",
                    f"The sidecar of dcm2niix has {field} {_plain(said)}; the header has {_told(parameter)}, "
                    "which is used.",
                )
            )
    return found


def _equal(one: Any, other: Any) -> bool:
    first, second = (value if isinstance(value, (list, tuple)) else [value] for value in (one, other))
    if len(first) != len(second):
        return False
    return all(
        a == b or (isinstance(a, float | int) and isinstance(b, float | int) and abs(a - b) <= SAME * abs(b))
        for a, b in zip(first, second, strict=True)
    )


def _told(parameter: Parameter[Any]) -> str:
    return f"{_plain(parameter.value)} ({parameter.origin})"


def _plain(value: Any) -> str:
    values = value if isinstance(value, (list, tuple)) else [value]
    return ", ".join(f"{v:g}" if isinstance(v, float | int) else str(v) for v in values)
