"""What all tests share."""

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


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
