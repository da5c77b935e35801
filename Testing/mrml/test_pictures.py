"""The rendered picture shows the values of the maps, the right way round, with a legend."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
import slicer

from deepasl.errors import OutputError
from deepasl.results import PerfusionMaps
from DeepASLDenoiseLib.compare import display, layout
from DeepASLDenoiseLib.pictures import headless, mosaic, tiles
from DeepASLDenoiseLib.pictures.comparisonpicture import PictureError, requireRendering, writeComparison
from DeepASLDenoiseLib.runs.resultnodes import addResult

pytestmark = pytest.mark.mrml

BLACK = 12
"""Above this a pixel is not background."""


def readPng(path) -> np.ndarray:
    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))[..., :3].astype(int)


@pytest.fixture(scope="session")
def picture(phantom, rendering, tmp_path_factory) -> np.ndarray:
    path = tmp_path_factory.mktemp("picture") / "comparison.png"
    writeComparison(phantom, path)
    return readPng(path)


def tile(picture: np.ndarray, row: int, column: int) -> np.ndarray:
    top = mosaic.HEADER + row * (mosaic.TILE_HEIGHT + mosaic.GAP)
    left = mosaic.COLUMN_LEFTS[column]
    return picture[top : top + mosaic.TILE_HEIGHT, left : left + mosaic.TILE_WIDTH]


@pytest.mark.parametrize("which", ["phantom", "obliquePhantom"])
def test_every_view_shows_the_colour_of_the_value_at_each_voxel(which, rendering, request):
    result = request.getfixturevalue(which)
    application = headless.startApplication()
    views = headless.openViews(application, 400, 400)
    nodes = addResult(application.scene, result)
    windows = display.showMaps(nodes)
    layout.compare(layout.panes(application.logic, application.scene), nodes)
    inside = np.argwhere(eroded(result.mask))
    maps = (
        (nodes.conventional, windows.maps),
        (nodes.denoised, windows.maps),
        (nodes.difference, windows.difference),
    )
    for view, (node, (low, high)) in zip(views, maps, strict=True):
        pixels = view.grab().astype(int)
        on_slice = np.array([kji for kji in inside if abs(height_above(view, result, kji)) < 0.01])
        assert len(on_slice) > 300
        values = slicer.util.arrayFromVolume(node)[tuple(on_slice.T)]
        colors = tiles._scale(node, (low, high), "").colors
        expected = colors[(np.clip((values - low) / (high - low), 0, 1) * (len(colors) - 1)).round().astype(int)] * 255
        shown = np.array([pixels[pixel_of(view, result, kji)] for kji in on_slice])
        # A pixel is not exactly at the middle of a voxel, and the map is interpolated between them.
        assert np.median(np.abs(shown - expected)) < 12
        assert np.corrcoef(shown.ravel(), expected.ravel())[0, 1] > 0.9


def eroded(mask: np.ndarray) -> np.ndarray:
    inner = mask.copy()
    for axis in range(3):
        inner &= np.roll(mask, 1, axis) & np.roll(mask, -1, axis)
    return inner


def ras_of(result, kji) -> np.ndarray:
    return result.geometry.ijk_to_ras() @ [*kji[::-1], 1.0]


def height_above(view, result, kji) -> float:
    to_slice = np.linalg.inv(slicer.util.arrayFromVTKMatrix(view.pane.sliceNode.GetSliceToRAS()))
    return float((to_slice @ ras_of(result, kji))[2])


def pixel_of(view, result, kji) -> tuple[int, int]:
    to_pixel = np.linalg.inv(slicer.util.arrayFromVTKMatrix(view.pane.sliceNode.GetXYToRAS()))
    x, y = (to_pixel @ ras_of(result, kji))[:2]
    return 400 - 1 - round(y), round(x)


@pytest.mark.parametrize("which", ["phantom", "obliquePhantom"])
def test_what_is_bright_on_the_patients_right_is_bright_on_the_left_of_every_map(which, rendering, request):
    result = request.getfixturevalue(which)
    comparison = tiles.renderComparison(result, 300, 300)
    for column, ratio in ((0, 1.2), (1, 2.0)):
        shown = [row[column] for row in comparison.rows]
        assert {(tile.left, tile.right) for tile in shown} == {("R", "L")}
        bright = np.stack([tile.pixels.astype(int).sum(axis=2) > 500 for tile in shown])
        assert bright[:, :, :150].sum() > ratio * bright[:, :, 150:].sum()


def test_outside_the_brain_all_three_maps_are_black(picture):
    for row in range(3):
        for column in range(3):
            corner = tile(picture, row, column)[:30, 40:80]
            assert corner.max() <= BLACK


def test_columns_differ_and_the_denoised_map_is_the_smoother_one(picture):
    roughness = [np.abs(np.diff(tile(picture, 1, column), axis=1)).mean() for column in (0, 1)]
    assert roughness[1] < 0.8 * roughness[0]


def test_a_network_that_removes_nothing_leaves_the_difference_in_one_colour(phantom, rendering):
    unchanged = replace(phantom, denoised=phantom.conventional, removed=np.zeros_like(phantom.removed))
    difference = tiles.renderComparison(unchanged, 200, 200).rows[1][2].pixels.reshape(-1, 3)
    inside = difference[difference.max(axis=1) > 200]
    assert len(inside) > 2000
    assert np.ptp(inside, axis=0).max() <= 2


def test_both_legends_run_through_all_colours_beside_their_maps(picture):
    for column, colormap in ((1, display.DEFAULT_COLORMAP), (2, display.DIFFERENCE_COLORMAP)):
        left = mosaic.COLUMN_LEFTS[column] + mosaic.TILE_WIDTH
        bar = picture[mosaic.HEADER + 70 : mosaic.HEADER + mosaic.TILE_HEIGHT - 40, left + 20]
        expected = display.colorNode(headless.startApplication().scene, colormap)
        for end, index in ((0, expected.GetNumberOfColors() - 1), (-1, 0)):
            color = np.zeros(4)
            expected.GetColor(index, color)
            assert np.abs(bar[end] - color[:3] * 255).max() <= 3


def test_titles_unit_and_research_notice_are_written_and_not_cut(picture):
    height, width, _ = picture.shape
    header, footer = picture[: mosaic.HEADER], picture[height - mosaic.FOOTER :]
    for column in range(3):
        left = mosaic.COLUMN_LEFTS[column]
        assert (header[60:90, left : left + mosaic.TILE_WIDTH] > 200).any()
    assert (footer > 200).any()
    unit = picture[mosaic.HEADER : mosaic.HEADER + 55, width - mosaic.LEGEND :]
    assert (unit > 200).any()
    # Nothing touches the edge of the page.
    for edge in (picture[:, -2:], picture[:2], picture[-2:]):
        assert edge.max() <= BLACK


def test_without_m0_the_picture_shows_difference_images(phantom, rendering, tmp_path):
    uncalibrated = replace(
        phantom,
        m0=None,
        conventional=PerfusionMaps(phantom.conventional.deltam, None),
        denoised=PerfusionMaps(phantom.denoised.deltam, None),
    )
    comparison = tiles.renderComparison(uncalibrated, 200, 200)
    assert comparison.maps.title == "deltam\na.u."
    assert comparison.rows[1][0].pixels[:5].max() <= BLACK


def test_a_folder_that_is_not_there_is_an_output_error(phantom, rendering, tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        writeComparison(phantom, tmp_path / "nowhere" / "comparison.png")


def test_without_a_working_opengl_library_the_user_is_told_which_to_install(monkeypatch):
    """VTK takes this class of window on request, and cannot use it where OSMesa is missing."""
    import ctypes.util

    if sys.platform != "linux" or ctypes.util.find_library("OSMesa"):
        pytest.skip("OSMesa is installed, so that rendering works even so")
    monkeypatch.setenv("VTK_DEFAULT_OPENGL_WINDOW", "vtkOSOpenGLRenderWindow")
    with pytest.raises(PictureError, match="libegl1"):
        requireRendering()


def test_without_slicer_core_the_user_is_told_to_install_it():
    """In a Python that cannot see the installed packages beyond what is already loaded."""
    program = (
        "import sys, numpy, DeepASLDenoiseLib.pictures.comparisonpicture as p\n"
        "sys.path = [f for f in sys.path if 'site-packages' not in f]\n"
        "try:\n    p.requireRendering()\n"
        "except p.PictureError as error:\n    print(error)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=os.environ, check=True)
    assert "pip install 'deepasl[report]'" in told.stdout


@pytest.mark.parametrize("already_open", [True, False], ids=["views open", "views open later"])
def test_the_legend_of_a_view_is_readable_and_does_not_cover_the_brain(already_open, phantom, rendering):
    """The views of the desktop are narrow and high, and may be made before the maps or after them."""
    bare = legendViews(phantom, display.showMaps, already_open)
    with_legend = legendViews(phantom, lambda nodes: (display.showMaps(nodes), display.addLegends(nodes)), already_open)
    for before, after in zip(bare, with_legend, strict=True):
        legend = np.abs(after - before).max(axis=2) > 60
        assert legend.sum() > 400
        assert not (legend & (before.max(axis=2) > BLACK)).any()
        rows, columns = np.nonzero(legend)
        assert rows.min() > 0
        assert rows.max() < 699
        assert columns.max() < 399


def legendViews(result, prepare, already_open) -> list[np.ndarray]:
    """The three views of the comparison, 400 x 700 pixels, after `prepare` did something with the maps."""
    application = headless.startApplication()
    views = headless.openViews(application, 400, 700) if already_open else ()
    nodes = addResult(application.scene, result)
    prepare(nodes)
    views = views or headless.openViews(application, 400, 700)
    layout.compare(layout.panes(application.logic, application.scene), nodes)
    return [view.grab().astype(int) for view in views]
