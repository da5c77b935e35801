"""Statements about noise: 4000 scans of pure noise with SD 1 in each pair."""

import math

import pytest
import torch
from torch import Tensor

from deepasl_trainer.invivo.references import choose, mean_of, shuffle
from deepasl_trainer.invivo.settings import InVivoSettings, Reference

SCANS, PAIRS = 4000, 20


def noise_of(reference: Reference, fraction: float, pairs: int = PAIRS) -> tuple[Tensor, Tensor]:
    """Noise of input and reference of many scans."""
    generator = torch.Generator().manual_seed(5)
    counts = torch.full((SCANS,), pairs)
    noise = torch.randn((SCANS, pairs, 4), generator=generator)
    ranks = shuffle(counts, pairs, generator)
    averaged, compared = choose(ranks, counts, torch.full((SCANS,), fraction), reference)
    return mean_of(noise, averaged), mean_of(noise, compared)


def correlation(a: Tensor, b: Tensor) -> float:
    return float(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1])


@pytest.mark.parametrize("fraction", [0.2, 0.4, 0.6, 0.8])
def test_disjoint_halves_share_no_noise(fraction: float) -> None:
    assert correlation(*noise_of("halves", fraction)) == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize("fraction", [0.2, 0.4, 0.6, 0.8])
def test_in_the_papers_protocol_input_and_reference_share_noise(fraction: float) -> None:
    assert correlation(*noise_of("mean-of-all", fraction)) == pytest.approx(math.sqrt(fraction), abs=0.03)


@pytest.mark.parametrize(("reference", "pool", "compared"), [("halves", 10, 10), ("mean-of-all", 20, 20)])
@pytest.mark.parametrize("fraction", [0.2, 0.4, 0.6, 0.8])
def test_each_level_has_the_noise_of_its_number_of_pairs(
    reference: Reference, pool: int, compared: int, fraction: float
) -> None:
    noisy, truth = noise_of(reference, fraction)
    assert float(noisy.std()) == pytest.approx(1.0 / math.sqrt(fraction * pool), rel=0.03)
    assert float(truth.std()) == pytest.approx(1.0 / math.sqrt(compared), rel=0.03)


def test_halves_of_an_odd_number_of_pairs_use_every_pair_once() -> None:
    counts = torch.tensor([5, 2, 3])
    ranks = shuffle(counts, 7, torch.Generator().manual_seed(0))
    averaged, compared = choose(ranks, counts, torch.ones(3), "halves")
    assert averaged.sum(dim=1).tolist() == [2, 1, 1]
    assert compared.sum(dim=1).tolist() == [3, 1, 2]
    assert not (averaged & compared).any()


@pytest.mark.parametrize("reference", ["halves", "mean-of-all"])
def test_room_without_a_pair_is_never_averaged(reference: Reference) -> None:
    counts = torch.tensor([2, 3, 4, 9] * 50)
    generator = torch.Generator().manual_seed(1)
    there = torch.arange(9) < counts[:, None]
    for _ in range(10):
        masks = choose(shuffle(counts, 9, generator), counts, torch.rand(200, generator=generator), reference)
        for mask in masks:
            assert mask.any(dim=1).all()
            assert not (mask & ~there).any()


def test_noise_is_never_zero_because_input_and_reference_are_the_same() -> None:
    counts = torch.tensor([2, 3, 10])
    averaged, compared = choose(
        shuffle(counts, 10, torch.Generator().manual_seed(1)), counts, torch.ones(3), "mean-of-all"
    )
    assert averaged.sum(dim=1).tolist() == [1, 2, 9]
    assert compared.sum(dim=1).tolist() == [2, 3, 10]


def test_every_pair_is_averaged_as_often_as_any_other() -> None:
    counts = torch.full((SCANS,), 10)
    ranks = shuffle(counts, 10, torch.Generator().manual_seed(2))
    averaged, _ = choose(ranks, counts, torch.full((SCANS,), 0.4), "mean-of-all")
    assert averaged.float().mean(dim=0).tolist() == pytest.approx([0.4] * 10, abs=0.04)


def test_averaging_is_exact_while_training_in_bfloat16() -> None:
    pairs = torch.tensor([[1.001, 1.003, 7.0]]).reshape(1, 3, 1, 1)
    chosen = torch.tensor([[True, True, False]])
    with torch.autocast("cpu", torch.bfloat16):
        assert float(mean_of(pairs, chosen)) == pytest.approx(1.002, abs=1e-6)


@pytest.mark.parametrize(
    "impossible",
    [
        {"fractions": ()},
        {"fractions": (0.0,)},
        {"fractions": (1.2,)},
        {"smoothing_fwhm": -1.0},
        {"turn_degrees": 90.0},
        {"mirror_share": 2.0},
    ],
)
def test_impossible_settings_are_refused(impossible: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        InVivoSettings(**impossible)  # type: ignore[arg-type]
