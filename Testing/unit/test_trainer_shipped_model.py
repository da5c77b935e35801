"""The network that comes with DeepASL, on the built-in phantom: a brain and a scan it was not trained on."""

import numpy as np
import onnxruntime
import pytest

from deepasl.denoising import to_percent
from deepasl.metrics import ccc, psnr
from deepasl.phantom import Protocol, Subject, default_anatomy, make_subject, true_deltam
from deepasl.registry import DEFAULT_MODEL, ModelEntry, find_model, read_verified
from deepasl.series import FloatArray
from deepasl_trainer.baselines import smoothed

NOISE_PERCENT = (0.15, 0.3)
"""SD of the averaged difference image: about 24 and 6 of 30 pairs of a 2D scan."""


@pytest.fixture(scope="module")
def entry() -> ModelEntry:
    return find_model(DEFAULT_MODEL)


@pytest.fixture(scope="module")
def subject() -> Subject:
    return make_subject(default_anatomy(), regional_sd=0.1, seed=4)


def denoised(entry: ModelEntry, deltam: FloatArray) -> FloatArray:
    session = onnxruntime.InferenceSession(read_verified(entry), providers=["CPUExecutionProvider"])
    removed: FloatArray = session.run(None, {"deltam": deltam[:, None]})[0][:, 0]
    return deltam - removed


def scaled_deltam(subject: Subject) -> FloatArray:
    return to_percent(true_deltam(subject, Protocol()), float(subject.m0[subject.mask].mean()))


def test_shipped_network_states_its_domain_and_licence(entry: ModelEntry) -> None:
    assert entry.licence == "Apache-2.0"
    assert entry.receptive_field == 19
    for low, high in vars(entry.domain).values():
        assert 0.0 < low < high
    card = entry.card.read_text(encoding="utf-8")
    assert entry.sha256 in card
    assert "Not a medical device" in card


@pytest.mark.parametrize("noise", NOISE_PERCENT)
def test_shipped_network_beats_gaussian_smoothing(entry: ModelEntry, subject: Subject, noise: float) -> None:
    truth = scaled_deltam(subject)
    noisy = truth + noise * np.random.default_rng(8).standard_normal(truth.shape, dtype=np.float32)
    mine, smooth = denoised(entry, noisy), smoothed(noisy, subject.tissue.geometry, 4.0)
    for judge in (psnr, ccc):
        assert judge(mine, truth, subject.mask) > judge(smooth, truth, subject.mask)


@pytest.mark.parametrize("noise", NOISE_PERCENT)
def test_shipped_network_makes_no_perfusion_out_of_noise(entry: ModelEntry, subject: Subject, noise: float) -> None:
    nothing = noise * np.random.default_rng(9).standard_normal(subject.m0.shape, dtype=np.float32)
    left = denoised(entry, nothing)
    assert np.abs(left[subject.mask]).mean() < 0.5 * np.abs(nothing[subject.mask]).mean()
    assert abs(left[subject.mask].mean()) < 0.1 * noise


def test_shipped_network_sees_no_left_and_right_but_keeps_them(entry: ModelEntry, subject: Subject) -> None:
    truth = scaled_deltam(subject)
    one_sided = truth.copy()
    one_sided[:, :, : truth.shape[2] // 2] *= 0.5
    restored = denoised(entry, one_sided)
    halves = [restored[:, :, : truth.shape[2] // 2].mean(), restored[:, :, truth.shape[2] // 2 :].mean()]
    assert halves[0] < 0.7 * halves[1]
