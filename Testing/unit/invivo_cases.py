"""Small BIDS data sets of people whose blood flow is known, for the tests of the training on real scans."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

from deepasl.phantom import Protocol, Subject, acquire, default_anatomy, make_subject, write_bids
from deepasl_trainer.invivo.scans import InVivoScan, read_invivo_scan
from deepasl_trainer.invivo.settings import InVivoSettings
from deepasl_trainer.training.settings import PatchSettings
from phantom_scans import COARSE

PATCHES = PatchSettings(size=40, count=60, validation_count=1, least_brain=0.08, rim_voxels=2)
STILL = InVivoSettings(mirror_share=0.0)
"""Nothing is mirrored, so that patches can be compared with the scan."""

NOISE_SD = 8.0
"""Of one image, scanner units: grey matter has an M0 of 1000."""

SLICE_TIMES = tuple(0.04 * k for k in range(COARSE.shape[0]))


@cache
def person() -> Subject:
    """A synthetic person on a coarse grid, with blood flow that differs by region."""
    return make_subject(default_anatomy(COARSE), regional_sd=0.2, receive_bias=0.3)


def protocol(pairs: int) -> Protocol:
    """A 2D readout: later slices have a longer delay."""
    return Protocol(pairs=pairs, slice_timing=SLICE_TIMES)


def write_person(folder: Path, name: str, *, pairs: int = 8, noise_sd: float = NOISE_SD, seed: int = 1) -> Path:
    """Scan a person into a data set; the path of the image."""
    return write_bids(acquire(person(), protocol(pairs), noise_sd=noise_sd, seed=seed), folder, name)


def write_again(scan: Path, run: str) -> Path:
    """A copy of a scan as another run of the same person, sidecar and context with it."""
    for file in scan.parent.glob(scan.name.replace("_asl.nii.gz", "_asl*")):
        shutil.copy(file, file.with_name(file.name.replace("_asl", f"_run-{run}_asl")))
    return scan.with_name(scan.name.replace("_asl", f"_run-{run}_asl"))


def read_phantom(folder: Path, *, settings: InVivoSettings = STILL, **scanned: object) -> InVivoScan:
    """A scan written and read as a real one is."""
    return read_invivo_scan(write_person(folder, "01", **scanned), "sub-01", settings)  # type: ignore[arg-type]
