"""What all tests share: where the real scans are, and small phantom scans."""

import json
from pathlib import Path

import numpy as np
import pytest

from deepasl.denoising import Denoiser
from deepasl.geometry import Geometry
from deepasl.phantom import Protocol, Subject, acquire, default_anatomy, make_subject, write_bids
from deepasl.registry import DEFAULT_MODEL, find_model
from deepasl.series import AslSeries

REPOSITORY = Path(__file__).resolve().parents[1]

# A coarse grid over the whole phantom head: quick, and still a brain with cortex, white matter and ventricles.
COARSE = Geometry(shape=(12, 48, 48), spacing=(4.5, 4.5, 8.0), origin=(-105.75, -105.75, -44.0))


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


def edit_sidecar(scan: Path, **fields: object) -> None:
    """Change fields of a scan's sidecar; None removes one."""
    path = scan.with_name(scan.name.replace(".nii.gz", ".json"))
    content = json.loads(path.read_text()) | fields
    path.write_text(json.dumps({name: value for name, value in content.items() if value is not None}))


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def relative_error(value: object, truth: object) -> float:
    """Largest deviation from the truth as a fraction of its largest magnitude."""
    return float(np.abs(np.asarray(value) - np.asarray(truth)).max() / np.abs(np.asarray(truth)).max())


@pytest.fixture(scope="session")
def denoiser() -> Denoiser:
    """The shipped default network on the CPU."""
    return Denoiser(find_model(DEFAULT_MODEL), "cpu")
