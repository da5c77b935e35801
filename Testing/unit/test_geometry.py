"""Voxel grids: patient coordinates survive every conversion, oblique ones too."""

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.spatial.transform import Rotation

from deepasl.geometry import Geometry

SHAPE = (5, 6, 7)


def oblique(*, shape: tuple[int, int, int] = SHAPE) -> Geometry:
    """An angulated, rotated slab with three different voxel sizes."""
    direction = Rotation.from_euler("zyx", [25.0, -14.0, 9.0], degrees=True).as_matrix()
    return Geometry(shape, (2.7, 2.5, 5.0), (-101.5, 87.25, -33.0), tuple(direction.ravel()))


def test_first_voxel_lies_at_the_origin_and_ras_negates_left_and_posterior():
    geometry = oblique()
    first = np.array([0.0, 0.0, 0.0, 1.0])
    np.testing.assert_allclose(geometry.ijk_to_lps() @ first, [-101.5, 87.25, -33.0, 1.0])
    np.testing.assert_allclose(geometry.ijk_to_ras() @ first, [101.5, -87.25, -33.0, 1.0])


def test_every_voxel_lies_where_simpleitk_puts_it():
    geometry = oblique()
    image = sitk.Image([7, 6, 5], sitk.sitkFloat32)
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(geometry.origin)
    image.SetDirection(geometry.direction)
    for index in [(0, 0, 0), (6, 0, 0), (0, 5, 0), (0, 0, 4), (3, 2, 1)]:
        expected = image.TransformIndexToPhysicalPoint(index)
        np.testing.assert_allclose((geometry.ijk_to_lps() @ [*index, 1.0])[:3], expected, atol=1e-9)


def test_oblique_grid_survives_the_way_through_an_ijk_to_ras_matrix():
    geometry = oblique()
    restored = Geometry.from_ijk_to_ras(geometry.ijk_to_ras(), SHAPE)
    assert restored.shape == SHAPE
    assert restored.spacing == pytest.approx(geometry.spacing)
    assert restored.origin == pytest.approx(geometry.origin)
    assert restored.direction == pytest.approx(geometry.direction)


def test_left_handed_grid_keeps_its_handedness():
    mirrored = Geometry(SHAPE, (2.0, 2.0, 4.0), (90.0, 70.0, -40.0), (-1, 0, 0, 0, -1, 0, 0, 0, -1))
    assert np.linalg.det(mirrored.ijk_to_ras()[:3, :3]) < 0
    restored = Geometry.from_ijk_to_ras(mirrored.ijk_to_ras(), SHAPE)
    assert restored.direction == pytest.approx(mirrored.direction)
    assert restored.matches(mirrored)


def test_axes_permuted_as_in_a_sagittal_acquisition_keep_their_voxel_sizes():
    matrix = np.array([[0.0, 0.0, 4.0, -60.0], [-2.0, 0.0, 0.0, 80.0], [0.0, 3.0, 0.0, -50.0], [0.0, 0.0, 0.0, 1.0]])
    geometry = Geometry.from_ijk_to_ras(matrix, SHAPE)
    assert geometry.spacing == pytest.approx((2.0, 3.0, 4.0))
    np.testing.assert_allclose(geometry.ijk_to_ras(), matrix)


def test_sheared_matrix_is_refused():
    matrix = np.eye(4)
    matrix[0, 1] = 0.1
    with pytest.raises(ValueError, match="sheared"):
        Geometry.from_ijk_to_ras(matrix, SHAPE)


def test_axis_without_length_is_refused():
    with pytest.raises(ValueError, match="zero length"):
        Geometry.from_ijk_to_ras(np.diag([2.0, 0.0, 5.0, 1.0]), SHAPE)


def test_grids_match_despite_rounding_in_a_header():
    geometry = oblique()
    rounded = Geometry(
        SHAPE, geometry.spacing, (-101.502, 87.249, -33.001), tuple(round(v, 5) for v in geometry.direction)
    )
    assert geometry.matches(rounded)


def test_grids_of_another_shape_do_not_match():
    assert not oblique().matches(oblique(shape=(5, 7, 6)))


@pytest.mark.parametrize(
    "other",
    [
        Geometry(SHAPE, (2.7, 2.5, 5.0), (1.0, 0.0, 0.0)),
        Geometry(SHAPE, (2.7, 2.5, 5.1)),
        Geometry(SHAPE, (2.7, 2.5, 5.0), direction=(-1, 0, 0, 0, 1, 0, 0, 0, 1)),
        Geometry(
            SHAPE, (2.7, 2.5, 5.0), direction=tuple(Rotation.from_euler("z", 1, degrees=True).as_matrix().ravel())
        ),
    ],
    ids=["moved by 1 mm", "thicker slices", "flipped left-right", "rotated by 1 degree"],
)
def test_grids_that_lie_elsewhere_do_not_match(other: Geometry):
    assert not Geometry(SHAPE, (2.7, 2.5, 5.0)).matches(other)


def test_description_counts_columns_first_as_users_do():
    assert oblique().describe() == "7x6x5 of 2.70x2.50x5.00 mm"
