"""Names, folders and failures that all files of a BIDS data set share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deepasl.errors import OutputError

BIDS_VERSION = "1.10.0"


def require_label(label: str) -> None:
    """Refuse what cannot stand behind ``sub-`` or ``acq-``.

    Raises:
        OutputError: If it has anything but letters and digits.
    """
    if not (label.isascii() and label.isalnum()):
        raise OutputError(f"a BIDS label has letters and digits only, not {label!r}", remedy="Choose another one.")


def perf_folder(data_set: Path, participant: str) -> Path:
    """Where the perfusion scans of a participant lie.

    Raises:
        OutputError: If the label of the participant has anything but letters and digits.
    """
    require_label(participant)
    return data_set / f"sub-{participant}" / "perf"


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a sidecar."""
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


@contextmanager
def told_of_disk(folder: Path) -> Iterator[None]:
    """Failures of the disk as one sentence.

    Raises:
        OutputError: In place of OSError.
    """
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"the data set cannot be written ({error.strerror})", where=folder, remedy="Choose another folder."
        ) from error
