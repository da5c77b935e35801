"""Set up a private environment and run DeepASL in it: ``python3 bootstrap.py demo`` or ``python3 bootstrap.py test``.

Needs nothing but Python 3.11 or newer. The environment lies in ``.venv`` beside this file and is made once; delete
the folder to start over.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

EXTRAS = {"demo": "cpu,report", "test": "test"}

CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("pytest", "Testing"),
)


def main() -> int:
    """Install what the chosen job needs, then run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("job", choices=EXTRAS, help="demo: a phantom scan to maps and report; test: all checks")
    job = parser.parse_args().job
    if sys.version_info < (3, 11):  # noqa: UP036 (this file runs before anything has checked)
        return _fail(f"DeepASL needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    if not PYTHON.exists() and not _make_environment():
        return _fail("Python cannot make an environment here; on Debian and Ubuntu, apt install python3-venv.")
    if _run("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", f".[{EXTRAS[job]}]"):
        return _fail("The packages could not be installed; see the lines above.")
    if job == "demo":
        return _run("-m", "deepasl.cli", "demo")
    return max(_run("-m", *check) for check in CHECKS)


def _make_environment() -> bool:
    """Make the private environment; a half-made one is taken away again."""
    try:
        venv.create(ENVIRONMENT, with_pip=True)
    except (subprocess.CalledProcessError, OSError):
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        return False
    return True


def _run(*arguments: str) -> int:
    """Run the environment's Python in the project folder and return its exit code."""
    return subprocess.run([str(PYTHON), *arguments], cwd=ROOT, check=False).returncode


def _fail(message: str) -> int:
    sys.stderr.write(message + "\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
