"""Timing of Philips ASL scans: a labeling duration is in no header, and a delay only in scans with several phases."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from deepasl.acquisition.parameters import LabelingType, Parameter
from deepasl.findings import note, warning
from deepasl.readers.dicom import attributes as tag
from deepasl.readers.dicom.facts import Facts, from_dicom
from deepasl.readers.dicom.header import Places, text_of
from deepasl.readers.dicom.volumes import HeaderVolume

PCASL_WORD = re.compile(r"pc?asl", re.IGNORECASE)
"""Philips calls protocols ``3DpCASL`` or ``PASL``; the header has no other word for it."""


def philips_facts(places: Places, volumes: Sequence[HeaderVolume]) -> Facts:
    """What the header of a Philips scan says.

    (0018,1060) Trigger Time is the delay only where one label is followed by several phases; in other scans it is
    when the dynamic scan began.
    """
    parameters: dict[str, Parameter[Any]] = {}
    if word := PCASL_WORD.search(name := text_of(tag.PROTOCOL_NAME, places)):
        kind = LabelingType.PCASL if word[0].lower() == "pcasl" else LabelingType.PASL
        parameters["labeling_type"] = from_dicom(kind, f"{tag.PROTOCOL_NAME} {name!r}")
    triggers = [min((f.trigger_time or 0.0) for f in volume.frames) / 1000.0 for volume in volumes]
    if len({volume.first.phase for volume in volumes}) < 2:
        unknown = note(
            "philips-times",
            "Philips headers have neither the labeling duration nor the post-labeling delay of this kind of scan: "
            "both are on the scan protocol.",
        )
        return Facts(parameters, (unknown,))
    parameters["post_labeling_delay"] = from_dicom(tuple(triggers), tag.PHILIPS_TRIGGER_TIME)
    doubt = warning(
        "look-locker",
        f"Each label is followed by {len({v.first.phase for v in volumes})} readouts (phases): their flip angle lowers "
        "the signal of later ones, which the model does not know.",
    )
    return Facts(parameters, (doubt,))
