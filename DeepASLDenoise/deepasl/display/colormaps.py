"""The color maps of perfusion images, each from a few control points.

Inferno and Viridis follow the maps of S. van der Walt and N. Smith (2015, CC0); blue-white-red is the diverging
map RdBu of C. Brewer, reversed; rainbow has the corners of the map long known as "jet". Between control points
colors are interpolated linearly in RGB; no entry is further than 5/255 from the map it is named after.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ENTRIES = 256

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Colormap:
    """Colors along a scale from 0 to 1.

    Attributes:
        name: Short name for programs, e.g. ``"inferno"``.
        title: What users read.
        points: Positions in increasing order, the first 0 and the last 1, each with its color (R, G, B, 0 to 255).
    """

    name: str
    title: str
    points: tuple[tuple[float, Color], ...]

    def table(self) -> NDArray[np.uint8]:
        """The lookup table ``[256, 3]`` (R, G, B), uint8; row 0 is the lower end of a window."""
        positions = [position for position, _ in self.points]
        channels = zip(*(color for _, color in self.points), strict=True)
        wanted = np.linspace(0.0, 1.0, ENTRIES)
        return np.stack([np.interp(wanted, positions, c) for c in channels], axis=1).round().astype(np.uint8)


def _color(code: str) -> Color:
    red, green, blue = bytes.fromhex(code)
    return red, green, blue


def _evenly(codes: str) -> tuple[tuple[float, Color], ...]:
    """Control points at equal distances, from hexadecimal colors."""
    colors = [_color(code) for code in codes.split()]
    return tuple((n / (len(colors) - 1), color) for n, color in enumerate(colors))


def _at(*points: tuple[float, str]) -> tuple[tuple[float, Color], ...]:
    """Control points at given positions, from hexadecimal colors."""
    return tuple((position, _color(code)) for position, code in points)


INFERNO = Colormap(
    "inferno",
    "Inferno",
    _evenly(
        "000004 0a0722 1e0c45 380962 510e6c 69166e 801f6c 982766 b0315b"
        " c63d4d d94d3d e9612b f47918 fa9407 fcb014 f8cd37 f2ea69 fcffa4"
    ),
)
VIRIDIS = Colormap(
    "viridis",
    "Viridis",
    _evenly(
        "440154 481769 472a7a 433d84 3d4e8a 355e8d 2e6d8e 297b8e 23898e"
        " 1f978b 21a585 2eb37c 46c06f 65cb5e 89d548 b0dd2f d8e219 fde725"
    ),
)
GREY = Colormap("grey", "Grey", _evenly("000000 ffffff"))
RAINBOW = Colormap(
    "rainbow",
    "Rainbow",
    _at(
        (0.000, "000080"),
        (0.110, "0000ff"),
        (0.125, "0000ff"),
        (0.340, "00dbff"),
        (0.350, "00e6f7"),
        (0.375, "15ffe2"),
        (0.640, "efff08"),
        (0.650, "f7f600"),
        (0.660, "ffed00"),
        (0.890, "ff1300"),
        (0.910, "e80000"),
        (1.000, "800000"),
    ),
)
BLUE_WHITE_RED = Colormap(
    "blue-white-red",
    "Blue-white-red",
    _evenly("053061 2166ac 4393c3 92c5de d1e5f0 f7f7f7 fddbc7 f4a582 d6604d b2182b 67001f"),
)

SEQUENTIAL = (INFERNO, VIRIDIS, GREY, RAINBOW)
"""For a map of one sign; the first is the default."""

COLORMAPS = {colormap.name: colormap for colormap in (*SEQUENTIAL, BLUE_WHITE_RED)}
"""All of them, by name."""
