"""One place in all views: the crosshair follows the mouse, and Slicer draws it wherever that place is shown."""

from __future__ import annotations

from DeepASLDenoiseLib.nodes import Node


class LinkedCrosshair:
    """Moves the crosshair with the mouse while it is over one of some views; else that takes the Shift key."""

    def __init__(self, crosshair: Node, sliceNodes: tuple[Node, ...]) -> None:
        """Show the crosshair and start following.

        Args:
            crosshair: The node in which Slicer keeps where the mouse and the crosshair are.
            sliceNodes: The views that count.
        """
        self._crosshair = crosshair
        self._sliceNodes = sliceNodes
        self._former = crosshair.GetCrosshairMode()
        crosshair.SetCrosshairMode(crosshair.ShowSmallBasic)
        self._tag = crosshair.AddObserver(crosshair.CursorPositionModifiedEvent, self._onMouse)

    def stop(self) -> None:
        """Follow no more; the crosshair looks as it did before."""
        self._crosshair.RemoveObserver(self._tag)
        self._crosshair.SetCrosshairMode(self._former)

    def _onMouse(self, caller: Node, event: str) -> None:
        under = self._crosshair.GetCursorPositionXYZ([0.0, 0.0, 0.0])
        place = [0.0, 0.0, 0.0]
        if any(under is node for node in self._sliceNodes) and self._crosshair.GetCursorPositionRAS(place):
            self._crosshair.SetCrosshairRAS(place)


def isShown(crosshair: Node) -> bool:
    """Whether there is a crosshair in the views."""
    return bool(crosshair.GetCrosshairMode() != crosshair.NoCrosshair)


def setShown(crosshair: Node, shown: bool) -> None:
    """Show or hide it."""
    crosshair.SetCrosshairMode(crosshair.ShowSmallBasic if shown else crosshair.NoCrosshair)
