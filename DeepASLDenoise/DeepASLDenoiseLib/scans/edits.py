"""What the user typed in for a scan: in the parameter node, and of no effect on any other scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import slicer.util

if TYPE_CHECKING:
    from DeepASLDenoiseLib.parameternode import DeepASLDenoiseParameterNode


@dataclass(frozen=True)
class Edits:
    """What the user says against the file.

    Attributes:
        parameters: Acquisition parameters, texts by field.
        roles: Roles of single volumes: values of `deepasl.series.Role` by volume number, counted from 0.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)


def editsOf(parameters: DeepASLDenoiseParameterNode) -> Edits:
    """What was typed in for the chosen scan; nothing if it was typed in for another."""
    node = parameters.inputNode
    if node is None or parameters.editedNode != node.GetID():
        return Edits()
    return Edits(dict(parameters.edits), dict(parameters.roleEdits))


def keepEdits(parameters: DeepASLDenoiseParameterNode, edits: Edits) -> None:
    """Keep edits of the chosen scan in the place of all that were kept before. Observers are told once."""
    node = parameters.inputNode
    with slicer.util.NodeModify(parameters.parameterNode):
        parameters.edits = dict(edits.parameters)
        parameters.roleEdits = dict(edits.roles)
        parameters.editedNode = "" if node is None else node.GetID()
