"""Runs the story of a user in a real 3D Slicer: the only proof that the panel works.

Set SLICER_EXECUTABLE to the program of a 3D Slicer 5.10 or newer, or have `Slicer` on the PATH. On Linux without a
display, `xvfb-run` is used where it is installed. Screenshots lie in the folder that the test names.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def command() -> list[str]:
    """How Slicer is started here; skips with the reason where it is not."""
    program = os.environ.get("SLICER_EXECUTABLE") or shutil.which("Slicer")
    if program is None:
        pytest.skip("NOT RUN in the real application: no 3D Slicer here (set SLICER_EXECUTABLE)")
    if sys.platform != "linux" or os.environ.get("DISPLAY"):
        return [program]
    if shutil.which("xvfb-run") is None:
        pytest.skip("NOT RUN in the real application: there is no display and no xvfb-run")
    return ["xvfb-run", "-a", "-s", "-screen 0 1920x1200x24", program]


@pytest.fixture(scope="session")
def story(tmp_path_factory) -> dict[str, dict[str, str | float]]:
    """What held of each step, and how long it took."""
    folder = Path(os.environ.get("DEEPASL_STORY") or tmp_path_factory.mktemp("story"))
    run = subprocess.run(
        [
            *command(),
            "--no-splash",
            "--ignore-slicerrc",
            "--additional-module-paths",
            str(REPOSITORY / "DeepASLDenoise"),
            "--python-script",
            str(REPOSITORY / "Testing" / "inslicer" / "story.py"),
        ],
        env={**os.environ, "DEEPASL_STORY": str(folder)},
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    told = folder / "story.json"
    if not told.is_file():
        pytest.fail(f"Slicer ended with {run.returncode} before the story was told:\n{run.stderr[-4000:]}")
    return json.loads(told.read_text(encoding="utf-8"))


def test_every_step_of_the_story_holds(story):
    failed = {step: told["outcome"] for step, told in story.items() if told["outcome"] != "held"}
    assert len(story) > 20
    assert not failed, "\n".join(f"{step}\n{outcome}" for step, outcome in failed.items())
