"""Labeled blood arrives, stays and decays as Buxton's general kinetic model says."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

from deepasl.quantification.buxton import cbf_pcasl, pcasl_gain
from deepasl.quantification.kinetics import apparent_t1, pcasl_signal


def test_signal_of_the_reference_object_agrees_at_every_delay(shared_notes: Path):
    vectors = json.loads((shared_notes / "reference-vectors.json").read_text())["gkm_to_eq1"]
    assert len(vectors) == 20
    for v in vectors:
        signal = pcasl_signal(
            v["CBF"],
            att=v["ATT"],
            t1_apparent=apparent_t1(v["T1t"], v["CBF"]),
            pld=v["PLD"],
            labeling_duration=v["tau"],
        )
        assert signal * v["M0"] == pytest.approx(v["dM"], rel=1e-9)
        cbf = cbf_pcasl(signal * v["M0"], v["M0"], pld=v["PLD"], labeling_duration=v["tau"])
        assert cbf == pytest.approx(v["CBF_eq1"], rel=1e-9)


def test_label_that_decays_with_the_t1_of_blood_follows_the_multi_delay_model(shared_notes: Path):
    vectors = json.loads((shared_notes / "reference-vectors.json").read_text())["multi_pld_woods"]
    for v in vectors:
        signal = pcasl_signal(
            v["CBF"], att=v["ATT"], t1_apparent=1.65, pld=np.array(v["PLD"]), labeling_duration=v["tau"]
        )
        np.testing.assert_allclose(signal * v["M0"], v["dM"], rtol=1e-9, atol=1e-12)


def test_equation_1_underestimates_the_reference_tissues_by_the_known_amounts():
    """58.85 and 19.90 would be left if tissue had the T1 of blood; with its own T1 it is 45.808 and 9.327."""
    for flow, att, t1, by_equation_1 in ((60.0, 0.8, 1.33, 45.808), (20.0, 1.2, 0.83, 9.327)):
        signal = pcasl_signal(flow, att=att, t1_apparent=apparent_t1(t1, flow), pld=1.8, labeling_duration=1.8)
        assert cbf_pcasl(signal, 1.0, pld=1.8, labeling_duration=1.8) == pytest.approx(by_equation_1, abs=1e-3)


def test_equation_1_is_exact_once_all_label_is_there_and_decays_as_in_blood():
    signal = pcasl_signal(60.0, att=np.array([0.2, 1.0, 1.8]), t1_apparent=1.65, pld=1.8, labeling_duration=1.8)
    np.testing.assert_allclose(signal, 60.0 / pcasl_gain(pld=1.8, labeling_duration=1.8), rtol=1e-12)


@pytest.mark.parametrize("pld", [0.1, 0.9, 2.5], ids=["before", "during", "after the arrival of"])
def test_signal_is_the_convolution_of_arterial_input_and_residue(pld: float):
    flow, att, t1, t1_blood, tau = 50.0, 1.3, 1.1, 1.65, 1.0
    now = pld + tau
    arrived, ended = min(att, now), min(att + tau, now)
    label, _ = quad(lambda u: np.exp(-att / t1_blood) * np.exp(-(now - u) / t1), arrived, ended)
    expected = 2.0 * 0.85 * flow / 6000.0 / 0.9 * label
    assert pcasl_signal(flow, att=att, t1_apparent=t1, pld=pld, labeling_duration=tau) == pytest.approx(expected)


def test_nothing_is_seen_before_the_first_label_arrives():
    signal = pcasl_signal(60.0, att=np.array([2.0, 1.99]), t1_apparent=1.3, pld=0.2, labeling_duration=1.8)
    assert signal[0] == 0.0
    assert signal[1] > 0.0


def test_outflow_shortens_the_life_of_the_label():
    assert apparent_t1(1.33, 0.0) == 1.33
    assert 1.0 / apparent_t1(1.33, 60.0) == pytest.approx(1.0 / 1.33 + 0.01 / 0.9)
