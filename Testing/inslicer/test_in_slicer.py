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


def run(script: str, report: str, folder: Path) -> dict[str, dict[str, str | float]]:
    """What held of each step that a script of this folder takes in Slicer."""
    ended = subprocess.run(
        [
            *command(),
            "--no-splash",
            "--ignore-slicerrc",
            "--additional-module-paths",
            str(REPOSITORY / "DeepASLDenoise"),
            "--python-script",
            str(REPOSITORY / "Testing" / "inslicer" / script),
        ],
        env={**os.environ, "DEEPASL_STORY": str(folder)},
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )
    told = folder / report
    if not told.is_file():
        pytest.fail(f"Slicer ended with {ended.returncode} before {script} was told:\n{ended.stderr[-4000:]}")
    return json.loads(told.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """Where reports and screenshots lie."""
    return Path(os.environ.get("DEEPASL_STORY") or tmp_path_factory.mktemp("story"))


@pytest.fixture(scope="session")
def story(folder) -> dict[str, dict[str, str | float]]:
    """The story of a user."""
    return run("story.py", "story.json", folder)


def failed(story: dict[str, dict[str, str | float]]) -> str:
    """The steps that did not hold, and why."""
    return "\n".join(f"{step}\n{told['outcome']}" for step, told in story.items() if told["outcome"] != "held")


def test_every_step_of_the_story_holds(story):
    assert not failed(story), failed(story)
    assert "the end" in story, f"Slicer did not survive what follows {list(story)[-1]}"


def test_its_saved_scene_is_whole_in_an_application_that_is_fresh(story, folder):
    if not (folder / "scene.mrb").is_file():
        pytest.skip("the story did not come to the step that saves its scene")
    reopened = run("reopened.py", "reopened.json", folder)
    assert not failed(reopened), failed(reopened)
    assert "the end" in reopened


def test_scans_of_scanners_went_in_and_came_out(story, shared_data):
    assert [step for step in story if "dicom_browser" in step], "the chapter of DICOM was not told"
