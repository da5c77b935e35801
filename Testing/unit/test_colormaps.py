"""Color maps: what a reader of a perfusion map relies on."""

import numpy as np
import pytest

from deepasl.display.colormaps import BLUE_WHITE_RED, COLORMAPS, GREY, INFERNO, RAINBOW, SEQUENTIAL, VIRIDIS, Colormap

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # ITU-R BT.709


@pytest.mark.parametrize("colormap", COLORMAPS.values(), ids=lambda c: c.name)
def test_a_table_has_256_colors_from_its_first_to_its_last_point(colormap: Colormap) -> None:
    table = colormap.table()
    assert table.shape == (256, 3)
    assert table.dtype == np.uint8
    assert tuple(table[0]) == colormap.points[0][1]
    assert tuple(table[-1]) == colormap.points[-1][1]


@pytest.mark.parametrize("colormap", [INFERNO, VIRIDIS, GREY], ids=lambda c: c.name)
def test_more_flow_is_never_darker(colormap: Colormap) -> None:
    luminance = colormap.table() @ LUMINANCE
    assert np.all(np.diff(luminance) > -0.6)
    assert luminance[-1] - luminance[0] > 150


def test_no_difference_is_the_brightest_color_and_both_signs_fade_away_from_it() -> None:
    luminance = BLUE_WHITE_RED.table() @ LUMINANCE
    assert luminance.argmax() in (127, 128)
    assert np.all(np.diff(luminance[:128]) > 0)
    assert np.all(np.diff(luminance[128:]) < 0)


def test_a_negative_difference_is_blue_and_a_positive_one_red() -> None:
    table = BLUE_WHITE_RED.table().astype(int)
    assert np.all(table[:120, 2] > table[:120, 0])
    assert np.all(table[136:, 0] > table[136:, 2])


@pytest.mark.parametrize(
    ("colormap", "quarter", "middle", "three_quarters"),
    [
        # Entries 64, 128 and 192 of the published maps.
        (INFERNO, (87, 16, 110), (188, 55, 84), (249, 142, 9)),
        (VIRIDIS, (59, 82, 139), (33, 145, 140), (94, 201, 98)),
        (RAINBOW, (0, 128, 255), (125, 255, 122), (255, 148, 0)),
    ],
    ids=["inferno", "viridis", "rainbow"],
)
def test_a_map_looks_like_the_one_it_is_named_after(
    colormap: Colormap, quarter: tuple[int, ...], middle: tuple[int, ...], three_quarters: tuple[int, ...]
) -> None:
    found = colormap.table()[[64, 128, 192]].astype(int)
    assert np.abs(found - [quarter, middle, three_quarters]).max() <= 5


def test_names_are_unique_and_the_default_is_inferno() -> None:
    assert list(COLORMAPS) == ["inferno", "viridis", "grey", "rainbow", "blue-white-red"]
    assert SEQUENTIAL[0] is INFERNO
