"""The networks that come with DeepASL, on the built-in phantom: a brain and a scan they were not trained on."""

import dataclasses
import re

import numpy as np
import pytest

from deepasl.denoising.denoiser import Denoiser, from_percent
from deepasl.denoising.registry import DEFAULT_MODEL, find_model, load_registry, read_verified
from deepasl.perfusion.smoothing import smoothed
from deepasl.phantom import Protocol, Subject, default_anatomy, make_subject, true_deltam
from deepasl.progress import run
from deepasl.quality.metrics import ccc, psnr
from deepasl.series import FloatArray

NOISE_PERCENT = (0.15, 0.3)
"""SD of the averaged difference image: about 24 and 6 of 30 pairs of a 2D scan."""

TEST_PEOPLE = {"labels_13", "labels_14", "labels_15"}
"""On whom no choice was ever made."""

SHIPPED = [entry.id for entry in load_registry()]


@pytest.fixture(scope="module", params=SHIPPED)
def denoiser(request: pytest.FixtureRequest) -> Denoiser:
    return Denoiser(find_model(request.param), "cpu")


@pytest.fixture(scope="module")
def default() -> Denoiser:
    return Denoiser(find_model(DEFAULT_MODEL), "cpu")


@pytest.fixture(scope="module")
def subject() -> Subject:
    return make_subject(default_anatomy(), regional_sd=0.1, seed=4)


def mean_m0(subject: Subject) -> float:
    return float(subject.m0[subject.mask].mean())


def denoised(denoiser: Denoiser, deltam: FloatArray, subject: Subject) -> FloatArray:
    return run(denoiser.denoise(deltam, mean_m0(subject), np.where(subject.mask, subject.m0, np.float32(0.0))))


def noise_of(subject: Subject, percent: float, seed: int) -> FloatArray:
    unit = np.random.default_rng(seed).standard_normal(subject.m0.shape, dtype=np.float32)
    return from_percent(percent * unit, mean_m0(subject))


def test_shipped_network_states_its_domain_its_licence_and_whom_it_knows(denoiser: Denoiser) -> None:
    entry = denoiser.entry
    assert entry.licence == "Apache-2.0"
    for low, high in dataclasses.astuple(entry.domain):
        assert 0.0 < low < high
    assert len(entry.metrics["seen_people"]) >= 10
    assert not TEST_PEOPLE & set(entry.metrics["seen_people"])
    card = entry.card.read_text(encoding="utf-8")
    assert entry.sha256 in card
    assert "Not a medical device" in card
    assert "Nothing has been measured" not in card
    for person in entry.metrics["seen_people"]:
        assert re.search(rf"\b{person}\b", card)


def test_shipped_network_gave_the_blood_flow_that_pytorch_gives(denoiser: Denoiser) -> None:
    check = denoiser.entry.metrics["export_check"]
    assert check["largest_cbf_difference"]
    for difference in check["largest_cbf_difference"].values():
        assert 0.0 <= difference <= check["tolerance"] <= 0.1


def test_shipped_file_is_intact(denoiser: Denoiser) -> None:
    assert len(read_verified(denoiser.entry)) == denoiser.entry.path.stat().st_size


@pytest.mark.parametrize("noise", NOISE_PERCENT)
def test_shipped_network_is_closer_to_the_truth_than_the_average(
    denoiser: Denoiser, subject: Subject, noise: float
) -> None:
    truth = true_deltam(subject, Protocol())
    noisy = truth + noise_of(subject, noise, 8)
    for judge in (psnr, ccc):
        assert judge(denoised(denoiser, noisy, subject), truth, subject.mask) > judge(noisy, truth, subject.mask)


@pytest.mark.parametrize("noise", NOISE_PERCENT)
def test_default_network_beats_gaussian_smoothing(default: Denoiser, subject: Subject, noise: float) -> None:
    truth = true_deltam(subject, Protocol())
    noisy = truth + noise_of(subject, noise, 8)
    mine, smooth = denoised(default, noisy, subject), smoothed(noisy, 4.0, subject.tissue.geometry)
    for judge in (psnr, ccc):
        assert judge(mine, truth, subject.mask) > judge(smooth, truth, subject.mask)


@pytest.mark.parametrize("noise", NOISE_PERCENT)
def test_shipped_network_makes_no_perfusion_out_of_noise(denoiser: Denoiser, subject: Subject, noise: float) -> None:
    nothing = noise_of(subject, noise, 9)
    left = denoised(denoiser, nothing, subject)[subject.mask]
    assert np.abs(left).mean() < 0.5 * np.abs(nothing[subject.mask]).mean()
    assert abs(left.mean()) < 0.1 * from_percent(np.float32(noise), mean_m0(subject))


def test_shipped_network_knows_no_left_and_right_but_keeps_them(denoiser: Denoiser, subject: Subject) -> None:
    one_sided = true_deltam(subject, Protocol())
    half = one_sided.shape[2] // 2
    one_sided[:, :, :half] *= 0.5
    restored = denoised(denoiser, one_sided, subject)
    assert restored[:, :, :half].mean() < 0.7 * restored[:, :, half:].mean()
