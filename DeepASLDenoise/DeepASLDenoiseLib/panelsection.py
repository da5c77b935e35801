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
    """Make the module as high as its sections need, when all that changed has settled.

    The scroll area around it asks while labels are still changing, and once the user was in another module, Slicer's
    layout of it keeps the height that it asked for first: too low, what is in it gets squeezed. A least height is
    heeded always.
    """
    qt.QTimer.singleShot(0, lambda: _fitHeight(widget))


def fitHeightWhenFolded(widget: qt.QWidget) -> None:
    """The same whenever the user opens or closes a section or a group in it."""
    for button in widget.findChildren("ctkCollapsibleButton"):
        button.connect("contentsCollapsed(bool)", lambda closed: fitHeightSoon(widget))
    for group in widget.findChildren("ctkCollapsibleGroupBox"):
        group.connect("toggled(bool)", lambda opened: fitHeightSoon(widget))


def _fitHeight(widget: qt.QWidget) -> None:
    if widget.visible:
        for layout in reversed(widget.findChildren("QLayout")):  # what lies within first: it says how high it is
            layout.activate()
        widget.setMinimumHeight(widget.heightForWidth(widget.width))
        widget.updateGeometry()
