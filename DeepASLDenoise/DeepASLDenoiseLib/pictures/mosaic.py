"""The page around rendered slices: titles, letters, legends, drawn with VTK into one picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import vtk
import vtk.util.numpy_support

from deepasl.errors import OutputError
from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.pictures.tiles import RenderedComparison, Scale

TILE_WIDTH, TILE_HEIGHT = 385, 420
"""Size of a slice in the picture, in pixels."""

GAP = 10
LEGEND = 150
HEADER = 132
FOOTER = 44

COLUMN_LEFTS = (0, TILE_WIDTH + GAP, 2 * (TILE_WIDTH + GAP) + LEGEND)
"""Where the columns begin; a legend follows the second and the third."""

WIDTH = 3 * TILE_WIDTH + 2 * GAP + 2 * LEGEND


@dataclass(frozen=True)
class Captions:
    """The words on the page.

    Attributes:
        title: What it shows.
        columns: Title and explanation of each column.
        footer: What to know when reading it.
    """

    title: str
    columns: tuple[tuple[str, str], ...]
    footer: str


class Page:
    """A black page of a given size; places are pixels from its upper left corner."""

    def __init__(self, width: int, height: int) -> None:
        self._height = height
        self._window = vtk.vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._window.SetSize(width, height)
        self._renderer = vtk.vtkRenderer()
        self._window.AddRenderer(self._renderer)

    def image(self, left: int, top: int, pixels: np.ndarray) -> None:
        """Place ``[row, column, 3]`` uint8 pixels."""
        rows, columns, _ = pixels.shape
        data = vtk.vtkImageData()
        data.SetDimensions(columns, rows, 1)
        flat = np.ascontiguousarray(np.flipud(pixels)).reshape(-1, 3)
        data.GetPointData().SetScalars(vtk.util.numpy_support.numpy_to_vtk(flat, deep=True))
        mapper = vtk.vtkImageMapper()
        mapper.SetColorWindow(255)
        mapper.SetColorLevel(127.5)
        mapper.SetInputData(data)
        actor = vtk.vtkActor2D()
        actor.SetMapper(mapper)
        actor.SetPosition(left, self._height - top - rows)
        self._renderer.AddViewProp(actor)

    def text(self, x: int, y: int, words: str, size: int, align: str = "left") -> None:
        """Write `words` with their vertical middle at `y`; `align` says which part of them is at `x`."""
        actor = vtk.vtkTextActor()
        actor.SetInput(words)
        style = actor.GetTextProperty()
        style.SetFontFamilyToArial()
        style.SetFontSize(size)
        style.SetColor(1.0, 1.0, 1.0)
        style.SetVerticalJustificationToCentered()
        {"left": style.SetJustificationToLeft, "middle": style.SetJustificationToCentered}[align]()
        actor.SetPosition(x, self._height - y)
        self._renderer.AddViewProp(actor)

    def pixels(self) -> Node:
        """The page as image data."""
        self._window.Render()
        grabber = vtk.vtkWindowToImageFilter()
        grabber.SetInput(self._window)
        grabber.ReadFrontBufferOff()
        grabber.Update()
        return grabber.GetOutput()


def composePage(comparison: RenderedComparison, captions: Captions) -> Node:
    """The picture as image data, `WIDTH` pixels wide."""
    page = Page(WIDTH, HEADER + len(comparison.rows) * (TILE_HEIGHT + GAP) + FOOTER)
    page.text(GAP, 28, captions.title, 26)
    for left, (title, explanation) in zip(COLUMN_LEFTS, captions.columns, strict=True):
        page.text(left + TILE_WIDTH // 2, 76, title, 24, "middle")
        page.text(left + TILE_WIDTH // 2, 108, explanation, 16, "middle")
    for row, tiles in enumerate(comparison.rows):
        top = HEADER + row * (TILE_HEIGHT + GAP)
        for left, tile in zip(COLUMN_LEFTS, tiles, strict=True):
            page.image(left, top, tile.pixels)
            page.text(left + 8, top + TILE_HEIGHT // 2, tile.left, 20)
            page.text(left + TILE_WIDTH - 22, top + TILE_HEIGHT // 2, tile.right, 20)
        page.text(8, top + TILE_HEIGHT - 14, tiles[0].position, 16)
    _legend(page, COLUMN_LEFTS[1] + TILE_WIDTH, comparison.maps)
    _legend(page, COLUMN_LEFTS[2] + TILE_WIDTH, comparison.difference)
    page.text(GAP, HEADER + len(comparison.rows) * (TILE_HEIGHT + GAP) + FOOTER // 2 - 4, captions.footer, 17)
    return page.pixels()


def writePng(image: Node, path: Path | str) -> None:
    """Write image data.

    Raises:
        OutputError: If the file cannot be written.
    """
    file = Path(path)
    writer = vtk.vtkPNGWriter()
    writer.SetInputData(image)
    writer.WriteToMemoryOn()
    writer.Write()
    try:
        file.write_bytes(vtk.util.numpy_support.vtk_to_numpy(writer.GetResult()).tobytes())
    except OSError as error:
        raise OutputError(
            f"the picture cannot be written ({error.strerror})", where=file, remedy="Check the folder and its rights."
        ) from error


def _legend(page: Page, left: int, scale: Scale) -> None:
    """A bar with its ends and its middle labelled, beside the first row."""
    top, height, width = HEADER + 70, TILE_HEIGHT - 110, 26
    rows = np.linspace(len(scale.colors) - 1, 0, height).round().astype(int)
    bar = np.repeat((scale.colors[rows] * 255).round().astype(np.uint8)[:, None, :], width, axis=1)
    page.image(left + 12, top, bar)
    for line, words in enumerate(scale.title.split("\n")):
        page.text(left + 12, HEADER + 14 + 24 * line, words, 17)
    low, high = scale.window
    for part in (0.0, 0.5, 1.0):
        page.text(left + 46, round(top + (1 - part) * height), f"{low + part * (high - low):g}", 18)
