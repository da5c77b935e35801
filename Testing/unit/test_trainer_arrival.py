"""Training on scans at several delays: what a fit makes of them, and of their errors."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from trainer_cases import tiny_draws, tiny_patches, tiny_settings

from deepasl.acquisition.parameters import LabelingType
from deepasl.quantification.kinetics import pcasl_signal
from deepasl.quantification.label_timing import LabelModel, LabelTiming
from deepasl.quantification.transit_fit import fit_transit
from deepasl_trainer.synthetic.arrival import delay_tables, draw_att, fit_weights
from deepasl_trainer.synthetic.patches import SyntheticPatches
from deepasl_trainer.training.examples import Arrival, Examples
from deepasl_trainer.training.loss import loss_terms
from deepasl_trainer.training.settings import ArrivalSettings, LossSettings, read_settings
from deepasl_trainer.training.training import fit, load_module

DELAYS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
SETTINGS = ArrivalSettings(
    delays=DELAYS,
    labeling_duration=1.8,
    labeling_efficiency=0.8,
    grey_att=(0.9, 0.9),
    white_att=(1.5, 1.5),
    regional_sd=(0.0, 0.0),
    regional_fwhm=(30.0, 30.0),
)
MODEL = LabelModel(LabelingType.PCASL, 1.65, 1.65, 0.8, 0.9)
TIMING = LabelTiming(DELAYS, (1.8,) * 6)
JUDGED = LossSettings(0.2, arrival_weight=1.0)


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> SyntheticPatches:
    draws = dataclasses.replace(tiny_draws(), arrival=SETTINGS)
    return dataclasses.replace(tiny_patches(tmp_path_factory.mktemp("person")), settings=draws)


def drawn(patches: SyntheticPatches, count: int = 4) -> Examples:
    return patches.draw(torch.arange(count), torch.Generator().manual_seed(1))


def test_tables_hold_the_kinetic_model() -> None:
    att = torch.tensor([[[0.3, 1.234, 2.5]]])
    signal, slope = delay_tables(SETTINGS, "cpu").at(att)
    timed = {"pld": np.array(DELAYS), "labeling_duration": 1.8, "t1_apparent": 1.65, "labeling_efficiency": 0.8}
    for voxel, seconds in enumerate((0.3, 1.234, 2.5)):
        expected = pcasl_signal(1.0, att=seconds, **timed)
        np.testing.assert_allclose(signal[0, :, 0, voxel].numpy(), expected, rtol=1e-3, atol=1e-7)
        change = (
            pcasl_signal(1.0, att=seconds + 0.01, **timed) - pcasl_signal(1.0, att=seconds - 0.01, **timed)
        ) / 0.02
        np.testing.assert_allclose(slope[0, :, 0, voxel].numpy(), change, rtol=0.02, atol=2e-6)


def test_weights_say_by_how_much_a_small_error_of_one_delay_moves_the_fit() -> None:
    cbf, att, error = 50.0, 1.2, 2e-5
    signal, slope = delay_tables(SETTINGS, "cpu").at(torch.full((1, 1, 1), att))
    to_cbf, to_moment = (weights[0, :, 0, 0].numpy() for weights in fit_weights(signal, slope))
    true = cbf * MODEL.signal(np.array([att]), TIMING)
    for delay in range(1, 6):
        wrong = true.copy()
        wrong[delay] += error
        found = fit_transit(wrong, TIMING, MODEL)
        assert found.cbf[0] - cbf == pytest.approx(to_cbf[delay] * error, rel=0.05, abs=0.02)
        assert found.att[0] - att == pytest.approx(to_moment[delay] / cbf * error, rel=0.05, abs=3e-4)


def test_where_no_delay_tells_the_arrival_flow_is_still_fitted() -> None:
    """All blood arrived before the first delay."""
    signal, slope = delay_tables(SETTINGS, "cpu").at(torch.full((1, 1, 1), 0.2))
    to_cbf, to_moment = fit_weights(signal, slope)
    assert (60.0 * signal * to_cbf).sum().item() == pytest.approx(60.0, rel=1e-4)
    assert to_moment.abs().max() < 1e-3 * to_cbf.abs().max()


def test_a_place_is_seen_at_every_delay(patches: SyntheticPatches) -> None:
    examples = drawn(patches)
    assert examples.noisy.shape == (24, 3, 40, 40)
    assert examples.brain.shape == examples.lesion.shape == (4, 40, 40)
    same = examples.m0.unflatten(0, (4, 6))
    assert torch.equal(same[:, 0], same[:, 5])
    noise = examples.noise.unflatten(0, (4, 6))
    assert torch.corrcoef(noise[0].flatten(1)).fill_diagonal_(0.0).abs().max() < 0.3


def test_fitting_noise_free_signals_returns_flow_and_arrival(patches: SyntheticPatches) -> None:
    examples = drawn(patches)
    brain = examples.brain
    place = int(torch.where(brain)[0][0])
    voxels = brain[place]
    assert examples.arrival is not None
    signals = examples.deltam.unflatten(0, (4, 6))[place][:, voxels].double().numpy() / 100.0
    # What 1 % of mean M0 is of the M0 of a voxel cancels in the transit time.
    found = fit_transit(signals, TIMING, MODEL)
    flow = examples.cbf_of(examples.deltam)[place][voxels]
    seen = flow.numpy() > 15.0
    assert seen.sum() > 20
    np.testing.assert_allclose(found.att[seen], examples.arrival.att[place][voxels].numpy()[seen], atol=0.01)
    assert examples.moment_of(examples.deltam, examples.arrival)[brain].abs().max() < 0.01 * flow.max()


def test_blood_reaches_grey_matter_first(patches: SyntheticPatches) -> None:
    tissue = patches.anatomy.tissue.float() / 255.0
    att = draw_att(tissue, patches.anatomy.voxel, SETTINGS, torch.Generator().manual_seed(1))
    np.testing.assert_allclose(att[tissue[:, 0] > 0.99].numpy(), 0.9, atol=0.02)
    np.testing.assert_allclose(att[tissue[:, 1] > 0.99].numpy(), 1.5, atol=0.02)


def test_arrival_costs_nothing_when_the_noise_is_known(patches: SyntheticPatches) -> None:
    examples = drawn(patches)
    assert loss_terms(examples.noise, examples, JUDGED).arrival.item() == 0.0
    left = [loss_terms(share * examples.noise, examples, JUDGED).arrival.item() for share in (0.5, 0.0)]
    assert left[1] == pytest.approx(4.0 * left[0], rel=1e-4)


def test_the_arrival_term_equals_the_value_computed_by_hand() -> None:
    # One place at two delays, two voxels of flow 60 and 30, arrival 1 and 2 s; usual: (3600 + 2 * 900) / 4500 = 1.2 s.
    # Unknown: ((60 * 0.2)^2 + (30 * 0.8)^2) / 2 = 360. The first voxel errs by 0.1 % at the first delay: 50 * 0.1 = 5.
    case = Examples(
        noisy=torch.tensor([[[[1.0, 0.5]]], [[[0.5, 0.25]]]]),
        m0=torch.ones((2, 1, 1, 2)),
        noise=torch.zeros((2, 1, 2)),
        cbf_per_percent=torch.tensor([[[40.0, 40.0]], [[40.0, 40.0]]]),
        near_brain=torch.ones((2, 1, 2), dtype=torch.bool),
        lesion=torch.zeros((1, 1, 2)),
        tissue=torch.zeros((1, 2, 1, 2), dtype=torch.bool),
        arrival=Arrival(2, torch.tensor([[[1.0, 2.0]]]), torch.tensor([[[50.0, 50.0]], [[-50.0, -50.0]]])),
    )
    predicted = torch.tensor([[[0.1, 0.0]], [[0.0, 0.0]]])
    terms = loss_terms(predicted, case, JUDGED)
    assert terms.arrival.item() == pytest.approx((5.0**2 / 2) / 360.0, rel=1e-4)
    assert terms.cbf.item() == pytest.approx(((40.0 * 0.1) ** 2 / 2) / 225.0, rel=1e-4)


def test_one_delay_has_no_arrival_term() -> None:
    with pytest.raises(ValueError, match="one delay does not tell the transit time"):
        dataclasses.replace(read_settings("guided"), loss=JUDGED)


def test_one_delay_is_no_choice_of_delays() -> None:
    with pytest.raises(ValueError, match="two or more"):
        dataclasses.replace(SETTINGS, delays=(1.8,))


def test_a_trained_network_leaves_less_error_of_arrival(patches: SyntheticPatches, tmp_path: Path) -> None:
    """On patches that it was not trained on."""
    few = dataclasses.replace(patches, anatomy=patches.anatomy.take(torch.arange(10)))
    others = dataclasses.replace(patches, anatomy=patches.anatomy.take(torch.arange(10, 15)))
    settings = tiny_settings()
    settings = dataclasses.replace(
        settings,
        draws=patches.settings,
        loss=dataclasses.replace(settings.loss, arrival_weight=2.0),
        fit=dataclasses.replace(settings.fit, epochs=6, epoch_patches=8, batch_size=4),
    )
    best = fit(settings, few, others, tmp_path)
    trained = load_module(best).network
    examples = others.draw(torch.arange(5), torch.Generator().manual_seed(3))
    with torch.no_grad():
        removed = trained(torch.cat([examples.noisy, examples.m0], dim=1))[:, 0]
    before = loss_terms(torch.zeros_like(removed), examples, settings.loss)
    after = loss_terms(removed, examples, settings.loss)
    assert after.arrival < 0.5 * before.arrival
