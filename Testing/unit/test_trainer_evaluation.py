import dataclasses

import numpy as np
import pytest
import torch
from trainer_cases import dome_noise, tiny_settings, write_people

from deepasl.geometry import Geometry
from deepasl_trainer.anatomies import find_people
from deepasl_trainer.card import beats_gaussian, metrics_of, model_card
from deepasl_trainer.evaluation import AVERAGE, GAUSSIAN, NETWORK, Figures, apply_network, evaluate, gaussian
from deepasl_trainer.networks import PaperNetwork
from deepasl_trainer.runs import Run


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> list[Figures]:
    """An evaluation of a network that removes nothing."""
    folder = tmp_path_factory.mktemp("people")
    write_people(folder, 1)
    network = PaperNetwork(4, 2).eval()
    torch.nn.init.zeros_(network.layers[-1].weight)  # type: ignore[arg-type]
    return evaluate(network, find_people(folder), dome_noise(), tiny_settings())


def chosen(figures: list[Figures], method: str) -> list[Figures]:
    return [one for one in figures if one.method == method]


def test_every_method_is_measured_at_every_level(figures: list[Figures]) -> None:
    levels = ["6 of 30 pairs", "12 of 30 pairs", "18 of 30 pairs", "24 of 30 pairs"]
    for method in (AVERAGE, GAUSSIAN, NETWORK):
        assert [one.level for one in chosen(figures, method)] == levels


def test_a_network_that_removes_nothing_equals_the_average(figures: list[Figures]) -> None:
    for average, network in zip(chosen(figures, AVERAGE), chosen(figures, NETWORK), strict=True):
        assert dataclasses.replace(network, method=AVERAGE) == average


def test_averaging_more_pairs_gains_three_decibels_for_twice_as_many(figures: list[Figures]) -> None:
    six, twelve, _, twenty_four = (one.psnr for one in chosen(figures, AVERAGE))
    assert twelve - six == pytest.approx(3.0, abs=0.4)
    assert twenty_four - twelve == pytest.approx(3.0, abs=0.4)


def test_averaging_keeps_lesions_and_does_not_shift_the_mean(figures: list[Figures]) -> None:
    for one in chosen(figures, AVERAGE):
        assert one.lesions == pytest.approx({"x0.4": 1.0, "x1.8": 1.0}, abs=1e-3)
        assert abs(one.grey_bias) < 5.0


def test_gaussian_smoothing_washes_lesions_out_and_grey_matter_into_white(figures: list[Figures]) -> None:
    smooth = [one for one in figures if one.method == GAUSSIAN]
    assert all(contrast < 0.95 for one in smooth for contrast in one.lesions.values())
    assert np.mean([one.grey_bias for one in smooth]) < -2.0
    assert np.mean([one.white_bias for one in smooth]) > 1.0


def test_worse_than_gaussian_is_told(figures: list[Figures]) -> None:
    assert any(line.startswith("PSNR on 2D, 6 of 30 pairs") for line in beats_gaussian(figures))


def test_card_tells_how_often_lesions_fade_more_than_under_smoothing(figures: list[Figures]) -> None:
    run = Run(tiny_settings(), ("person_2",), 24, (0.31, 0.92), 4, 8, 0.1, "a computer", "deepasl-train fit")
    assert "Gaussian smoothing in 0 of 8 cases" in model_card(run, figures, "abc", 100, 7)
    lesions = {"x0.4": 0.1, "x1.8": 1.0}
    erasing = [dataclasses.replace(one, lesions=lesions) if one.method == NETWORK else one for one in figures]
    assert "Gaussian smoothing in 4 of 8 cases" in model_card(run, erasing, "abc", 100, 7)


def test_metrics_of_the_registry_are_means_over_people(figures: list[Figures]) -> None:
    another = [dataclasses.replace(one, person="person_9", psnr=one.psnr + 2.0) for one in figures]
    metrics = metrics_of([*figures, *another])
    assert metrics["people"] == ["person_1", "person_9"]
    first = chosen(figures, NETWORK)[0]
    assert metrics["levels"][first.level][NETWORK]["psnr"] == pytest.approx(first.psnr + 1.0, abs=1e-3)


def test_gaussian_width_is_in_millimetres_along_every_axis() -> None:
    impulse = np.zeros((21, 41, 41), dtype=np.float32)
    impulse[10, 20, 20] = 1.0
    smooth = gaussian(impulse, Geometry(impulse.shape, (1.0, 1.0, 2.0)), fwhm=8.0)
    assert smooth[10, 20, 24] == pytest.approx(smooth.max() / 2, rel=0.01)
    assert smooth[12, 20, 20] == pytest.approx(smooth.max() / 2, rel=0.01)


def test_noise_seen_by_the_network_is_subtracted() -> None:
    torch.manual_seed(0)
    network = PaperNetwork(4, 2).eval()
    image = np.random.default_rng(0).standard_normal((11, 20, 24), dtype=np.float32)
    with torch.inference_mode():
        expected = image - network(torch.from_numpy(image)[:, None])[:, 0].numpy()
    np.testing.assert_allclose(apply_network(network, image), expected, atol=1e-6)
