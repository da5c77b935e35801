"""A panel under its heading, which opens and closes it."""

import ctk
import qt

from DeepASLDenoiseLib.panels.panel import Panel


def section(panel: Panel) -> ctk.ctkCollapsibleButton:
    """The heading of a panel with the panel in it."""
    button = ctk.ctkCollapsibleButton()
    button.text = panel.title
    button.objectName = f"{panel.uiName}CollapsibleButton"
    button.collapsed = panel.collapsed
    qt.QVBoxLayout(button).addWidget(panel.widget)
    return button


def fitHeightSoon(widget: qt.QWidget) -> None:
    """Let the scroll area around the module look again at how high it has to be, when all that changed has settled.

    Labels are as high as their width lets them be, and a scroll area that asks while some are still changing stays too
    low: what is in it gets squeezed.
    """
    qt.QTimer.singleShot(0, widget.updateGeometry)
