"""Flow of pure tissue from mixed voxels, against phantoms whose partial volumes are the truth."""

from dataclasses import replace

import numpy as np
import pytest

from deepasl.geometry import Geometry
from deepasl.phantom import Protocol, Subject, default_anatomy, make_subject, true_deltam
from deepasl.quantification.buxton import pcasl_gain
from deepasl.results import BoolArray
from deepasl.series import FloatArray
from deepasl.tissue.maps import TissueProbability
from deepasl.tissue.partial_volume import LEAST_SHARE, unmixed
from phantom_scans import COARSE

GREY_CBF, WHITE_CBF = 65.0, 20.0
GAIN = pcasl_gain(pld=1.8, labeling_duration=1.8)


def shares(subject: Subject) -> TissueProbability:
    tissue = subject.tissue
    return TissueProbability(tissue.grey, tissue.white, tissue.csf, "the phantom")


def flows(subject: Subject, deltam: FloatArray, kernel_mm: float = 15.0) -> tuple[FloatArray, FloatArray]:
    """CBF of grey and of white matter, mL/100g/min."""
    found = unmixed(deltam, subject.m0, shares(subject), subject.mask, subject.tissue.geometry, kernel_mm)
    m0 = np.where(subject.mask, subject.m0, 1.0)
    return GAIN * found.grey / m0, GAIN * found.white / m0


def voxels_with(subject: Subject, share: FloatArray) -> BoolArray:
    return subject.mask & (share >= LEAST_SHARE)


@pytest.mark.parametrize("receive_bias", [0.0, 0.3])
def test_constant_flow_of_each_tissue_comes_back_without_noise(receive_bias: float) -> None:
    person = make_subject(default_anatomy(COARSE), receive_bias=receive_bias)
    grey, white = flows(person, true_deltam(person, Protocol()))
    np.testing.assert_allclose(grey[voxels_with(person, person.tissue.grey)], GREY_CBF, rtol=0.01)
    errors = np.abs(white[voxels_with(person, person.tissue.white)] - WHITE_CBF)
    assert np.percentile(errors, 95) < 0.001
    assert errors.max() < 1.0


def test_the_uncorrected_map_shows_less_flow_in_grey_matter(subject: Subject) -> None:
    inside = voxels_with(subject, subject.tissue.grey)
    assert subject.cbf[inside].mean() < 0.75 * GREY_CBF


def test_tissues_mixed_again_give_the_flow_of_the_voxel(subject: Subject) -> None:
    grey, white = flows(subject, true_deltam(subject, Protocol()))
    both = voxels_with(subject, subject.tissue.grey) & voxels_with(subject, subject.tissue.white)
    mixed = grey * subject.tissue.grey + white * subject.tissue.white
    np.testing.assert_allclose(mixed[both], subject.cbf[both], atol=0.5)


def test_noise_leaves_the_mean_of_both_tissues(subject: Subject) -> None:
    noise = np.random.default_rng(4).normal(0.0, 2.0, COARSE.shape).astype(np.float32)
    grey, white = flows(subject, true_deltam(subject, Protocol()) + noise)
    assert grey[voxels_with(subject, subject.tissue.grey)].mean() == pytest.approx(GREY_CBF, abs=1.5)
    assert white[voxels_with(subject, subject.tissue.white)].mean() == pytest.approx(WHITE_CBF, abs=1.5)


def test_a_change_of_flow_is_spread_as_wide_as_the_square(subject: Subject) -> None:
    left = np.indices(COARSE.shape)[2] < 24
    halved = np.where(left, 0.5, 1.0).astype(np.float32) * true_deltam(subject, Protocol())
    grey, _ = flows(subject, halved, kernel_mm=22.5)
    columns = [grey[:, :, i][voxels_with(subject, subject.tissue.grey)[:, :, i]].mean() for i in (20, 23, 24, 27)]
    assert columns[0] == pytest.approx(0.5 * GREY_CBF, rel=0.01)
    assert columns[3] == pytest.approx(GREY_CBF, rel=0.01)
    assert 1.1 * columns[0] < columns[1] < columns[2] < 0.95 * columns[3]


def test_slices_do_not_mix(subject: Subject) -> None:
    deltam = true_deltam(subject, Protocol())
    deltam[5:] = 0.0
    grey, _ = flows(subject, deltam)
    inside = voxels_with(subject, subject.tissue.grey)
    np.testing.assert_allclose(grey[4][inside[4]], GREY_CBF, rtol=0.01)
    assert not grey[5:].any()


def test_nothing_is_said_where_there_is_none_of_a_tissue_or_no_brain(subject: Subject) -> None:
    deltam = np.full(COARSE.shape, 8.0, dtype=np.float32)
    grey, white = flows(subject, deltam)
    assert not grey[~voxels_with(subject, subject.tissue.grey)].any()
    assert not white[~voxels_with(subject, subject.tissue.white)].any()


def test_voxels_of_zero_m0_and_outside_have_no_influence(subject: Subject) -> None:
    m0 = subject.m0.copy()
    holes = np.flatnonzero(subject.mask)[100:110]
    m0.ravel()[holes] = 0.0
    vessels = np.where(subject.mask & (m0 > 0.0), true_deltam(subject, Protocol()), 1e6).astype(np.float32)
    spoiled = replace(subject, m0=m0)
    found = unmixed(vessels, m0, shares(spoiled), spoiled.mask, COARSE)
    inside = voxels_with(subject, subject.tissue.grey) & (m0 > 0.0)
    np.testing.assert_allclose(GAIN * found.grey[inside] / m0[inside], GREY_CBF, rtol=0.01)
    assert not found.grey.ravel()[holes].any()


def test_where_all_voxels_are_alike_the_tissues_are_not_told_apart_wildly() -> None:
    grid = Geometry((3, 12, 12), (3.0, 3.0, 5.0))
    rng = np.random.default_rng(0)
    half = (0.5 + rng.normal(0.0, 0.002, grid.shape)).astype(np.float32)
    tissue = TissueProbability(half, 1.0 - half, np.zeros_like(half), "half and half")
    deltam = (8.0 + rng.normal(0.0, 0.5, grid.shape)).astype(np.float32)
    found = unmixed(deltam, np.full_like(half, 1000.0), tissue, half > 0, grid)
    np.testing.assert_allclose(found.grey, found.white, rtol=0.02)
    assert np.abs(found.grey - 8.0).max() < 1.0
