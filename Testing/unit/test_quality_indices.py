"""Quality figures of maps whose noise, flow and motion are known."""

import math
from dataclasses import fields

import numpy as np
import pytest

from deepasl.geometry import Geometry
from deepasl.quality.indices import QualityIndices, quality_indices
from deepasl.results import BoolArray, PerfusionMaps
from deepasl.series import FloatArray
from deepasl.tissue.maps import TissueProbability

SHAPE = (8, 40, 40)
GRID = Geometry(SHAPE, (3.0, 3.0, 5.0))
FLOW, NOISE, PAIRS = 8.0, 4.0, 16


def block(*columns: slice) -> BoolArray:
    mask = np.zeros(SHAPE, dtype=bool)
    for column in columns:
        mask[:, 4:36, column] = True
    return mask


MASK, GREY, WHITE = block(slice(4, 36)), block(slice(4, 20)), block(slice(20, 36))


def flow() -> FloatArray:
    """8 in grey and 2 in white matter."""
    return (FLOW * GREY + FLOW / 4.0 * WHITE).astype(np.float32)


def noisy_differences() -> FloatArray:
    noise = np.random.default_rng(3).normal(0.0, NOISE, (PAIRS, *SHAPE))
    return (flow() + noise).astype(np.float32)


def indices_of(deltam: FloatArray, **more: object) -> QualityIndices:
    maps = PerfusionMaps(deltam, None)
    return quality_indices(maps, mask=MASK, grey=GREY, white=WHITE, geometry=GRID, **more)  # type: ignore[arg-type]


def test_temporal_signal_to_noise_is_that_of_one_pair() -> None:
    differences = noisy_differences()
    indices = indices_of(differences.mean(axis=0), differences=differences)
    # The median of mean / SD of 16 normal values is 2 to 3 % above the true ratio.
    assert indices.tsnr == pytest.approx(FLOW / NOISE, rel=0.05)


def test_the_spatial_variation_of_even_flow_is_that_of_noise() -> None:
    differences = noisy_differences()
    indices = indices_of(differences.mean(axis=0), differences=differences)
    expected = NOISE / np.sqrt(PAIRS) / FLOW
    assert indices.spatial_cov_of_noise == pytest.approx(expected, rel=0.02)
    assert indices.spatial_cov == pytest.approx(expected, rel=0.05)


def test_uneven_flow_varies_more_than_noise() -> None:
    uneven = flow() * np.where(np.arange(40) % 2, 1.6, 0.4).astype(np.float32)
    noise = noisy_differences() - flow()
    indices = indices_of(uneven + noise.mean(axis=0), differences=uneven + noise)
    noise_cov = indices.spatial_cov_of_noise
    assert indices.spatial_cov == pytest.approx(math.hypot(0.6, noise_cov), rel=0.03)
    assert noise_cov == pytest.approx(NOISE / np.sqrt(PAIRS) / FLOW, rel=0.02)


def test_negative_voxels_are_counted_in_grey_matter_only() -> None:
    deltam = flow()
    deltam[WHITE] = -1.0
    deltam[:, 4:12, 4:20] *= -1.0
    assert indices_of(deltam).negative_grey_fraction == pytest.approx(0.25)


def test_half_of_a_brain_of_noise_is_negative_and_nothing_of_one_with_flow() -> None:
    noise = noisy_differences()[0] - flow()
    assert indices_of(noise).negative_brain_fraction == pytest.approx(0.5, abs=0.12)
    assert indices_of(flow() + noise).negative_brain_fraction < 0.02
    assert indices_of(-flow()).negative_brain_fraction == 1.0


def test_flow_outside_the_brain_does_not_make_it_positive() -> None:
    deltam = np.where(MASK, np.float32(-1.0), np.float32(50.0))
    assert indices_of(deltam).negative_brain_fraction == 1.0


def tissue() -> TissueProbability:
    share = [region.astype(np.float32) for region in (GREY, WHITE, ~MASK)]
    return TissueProbability(share[0], share[1], share[2], "T1w image")


def test_contrast_and_index_are_known_only_with_anatomical_tissue() -> None:
    maps = PerfusionMaps(flow(), 7.5 * flow())
    without = quality_indices(maps, mask=MASK, grey=GREY, white=WHITE, geometry=GRID)
    assert math.isnan(without.grey_white_ratio)
    assert math.isnan(without.qei)
    given = quality_indices(maps, mask=MASK, grey=GREY, white=WHITE, geometry=GRID, tissue=tissue())
    assert given.grey_white_ratio == pytest.approx(4.0)
    assert 0.8 < given.qei < 1.0


def test_where_there_is_blood_flow_the_figures_are_of_it() -> None:
    cbf = flow()
    cbf[:, 4:12, 4:20] *= -1.0
    maps = PerfusionMaps(flow(), cbf)
    indices = quality_indices(maps, mask=MASK, grey=GREY, white=WHITE, geometry=GRID)
    assert indices.negative_grey_fraction == pytest.approx(0.25)


def test_without_blood_flow_the_index_is_not_known() -> None:
    assert math.isnan(indices_of(flow(), tissue=tissue()).qei)


def test_motion_is_told_by_its_mean_and_its_largest() -> None:
    indices = indices_of(flow(), displacement=np.array([0.0, 0.2, 1.0]))
    assert indices.mean_displacement == pytest.approx(0.4)
    assert indices.max_displacement == pytest.approx(1.0)


def test_of_one_subtracted_image_the_noise_is_not_known() -> None:
    indices = indices_of(flow(), differences=flow()[None])
    assert math.isnan(indices.tsnr)
    assert math.isnan(indices.spatial_cov_of_noise)
    assert indices.spatial_cov == pytest.approx(0.0)


def test_about_a_mean_that_is_not_positive_nothing_varies() -> None:
    assert math.isnan(indices_of(-flow()).spatial_cov)


def test_without_brain_and_tissue_nothing_is_known() -> None:
    nowhere = np.zeros(SHAPE, dtype=bool)
    maps = PerfusionMaps(flow(), None)
    indices = quality_indices(
        maps, mask=nowhere, grey=nowhere, white=nowhere, geometry=GRID, differences=noisy_differences()
    )
    assert all(math.isnan(getattr(indices, field.name)) for field in fields(indices))
