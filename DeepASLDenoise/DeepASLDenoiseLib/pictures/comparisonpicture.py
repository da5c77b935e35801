"""The comparison as one picture, rendered without a desktop by the scene and display code of the Slicer module."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deepasl.errors import DeepASLError
from deepasl.results import Result
from deepasl.writers.provenance import RESEARCH_USE


class PictureError(DeepASLError):
    """No picture can be rendered here."""


# Asking VTK is not enough: it promises what it cannot do where a library is missing.
_PROBE = """
import sys
import vtkmodules.vtkRenderingOpenGL2
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow, vtkWindowToImageFilter
renderer = vtkRenderer()
renderer.SetBackground(1, 1, 1)
window = vtkRenderWindow()
window.SetOffScreenRendering(1)
window.SetSize(8, 8)
window.AddRenderer(renderer)
grabber = vtkWindowToImageFilter()
grabber.SetInput(window)
grabber.Update()
if grabber.GetOutput().GetScalarComponentAsDouble(4, 4, 0, 0) != 255:
    raise SystemExit(1)
sys.stdout.write(window.GetClassName())
"""


def writeComparison(result: Result, path: Path | str) -> None:
    """Render conventional | denoised | difference of representative slices to a PNG file.

    Args:
        result: What the pipeline returned.
        path: The file; replaced if it is there.

    Raises:
        PictureError: If slicer-core or an OpenGL library is missing, or the file cannot be written.
    """
    with _windowsOf(requireRendering()):
        drawComparison(result, path)


def drawComparison(result: Result, path: Path | str) -> None:
    """The same where VTK is known to render, as in the desktop application.

    Raises:
        OutputError: If the file cannot be written.
    """
    from DeepASLDenoiseLib.pictures import mosaic, tiles  # they need slicer-core

    columns = (
        ("Conventional", _averaged(len(result.pairs))),
        ("Denoised", result.model.title),
        ("Difference", "conventional - denoised: red was lowered, blue was raised"),
    )
    footer = f"Radiological view: R is the patient's right. One color scale for both maps. {RESEARCH_USE}"
    captions = mosaic.Captions(f"{result.name}: perfusion before and after denoising", columns, footer)
    comparison = tiles.renderComparison(result, mosaic.TILE_WIDTH, mosaic.TILE_HEIGHT)
    mosaic.writePng(mosaic.composePage(comparison, captions), path)


def requireRendering() -> str:
    """Make sure that MRML is there and that VTK can render.

    Returns:
        The class of VTK window that works here without a desktop.

    Raises:
        PictureError: With what to install.
    """
    if importlib.util.find_spec("slicer") is None:
        raise PictureError(
            "the picture needs slicer-core, which is not installed",
            remedy="Install it with: pip install 'deepasl[report]'.",
        )
    # In a child: where a driver is missing or broken, VTK may end the process that asks it.
    probe = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        raise PictureError(
            "the picture needs an OpenGL library, and none works here",
            remedy="On Debian or Ubuntu: apt-get install libegl1 libgl1-mesa-dri.",
        )
    return probe.stdout.strip()


@contextmanager
def _windowsOf(className: str) -> Iterator[None]:
    """Let VTK open windows of this class at once, on Linux, where it would try one after the other and complain."""
    variable = "VTK_DEFAULT_OPENGL_WINDOW"
    before = os.environ.get(variable)
    if sys.platform == "linux":
        os.environ[variable] = className
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(variable, None)
        else:
            os.environ[variable] = before


def _averaged(pairs: int) -> str:
    return f"mean of {pairs} control-label pairs" if pairs else "as subtracted by the scanner"
