"""Given tissue probabilities: averaged onto the grid of the scan, checked, and turned into regions."""

from dataclasses import replace

import numpy as np
import pytest

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.images import Image
from deepasl.phantom import Subject, TissueMaps, default_anatomy
from deepasl.tissue.maps import GREY_SHARE, WHITE_SHARE, TissueProbability, tissue_of_maps
from deepasl.tissue.voxel_averaging import averaged_onto
from phantom_scans import COARSE

FINE = Geometry(shape=(48, 112, 112), spacing=(2.0, 2.0, 2.0), origin=(-111.0, -111.0, -47.0))
"""Over the field of view of the coarse grid and a little beyond."""


@pytest.fixture(scope="module")
def fine() -> TissueMaps:
    return default_anatomy(FINE)


def image_of(volume: np.ndarray, geometry: Geometry = FINE) -> Image:
    return Image(volume[None].astype(np.float32), geometry, 3)


def probability(fine: TissueMaps, subject: Subject, **changed: Image | None) -> TissueProbability:
    maps = {name: image_of(getattr(fine, name)) for name in ("grey", "white", "csf")} | changed
    return tissue_of_maps(maps["grey"], maps["white"], maps["csf"], COARSE, subject.mask, "T1w segmentation")


def test_fine_probabilities_become_the_partial_volumes_of_coarse_voxels(fine: TissueMaps, subject: Subject) -> None:
    found = probability(fine, subject)
    for name in ("grey", "white", "csf"):
        error = getattr(found, name) - getattr(subject.tissue, name)
        assert np.abs(error[subject.mask]).mean() < 0.03
        assert abs(error[subject.mask].mean()) < 0.01
    assert found.origin == "T1w segmentation"


def test_averaging_keeps_the_amount_of_tissue(fine: TissueMaps) -> None:
    average = averaged_onto(fine.grey[None], FINE, COARSE)[0]
    milliliters = [
        float(volume.sum() * np.prod(grid.spacing)) / 1000 for volume, grid in ((fine.grey, FINE), (average, COARSE))
    ]
    assert milliliters[1] == pytest.approx(milliliters[0], rel=0.01)


def test_maps_on_the_grid_of_the_scan_stay_as_they_are(subject: Subject) -> None:
    same = averaged_onto(subject.tissue.grey[None], COARSE, COARSE)[0]
    np.testing.assert_allclose(same, subject.tissue.grey, atol=1e-6)


def test_a_map_turned_around_keeps_its_sides(fine: TissueMaps) -> None:
    last = FINE.origin[0] + (FINE.shape[2] - 1) * FINE.spacing[0]
    turned = replace(FINE, origin=(last, *FINE.origin[1:]), direction=(-1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))
    expected = averaged_onto(fine.csf[None], FINE, COARSE)
    np.testing.assert_allclose(averaged_onto(fine.csf[None, :, :, ::-1], turned, COARSE), expected, atol=1e-4)


def test_without_a_map_of_csf_it_is_what_the_others_leave(fine: TissueMaps, subject: Subject) -> None:
    found = probability(fine, subject, csf=None)
    assert np.abs(found.csf - subject.tissue.csf)[subject.mask].mean() < 0.05
    assert not found.csf[~subject.mask].any()


def test_percentages_are_no_probabilities(fine: TissueMaps, subject: Subject) -> None:
    with pytest.raises(InputError, match="grey matter goes from 0 to 100"):
        probability(fine, subject, grey=image_of(100.0 * fine.grey))


def test_negative_probabilities_and_other_numbers_are_refused(fine: TissueMaps, subject: Subject) -> None:
    for spoiled in (fine.white - 0.2, np.where(fine.white > 0.9, np.nan, fine.white)):
        with pytest.raises(InputError, match="map of white matter"):
            probability(fine, subject, white=image_of(spoiled))


def test_several_volumes_are_refused(fine: TissueMaps, subject: Subject) -> None:
    twice = Image(np.stack([fine.grey, fine.grey]), FINE, 4)
    with pytest.raises(InputError, match="2 volumes"):
        probability(fine, subject, grey=twice)


def test_maps_of_two_segmentations_that_exceed_one_are_refused(fine: TissueMaps, subject: Subject) -> None:
    with pytest.raises(InputError, match="add up to 2"):
        probability(fine, subject, white=image_of(fine.grey))


def test_maps_that_lie_elsewhere_are_refused(fine: TissueMaps, subject: Subject) -> None:
    away = replace(FINE, origin=(-111.0, 200.0, -47.0))
    with pytest.raises(InputError, match="lie elsewhere"):
        probability(fine, subject, **{name: image_of(getattr(fine, name), away) for name in ("grey", "white", "csf")})


def test_regions_are_the_purer_voxels_of_the_brain(subject: Subject) -> None:
    tissue = subject.tissue
    given = TissueProbability(tissue.grey, tissue.white, tissue.csf, "the phantom")
    grey, white = given.regions(subject.mask)
    assert grey.sum() > 100
    assert white.sum() > 100
    assert tissue.grey[grey].min() >= GREY_SHARE
    assert tissue.white[white].min() >= WHITE_SHARE
    assert not (grey & white).any()
    assert not ((grey | white) & ~subject.mask).any()
