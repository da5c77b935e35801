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
