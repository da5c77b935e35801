"""What another package makes of arrays, in an interpreter of its own: it need not be installed beside DeepASL."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def answers(python: Path, script: str, given: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """What a script of this folder, run as ``python script given.npz made.npz``, makes of the arrays.

    Ends the program with what the script said where it fails, as where its package is not installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        asked, made = Path(folder) / "given.npz", Path(folder) / "made.npz"
        np.savez(asked, **given)
        command = [str(python), str(Path(__file__).with_name(script)), str(asked), str(made)]
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True)
        except OSError as problem:
            sys.exit(f"{python} cannot be started ({problem.strerror}): name an interpreter by --python.")
        if done.returncode:
            sys.exit(done.stderr.strip())
        return {name: np.asarray(values) for name, values in np.load(made).items()}


def add_python_option(parser: argparse.ArgumentParser, package: str) -> None:
    parser.add_argument(
        "--python",
        type=Path,
        default=Path(sys.executable),
        help=f"an interpreter that has {package}; default: the one that runs this",
    )
