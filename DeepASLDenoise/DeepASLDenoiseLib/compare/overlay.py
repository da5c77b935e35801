"""Another map drawn over a slice view, wholly or in a part, in exactly the slice that the view shows."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

import slicer
import vtk

from DeepASLDenoiseLib.compare.layout import SlicePane
from DeepASLDenoiseLib.nodes import Node

FRAME_COLOR = (1.0, 1.0, 1.0)

LETTER_HEIGHT = 12
LETTER_WIDTH = 6.5
"""Of the title, on average, pixels."""

MARGIN = 4
"""Between the frame and the title, pixels."""

_BLACK = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Layer:
    """One of the images that are blended.

    Attributes:
        node: The volume.
        opacity: 0 to 1.
        isLabelMap: Whether it is drawn without interpolation.
    """

    node: Node
    opacity: float = 1.0
    isLabelMap: bool = False


@dataclass(frozen=True)
class Part:
    """A rectangle of a view in pixels from its lower left corner, both ends included."""

    left: int
    right: int
    bottom: int
    top: int


class Overlay:
    """Blends layers as the slice view itself does, and draws them over it.

    Slicer has two layers in a view, and both may be taken: by a map and by what is beneath it.
    """

    def __init__(
        self, pane: SlicePane, window: Node, layers: tuple[Layer, ...], title: str, scale: float = 1.0
    ) -> None:
        """Prepare; nothing is drawn yet.

        Args:
            pane: The view to draw over.
            window: Its VTK window; what is drawn lies above its images and beneath its annotations.
            layers: What to draw, the lowest first.
            title: What it is.
            scale: How much larger than usual letters are, on a screen of high resolution.
        """
        self._scale = scale
        self.pane = pane
        self.title = title
        self._renderer = window.GetRenderers().GetItemAsObject(0)
        self._layers = [_resliced(pane.sliceNode, layer) for layer in layers]
        self._ground = vtk.vtkImageCanvasSource2D()
        self._ground.SetScalarTypeToUnsignedChar()
        self._ground.SetNumberOfScalarComponents(3)
        self._blend = vtk.vtkImageBlend()
        self._blend.AddInputConnection(self._ground.GetOutputPort())
        for number, (layer, logic) in enumerate(zip(layers, self._layers, strict=True), start=1):
            self._blend.AddInputConnection(logic.GetImageDataConnection())
            self._blend.SetOpacity(number, layer.opacity)
        self._cut = vtk.vtkExtractVOI()
        self._cut.SetInputConnection(self._blend.GetOutputPort())
        self._image = _imageActor(self._cut)
        self._frame, self._corners = _frameActor()
        self._text = _textActor(title, scale)
        self._actors = (self._image, self._frame, self._text)
        for actor in self._actors:
            actor.SetVisibility(False)
            self._renderer.AddViewProp(actor)

    @property
    def visible(self) -> bool:
        """Whether anything is drawn."""
        return bool(self._image.GetVisibility())

    def showPart(self, part: Part) -> None:
        """Draw it in a rectangle, with a frame and its title; what of it lies outside the view is left out."""
        width, height = self._size()
        left, right = max(part.left, 0), min(part.right, width - 1)
        bottom, top = max(part.bottom, 0), min(part.top, height - 1)
        if left >= right or bottom >= top:
            self.hide()
            return
        self._draw(Part(left, right, bottom, top))
        for index, (x, y) in enumerate(((left, bottom), (right, bottom), (right, top), (left, top))):
            self._corners.SetPoint(index, x, y, 0)
        self._corners.Modified()
        self._text.SetInput(wrapped(self.title, (right - left - 2 * MARGIN) / self._scale))
        self._text.SetPosition(left + MARGIN, top - MARGIN)
        self._frame.SetVisibility(True)
        self._text.SetVisibility(True)

    def showAll(self) -> None:
        """Draw it over the whole view, without a frame and without its title."""
        width, height = self._size()
        self._draw(Part(0, width - 1, 0, height - 1))
        self._frame.SetVisibility(False)
        self._text.SetVisibility(False)

    def hide(self) -> None:
        """Show what is beneath."""
        for actor in self._actors:
            actor.SetVisibility(False)

    def remove(self) -> None:
        """Take everything out of the view; the overlay is of no use any more."""
        for actor in self._actors:
            self._renderer.RemoveViewProp(actor)
        for logic in self._layers:
            logic.SetSliceNode(None)
            logic.SetVolumeNode(None)
            logic.SetMRMLScene(None)

    def _size(self) -> tuple[int, int]:
        width, height, _ = self.pane.sliceNode.GetDimensions()
        return width, height

    def _draw(self, part: Part) -> None:
        width, height = self._size()
        self._ground.SetExtent(0, width - 1, 0, height - 1, 0, 0)
        self._ground.SetDrawColor(*_BLACK)
        self._ground.FillBox(0, width - 1, 0, height - 1)
        self._cut.SetVOI(part.left, part.right, part.bottom, part.top, 0, 0)
        self._image.SetPosition(part.left, part.bottom)
        self._image.SetVisibility(True)


def wrapped(title: str, width: float) -> str:
    """A title in lines that are not wider than so many pixels; single words may be."""
    letters = max(1, int(width / LETTER_WIDTH))
    return "\n".join(
        line for part in title.split("\n") for line in textwrap.wrap(part, letters, break_long_words=False)
    )


def _resliced(sliceNode: Node, layer: Layer) -> Node:
    """The layer in its colours, in the slice that the view shows, now and after every change of either."""
    logic = slicer.vtkMRMLSliceLayerLogic()
    logic.SetMRMLScene(layer.node.GetScene())
    logic.SetIsLabelLayer(layer.isLabelMap)
    logic.SetSliceNode(sliceNode)
    logic.SetVolumeNode(layer.node)
    return logic


def _imageActor(source: Node) -> Node:
    # The cut image keeps its place in the whole; the actor has one of its own.
    moved = vtk.vtkImageChangeInformation()
    moved.SetInputConnection(source.GetOutputPort())
    moved.SetOutputExtentStart(0, 0, 0)
    mapper = vtk.vtkImageMapper()
    mapper.SetColorWindow(255)
    mapper.SetColorLevel(127.5)
    mapper.SetInputConnection(moved.GetOutputPort())
    actor = vtk.vtkActor2D()
    actor.SetMapper(mapper)
    return actor


def _frameActor() -> tuple[Node, Node]:
    """A closed line, and its four corners."""
    corners = vtk.vtkPoints()
    corners.SetNumberOfPoints(4)
    line = vtk.vtkCellArray()
    line.InsertNextCell(5)
    for index in (0, 1, 2, 3, 0):
        line.InsertCellPoint(index)
    outline = vtk.vtkPolyData()
    outline.SetPoints(corners)
    outline.SetLines(line)
    mapper = vtk.vtkPolyDataMapper2D()
    mapper.SetInputData(outline)
    actor = vtk.vtkActor2D()
    actor.SetMapper(mapper)
    actor.GetProperty().SetColor(*FRAME_COLOR)
    return actor, corners


def _textActor(title: str, scale: float) -> Node:
    actor = vtk.vtkTextActor()
    actor.SetInput(title)
    style = actor.GetTextProperty()
    style.SetFontFamilyToArial()
    style.SetFontSize(round(LETTER_HEIGHT * scale))
    style.SetColor(*FRAME_COLOR)
    style.SetBackgroundColor(*_BLACK)
    style.SetBackgroundOpacity(0.6)
    style.SetVerticalJustificationToTop()
    return actor
