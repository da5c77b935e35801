"""Pulsed labeling: a bolus labeled at once arrives, stays and decays as Buxton's general kinetic model says."""

import numpy as np
import pytest
from scipy.integrate import quad

from deepasl.quantification.buxton import pasl_gain
from deepasl.quantification.kinetics import pasl_signal


def test_equation_2_is_exact_once_the_whole_bolus_is_there():
    signal = pasl_signal(60.0, att=np.array([0.2, 0.7, 1.2]), t1_apparent=1.65, inversion_time=2.0, bolus_duration=0.8)
    np.testing.assert_allclose(signal, 60.0 / pasl_gain(inversion_time=2.0, bolus_duration=0.8), rtol=1e-12)


@pytest.mark.parametrize("time", [0.5, 1.2, 2.5], ids=["before", "during", "after the arrival of"])
@pytest.mark.parametrize("t1", [1.1, 1.65, 2.4])
def test_signal_is_the_convolution_of_arterial_input_and_residue(time: float, t1: float):
    flow, att, t1_blood, bolus = 50.0, 0.9, 1.65, 0.7
    arrived, ended = min(att, time), min(att + bolus, time)
    label, _ = quad(lambda u: np.exp(-u / t1_blood) * np.exp(-(time - u) / t1), arrived, ended)
    expected = 2.0 * 0.98 * flow / 6000.0 / 0.9 * label
    signal = pasl_signal(flow, att=att, t1_apparent=t1, inversion_time=time, bolus_duration=bolus)
    assert signal == pytest.approx(expected)


def test_nothing_is_seen_before_the_bolus_arrives():
    signal = pasl_signal(60.0, att=np.array([1.0, 0.99]), t1_apparent=1.3, inversion_time=1.0, bolus_duration=0.8)
    assert signal[0] == 0.0
    assert signal[1] > 0.0
