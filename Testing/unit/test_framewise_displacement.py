"""Framewise displacement is that of Power et al. (2012)."""

import math

import numpy as np

from deepasl.motion.framewise_displacement import framewise_displacement


def test_it_is_the_sum_of_shifts_and_of_arcs_on_a_sphere_of_50_mm():
    parameters = np.array([[0, 0, 0, 0, 0, 0], [1.0, -0.5, 0, 0, 0, 0], [1.0, -0.5, 0, 0, -2.0, 0]])
    np.testing.assert_allclose(framewise_displacement(parameters), [0.0, 1.5, 50.0 * math.radians(2.0)])


def test_only_changes_count():
    parameters = np.random.default_rng(0).standard_normal((9, 6))
    np.testing.assert_allclose(framewise_displacement(parameters + 3.0), framewise_displacement(parameters))


def test_a_head_in_one_place_and_a_single_volume_have_none():
    np.testing.assert_array_equal(framewise_displacement(np.ones((4, 6))), np.zeros(4))
    np.testing.assert_array_equal(framewise_displacement(np.ones((1, 6))), [0.0])
