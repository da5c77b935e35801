"""Timing and scale of GE 3D ASL: a subtracted image and a proton density image, scaled apart.

Private attributes (0043,10A3) to (0043,10A5) as dcm2niix documents them; scale, background suppression and saturation
recovery as ExploreASL uses them (xASL_quant_ASL.m), after the equation of the console.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deepasl.acquisition.parameters import LabelingType, Parameter, Source
from deepasl.findings import note, warning
from deepasl.readers.dicom import attributes as tag
from deepasl.readers.dicom.facts import LABELING_TYPES, Facts, from_dicom
from deepasl.readers.dicom.header import Places, number_of, text_of
from deepasl.readers.dicom.volumes import HeaderVolume

SCALE = 32.0
"""The subtracted image is stored this much larger than the proton density image."""

SATURATION_RECOVERY = 2.0
"""Recovery time of the proton density image in s: not its repetition time."""

SUPPRESSION_PULSES = 5


def ge_facts(places: Places, volumes: Sequence[HeaderVolume]) -> Facts:
    """What the header of the subtracted image says.

    Args:
        places: The header of a subtracted image: that of the proton density calls the labeling continuous.
        volumes: All volumes of the scan.
    """
    parameters: dict[str, Parameter[Any]] = {}
    if kind := _labeling_type(places):
        parameters["labeling_type"] = kind
    parameters["background_suppression"] = Parameter(True, Source.DEFAULT, "GE 3D ASL always has it")
    parameters["background_suppression_pulses"] = Parameter(
        SUPPRESSION_PULSES, Source.DEFAULT, "GE 3D ASL (ExploreASL); in no header"
    )
    parameters["m0_repetition_time"] = Parameter(
        SATURATION_RECOVERY, Source.DEFAULT, "saturation recovery of the GE proton density image; in no header"
    )
    told = note(
        "ge-proton-density",
        f"The proton density image recovers for {SATURATION_RECOVERY:g} s after saturation, whatever its repetition "
        "time says; M0 is corrected for that.",
    )
    if sum(volume.first.label == "deltam" for volume in volumes) > 1:
        doubt = warning(
            "ge-several-delays",
            "The scan has several subtracted volumes (eASL): labeling duration and delay are known to be wrong in "
            "such headers and are left out. Give them from the protocol (command line: --labeling-duration, --pld).",
        )
        return Facts(parameters, (told, doubt))
    if duration := number_of(tag.GE_LABELING_DURATION, places):
        parameters["labeling_duration"] = from_dicom(duration / 1000, tag.GE_LABELING_DURATION)
    if delay := number_of(tag.INVERSION_TIME, places):
        parameters["post_labeling_delay"] = from_dicom((delay / 1000,), tag.INVERSION_TIME)
    return Facts(parameters, (told,))


def ge_scale(places: Places) -> tuple[float, str] | None:
    """How much larger the subtracted image is stored than the proton density image, and why; None if unknown."""
    for attribute in (tag.GE_EXCITATIONS, tag.NUMBER_OF_AVERAGES):
        if excitations := number_of(attribute, places):
            return SCALE * excitations, f"{SCALE:g} x {excitations:g} excitations of {attribute}"
    return None


def _labeling_type(places: Places) -> Parameter[LabelingType] | None:
    word = text_of(tag.GE_LABELING, places).upper()
    if word in LABELING_TYPES:
        return from_dicom(LABELING_TYPES[word], tag.GE_LABELING)
    technique = text_of(tag.GE_TECHNIQUE, places)
    if "pulsed continuous" in technique.lower() or "pseudo" in technique.lower():
        return from_dicom(LabelingType.PCASL, f"{tag.GE_TECHNIQUE} {technique!r}")
    return None
