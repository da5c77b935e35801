import pytest
import torch

from deepasl_trainer.training.examples import Examples
from deepasl_trainer.training.loss import loss_terms
from deepasl_trainer.training.settings import LossSettings

PLAIN = LossSettings(0.2)
REGIONS = LossSettings(0.2, region_weight=1.0, region_fwhm=(3.0,))


def examples(noise_scale: float = 1.0) -> Examples:
    """Two patches: dM about 0.8 % of M0, CBF about 65; the right half outside the brain."""
    generator = torch.Generator().manual_seed(5)
    deltam = 0.8 + 0.2 * torch.randn((2, 12, 12), generator=generator)
    cbf_per_percent = 80.0 + 5.0 * torch.randn((2, 12, 12), generator=generator)
    cbf_per_percent[:, :, 6:] = 0.0
    near_brain = torch.zeros((2, 12, 12), dtype=torch.bool)
    near_brain[:, :, :8] = True
    noise = 0.3 * torch.randn((2, 12, 12), generator=generator)
    noise[0] *= noise_scale
    return Examples(
        (deltam + noise)[:, None],
        cbf_per_percent[:, None] > 0,
        noise,
        cbf_per_percent,
        near_brain,
        torch.zeros((2, 12, 12)),
        torch.zeros((2, 2, 12, 12), dtype=torch.bool),
    )


def test_loss_is_zero_when_the_noise_is_known_exactly() -> None:
    case = examples()
    terms = loss_terms(case.noise, case, REGIONS)
    assert terms.noise.item() == 0.0
    assert terms.cbf.item() == 0.0
    assert terms.region.item() == 0.0


def test_a_network_that_removes_nothing_has_a_noise_term_of_one() -> None:
    case = examples()
    inside = case.near_brain
    for patch, mask in zip(case.noise, inside, strict=True):
        patch -= patch[mask].mean()
    assert loss_terms(torch.zeros_like(case.noise), case, PLAIN).noise.item() == pytest.approx(1.0, rel=1e-5)


def test_terms_equal_the_values_computed_by_hand() -> None:
    # 80 mL/100g/min for each percent: 40 and 80 in truth (variance 400), off by 80 * 0.1 = 8 in the first voxel.
    case = Examples(
        noisy=torch.tensor([[[[0.7, 1.0]]]]),
        m0=torch.ones((1, 1, 1, 2)),
        noise=torch.tensor([[[0.2, 0.0]]]),
        cbf_per_percent=torch.full((1, 1, 2), 80.0),
        near_brain=torch.ones((1, 1, 2), dtype=torch.bool),
        lesion=torch.zeros((1, 1, 2)),
        tissue=torch.zeros((1, 2, 1, 2), dtype=torch.bool),
    )
    terms = loss_terms(torch.tensor([[[0.1, 0.0]]]), case, PLAIN)
    assert terms.cbf.item() == pytest.approx((8.0**2 / 2) / 400.0, rel=1e-5)
    assert terms.noise.item() == pytest.approx((0.1**2 / 2) / 0.1**2, rel=1e-5)
    assert (terms.region, terms.whole_lesion, terms.tissue) == (0.0, 0.0, 0.0)
    assert terms.weighted(LossSettings(0.2)).item() == pytest.approx(0.2 * 0.5 + 0.8 * 0.08, rel=1e-5)


@pytest.mark.parametrize("longer_delay", [1.0, 2.0])
def test_every_voxel_may_have_its_own_delay(longer_delay: float) -> None:
    case = examples()
    case.cbf_per_percent[0, 3, 2] *= longer_delay
    error = torch.zeros_like(case.noise)
    error[0, 3, 2] = 0.1
    reference = (case.cbf_per_percent * case.deltam)[case.cbf_per_percent > 0]
    square = (0.1 * case.cbf_per_percent[0, 3, 2]) ** 2 / len(reference)
    expected = (square / reference.var(correction=0)).item()
    assert loss_terms(case.noise + error, case, PLAIN).cbf.item() == pytest.approx(expected, rel=1e-4)


def test_cbf_counts_in_the_brain_only_and_noise_near_it() -> None:
    case = examples()
    predicted = case.noise.clone().requires_grad_()
    terms = loss_terms(predicted + 0.1, case, PLAIN)
    (of_cbf,) = torch.autograd.grad(terms.cbf, predicted, retain_graph=True)
    (of_noise,) = torch.autograd.grad(terms.noise, predicted)
    assert torch.equal(of_cbf != 0, case.cbf_per_percent > 0)
    assert torch.equal(of_noise != 0, case.near_brain)


def test_weak_and_strong_noise_weigh_alike_in_the_noise_term() -> None:
    strong, weak = examples(), examples(0.05)
    half_seen = [loss_terms(0.5 * case.noise, case, PLAIN).noise.item() for case in (strong, weak)]
    assert half_seen[0] == pytest.approx(half_seen[1], rel=1e-4)


def test_a_region_that_is_dampened_costs_more_than_scattered_errors_of_the_same_size() -> None:
    case = examples()
    region, scattered = torch.zeros((2, 12, 12)), torch.zeros((2, 12, 12))
    region[:, 2:10, :6] = 0.1
    signs = torch.where(torch.rand((2, 8, 6), generator=torch.Generator().manual_seed(1)) < 0.5, -1.0, 1.0)
    scattered[:, 2:10, :6] = 0.1 * signs
    both = [loss_terms(case.noise + error, case, REGIONS) for error in (region, scattered)]
    assert both[0].cbf.item() == pytest.approx(both[1].cbf.item(), rel=1e-4)
    assert both[0].region.item() > 5.0 * both[1].region.item()


def test_an_error_in_a_lesion_counts_more_by_the_weight_asked_for() -> None:
    case = examples()
    case.lesion[0, 3, 2] = 0.6
    in_lesion, beside = torch.zeros_like(case.noise), torch.zeros_like(case.noise)
    in_lesion[0, 3, 2] = beside[0, 3, 3] = 0.1
    case.cbf_per_percent[0, 3, 3] = case.cbf_per_percent[0, 3, 2]
    weighted = LossSettings(0.2, lesion_weight=5.0)
    costs = [loss_terms(case.noise + error, case, weighted).cbf.item() for error in (in_lesion, beside)]
    assert costs[0] == pytest.approx((1.0 + 5.0 * 0.6) * costs[1], rel=1e-4)


def uncertainty(case: Examples, patch: int) -> float:
    """Variance of flow in all patches, and of the noise of this one, as CBF."""
    brain = case.cbf_per_percent > 0
    flow = (case.cbf_per_percent * case.deltam)[brain].var(correction=0)
    noise = ((case.cbf_per_percent * case.noise)[patch][brain[patch]] ** 2).mean()
    return (flow + noise).item()


def test_noise_within_a_lesion_costs_nothing_if_its_mean_is_right() -> None:
    case = examples()
    case.cbf_per_percent[0, 3:5, 2] = 80.0
    case.lesion[0, 3:5, 2] = -0.6
    balanced, faded = torch.zeros_like(case.noise), torch.zeros_like(case.noise)
    balanced[0, 3, 2], balanced[0, 4, 2] = 0.1, -0.1
    faded[0, 3:5, 2] = 0.1
    assert loss_terms(case.noise + balanced, case, PLAIN).whole_lesion.item() == pytest.approx(0.0, abs=1e-10)
    cost = loss_terms(case.noise + faded, case, PLAIN).whole_lesion.item()
    assert cost == pytest.approx(8.0**2 / uncertainty(case, 0), rel=1e-4)


def test_a_faded_cold_lesion_is_not_made_good_by_a_faded_hot_one() -> None:
    case = examples()
    case.lesion[0, 3, 2], case.lesion[0, 7, 2] = -0.6, 0.6
    faded = torch.zeros_like(case.noise)
    faded[0, 3, 2], faded[0, 7, 2] = -0.1, 0.1
    assert loss_terms(case.noise + faded, case, PLAIN).whole_lesion.item() > 0.0


def test_bias_of_a_tissue_is_told_apart_from_its_noise_and_from_lesions() -> None:
    case = examples()
    case.cbf_per_percent[:, 2:6, 2] = 80.0
    case.tissue[:, 0, 2:6, 2] = True
    case.lesion[:, 5, 2] = 0.8
    noisy, biased, in_lesion = (torch.zeros_like(case.noise) for _ in range(3))
    noisy[:, 2, 2], noisy[:, 3, 2] = 0.1, -0.1
    biased[:, 2:5, 2] = 0.05
    in_lesion[:, 5, 2] = 0.1
    noisy_cost, biased_cost, lesion_cost = (
        loss_terms(case.noise + error, case, PLAIN).tissue.item() for error in (noisy, biased, in_lesion)
    )
    assert noisy_cost == pytest.approx(0.0, abs=1e-10)
    assert lesion_cost == 0.0
    expected = (4.0**2 / uncertainty(case, 0) + 4.0**2 / uncertainty(case, 1)) / 2
    assert biased_cost == pytest.approx(expected, rel=1e-4)


def test_each_term_counts_by_its_weight() -> None:
    case = examples()
    case.lesion[0, 3, 2], case.tissue[0, 1, 6, 3] = 0.5, True
    terms = loss_terms(case.noise + 0.1, case, REGIONS)
    settings = LossSettings(0.2, 2.0, (3.0,), whole_lesion_weight=3.0, tissue_weight=5.0)
    expected = 0.2 * terms.noise + 0.8 * terms.cbf + 2.0 * terms.region + 3.0 * terms.whole_lesion + 5.0 * terms.tissue
    assert terms.weighted(settings).item() == pytest.approx(expected.item())
    assert terms.whole_lesion > 0
    assert terms.tissue > 0
