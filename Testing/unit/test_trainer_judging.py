"""Figures of methods that do something known."""

import dataclasses

import numpy as np
import pytest
from simulated_cases import EMPTY, PERFUSED, case

from deepasl.results import BoolArray
from deepasl.series import FloatArray, mean_in
from deepasl_trainer.evaluation.baselines import average
from deepasl_trainer.evaluation.judging import judge, lesion_contrasts, ssim
from deepasl_trainer.evaluation.observation import Observation


def truth_of(scan: Observation) -> FloatArray:
    """The noise-free difference image of whichever scan it is: the controls of both are the same, the labels not."""
    healthy = case().healthy
    assert healthy is not None
    for world in (case().patient, healthy):
        if np.array_equal(world.observed.label[: len(scan.label)], scan.label):
            return scan.to_percent(world.deltam)
    raise AssertionError("another scan")


def healthy_whatever_is_seen(scan: Observation) -> FloatArray:
    """Flow painted from anatomy."""
    assert case().healthy is not None
    return scan.to_percent(case().healthy.deltam)  # type: ignore[union-attr]


def test_averaging_keeps_every_lesion_whole() -> None:
    figures, _ = judge(case(), 4, average)
    for name in ("lesions", "lesions x0.4", "lesions x1.8"):
        assert figures[name] == pytest.approx(1.0, abs=1e-3)


def test_the_truth_is_perfect() -> None:
    figures, cbf = judge(case(), 4, truth_of)
    assert figures["psnr"] > 100.0
    assert figures["ssim"] == pytest.approx(1.0, abs=1e-6)
    assert figures["ccc"] == pytest.approx(1.0, abs=1e-6)
    for name in ("rmse", "grey_bias", "white_bias"):
        assert figures[name] == pytest.approx(0.0, abs=1e-3)
    assert figures["lesions"] == pytest.approx(1.0, abs=1e-4)
    np.testing.assert_allclose(cbf, case().cbf(case().patient.deltam), atol=1e-2)


def test_half_of_the_truth_has_half_the_flow_and_half_the_contrast() -> None:
    figures, _ = judge(case(), 4, lambda scan: truth_of(scan) / 2.0)
    truth = case().cbf(case().patient.deltam)
    assert figures["grey_bias"] == pytest.approx(-mean_in(truth, case().grey) / 2.0, rel=1e-3)
    assert figures["white_bias"] == pytest.approx(-mean_in(truth, case().white) / 2.0, rel=1e-3)
    assert figures["lesions"] == pytest.approx(0.5, abs=1e-4)
    error = np.sqrt(np.mean((truth[case().brain] / 2.0) ** 2))
    assert figures["rmse"] == pytest.approx(error, rel=1e-3)


def test_a_method_that_paints_the_healthy_brain_recovers_no_lesion() -> None:
    figures, _ = judge(case(), 4, healthy_whatever_is_seen)
    assert figures["lesions"] == pytest.approx(0.0, abs=1e-6)
    assert figures["ccc"] > 0.8


def test_psnr_refers_to_the_largest_true_difference_in_the_brain() -> None:
    figures, _ = judge(case(), 4, average)
    scan = case().patient.observed.first(4)
    truth = scan.to_percent(case().patient.deltam)
    error = np.sqrt(np.mean((scan.deltam - truth)[case().brain] ** 2, dtype=np.float64))
    assert figures["psnr"] == pytest.approx(20.0 * np.log10(truth[case().brain].max() / error), abs=1e-3)


def test_lesions_of_either_kind_count_apart_and_together() -> None:
    true_change = np.where(case().brain, np.float32(-10.0), np.float32(0.0))
    kept = {placed.lesion.factor: part for placed, part in zip(case().lesions, (0.8, 0.2), strict=True)}
    change = true_change.copy()
    for placed in case().lesions:
        change[placed.mask] *= np.float32(kept[placed.lesion.factor])
    contrasts = lesion_contrasts(case().lesions, change, true_change, case().brain)
    assert contrasts["lesions x0.4"] == pytest.approx(kept[0.4])
    assert contrasts["lesions x1.8"] == pytest.approx(kept[1.8])
    assert contrasts["lesions"] == pytest.approx(0.5)


def test_a_lesion_without_a_voxel_does_not_count() -> None:
    nowhere = dataclasses.replace(case().lesions[0], mask=np.zeros_like(case().brain))
    true_change = np.full(case().brain.shape, -10.0, dtype=np.float32)
    contrasts = lesion_contrasts([nowhere, case().lesions[1]], 0.5 * true_change, true_change, case().brain)
    assert contrasts == pytest.approx({"lesions": 0.5, f"lesions x{case().lesions[1].lesion.factor:g}": 0.5})


def test_noise_without_flow_is_told_as_its_mean_size() -> None:
    figures, cbf = judge(case(EMPTY), 4, average)
    assert set(figures) == {"null"}
    assert figures["null"] == pytest.approx(np.abs(cbf[case(EMPTY).brain]).mean(), rel=1e-4)
    assert figures["null"] > 10.0
    nothing, _ = judge(case(EMPTY), 4, lambda scan: 0.0 * scan.deltam)
    assert nothing == {"null": 0.0}


def test_ssim_looks_at_the_brain_alone() -> None:
    truth, brain = case().patient.deltam, case().brain
    spoiled = np.where(brain, truth, np.float32(1e6))
    assert ssim(spoiled, truth, brain) == pytest.approx(1.0)
    noisy = truth + np.float32(0.3 * truth.max()) * np.random.default_rng(0).standard_normal(truth.shape, np.float32)
    assert ssim(noisy, truth, brain) < 0.7


def test_tissue_that_no_voxel_is_pure_in_has_no_bias() -> None:
    nowhere: BoolArray = np.zeros_like(case().brain)
    figures, _ = judge(dataclasses.replace(case(), white=nowhere), 4, average)
    assert "white_bias" not in figures
    assert "grey_bias" in figures


def test_people_without_lesions_have_no_lesion_figures() -> None:
    healthy = case(dataclasses.replace(PERFUSED, lesions=None))
    assert "lesions" not in judge(healthy, 4, average)[0]
