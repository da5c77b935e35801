"""The built-in scan of ``deepasl demo``: a phantom with known blood flow, because no person's scan can be shipped."""

from __future__ import annotations

from pathlib import Path

from deepasl.phantom import Lesion, Protocol, Subject, acquire, default_anatomy, make_subject, write_bids

NOISE_PERCENT = 0.77
"""Noise SD of each image in percent of M0, as measured in 2D scans without background suppression."""

PAIRS = 20

STROKE = Lesion(center_mm=(-46.0, -22.0, 16.0), radius_mm=14.0, factor=0.2)
"""A region of low flow on the patient's left, so that the report shows what denoising makes of a lesion."""


def demo_subject() -> Subject:
    """The person of the demo: the truth its maps can be compared with."""
    return make_subject(default_anatomy(), lesions=(STROKE,), regional_sd=0.1, receive_bias=0.2, seed=1)


def write_demo_scan(folder: Path) -> Path:
    """Write the phantom as an ASL-BIDS data set and return its ``*_asl.nii.gz``."""
    subject = demo_subject()
    level = float(subject.m0[subject.mask].mean())
    series = acquire(subject, Protocol(pairs=PAIRS), noise_sd=NOISE_PERCENT / 100.0 * level, seed=2)
    folder.mkdir(parents=True, exist_ok=True)
    return write_bids(series, folder)
