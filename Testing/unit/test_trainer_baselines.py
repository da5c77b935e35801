"""Denoising without training: what each method does to a scan whose truth is known."""

import dataclasses

import numpy as np
import pytest
from simulated_cases import BASELINES, PERFUSED, case

from deepasl.geometry import Geometry
from deepasl.perfusion.smoothing import smoothed
from deepasl.quality.metrics import rmse
from deepasl.series import mean_in
from deepasl_trainer.evaluation.baselines import AVERAGE, MPPCA, Method, baselines
from deepasl_trainer.evaluation.judging import judge
from deepasl_trainer.evaluation.observation import Observation

METHODS = dict(baselines(BASELINES))
DENOISING = [name for name in METHODS if name != AVERAGE]


def flat_scan(noise: float = 4.0) -> Observation:
    """1 % of M0 flows everywhere: control 500, label 490, M0 1000."""
    rng = np.random.default_rng(0)
    shape = (8, 10, 24, 24)
    control = (500.0 + noise * rng.standard_normal(shape)).astype(np.float32)
    label = (490.0 + noise * rng.standard_normal(shape)).astype(np.float32)
    m0, brain = np.full(shape[1:], 1000.0, dtype=np.float32), np.ones(shape[1:], dtype=np.bool_)
    return Observation(control, label, m0, brain, Geometry(shape[1:], (4.0, 4.0, 4.0)))


@pytest.mark.parametrize("name", DENOISING)
def test_noise_of_a_flat_scan_is_removed_and_its_mean_kept(name: str) -> None:
    scan = flat_scan()
    inside = np.s_[2:-2, 4:-4, 4:-4]
    restored = METHODS[name](scan)
    assert restored[inside].std() < 0.8 * scan.deltam[inside].std()
    assert restored[inside].mean() == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("name", DENOISING)
def test_every_method_brings_a_brain_nearer_to_the_truth(name: str) -> None:
    figures, _ = judge(case(), 4, METHODS[name])
    average, _ = judge(case(), 4, METHODS[AVERAGE])
    assert figures["rmse"] < average["rmse"]
    assert figures["psnr"] > average["psnr"] + 0.5


@pytest.mark.parametrize("name", list(METHODS))
def test_the_unit_of_the_scanner_does_not_matter(name: str) -> None:
    scan = flat_scan()
    other = dataclasses.replace(scan, control=64 * scan.control, label=64 * scan.label, m0=64 * scan.m0)
    np.testing.assert_allclose(METHODS[name](other), METHODS[name](scan), atol=2e-3)


def test_averaging_is_the_mean_difference() -> None:
    scan = flat_scan()
    expected = 100.0 * (scan.control - scan.label).mean(axis=0) / 1000.0
    np.testing.assert_allclose(METHODS[AVERAGE](scan), expected, atol=1e-4)


def test_gaussian_width_is_in_millimetres_along_every_axis() -> None:
    impulse = np.zeros((21, 41, 41), dtype=np.float32)
    impulse[10, 20, 20] = 1.0
    smooth = smoothed(impulse, 8.0, Geometry(impulse.shape, (1.0, 1.0, 2.0)))
    assert smooth[10, 20, 24] == pytest.approx(smooth.max() / 2, rel=0.01)
    assert smooth[12, 20, 20] == pytest.approx(smooth.max() / 2, rel=0.01)


def test_pca_keeps_lesions_that_stand_out_of_the_noise_of_one_image() -> None:
    quiet = case(dataclasses.replace(PERFUSED, image_noise=(0.05, 0.05)))
    pca, _ = judge(quiet, 8, METHODS[MPPCA])
    smooth, _ = judge(quiet, 8, METHODS["Gaussian"])
    assert pca["lesions"] > max(0.9, smooth["lesions"])


def test_pca_takes_the_brain_alone() -> None:
    scan = case().patient.observed.first(4)
    assert not METHODS[MPPCA](scan)[~scan.brain].any()
    assert mean_in(METHODS[MPPCA](scan), case().grey) > 0.3


def test_settings_say_which_methods_stand_beside_averaging() -> None:
    chosen = baselines(dataclasses.replace(BASELINES, methods=("TV",)))
    assert list(chosen) == [AVERAGE, "TV"]


def stronger_noise_is_smoothed_more(method: Method) -> bool:
    weak, strong = (method(flat_scan(noise)) - flat_scan(noise).deltam for noise in (2.0, 8.0))
    return rmse(strong, 0 * strong, flat_scan().brain) > 2.0 * rmse(weak, 0 * weak, flat_scan().brain)


@pytest.mark.parametrize("name", ["NLM", "TV", "wavelet"])
def test_the_strength_follows_the_noise_of_the_scan(name: str) -> None:
    assert stronger_noise_is_smoothed_more(METHODS[name])
