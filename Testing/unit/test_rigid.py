"""Poses, their parameters, and images resampled by them."""

import numpy as np
import pytest

from deepasl.geometry import Geometry
from deepasl.motion.rigid import (
    AT_REST,
    BRAIN_RADIUS_MM,
    center_of,
    displacement,
    least_squares,
    matrix_of,
    parameters_of,
    resampled,
    slopes_along_lps,
    small_motion,
    spread_points,
)
from deepasl.phantom import Pose
from deepasl.series import FloatArray
from moving_heads import pose_matrix, seen_from_the_head
from phantom_scans import COARSE

OBLIQUE = Geometry((12, 48, 48), (4.5, 4.5, 8.0), (-90.0, -110.0, -40.0), (1.0, 0, 0, 0, 0.96, -0.28, 0, 0.28, 0.96))


@pytest.mark.parametrize("grid", [COARSE, OBLIQUE], ids=["straight", "oblique"])
def test_parameters_are_those_of_the_pose_of_the_phantom(grid: Geometry):
    pose = Pose((1.0, -2.0, 3.0), (2.0, -1.0, 0.5))
    found = parameters_of(pose_matrix(pose, grid), grid)
    np.testing.assert_allclose(found, [*pose.shift_mm, *pose.rotation_degrees], atol=1e-9)


def test_a_pose_is_told_in_full_by_its_parameters():
    matrix = pose_matrix(Pose((1.0, -2.0, 3.0), (2.0, -1.0, 0.5)), OBLIQUE)
    np.testing.assert_allclose(matrix_of(parameters_of(matrix, OBLIQUE), OBLIQUE), matrix, atol=1e-12)


def test_a_shift_displaces_the_brain_by_its_length():
    assert displacement(matrix_of(np.array([3.0, 0, -4.0, 0, 0, 0]), COARSE), AT_REST, COARSE) == pytest.approx(5.0)


def test_a_turn_displaces_the_brain_by_the_root_mean_square_over_a_ball():
    pose = matrix_of(np.array([0.5, 0, 0, 2.0, -1.0, 3.0]), COARSE)
    points = np.random.default_rng(0).uniform(-BRAIN_RADIUS_MM, BRAIN_RADIUS_MM, (400_000, 3))
    points = points[np.linalg.norm(points, axis=1) < BRAIN_RADIUS_MM] + center_of(COARSE)
    went = np.linalg.norm(points @ pose[:3, :3].T + pose[:3, 3] - points, axis=1)
    assert displacement(pose, AT_REST, COARSE) == pytest.approx(np.sqrt((went**2).mean()), rel=0.005)


def test_a_small_motion_is_a_turn_by_its_vector_about_the_center():
    motion = small_motion(center_of(COARSE), np.zeros(3), np.radians([0.0, 0.0, 2.0]))
    np.testing.assert_allclose(parameters_of(motion, COARSE), [0, 0, 0, 0, 0, 2.0], atol=1e-9)


def blobs(grid: Geometry) -> FloatArray:
    """Two Gaussians, known everywhere, on any grid: ``[k, j, i]``."""
    k, j, i = np.indices(grid.shape)
    lps = (np.stack([i, j, k, np.ones_like(i)], axis=-1) @ grid.ijk_to_lps().T)[..., :3]
    places = (([30.0, -10.0, 4.0], 13.0), ([-25.0, 20.0, -4.0], 14.0))
    return sum(np.exp(-((lps - place) ** 2).sum(axis=-1) / (2.0 * sd**2)) for place, sd in places).astype(np.float32)


def test_an_image_brought_back_is_the_image_that_had_moved():
    pose = Pose((2.0, -1.5, 3.0), (1.0, 2.0, -2.0))
    there, gone = blobs(COARSE), blobs(seen_from_the_head(COARSE, pose))
    back = resampled(gone, COARSE, pose_matrix(pose), COARSE, beyond_edge=True)
    inner = (slice(3, -3), slice(4, -4), slice(4, -4))
    assert np.abs(gone - there)[inner].max() > 0.05
    np.testing.assert_allclose(back[inner], there[inner], atol=0.002)


def test_an_image_is_brought_to_another_grid():
    shape, spacing = (24, 64, 64), (4.0, 4.0, 6.0)
    far_corner = np.reshape(OBLIQUE.direction, (3, 3)) @ ((np.array(shape[::-1]) - 1) * spacing)
    wide = Geometry(shape, spacing, tuple((-far_corner / 2.0).tolist()), OBLIQUE.direction)
    onto = resampled(blobs(wide), wide, AT_REST, COARSE, beyond_edge=False)
    np.testing.assert_allclose(onto, blobs(COARSE), atol=0.002)


def test_resampling_keeps_most_of_the_noise():
    """Half a voxel along one axis is the worst case: cubic B-splines leave 0.87, linear interpolation 0.71."""
    noise = np.random.default_rng(0).standard_normal(COARSE.shape).astype(np.float32)
    half = matrix_of(np.array([COARSE.spacing[0] / 2, 0, 0, 0, 0, 0]), COARSE)
    assert resampled(noise, COARSE, half, COARSE, beyond_edge=True)[:, 8:-8, 8:-8].std() == pytest.approx(
        0.92, abs=0.02
    )


def test_beyond_its_edge_an_image_goes_on_or_is_zero():
    flat = np.full(COARSE.shape, 7.0, dtype=np.float32)
    away = matrix_of(np.array([0, 0, 2.5 * COARSE.spacing[2], 0, 0, 0]), COARSE)
    assert resampled(flat, COARSE, away, COARSE, beyond_edge=True).min() == pytest.approx(7.0)
    ended = resampled(flat, COARSE, away, COARSE, beyond_edge=False)
    assert ended[-2:].max() == 0.0
    assert ended[:-3].min() == pytest.approx(7.0)


def test_slopes_are_along_the_axes_of_the_patient_whatever_the_grid():
    k, j, i = np.indices(OBLIQUE.shape)
    lps = np.stack([i, j, k, np.ones_like(i)], axis=-1) @ OBLIQUE.ijk_to_lps().T
    ramp = (lps[..., :3] @ [1.0, -2.0, 0.5]).astype(np.float32)
    np.testing.assert_allclose(slopes_along_lps(ramp, OBLIQUE)[:, 5, 20, 20], [1.0, -2.0, 0.5], rtol=1e-3)


def test_points_lie_in_the_mask_and_off_the_border():
    mask = np.zeros(COARSE.shape, dtype=bool)
    mask[0], mask[5, 10:12, 20] = True, True
    chosen, points = spread_points(mask, COARSE)
    assert len(chosen) == 2
    np.testing.assert_allclose(points[:, 0], (COARSE.ijk_to_lps() @ [20, 10, 5, 1])[:3])


def test_what_changes_nothing_gets_no_share():
    model = np.stack([np.arange(10.0), np.zeros(10)])
    np.testing.assert_allclose(least_squares(model, (3.0 * np.arange(10)).astype(np.float32)), [3.0, 0.0], atol=1e-6)
