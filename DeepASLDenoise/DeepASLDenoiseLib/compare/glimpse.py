"""Two maps compared in one place: a square at the mouse shows the other map, or both take turns."""

from __future__ import annotations

from collections.abc import Callable

from DeepASLDenoiseLib.compare.overlay import Overlay, Part
from DeepASLDenoiseLib.nodes import Node

SQUARE_PART = 0.35
"""Side of the square, as a part of the view's smaller side."""


class Reveal:
    """A square that follows the mouse and shows the other map of the view the mouse is in."""

    def __init__(self, crosshair: Node, overlays: tuple[Overlay, ...], render: Callable[[], None]) -> None:
        """Start following.

        Args:
            crosshair: The node in which Slicer keeps where the mouse is.
            overlays: The other maps, one for each view that has one.
            render: Draws the views again.
        """
        self._crosshair = crosshair
        self._overlays = overlays
        self._render = render
        self._tag = crosshair.AddObserver(crosshair.CursorPositionModifiedEvent, self._onMouse)

    def stop(self) -> None:
        """Follow no more, and show the views' own maps."""
        self._crosshair.RemoveObserver(self._tag)
        for overlay in self._overlays:
            overlay.hide()
        self._render()

    def _onMouse(self, caller: Node, event: str) -> None:
        xyz = [0.0, 0.0, 0.0]
        under = self._crosshair.GetCursorPositionXYZ(xyz)
        for overlay in self._overlays:
            if overlay.pane.sliceNode is under:
                overlay.showPart(squareAt(under, xyz[0], xyz[1]))
            else:
                overlay.hide()
        self._render()


def squareAt(sliceNode: Node, x: float, y: float) -> Part:
    """The square with its middle at a pixel of a view."""
    half = round(min(sliceNode.GetDimensions()[:2]) * SQUARE_PART / 2)
    return Part(round(x) - half, round(x) + half, round(y) - half, round(y) + half)


class Flicker:
    """The views' own maps and the other ones by turns; a timer says when."""

    def __init__(self, overlays: tuple[Overlay, ...], told: Callable[[Overlay], None]) -> None:
        """Start with the views' own maps.

        Args:
            overlays: The other maps.
            told: Called after each turn of an overlay, to write what is shown and draw the view again.
        """
        self._overlays = overlays
        self._told = told

    def step(self) -> None:
        """The next turn, of all views together."""
        others = not any(overlay.visible for overlay in self._overlays)
        for overlay in self._overlays:
            overlay.showAll() if others else overlay.hide()
            self._told(overlay)

    def stop(self) -> None:
        """Show the views' own maps."""
        for overlay in self._overlays:
            overlay.hide()
            self._told(overlay)
