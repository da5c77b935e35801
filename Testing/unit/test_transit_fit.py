"""CBF and arterial transit time come back exactly without noise; with it, as uncertain as their standard errors say."""

import json
from pathlib import Path

import numpy as np
import pytest

from deepasl.acquisition.parameters import LabelingType
from deepasl.errors import InputError
from deepasl.quantification.label_timing import LabelModel, LabelTiming
from deepasl.quantification.transit_fit import TransitFit, fit_transit

PCASL = LabelModel(
    LabelingType.PCASL, t1_blood=1.65, t1_tissue=1.65, labeling_efficiency=0.85, partition_coefficient=0.9
)
PASL = LabelModel(LabelingType.PASL, 1.65, 1.65, labeling_efficiency=0.98, partition_coefficient=0.9)
SIX = LabelTiming((0.5, 1.0, 1.5, 2.0, 2.5, 3.0), (1.8,) * 6)


def noisy_fit(cbf: float, att: float, *, noise: float, repeats: int, voxels: int = 3000, seed: int = 0) -> TransitFit:
    """The fit to many voxels of the same truth; noise is the SD of a single difference image as a fraction of M0."""
    signal = cbf * PCASL.signal(np.full(voxels, att), SIX)
    single = signal[:, None] + np.random.default_rng(seed).normal(0.0, noise, (len(SIX), repeats, voxels))
    means = single.mean(axis=1)
    scatter = ((single - means[:, None]) ** 2).sum(axis=(0, 1))
    return fit_transit(means, SIX, PCASL, counts=(repeats,) * len(SIX), scatter=scatter)


def test_published_multi_delay_signals_give_their_flow_and_transit_time(shared_notes: Path):
    vectors = json.loads((shared_notes / "reference-vectors.json").read_text())["multi_pld_woods"]
    assert len(vectors) == 5
    for v in vectors:
        timing = LabelTiming(tuple(v["PLD"]), (v["tau"],) * len(v["PLD"]))
        fit = fit_transit(np.array(v["dM"])[:, None] / v["M0"], timing, PCASL)
        assert fit.cbf[0] == pytest.approx(v["CBF"], rel=1e-3)
        assert fit.att[0] == pytest.approx(v["ATT"], abs=1e-3)
        assert fit.misfit[0] == pytest.approx(0.0, abs=1e-7)


@pytest.mark.parametrize("count", [3, 6, 12])
def test_every_flow_and_transit_time_comes_back_without_noise(count: int):
    timing = LabelTiming(tuple(np.linspace(0.4, 2.9, count)), (1.8,) * count)
    att, cbf = (grid.ravel() for grid in np.meshgrid(np.linspace(0.45, 2.85, 97), [2.0, 20.0, 60.0, 150.0]))
    fit = fit_transit(cbf * PCASL.signal(att, timing), timing, PCASL)
    np.testing.assert_allclose(fit.cbf, cbf, rtol=2e-3)
    np.testing.assert_allclose(fit.att, att, atol=2e-3)


def test_pulsed_labeling_at_several_inversion_times_comes_back_without_noise():
    timing = LabelTiming((0.5, 0.9, 1.3, 1.7, 2.1, 2.5), (0.7,) * 6)
    att, cbf = (grid.ravel() for grid in np.meshgrid(np.linspace(0.05, 1.75, 40), [20.0, 60.0]))
    fit = fit_transit(cbf * PASL.signal(att, timing), timing, PASL)
    np.testing.assert_allclose(fit.cbf, cbf, rtol=2e-3)
    np.testing.assert_allclose(fit.att, att, atol=2e-3)


def test_every_delay_may_have_a_labeling_duration_of_its_own():
    timing = LabelTiming((0.7, 1.2, 1.7, 2.2, 2.7), (0.5, 0.5, 1.0, 1.5, 2.0))
    att = np.linspace(0.75, 2.6, 30)
    fit = fit_transit(55.0 * PCASL.signal(att, timing), timing, PCASL)
    np.testing.assert_allclose(fit.cbf, 55.0, rtol=2e-3)
    np.testing.assert_allclose(fit.att, att, atol=2e-3)
    one_duration = fit_transit(55.0 * PCASL.signal(att, timing), LabelTiming(timing.delays, (1.2,) * 5), PCASL)
    assert np.abs(one_duration.cbf - 55.0).max() > 5.0


@pytest.mark.parametrize(("cbf", "att"), [(60.0, 0.8), (60.0, 1.3), (20.0, 1.6), (50.0, 2.2)])
def test_noise_leaves_no_bias_and_spreads_as_the_standard_errors_say(cbf: float, att: float):
    fit = noisy_fit(cbf, att, noise=1e-3, repeats=8)
    for found, error, truth in ((fit.cbf, fit.cbf_error, cbf), (fit.att, fit.att_error, att)):
        assert abs(found.mean() - truth) < 0.1 * found.std()
        assert np.median(error) == pytest.approx(found.std(), rel=0.1)
        assert np.mean(np.abs(found - truth) < error) == pytest.approx(0.68, abs=0.05)


def test_four_times_the_repeats_halve_the_standard_errors():
    few, many = (noisy_fit(60.0, 1.2, noise=1e-3, repeats=repeats) for repeats in (4, 16))
    assert np.median(few.cbf_error) == pytest.approx(2.0 * np.median(many.cbf_error), rel=0.05)
    assert np.median(few.att_error) == pytest.approx(2.0 * np.median(many.att_error), rel=0.05)


def test_without_single_images_the_noise_is_told_by_what_the_model_leaves():
    signal = 60.0 * PCASL.signal(np.full(4000, 1.2), SIX)
    fit = fit_transit(signal + np.random.default_rng(1).normal(0.0, 2e-4, signal.shape), SIX, PCASL)
    # Four degrees of freedom: errors scatter, and their squares are right in the mean.
    assert np.sqrt(np.mean(np.square(fit.cbf_error))) == pytest.approx(fit.cbf.std(), rel=0.06)
    assert np.sqrt(np.mean(np.square(fit.misfit))) == pytest.approx(2e-4 * np.sqrt(4.0 / 6.0), rel=0.03)


def test_where_nothing_flows_noise_gives_no_flow_in_the_mean_and_no_transit_time_for_negative_flow():
    fit = noisy_fit(0.0, 1.2, noise=1e-3, repeats=8)
    assert abs(fit.cbf.mean()) < 3.0 * fit.cbf.std() / np.sqrt(len(fit.cbf))
    assert 0.4 < np.mean(fit.cbf < 0.0) < 0.6
    assert (fit.att[fit.cbf <= 0.0] == 0.0).all()
    assert (fit.att[fit.cbf > 0.0] >= 0.5).all()


def test_swapped_control_and_label_give_negative_flow_of_the_same_size():
    signal = 60.0 * PCASL.signal(np.array([1.2]), SIX)
    assert fit_transit(-signal, SIX, PCASL).cbf[0] == pytest.approx(-60.0, rel=1e-3)


def test_blood_that_came_before_the_first_delay_has_its_flow_and_the_time_of_that_delay():
    fit = fit_transit(60.0 * PCASL.signal(np.array([0.1, 0.3, 0.5]), SIX), SIX, PCASL)
    np.testing.assert_allclose(fit.cbf, 60.0, rtol=1e-3)
    np.testing.assert_allclose(fit.att, 0.5, atol=1e-3)


def test_blood_that_comes_after_the_last_delay_has_the_time_of_that_delay_and_too_little_flow():
    fit = fit_transit(60.0 * PCASL.signal(np.array([3.5]), SIX), SIX, PCASL)
    assert fit.att[0] == pytest.approx(3.0, abs=1e-3)
    assert 10.0 < fit.cbf[0] < 50.0


def test_a_slice_excited_later_needs_its_own_delays():
    att = np.linspace(1.2, 2.0, 9)
    signal = 60.0 * PCASL.signal(att, SIX.later_by(0.4))
    told = fit_transit(signal, SIX.later_by(0.4), PCASL)
    np.testing.assert_allclose(told.cbf, 60.0, rtol=1e-3)
    np.testing.assert_allclose(told.att, att, atol=1e-3)
    ignored = fit_transit(signal, SIX, PCASL)
    np.testing.assert_allclose(ignored.att, att - 0.4, atol=2e-3)
    np.testing.assert_allclose(ignored.cbf, 60.0 * np.exp(-0.4 / 1.65), rtol=2e-3)


def test_a_delay_averaged_from_few_images_counts_little():
    signal = 60.0 * PCASL.signal(np.array([1.2]), SIX)
    signal[3] *= 1.5
    trusted = fit_transit(signal, SIX, PCASL, counts=(20, 20, 20, 1, 20, 20))
    equal = fit_transit(signal, SIX, PCASL, counts=(20,) * 6)
    assert abs(trusted.cbf[0] - 60.0) < 0.15 * abs(equal.cbf[0] - 60.0)


def test_misfit_shows_what_the_model_cannot_be():
    arrived = 60.0 * PCASL.signal(np.array([1.2]), SIX)
    vessel = arrived.copy()
    vessel[0] += 0.01
    assert fit_transit(vessel, SIX, PCASL).misfit[0] > 1e-3
    assert fit_transit(arrived, SIX, PCASL).misfit[0] < 1e-6


def test_two_delays_tell_flow_and_time_and_only_repeats_tell_their_errors():
    timing = LabelTiming((0.9, 2.0), (1.8, 1.8))
    signal = 60.0 * PCASL.signal(np.array([1.3]), timing)
    alone = fit_transit(signal, timing, PCASL)
    assert (alone.cbf[0], alone.att[0]) == (pytest.approx(60.0, rel=1e-3), pytest.approx(1.3, abs=1e-3))
    assert np.isnan([alone.cbf_error[0], alone.att_error[0]]).all()
    repeated = fit_transit(signal, timing, PCASL, counts=(10, 10), scatter=np.array([20 * 1e-6]))
    assert 0.0 < repeated.cbf_error[0] < 10.0
    assert 0.0 < repeated.att_error[0] < 0.5


def test_one_delay_is_refused():
    with pytest.raises(InputError, match="one delay"):
        fit_transit(np.ones((2, 5)), LabelTiming((1.8, 1.8), (1.8, 1.8)), PCASL)


def test_signals_of_another_number_of_delays_are_refused():
    with pytest.raises(ValueError, match="6 delays"):
        fit_transit(np.ones((5, 3)), SIX, PCASL)


def test_label_that_decays_faster_in_tissue_is_found_exactly_by_the_model_that_knows_it():
    tissue = LabelModel(LabelingType.PCASL, 1.65, 1.2, 0.85, 0.9)
    signal = 60.0 * tissue.signal(np.array([1.2]), SIX)
    knowing, consensus = fit_transit(signal, SIX, tissue), fit_transit(signal, SIX, PCASL)
    assert knowing.cbf[0] == pytest.approx(60.0, rel=1e-3)
    assert knowing.att[0] == pytest.approx(1.2, abs=1e-3)
    assert consensus.cbf[0] < 55.0
