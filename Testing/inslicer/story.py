"""The story of a user, clicked through in the running 3D Slicer: not a pytest file, run by `test_in_slicer.py`.

    Slicer --no-splash --additional-module-paths DeepASLDenoise --python-script Testing/inslicer/story.py

Writes `story.json` (what held and what did not) and a screenshot of each step into the folder that the environment
variable DEEPASL_STORY names, and exits with 0 if every step held. DEEPASL_STORY_LAST ends it earlier, after "step09"
for example.
"""

import os
import sys
import tempfile
from pathlib import Path

import qt
import slicer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from chapter_compare import Comparing
from chapter_dicom import SCANS, Exchanging
from chapter_doubt import Doubting
from chapter_keep import Keeping
from chapter_load import Loading
from chapter_prepare import Preparing
from chapter_survive import Surviving
from chapter_tissue import Correcting
from storytools import tell

OUTPUT = Path(os.environ.get("DEEPASL_STORY") or tempfile.mkdtemp(prefix="deepasl-story-"))


OF_SCANNERS = (Exchanging,) if SCANS.is_dir() else ()

CHAPTERS = (Loading, Comparing, Keeping, Preparing, Surviving, *OF_SCANNERS, Correcting, Doubting)
"""Scans of scanners are not part of the repository; without them their chapter is left out."""


class Story(*CHAPTERS):
    """The steps, in the order of their numbers; each leaves the application ready for the next."""

    output = OUTPUT


def main():
    """Tell the story and end the application."""
    OUTPUT.mkdir(parents=True, exist_ok=True)
    held = tell(Story(), OUTPUT, os.environ.get("DEEPASL_STORY_LAST", ""))
    slicer.util.exit(0 if held else 1)


qt.QTimer.singleShot(0, main)
