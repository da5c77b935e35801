"""The sample scans: people who do not exist, so that what is true of them is known and nobody's scan is shipped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deepasl.commands import demo
from deepasl.phantom import Lesion, Protocol, Subject, acquire, default_anatomy, make_subject, write_bids
from DeepASLDenoiseLib.translation import tr as _

TUMOR = Lesion(center_mm=(27.0, 24.0, 26.0), radius_mm=11.0, factor=3.5)
"""White matter on the patient's right with the flow of grey matter, and more."""


@dataclass(frozen=True)
class PhantomSample:
    """A scan that can be made at any time.

    Attributes:
        name: Short name for programs.
        title: What users read.
        thumbnail: File of its picture in Resources.
        subject: Makes the person.
        write: Makes the scan, as a BIDS data set in a folder; returns its image.
    """

    name: str
    title: str
    thumbnail: str
    subject: Callable[[], Subject]
    write: Callable[[Path], Path]


def shortScanSubject() -> Subject:
    """A person with a well perfused tumor on the right."""
    return make_subject(default_anatomy(), lesions=(TUMOR,), regional_sd=0.1, receive_bias=0.2, seed=3)


def writeShortScan(folder: Path) -> Path:
    """A scan of this person that is short and therefore noisy."""
    subject = shortScanSubject()
    level = float(subject.m0[subject.mask].mean())
    series = acquire(subject, Protocol(pairs=8), noise_sd=demo.NOISE_PERCENT / 100.0 * level, seed=4)
    return write_bids(series, folder, "tumor")


SAMPLES = (
    PhantomSample(
        "ASLPhantomStroke",
        _("ASL phantom: stroke, 20 pairs"),
        "Icons/DeepASLPhantomStroke.png",
        demo.demo_subject,
        demo.write_demo_scan,
    ),
    PhantomSample(
        "ASLPhantomTumor",
        _("ASL phantom: tumor, 8 pairs"),
        "Icons/DeepASLPhantomTumor.png",
        shortScanSubject,
        writeShortScan,
    ),
)
