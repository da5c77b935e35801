"""Colour tables: the application's own where it has them, else made from the project's."""

from __future__ import annotations

from types import MappingProxyType

from deepasl.display.colormaps import COLORMAPS
from DeepASLDenoiseLib.nodes import Node

# Slicer names the node of a colour file after the file. The desktop loads all at start-up, slicer-core has no files.
# Its rainbow is left out: red is its lowest value, and would be taken for high flow.
APPLICATION_TABLES = MappingProxyType(
    {
        "inferno": "vtkMRMLColorTableNodeFileInferno.txt",
        "viridis": "vtkMRMLColorTableNodeFileViridis.txt",
        "grey": "vtkMRMLColorTableNodeGrey",
        "blue-white-red": "vtkMRMLColorTableNodeFileDivergingBlueRed.txt",
    }
)

OUTSIDE_BRAIN_TABLE = "DeepASL outside brain"
SURROUNDINGS_TABLE = "DeepASL surroundings"


def colorNode(scene: Node, colormap: str) -> Node:
    """The colour node for a name of `deepasl.display.colormaps.COLORMAPS`, made where the application has none."""
    known = scene.GetNodeByID(APPLICATION_TABLES.get(colormap, "")) or _ownTable(scene, f"DeepASL {colormap}")
    if known is not None:
        return known
    colors = COLORMAPS[colormap].table() / 255.0
    return _addTable(scene, f"DeepASL {colormap}", [(*color, 1.0) for color in colors])


def outsideBrainNode(scene: Node) -> Node:
    """Colours of a brain mask that covers what is outside: 0 opaque black, 1 transparent."""
    covering = [(0.0, 0.0, 0.0, 1.0), (0.0, 0.0, 0.0, 0.0)]
    return _ownTable(scene, OUTSIDE_BRAIN_TABLE) or _addTable(scene, OUTSIDE_BRAIN_TABLE, covering)


def surroundingsNode(scene: Node) -> Node:
    """Colours of a cover that shows an image outside the brain: grey levels, the last label transparent."""
    greys = [(level / 254, level / 254, level / 254, 1.0) for level in range(255)]
    return _ownTable(scene, SURROUNDINGS_TABLE) or _addTable(scene, SURROUNDINGS_TABLE, [*greys, (0.0, 0.0, 0.0, 0.0)])


def _ownTable(scene: Node, name: str) -> Node | None:
    return scene.GetFirstNode(name, "vtkMRMLColorTableNode")


def _addTable(scene: Node, name: str, colors: list[tuple[float, float, float, float]]) -> Node:
    node = scene.AddNewNodeByClass("vtkMRMLColorTableNode", name)
    node.SetTypeToUser()
    node.SetNumberOfColors(len(colors))
    node.GetLookupTable().SetTableRange(0, len(colors) - 1)
    for index, (red, green, blue, opacity) in enumerate(colors):
        node.SetColor(index, str(index), float(red), float(green), float(blue), opacity)
    node.SetHideFromEditors(True)
    return node
