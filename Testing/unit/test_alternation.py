"""Labeling makes motion parameters alternate; heads do not move that way."""

import numpy as np
import pytest

from deepasl.motion.alternation import alternation, without_alternation
from deepasl.series import Role

PAIRS = 20
ROLES = [Role.CONTROL, Role.LABEL] * PAIRS
SIGNS = np.array([1.0, -1.0] * PAIRS)[:, None]
ZIGZAG = np.array([0.05, 0.0, -0.1, 0.2, 0.0, 0.03])


def wandering(step: float, seed: int = 3) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).normal(0.0, step, (2 * PAIRS, 6)), axis=0)


def test_a_zig_zag_is_taken_out_of_motion():
    motion = wandering(0.01)
    clean = without_alternation(motion + SIGNS * ZIGZAG, ROLES)
    np.testing.assert_allclose(clean, motion, atol=0.012)


def test_it_is_the_same_when_label_comes_first():
    roles = [Role.LABEL, Role.CONTROL] * PAIRS
    np.testing.assert_allclose(alternation(-SIGNS * ZIGZAG + wandering(0.01), roles), ZIGZAG, atol=0.012)


def test_motion_that_knows_nothing_of_labeling_stays():
    motion = wandering(0.3)
    np.testing.assert_array_equal(without_alternation(motion, ROLES), motion)


@pytest.mark.parametrize("pairs", [5, 10, 30])
def test_a_restless_head_seldom_looks_as_if_it_alternated(pairs: int):
    """Of 200 scans one may, by chance."""
    rng = np.random.default_rng(1)
    scans = [rng.uniform(-2.0, 2.0, (2 * pairs, 6)) for _ in range(200)]
    assert sum(alternation(motion, ROLES[:2] * pairs).any() for motion in scans) <= 4


def test_a_jump_of_the_head_is_no_zig_zag():
    motion = wandering(0.001)
    motion[17:] += 2.0
    np.testing.assert_allclose(without_alternation(motion, ROLES), motion, atol=0.002)


def test_a_head_that_starts_at_every_label_moves():
    motion = SIGNS * np.array([0.0, 0.0, 1.5, -1.2, 0.0, 0.0]) + wandering(0.01)
    np.testing.assert_array_equal(without_alternation(motion, ROLES)[:, 2:4], motion[:, 2:4])


def test_of_control_and_label_in_two_blocks_nothing_is_known():
    roles = [Role.CONTROL] * PAIRS + [Role.LABEL] * PAIRS
    motion = np.where(np.arange(2 * PAIRS)[:, None] < PAIRS, 0.1, -0.1) * np.ones(6)
    np.testing.assert_array_equal(without_alternation(motion, roles), motion)


def test_a_volume_that_shows_nothing_is_not_compared():
    roles = [*ROLES[:11], Role.UNUSED, *ROLES[12:]]
    motion = SIGNS * ZIGZAG
    motion[11] = 50.0
    np.testing.assert_allclose(np.delete(without_alternation(motion, roles), 11, axis=0), 0.0, atol=1e-12)


def test_two_pairs_are_too_few_to_tell():
    np.testing.assert_array_equal(alternation((SIGNS * ZIGZAG)[:4], ROLES[:4]), np.zeros(6))
