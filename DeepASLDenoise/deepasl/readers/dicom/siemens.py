"""Timing of Siemens ASL scans from the measurement protocol.

Where each sequence keeps its times is documented by the source of dcm2niix (nii_dicom_batch.cpp) and of ExploreASL
(PhoenixProtocolAnalyzer): facts, collected from the authors of the sequences. Times are in microseconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from deepasl.acquisition.parameters import LabelingType, Parameter
from deepasl.findings import warning
from deepasl.readers.dicom.csa import MeasurementProtocol
from deepasl.readers.dicom.facts import Facts, from_dicom

BLOCK_SECONDS = 0.0184
"""One labeling block of the pCASL sequences of D. J. J. Wang: 20 pulses, 0.92 ms apart."""

MOST_DELAYS = 20


def siemens_facts(protocol: MeasurementProtocol) -> Facts:
    """The labeling of a Siemens scan; nothing where its sequence is not known."""
    for pattern, read in SEQUENCES:
        if re.search(pattern, protocol.sequence):
            return read(protocol)
    return Facts()


def _pcasl_by_blocks(protocol: MeasurementProtocol) -> Facts:
    """``ep2d_pcasl`` and ``tgse_pcasl``: delay and number of labeling blocks in the memory of the sequence."""
    delay, blocks = protocol.seconds("sWipMemBlock.adFree[2]"), protocol.number("sWipMemBlock.adFree[3]")
    parameters: dict[str, Parameter[Any]] = {"labeling_type": from_dicom(LabelingType.PCASL, _sequence(protocol))}
    if delay is not None:
        parameters["post_labeling_delay"] = from_dicom((delay,), "measurement protocol: sWipMemBlock.adFree[2]")
    if blocks is not None:
        duration = round(blocks * BLOCK_SECONDS, 6)
        origin = f"measurement protocol: sWipMemBlock.adFree[3], {blocks:g} blocks of 18.4 ms"
        parameters["labeling_duration"] = from_dicom(duration, origin)
    return Facts(parameters)


def _product_pasl(protocol: MeasurementProtocol) -> Facts:
    """``ep2d_pasl`` and ``tgse_pasl``: TI1 and TI; software before VD lists TI, TI1 and the end of the saturation."""
    first, second, third = (protocol.seconds(f"alTI[{n}]") for n in range(3))
    width, inversion = (("alTI[0]", first), ("alTI[2]", third))
    if second is not None:
        width, inversion = ("alTI[1]", second), ("alTI[0]", first)
    parameters: dict[str, Parameter[Any]] = {"labeling_type": from_dicom(LabelingType.PASL, _sequence(protocol))}
    if inversion[1] is not None:
        parameters["post_labeling_delay"] = from_dicom((inversion[1],), f"measurement protocol: {inversion[0]}")
    if width[1] is not None:
        parameters["bolus_cutoff_delay"] = from_dicom(width[1], f"measurement protocol: {width[0]}")
    if width[1] is not None and inversion[1] is not None and width[1] >= inversion[1]:
        doubt = warning(
            "pasl-times",
            f"The protocol has a bolus width ({width[1]:g} s) that is not shorter than its inversion time "
            f"({inversion[1]:g} s); both are left out. Give them (command line: --bolus-cutoff-delay, --pld).",
        )
        return Facts({"labeling_type": parameters["labeling_type"]}, (doubt,))
    return Facts(parameters)


def _product_asl(protocol: MeasurementProtocol) -> Facts:
    """``ep2d_asl`` and ``tgse_asl`` of XA software: fields of their own."""
    duration = protocol.seconds("sAsl.ulLabelingDuration")
    count = int(protocol.number("sAsl.ulDelayArraySize") or 1)
    delays = [protocol.seconds(f"sAsl.sPostLabelingDelay[{n}]") for n in range(count)]
    known = tuple(dict.fromkeys(delay for delay in delays if delay))
    parameters: dict[str, Parameter[Any]] = {}
    if duration is not None:
        parameters["labeling_duration"] = from_dicom(duration, "measurement protocol: sAsl.ulLabelingDuration")
    if len(known) == 1:
        parameters["post_labeling_delay"] = from_dicom(known, "measurement protocol: sAsl.sPostLabelingDelay[0]")
    return Facts(parameters)


def _vessel_encoded(protocol: MeasurementProtocol) -> Facts:
    """``to_ep2d_VEPCASL``: labeling duration and up to 20 delays, in milliseconds."""
    parameters: dict[str, Parameter[Any]] = {"labeling_type": from_dicom(LabelingType.PCASL, _sequence(protocol))}
    if duration := protocol.number("sWipMemBlock.alFree[9]"):
        parameters["labeling_duration"] = from_dicom(duration / 1000, "measurement protocol: sWipMemBlock.alFree[9]")
    delays = []
    for n in range(11, 11 + MOST_DELAYS):
        if not (delay := protocol.number(f"sWipMemBlock.alFree[{n}]")):
            break
        delays.append(delay / 1000)
    if len(delays) == 1:
        parameters["post_labeling_delay"] = from_dicom(tuple(delays), "measurement protocol: sWipMemBlock.alFree[11]")
        return Facts(parameters)
    doubt = warning(
        "delays-without-order",
        f"The protocol lists {len(delays)} post-labeling delays, but not which volume has which: convert the scan to "
        "ASL-BIDS and give PostLabelingDelay for each volume.",
    )
    return Facts(parameters, (doubt,) if delays else ())


def _sequence(protocol: MeasurementProtocol) -> str:
    return f"measurement protocol: pulse sequence {protocol.sequence}"


SEQUENCES: tuple[tuple[str, Callable[[MeasurementProtocol], Facts]], ...] = (
    (r"ep2d_vepcasl", _vessel_encoded),
    (r"(ep2d|tgse)_pcasl", _pcasl_by_blocks),
    (r"(ep2d|tgse)_pasl", _product_pasl),
    (r"(ep2d|tgse)_asl", _product_asl),
)
"""Names of pulse sequences and who reads them."""
