"""Grey and white matter from perfusion alone, against phantoms of known anatomy."""

from pathlib import Path

import numpy as np
import pytest

from deepasl.brain.masking import brain_mask
from deepasl.geometry import Geometry
from deepasl.images import read_image
from deepasl.phantom import Protocol, Subject, acquire, default_anatomy, make_subject
from deepasl.quantification.buxton import cbf_pcasl
from deepasl.results import BoolArray
from deepasl.series import FloatArray, Role
from deepasl.tissue.from_perfusion import estimate_tissue

NOISE_OF_ONE_IMAGE = 10.0
"""1 % of the M0 of grey matter: 2D EPI without background suppression."""


@pytest.fixture(scope="module")
def subject() -> Subject:
    return make_subject(default_anatomy(), regional_sd=0.1, receive_bias=0.3)


@pytest.fixture(scope="module")
def deltam(subject: Subject) -> FloatArray:
    scan = acquire(subject, Protocol(pairs=30), noise_sd=NOISE_OF_ONE_IMAGE, seed=5)
    return scan.volumes_of(Role.CONTROL).mean(axis=0) - scan.volumes_of(Role.LABEL).mean(axis=0)


def dice(a: BoolArray, b: BoolArray) -> float:
    return float(2.0 * (a & b).sum() / (a.sum() + b.sum()))


@pytest.mark.parametrize("with_m0", [True, False], ids=["with M0", "without M0"])
def test_estimate_overlaps_with_the_anatomy_at_realistic_noise(subject: Subject, deltam: FloatArray, with_m0: bool):
    tissue = subject.tissue
    grey, white = estimate_tissue(deltam, subject.m0 if with_m0 else None, subject.mask, tissue.geometry)
    assert dice(grey, tissue.grey > 0.5) > 0.7
    assert dice(white, tissue.white > 0.5) > 0.6


def test_choosing_by_noisy_flow_moves_the_mean_flow_little(subject: Subject, deltam: FloatArray):
    grey, white = estimate_tissue(deltam, subject.m0, subject.mask, subject.tissue.geometry)
    measured = {"grey": grey, "white": white}
    for region in measured.values():
        cbf = cbf_pcasl(deltam[region], subject.m0[region], pld=1.8, labeling_duration=1.8)
        assert cbf.mean() == pytest.approx(subject.cbf[region].mean(), abs=3.0)


def test_regions_are_disjoint_and_inside_the_brain(subject: Subject, deltam: FloatArray):
    grey, white = estimate_tissue(deltam, subject.m0, subject.mask, subject.tissue.geometry)
    assert not (grey & white).any()
    assert not ((grey | white) & ~subject.mask).any()


def test_ventricles_are_not_white_matter(subject: Subject, deltam: FloatArray):
    _, white = estimate_tissue(deltam, subject.m0, subject.mask, subject.tissue.geometry)
    ventricles = subject.mask & (subject.tissue.csf > 0.95)
    assert ventricles.sum() > 100
    assert (white & ventricles).sum() < 0.3 * ventricles.sum()


def test_estimate_does_not_depend_on_scanner_units(subject: Subject, deltam: FloatArray):
    geometry = subject.tissue.geometry
    grey, _ = estimate_tissue(deltam, subject.m0, subject.mask, geometry)
    rescaled, _ = estimate_tissue(deltam * 4.0, subject.m0 * 256.0, subject.mask, geometry)
    assert dice(grey, rescaled) > 0.999


def test_voxels_outside_the_brain_have_no_influence(subject: Subject, deltam: FloatArray):
    vessels = np.where(subject.mask, deltam, 1e6).astype(np.float32)
    expected, _ = estimate_tissue(deltam, subject.m0, subject.mask, subject.tissue.geometry)
    grey, _ = estimate_tissue(vessels, subject.m0, subject.mask, subject.tissue.geometry)
    np.testing.assert_array_equal(grey, expected)


def test_zero_m0_in_the_brain_gives_no_numbers_out_of_bounds(subject: Subject, deltam: FloatArray):
    m0 = subject.m0.copy()
    m0[:, :40] = 0.0
    grey, white = estimate_tissue(deltam, m0, subject.mask, subject.tissue.geometry)
    assert grey[:, 45:].any()
    assert not (grey & white).any()


def test_empty_mask_gives_empty_regions(subject: Subject, deltam: FloatArray):
    grey, white = estimate_tissue(deltam, subject.m0, np.zeros_like(subject.mask), subject.tissue.geometry)
    assert not grey.any()
    assert not white.any()


def test_perfusion_without_contrast_has_no_grey_matter():
    geometry = Geometry((4, 8, 8), (4.0, 4.0, 4.0))
    everywhere = np.ones(geometry.shape, dtype=bool)
    grey, white = estimate_tissue(np.zeros(geometry.shape, dtype=np.float32), None, everywhere, geometry)
    assert not grey.any()
    assert not white.any()


def test_a_tiny_grid_is_enough():
    geometry = Geometry((6, 16, 16), (3.5, 3.5, 6.0))
    rng = np.random.default_rng(0)
    deltam = rng.standard_normal(geometry.shape, dtype=np.float32)
    deltam[:, :, :8] += 10.0
    mask = np.zeros(geometry.shape, dtype=bool)
    mask[:, 2:14, 2:14] = True
    grey, _ = estimate_tissue(deltam, None, mask, geometry)
    assert dice(grey, mask & (np.arange(16) < 8)) > 0.9


@pytest.mark.data
@pytest.mark.parametrize("name", ["sub-01_asl", "sub-01_task-restEyesOpen_asl"])
def test_grey_matter_of_a_real_scan_has_plausible_flow(shared_data: Path, name: str):
    image = read_image(shared_data / "bids/ds000240/sub-01/perf" / f"{name}.nii.gz")
    m0 = image.volumes[:5].mean(axis=0)
    deltam = image.volumes[6::2].mean(axis=0) - image.volumes[5::2].mean(axis=0)
    mask = brain_mask(m0, image.geometry)
    grey, white = estimate_tissue(deltam, m0, mask, image.geometry)
    cbf = cbf_pcasl(deltam, np.maximum(m0, 1.0), pld=1.5, labeling_duration=1.6, labeling_efficiency=0.72)
    assert 30.0 < cbf[grey].mean() < 90.0
    assert 10.0 < cbf[white].mean() < 0.7 * cbf[grey].mean()
    assert white.sum() > 0.1 * mask.sum()
