import pytest
import torch

from deepasl_trainer.loss import loss_terms

GAIN = torch.tensor([7645.0, 9000.0])


def images() -> dict[str, torch.Tensor]:
    """Two patches: dM about 0.8 % of M0, M0 about 100 %, the right half outside the brain."""
    generator = torch.Generator().manual_seed(5)
    deltam = 0.8 + 0.2 * torch.randn((2, 12, 12), generator=generator)
    m0 = 100.0 + 10.0 * torch.randn((2, 12, 12), generator=generator)
    m0[:, :, 6:] = 0.0
    near_brain = torch.zeros((2, 12, 12), dtype=torch.bool)
    near_brain[:, :, :8] = True
    noise = 0.3 * torch.randn((2, 12, 12), generator=generator)
    return {"noise": noise, "deltam": deltam, "m0": m0, "gain": GAIN, "near_brain": near_brain}


def test_loss_is_zero_when_the_noise_is_known_exactly() -> None:
    case = images()
    terms = loss_terms(case["noise"], **case)
    assert terms.noise.item() == 0.0
    assert terms.cbf.item() < 1e-10


def test_loss_does_not_depend_on_scanner_units() -> None:
    case = images()
    guess = 0.5 * case["noise"]
    scaled = {**case, **{name: 371.0 * case[name] for name in ("noise", "deltam", "m0")}}
    percent, scanner = loss_terms(guess, **case), loss_terms(371.0 * guess, **scaled)
    assert scanner.noise.item() == pytest.approx(percent.noise.item(), rel=1e-5)
    assert scanner.cbf.item() == pytest.approx(percent.cbf.item(), rel=1e-5)


def test_a_network_that_removes_nothing_has_a_noise_term_of_one() -> None:
    case = images()
    weights = case["near_brain"].float()
    case["noise"] -= ((case["noise"] * weights).sum((1, 2)) / weights.sum((1, 2)))[:, None, None]
    terms = loss_terms(torch.zeros_like(case["noise"]), **case)
    assert terms.noise.item() == pytest.approx(1.0, rel=1e-5)


def test_cbf_term_equals_the_value_computed_by_hand() -> None:
    # CBF = 8000 dM / M0: 40 and 80 in truth (variance 400), off by 8000 * 0.1 / 100 = 8 in the first voxel.
    one = torch.ones((1, 1, 2))
    terms = loss_terms(
        predicted=torch.tensor([[[0.1, 0.0]]]),
        noise=torch.tensor([[[0.2, 0.0]]]),
        deltam=torch.tensor([[[0.5, 1.0]]]),
        m0=100.0 * one,
        gain=torch.tensor([8000.0]),
        near_brain=one.bool(),
    )
    assert terms.cbf.item() == pytest.approx((8.0**2 / 2) / 400.0, rel=1e-5)
    assert terms.noise.item() == pytest.approx((0.1**2 / 2) / 0.1**2, rel=1e-5)
    assert terms.weighted(0.2).item() == pytest.approx(0.2 * 0.5 + 0.8 * 0.08, rel=1e-5)


def test_cbf_counts_in_the_brain_only_and_noise_near_it() -> None:
    case = images()
    predicted = case["noise"].clone().requires_grad_()
    terms = loss_terms(predicted + 0.1, **case)
    (of_cbf,) = torch.autograd.grad(terms.cbf, predicted, retain_graph=True)
    (of_noise,) = torch.autograd.grad(terms.noise, predicted)
    assert torch.equal(of_cbf != 0, case["m0"] > 0)
    assert torch.equal(of_noise != 0, case["near_brain"])


def test_weak_and_strong_noise_weigh_alike_in_the_noise_term() -> None:
    case = images()
    half_seen = loss_terms(0.5 * case["noise"], **case).noise.item()
    case["noise"][0] *= 0.05
    assert loss_terms(0.5 * case["noise"], **case).noise.item() == pytest.approx(half_seen, rel=1e-4)
