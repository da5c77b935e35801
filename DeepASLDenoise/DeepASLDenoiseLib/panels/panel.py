"""What every section of the module is, and what it may ask the module to do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

import qt
import slicer

if TYPE_CHECKING:
    from DeepASLDenoiseLib.parameternode import DeepASLDenoiseParameterNode
    from DeepASLDenoiseLib.runs.resultnodes import ResultNodes
    from DeepASLDenoiseLib.state import ModuleState


class Actions(Protocol):
    """What a panel may ask for; the module widget does it."""

    def loadScan(self, path: Path | str) -> None:
        """Load a scan, choose it as input and show it."""

    def apply(self) -> None:
        """Denoise the chosen scan."""

    def cancel(self) -> None:
        """Stop denoising; the scene stays as it is."""

    def compare(self, results: tuple[ResultNodes, ...]) -> None:
        """Show the maps of these results side by side."""

    def leaveComparison(self) -> None:
        """Go back to the views from before the comparison."""

    def tell(self, message: str) -> None:
        """Show a line under Apply."""

    def refresh(self) -> None:
        """Compute the state again and let every panel show it."""

    def attempt(self, task: str) -> AbstractContextManager[object]:
        """A block with a wait cursor whose failure is shown to the user; `task` says what failed then."""


class Panel:
    """One section of the module: widgets from a .ui file, set from the state and from nothing else.

    A panel keeps no choice of its own: it writes choices into the parameter node, which makes the module compute the
    state again, or calls `actions`. Widgets with a `SlicerParameterName` write by themselves.

    Attributes:
        uiName: The file in Resources/UI, without its ending; its top-level widget is a QWidget of this name.
        title: The heading, translated.
        collapsed: Whether the section is closed at first.
        actions: What the module does for it.
        widget: Everything the panel shows.
        ui: The widgets in it by name.
        parameters: The user's choices; None while no scene is followed.
    """

    uiName: ClassVar[str]
    title: ClassVar[str]
    collapsed: ClassVar[bool] = False

    def __init__(self, actions: Actions, resourcePath: Callable[[str], str]) -> None:
        """Load the .ui file and connect its widgets.

        Args:
            actions: What the module does for the panel.
            resourcePath: The full path of a file in Resources, such as ``"UI/Scan.ui"``.
        """
        self.actions = actions
        self.resourcePath = resourcePath
        self.widget: qt.QWidget = slicer.util.loadUI(resourcePath(f"UI/{self.uiName}.ui"))
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.parameters: DeepASLDenoiseParameterNode | None = None
        self._guiTag: int | None = None
        for widget in vars(self.ui).values():
            if hasattr(widget, "setMRMLScene"):
                widget.setMRMLScene(slicer.mrmlScene)
        self.connect()

    def connect(self) -> None:
        """Connect signals and fill what never changes; called once."""

    def follow(self, parameters: DeepASLDenoiseParameterNode | None) -> None:
        """Show and change these choices instead of those before; None: stop."""
        if self.parameters is not None:
            self.parameters.disconnectGui(self._guiTag)
        self.parameters = parameters
        self._guiTag = None if parameters is None else parameters.connectGui(self.ui)

    def show(self, state: ModuleState) -> None:
        """Set every widget that the parameter node does not set by itself.

        Called often, also while a job runs: cheap when nothing has changed. `state.parameters` may be None.
        """

    def leave(self) -> None:
        """The module is left, or the scene closes: stop timers, remove observers, restore views."""
