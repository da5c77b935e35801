"""Files dropped onto the module: loaded as scans, whatever Slicer itself would take them for."""

from __future__ import annotations

from collections.abc import Callable

import qt


class DropTarget(qt.QObject):
    """Lets a widget take one file or folder of this computer.

    Slicer's own readers are asked for files that are dropped elsewhere. They know no 4D NIfTI, and the reader of this
    module leaves them those that nothing says to be ASL; onto the module, a user drops a scan.
    """

    def __init__(self, widget: qt.QWidget, onDropped: Callable[[str], object]) -> None:
        """Begin.

        Args:
            widget: Where files may be dropped; it owns the target.
            onDropped: Called with the path, after the drop is over.
        """
        qt.QObject.__init__(self, widget)
        self._onDropped = onDropped
        widget.acceptDrops = True
        widget.installEventFilter(self)

    def eventFilter(self, watched: qt.QObject, event: qt.QEvent) -> bool:
        """What Qt asks for each event of the widget; True for what goes no further."""
        if event.type() not in (qt.QEvent.DragEnter, qt.QEvent.Drop):
            return False
        path = onlyPath(event.mimeData())
        if not path:
            return False
        event.acceptProposedAction()
        if event.type() == qt.QEvent.Drop:
            # The program that the file comes from waits for the end of the drop.
            qt.QTimer.singleShot(0, lambda: self._onDropped(path))
        return True


def onlyPath(data: qt.QMimeData) -> str:
    """The file or folder that is dropped; empty if there are several or none, or it is elsewhere."""
    urls = data.urls()
    return str(urls[0].toLocalFile()) if len(urls) == 1 else ""
