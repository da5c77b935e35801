"""What tests do with phantom scans: a coarse grid for them, and ways to spoil them."""

import json
from pathlib import Path

from deepasl.geometry import Geometry

COARSE = Geometry(shape=(12, 48, 48), spacing=(4.5, 4.5, 8.0), origin=(-105.75, -105.75, -44.0))
"""A coarse grid over the whole phantom head: quick, and still a brain with cortex, white matter and ventricles."""


def edit_sidecar(scan: Path, **fields: object) -> None:
    """Change fields of a scan's sidecar; None removes one."""
    path = scan.with_name(scan.name.replace(".nii.gz", ".json"))
    content = json.loads(path.read_text()) | fields
    path.write_text(json.dumps({name: value for name, value in content.items() if value is not None}))


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
