"""Timing of ASL scans from the public ASL attributes: DICOM PS3.3, C.8.13.5.14. Times are in milliseconds."""

from __future__ import annotations

from typing import Any

from deepasl.acquisition.parameters import LabelingType, Parameter
from deepasl.findings import Finding, warning
from deepasl.readers.dicom import attributes as tag
from deepasl.readers.dicom.facts import LABELING_TYPES, Facts, from_dicom
from deepasl.readers.dicom.header import Places, number_of, numbers_of, text_of


def standard_facts(places: Places) -> Facts:
    """What the public attributes say; nothing where (0018,9250) is absent.

    (0018,9258) Pulse Train Duration is the labeling duration, although converters have called it a delay.
    """
    kind = LABELING_TYPES.get(text_of(tag.LABELING, places).upper())
    if kind is None:
        return Facts()
    parameters: dict[str, Parameter[Any]] = {"labeling_type": from_dicom(kind, tag.LABELING)}
    findings: tuple[Finding, ...] = ()
    if kind is LabelingType.PASL:
        width, findings = _bolus_width(places)
        parameters |= width
    elif duration := number_of(tag.PULSE_TRAIN, places):
        parameters["labeling_duration"] = from_dicom(duration / 1000, tag.PULSE_TRAIN)
    for attribute in (tag.SIEMENS_XA_DELAY, tag.INVERSION_TIMES, tag.INVERSION_TIME):
        if delay := number_of(attribute, places):
            parameters["post_labeling_delay"] = from_dicom((delay / 1000,), attribute)
            break
    return Facts(parameters, findings)


def _bolus_width(places: Places) -> tuple[dict[str, Parameter[Any]], tuple[Finding, ...]]:
    """TI1: of QUIPSS II the only cut-off time, of Q2TIPS the first of two; one alone may be the last."""
    if text_of(tag.CUTOFF_FLAG, places).upper() != "YES":
        return {}, ()
    times = sorted(numbers_of(tag.CUTOFF_DELAY, places))
    technique = text_of(tag.CUTOFF_TECHNIQUE, places)
    if not times:
        return {}, ()
    if technique.upper() == "Q2TIPS" and len(times) == 1:
        doubt = warning(
            "bolus-width-ambiguous",
            f"{tag.CUTOFF_DELAY} is {times[0]:g} ms with Q2TIPS: that may be the last saturation pulse, and the bolus "
            "width is that of the first. Give it (command line: --bolus-cutoff-delay).",
        )
        return {}, (doubt,)
    return {"bolus_cutoff_delay": from_dicom(times[0] / 1000, tag.CUTOFF_DELAY)}, ()
