"""Lesions for evaluation: of the size and depth asked for, in the brain, apart from each other, and not in M0."""

from itertools import combinations

import numpy as np
import pytest

from deepasl.errors import InputError
from deepasl.phantom import Lesion, TissueMaps, default_anatomy, lesion_mask, make_subject, place_lesions
from deepasl.phantom.tissue import DEFAULT_GEOMETRY

GRADED = ((14.0, 0.2), (10.0, 0.4), (10.0, 1.8), (7.0, 0.4), (7.0, 1.8), (5.0, 0.6), (5.0, 1.4))


@pytest.fixture(scope="module")
def anatomy() -> TissueMaps:
    return default_anatomy()


def test_an_ellipsoid_has_the_axes_asked_for():
    lesion = Lesion((0.0, 0.0, 20.0), 12.0, 0.5, elongation=(1.0, 2.0, 0.75))
    inside = np.argwhere(lesion_mask(DEFAULT_GEOMETRY, lesion))
    extent = (inside.max(axis=0) - inside.min(axis=0) + 1) * DEFAULT_GEOMETRY.spacing[::-1]
    np.testing.assert_allclose(extent, [18.0, 48.0, 24.0], atol=5.0)
    volume = len(inside) * np.prod(DEFAULT_GEOMETRY.spacing)
    assert volume == pytest.approx(4.0 / 3.0 * np.pi * 12.0**3 * 2.0 * 0.75, rel=0.05)


def test_lesions_come_with_the_sizes_and_factors_asked_for_in_that_order(anatomy: TissueMaps):
    placed = place_lesions(anatomy, GRADED, seed=1)
    assert [(each.lesion.radius_mm, each.lesion.factor) for each in placed] == list(GRADED)
    voxel = np.prod(anatomy.geometry.spacing)
    for each in placed:
        ball = 4.0 / 3.0 * np.pi * each.lesion.radius_mm**3
        assert each.mask.sum() * voxel == pytest.approx(ball, rel=0.25)


@pytest.mark.parametrize("seed", range(2))
def test_lesions_lie_in_grey_and_white_matter_apart_from_each_other(anatomy: TissueMaps, seed: int):
    placed = place_lesions(anatomy, [*GRADED, *[(6.0, 0.5)] * 18], seed=seed)
    parenchyma = anatomy.grey + anatomy.white
    for each in placed:
        assert parenchyma[each.mask].mean() > 0.7
    for one, other in combinations(placed, 2):
        distance = np.linalg.norm(np.subtract(one.lesion.center_mm, other.lesion.center_mm))
        assert distance >= one.lesion.radius_mm + other.lesion.radius_mm + 6.0 - 1e-3
        assert not (one.mask & other.mask).any()


def test_the_seed_decides_where_lesions_are(anatomy: TissueMaps):
    first, again, other = (place_lesions(anatomy, GRADED, seed=s) for s in (1, 1, 2))
    assert [each.lesion for each in first] == [each.lesion for each in again]
    assert [each.lesion for each in first] != [each.lesion for each in other]


def test_placed_lesions_change_flow_in_their_masks_by_their_factors_and_leave_m0_alone(anatomy: TissueMaps):
    placed = place_lesions(anatomy, GRADED, seed=1)
    healthy = make_subject(anatomy)
    ill = make_subject(anatomy, lesions=[each.lesion for each in placed])
    np.testing.assert_array_equal(ill.m0, healthy.m0)
    everywhere = np.any([each.mask for each in placed], axis=0)
    for each in placed:
        change = ill.cbf[each.mask].sum() / healthy.cbf[each.mask].sum()
        assert abs(change - 1.0) > 0.6 * abs(each.lesion.factor - 1.0)
        assert (change - 1.0) * (each.lesion.factor - 1.0) > 0.0
    ratio = ill.cbf[~everywhere & (healthy.cbf > 1.0)] / healthy.cbf[~everywhere & (healthy.cbf > 1.0)]
    assert np.median(ratio) == 1.0
    assert ill.lesions == tuple(each.lesion for each in placed)


def test_a_brain_without_room_for_a_lesion_is_reported(anatomy: TissueMaps):
    with pytest.raises(InputError, match="no room in this brain for a lesion of 20 mm"):
        place_lesions(anatomy, [(20.0, 0.5)] * 30, seed=1)
    with pytest.raises(InputError, match="no room"):
        place_lesions(anatomy, [(70.0, 0.5)], seed=1)
