"""What all tests share: where the real scans are, and small phantom scans."""

import os
import tempfile
from pathlib import Path

import pytest

from deepasl.denoising.denoiser import Denoiser
from deepasl.denoising.registry import OWN_MODELS, find_model
from deepasl.phantom import Protocol, Subject, acquire, default_anatomy, make_subject, write_bids
from deepasl.series import AslSeries
from phantom_scans import COARSE

REPOSITORY = Path(__file__).resolve().parents[1]

# What whoever runs the tests has trained is not what comes along.
os.environ[OWN_MODELS] = str(Path(tempfile.gettempdir()) / "deepasl-no-models")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real scans; tests that need it skip where it is absent."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not (folder / "MANIFEST.md").is_file():
        pytest.skip("the shared scans are not here (../shared/data)")
    return folder


@pytest.fixture(scope="session")
def shared_notes() -> Path:
    """The folder of reference numbers; tests that need it skip where it is absent."""
    folder = REPOSITORY.parent / "shared" / "notes"
    if not (folder / "reference-vectors.json").is_file():
        pytest.skip("the reference vectors are not here (../shared/notes)")
    return folder


@pytest.fixture(scope="session")
def subject() -> Subject:
    """A synthetic person with known blood flow on a coarse grid."""
    return make_subject(default_anatomy(COARSE))


@pytest.fixture(scope="session")
def series(subject: Subject) -> AslSeries:
    """Six noisy control-label pairs of the subject, after one M0 volume."""
    return acquire(subject, Protocol(pairs=6), noise_sd=2.0, seed=7)


@pytest.fixture
def bids_scan(series: AslSeries, tmp_path: Path) -> Path:
    """The series as an ASL-BIDS data set of its own, which a test may damage."""
    return write_bids(series, tmp_path / "dataset")


@pytest.fixture(scope="session")
def denoiser() -> Denoiser:
    """A shipped network on the CPU, the one that any scan can do with."""
    return Denoiser(find_model("deepasl-paper"), "cpu")
