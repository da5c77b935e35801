"""Images of the same head in the scene that tell the tissue of a scan, as the pipeline takes them."""

from __future__ import annotations

from dataclasses import dataclass, fields

from deepasl.errors import InputError
from deepasl.images import Image
from deepasl.side_images import AnatomicalImage, ProbabilityImages, SideImages
from DeepASLDenoiseLib.nodes import Node, readVolumes
from DeepASLDenoiseLib.translation import tr as _

THREE = 3
"""Dimensions of a volume."""


@dataclass(frozen=True)
class SideNodes:
    """What was chosen beside the scan; each may be absent.

    Attributes:
        anatomy: T1-weighted, of the same head in any position.
        grey, white: Probability of grey and of white matter, in the space of the scan.
    """

    anatomy: Node | None = None
    grey: Node | None = None
    white: Node | None = None

    def named(self) -> dict[str, Node]:
        """Those that there are, by field."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: node for name, node in found.items() if node is not None}


NO_NODES = SideNodes()


def sideImages(nodes: SideNodes) -> SideImages:
    """The images of these nodes.

    Raises:
        InputError: If one cannot be read, or the tissue is told twice or by half.
    """
    if nodes.anatomy is not None and (nodes.grey is not None or nodes.white is not None):
        raise InputError(
            _("tissue is told twice, by an anatomical image and by maps of its probability"),
            where=nodes.anatomy.GetName(),
            remedy=_("Choose one of them."),
        )
    anatomy = None if nodes.anatomy is None else AnatomicalImage(_image(nodes.anatomy), nodes.anatomy.GetName())
    return SideImages(anatomy, _probabilities(nodes))


def _probabilities(nodes: SideNodes) -> ProbabilityImages | None:
    if nodes.grey is None and nodes.white is None:
        return None
    if nodes.grey is None or nodes.white is None:
        raise InputError(
            _("tissue needs the probability of grey and of white matter"),
            where=(nodes.grey or nodes.white).GetName(),
            remedy=_("Choose both maps."),
        )
    origin = f"probability maps ({nodes.grey.GetName()}, {nodes.white.GetName()})"
    return ProbabilityImages(_image(nodes.grey), _image(nodes.white), None, origin)


def _image(node: Node) -> Image:
    volumes, geometry = readVolumes(node)
    return Image(volumes, geometry, THREE if len(volumes) == 1 else THREE + 1)
