"""What moves while a comparison is shown: reveal cursor, flicker, crosshair, and legends that keep their size."""

from __future__ import annotations

from collections.abc import Callable

import qt
import slicer
import vtk

from DeepASLDenoiseLib.compare import desktop, surroundings
from DeepASLDenoiseLib.compare.comparison import ComparedMap
from DeepASLDenoiseLib.compare.crosshair import LinkedCrosshair
from DeepASLDenoiseLib.compare.display import Appearance, appearanceOf, shownMaps
from DeepASLDenoiseLib.compare.glimpse import Flicker, Reveal
from DeepASLDenoiseLib.compare.layout import SlicePane
from DeepASLDenoiseLib.compare.overlay import Layer, Overlay
from DeepASLDenoiseLib.parameternode import DeepASLDenoiseParameterNode, Look
from DeepASLDenoiseLib.runs.inscene import ResultNodes

TURN = 700
"""How long each map is seen while they flicker, ms."""


class LiveComparison:
    """Follows the mouse, the clock and the sizes of the views of one comparison at a time."""

    def __init__(self, onLayoutLeft: Callable[[], None]) -> None:
        """Prepare; nothing moves yet.

        Args:
            onLayoutLeft: Called after the user went to another layout by other ways than the module's.
        """
        self._onLayoutLeft = onLayoutLeft
        self._shown: tuple[object, ...] = ()
        self._stops: list[Callable[[], None]] = []
        self._timer = qt.QTimer()
        self._timer.setInterval(TURN)
        self._timer.connect("timeout()", self._onTurn)
        self._flicker: Flicker | None = None

    def follow(self, results: tuple[ResultNodes, ...], parameters: DeepASLDenoiseParameterNode) -> None:
        """Follow the comparison of these results, which is shown now; cheap if nothing has changed.

        Args:
            results: As for `desktop.showComparison`.
            parameters: The user's choices.
        """
        appearance = appearanceOf(parameters)
        maps = shownMaps(results, appearance)
        shown = (parameters.look, appearance.background, appearance.opacity, maps)
        if shown == self._shown:
            return
        self.stop()
        self._shown = shown
        panes = desktop.panesOf(maps)
        self._watchLayout()
        self._keepSizes(panes, maps)
        crosshair = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
        self._stops.append(LinkedCrosshair(crosshair, tuple(pane.sliceNode for pane in panes)).stop)
        if parameters.look is Look.REVEAL:
            overlays = self._overlay(panes, maps, appearance)
            self._stops.append(Reveal(crosshair, overlays, lambda: _render(panes)).stop)
        elif parameters.look is Look.FLICKER:
            # The conventional map stays, to be looked at beside the one that flickers.
            self._startFlicker(self._overlay(panes[1:], maps[1:], appearance), maps[1:])

    def stop(self) -> None:
        """Leave the views as they were before."""
        self._timer.stop()
        self._flicker = None
        while self._stops:
            self._stops.pop()()
        self._shown = ()

    def _overlay(
        self, panes: tuple[SlicePane, ...], maps: tuple[ComparedMap, ...], appearance: Appearance
    ) -> tuple[Overlay, ...]:
        """The other maps over the views of those that have one."""
        overlays = tuple(
            Overlay(
                pane,
                desktop.sliceView(pane).renderWindow(),
                _layers(each.other, appearance),
                each.other.title,
                desktop.pixelRatio(),
            )
            for pane, each in zip(panes, maps, strict=True)
            if each.other is not None
        )
        self._stops.extend(overlay.remove for overlay in overlays)
        return overlays

    def _startFlicker(self, overlays: tuple[Overlay, ...], maps: tuple[ComparedMap, ...]) -> None:
        titles = {overlay.pane.sliceNode: each.title for overlay, each in zip(overlays, maps, strict=False)}

        def told(overlay: Overlay) -> None:
            title = overlay.title if overlay.visible else titles[overlay.pane.sliceNode]
            desktop.showTitle(overlay.pane, title)

        self._flicker = Flicker(overlays, told)
        self._stops.append(self._flicker.stop)
        self._timer.start()

    def _onTurn(self) -> None:
        if self._flicker is not None:
            self._flicker.step()

    def _watchLayout(self) -> None:
        node = slicer.app.layoutManager().layoutLogic().GetLayoutNode()

        def onModified(caller: slicer.vtkMRMLLayoutNode, event: str) -> None:
            if not desktop.isComparing():
                self.stop()
                qt.QTimer.singleShot(0, self._onLayoutLeft)  # when the other views are there

        tag = node.AddObserver(vtk.vtkCommand.ModifiedEvent, onModified)
        self._stops.append(lambda: node.RemoveObserver(tag))

    def _keepSizes(self, panes: tuple[SlicePane, ...], maps: tuple[ComparedMap, ...]) -> None:
        sizes: dict[str, tuple[int, ...]] = {}

        def onModified(caller: slicer.vtkMRMLSliceNode, event: str) -> None:
            size = tuple(caller.GetDimensions())
            if sizes.get(caller.GetID()) == size:
                return
            sizes[caller.GetID()] = size
            desktop.placeLegends(panes, maps)
            for pane, each in zip(panes, maps, strict=True):
                desktop.showTitle(pane, each.title)

        for pane in panes:
            node = pane.sliceNode
            sizes[node.GetID()] = tuple(node.GetDimensions())
            tag = node.AddObserver(vtk.vtkCommand.ModifiedEvent, onModified)
            self._stops.append(lambda node=node, tag=tag: node.RemoveObserver(tag))


def _layers(compared: ComparedMap, appearance: Appearance) -> tuple[Layer, ...]:
    """What a view of this map would blend."""
    cover = Layer(surroundings.cover(compared.mask, appearance.background), isLabelMap=True)
    if appearance.background is None:
        return (Layer(compared.node), cover)
    return (Layer(appearance.background), Layer(compared.node, appearance.opacity), cover)


def _render(panes: tuple[SlicePane, ...]) -> None:
    for pane in panes:
        desktop.sliceView(pane).scheduleRender()
