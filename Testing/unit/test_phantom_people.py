"""Many people from one built-in brain: each is somebody else."""

from itertools import combinations

import numpy as np
import pytest

from deepasl.geometry import Geometry
from deepasl.phantom import BrainShape, TissueMaps, default_anatomy, make_subject

SLAB = Geometry((4, 40, 36), (5.0, 5.0, 8.0), (-87.5, -97.5, 6.0))
"""Through the lateral ventricles; columns run from right to left."""

UPRIGHT = Geometry((30, 2, 20), (8.0, 8.0, 6.0), (-76.0, 10.0, -80.0))
"""Two coronal slices behind the middle of the head, from the neck to above the vertex."""

OLD = BrainShape(cortex_mm=2.3, sulcus_half_width_mm=1.4, wider_ventricles_mm=3.0)


@pytest.fixture(scope="module")
def usual() -> TissueMaps:
    return default_anatomy(SLAB)


def all_tissue(maps: TissueMaps) -> float:
    return float((maps.grey + maps.white + maps.csf).sum())


def test_the_usual_shape_is_the_default_brain(usual: TissueMaps):
    np.testing.assert_array_equal(default_anatomy(SLAB, BrainShape()).grey, usual.grey)


def test_slices_above_the_head_are_empty():
    tissue = default_anatomy(UPRIGHT)
    assert (tissue.grey + tissue.white + tissue.csf)[27:].max() == 0.0
    assert tissue.grey[24].max() > 0.1


def test_other_foldings_are_other_cortices_of_the_same_size():
    brains = [default_anatomy(SLAB, BrainShape(folding=n)) for n in (1, 2, 3)]
    for one, other in combinations(brains, 2):
        tissue = one.grey + one.white > 0.7
        assert np.corrcoef(one.grey[tissue], other.grey[tissue])[0, 1] < 0.8
    volumes = [brain.grey.sum() for brain in brains]
    assert max(volumes) < 1.1 * min(volumes)


def test_the_same_shape_is_the_same_brain():
    shape = BrainShape(folding=7, warp_mm=3.0, stretch=(1.02, 0.97, 1.0))
    np.testing.assert_array_equal(default_anatomy(SLAB, shape).white, default_anatomy(SLAB, shape).white)


@pytest.mark.parametrize("axis", [0, 1], ids=["width", "length"])
def test_a_stretched_brain_is_larger_along_that_axis(usual: TissueMaps, axis: int):
    stretch = (1.1, 1.0, 1.0) if axis == 0 else (1.0, 1.1, 1.0)
    large = default_anatomy(SLAB, BrainShape(stretch=stretch))
    assert all_tissue(large) / all_tissue(usual) == pytest.approx(1.1, abs=0.01)
    extents = [np.ptp(np.nonzero(maps.grey + maps.white > 0.5)[2 - axis]) for maps in (usual, large)]
    assert extents[1] > extents[0]


def test_a_tall_brain_reaches_higher():
    tops = [
        np.nonzero(default_anatomy(UPRIGHT, BrainShape(stretch=(1.0, 1.0, height))).grey > 0.2)[0].max()
        for height in (1.0, 1.1)
    ]
    assert tops[1] > tops[0]


def test_atrophy_costs_cortex_and_opens_sulci_and_ventricles(usual: TissueMaps):
    old = default_anatomy(SLAB, OLD)
    assert old.grey.sum() < 0.9 * usual.grey.sum()
    assert old.csf.sum() > 1.3 * usual.csf.sum()
    assert all_tissue(old) == pytest.approx(all_tissue(usual), rel=0.01)


def test_ventricles_widen_by_themselves(usual: TissueMaps):
    wide = default_anatomy(SLAB, BrainShape(wider_ventricles_mm=3.0))
    around_ventricles = (slice(None), slice(12, 30), slice(10, 26))
    assert wide.csf[around_ventricles].sum() > 1.3 * usual.csf[around_ventricles].sum()
    assert wide.csf[:, :, :6].sum() == usual.csf[:, :, :6].sum()


def test_which_ventricle_is_wider_can_be_chosen():
    left_minus_right = []
    for wider in (1.8, -1.8):
        csf = default_anatomy(SLAB, BrainShape(wider_left_ventricle_mm=wider)).csf[:, 12:30, 10:26]
        left_minus_right.append(csf[:, :, 8:].sum() - csf[:, :, :8].sum())
    assert left_minus_right[0] > 0.0 > left_minus_right[1]


def test_regions_of_flow_are_as_wide_as_asked(usual: TissueMaps):
    even = make_subject(usual)
    inside = even.cbf > 15.0

    def roughness(fwhm: float) -> float:
        uneven = make_subject(usual, regional_sd=0.1, regional_fwhm_mm=fwhm, seed=1)
        ratio = np.divide(uneven.cbf, even.cbf, out=np.ones_like(even.cbf), where=inside)
        both = inside[:, :, 1:] & inside[:, :, :-1]
        steps = (ratio[:, :, 1:] - ratio[:, :, :-1])[both]
        return float(steps.std() / ratio[inside].std())

    assert roughness(15.0) > 2.0 * roughness(45.0)
