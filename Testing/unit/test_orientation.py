"""Left is left: slices are shown in radiological convention, however the grid lies in the patient."""

import numpy as np
import pytest

from deepasl.display.orientation import SliceView, radiological_view
from deepasl.geometry import Geometry

SHAPE = (5, 7, 9)  # k, j, i
RIGHT, POSTERIOR, SUPERIOR = np.array([-1.0, 0, 0]), np.array([0, 1.0, 0]), np.array([0, 0, 1.0])


def grid(i: np.ndarray, j: np.ndarray, k: np.ndarray) -> Geometry:
    """A grid whose axes run along these LPS directions, centred near the patient's origin."""
    direction = np.column_stack([i, j, k]).astype(float)
    spacing = np.array([2.0, 3.0, 4.0])
    origin = -direction @ (spacing * (np.array(SHAPE[::-1]) - 1) / 2)
    return Geometry(SHAPE, tuple(spacing), tuple(origin), tuple(direction.ravel()))


def oblique(degrees: float) -> Geometry:
    """An axial grid tilted about the left-right axis."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return grid(-RIGHT, np.array([0, c, s]), np.array([0, -s, c]))


GRIDS = {
    "LPS": grid(-RIGHT, POSTERIOR, SUPERIOR),
    "RAS": grid(RIGHT, -POSTERIOR, SUPERIOR),
    "LAS": grid(-RIGHT, -POSTERIOR, SUPERIOR),
    "slices downward": grid(-RIGHT, POSTERIOR, -SUPERIOR),
    "rows left-right": grid(POSTERIOR, -RIGHT, SUPERIOR),
    "coronal": grid(-RIGHT, -SUPERIOR, POSTERIOR),
    "coronal upside down": grid(RIGHT, SUPERIOR, -POSTERIOR),
    "sagittal": grid(POSTERIOR, -SUPERIOR, -RIGHT),
    "sagittal turned": grid(SUPERIOR, -POSTERIOR, RIGHT),
    "oblique": oblique(20),
    "oblique the other way": oblique(-40),
}


def coordinates(geometry: Geometry, axis: int) -> np.ndarray:
    """The LPS coordinate of every voxel along one patient axis, ``[k, j, i]``."""
    k, j, i = np.indices(geometry.shape)
    return np.einsum("a,a...->...", geometry.ijk_to_lps()[axis], np.stack([i, j, k, np.ones_like(i)]))


@pytest.mark.parametrize("geometry", GRIDS.values(), ids=GRIDS.keys())
def test_the_patient_moves_toward_the_letter_at_every_edge(geometry: Geometry) -> None:
    view = radiological_view(geometry)
    ends = {"L": (0, 1), "R": (0, -1), "P": (1, 1), "A": (1, -1), "S": (2, 1), "I": (2, -1)}
    for letter, edge in ((view.right, np.s_[:, :, -1]), (view.bottom, np.s_[:, -1, :])):
        axis, sign = ends[letter]
        shown = view.show(coordinates(geometry, axis))
        opposite = tuple(0 if e == -1 else e for e in edge)
        assert np.all(sign * (shown[edge] - shown[opposite]) > 0)
    assert {view.left, view.right} in ({"L", "R"}, {"A", "P"})


@pytest.mark.parametrize("geometry", GRIDS.values(), ids=GRIDS.keys())
def test_right_is_on_the_left_anterior_or_superior_is_up(geometry: Geometry) -> None:
    view = radiological_view(geometry)
    assert (view.left, view.right, view.top, view.bottom) == {
        "axial": ("R", "L", "A", "P"),
        "coronal": ("R", "L", "S", "I"),
        "sagittal": ("A", "P", "S", "I"),
    }[view.plane]


@pytest.mark.parametrize(("name", "plane"), [("LPS", "axial"), ("coronal", "coronal"), ("sagittal turned", "sagittal")])
def test_the_plane_is_named(name: str, plane: str) -> None:
    assert radiological_view(GRIDS[name]).plane == plane


def test_a_grid_that_is_already_radiological_is_shown_as_it_is() -> None:
    volume = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    np.testing.assert_array_equal(radiological_view(GRIDS["LPS"]).show(volume), volume)


def test_a_nifti_grid_is_flipped_in_plane() -> None:
    volume = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    np.testing.assert_array_equal(radiological_view(GRIDS["RAS"]).show(volume), volume[:, ::-1, ::-1])


@pytest.mark.parametrize("geometry", GRIDS.values(), ids=GRIDS.keys())
def test_every_picture_element_knows_its_voxel(geometry: Geometry) -> None:
    view = radiological_view(geometry)
    volume = np.arange(np.prod(SHAPE)).reshape(SHAPE)
    shown = view.show(volume)
    n, row, column = 1, 2, 3
    i, j, k, _ = (view.picture_to_ijk() @ [column, row, n, 1]).astype(int)
    assert shown[n, row, column] == volume[k, j, i]


@pytest.mark.parametrize("geometry", GRIDS.values(), ids=GRIDS.keys())
def test_distances_follow_the_turned_axes(geometry: Geometry) -> None:
    view = radiological_view(geometry)
    assert view.spacing()[::-1] == pytest.approx(np.linalg.norm(view.picture_to_lps()[:3, :3], axis=0))


def test_slices_go_up_the_patient_and_say_where_they_are() -> None:
    upward = ("I 8.0 mm", "I 4.0 mm", "S 0.0 mm", "S 4.0 mm", "S 8.0 mm")
    assert radiological_view(GRIDS["LPS"]).slice_positions() == upward
    assert radiological_view(GRIDS["slices downward"]).slice_positions() == upward


def test_the_tilt_of_an_oblique_grid_is_known() -> None:
    assert radiological_view(oblique(20)).tilt == pytest.approx(20)
    assert radiological_view(GRIDS["sagittal"]).tilt == pytest.approx(0)


def test_a_grid_at_45_degrees_is_still_shown_along_three_different_axes() -> None:
    view: SliceView = radiological_view(oblique(45))
    assert sorted(view.axes) == [0, 1, 2]
    assert (view.left, view.right) == ("R", "L")
