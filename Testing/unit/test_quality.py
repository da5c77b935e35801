"""Checks of the maps: a slip of scale, a scan unlike the training, a network that moves the mean."""

from dataclasses import replace

import pytest

from deepasl.denoising.registry import DEFAULT_MODEL, Domain, ModelEntry, find_model
from deepasl.findings import Finding, Severity
from deepasl.geometry import Geometry
from deepasl.quality.checks import check_bias, check_domain, check_m0_voxels, check_scale, check_volume
from deepasl.results import RegionStatistics

USUAL = Geometry((20, 64, 64), (3.0, 3.0, 5.0))


def statistics(region: str, **means: float) -> tuple[RegionStatistics, ...]:
    return tuple(
        RegionStatistics(region, map_, 100, mean, 10.0, mean, 10.0 / mean, 0.0) for map_, mean in means.items()
    )


def severities(findings: tuple[Finding, ...]) -> list[Severity]:
    return [finding.severity for finding in findings]


@pytest.mark.parametrize("percent", [0.3, 0.8, 1.5, float("nan")])
def test_a_usual_signal_raises_no_question(percent: float) -> None:
    assert check_scale(percent) == ()


@pytest.mark.parametrize("percent", [0.08, 8.0, 26.0, -0.7])
def test_an_m0_off_by_ten_or_a_subtraction_times_32_is_noticed(percent: float) -> None:
    (finding,) = check_scale(percent)
    assert finding.code == "signal-scale"
    assert f"{percent:.3g} %" in finding.message


@pytest.fixture
def model() -> ModelEntry:
    return replace(find_model(DEFAULT_MODEL), domain=Domain((2.0, 4.0), (4.0, 6.0), (0.05, 1.0), (0.3, 1.2)))


def test_a_scan_like_the_training_is_inside_the_domain(model: ModelEntry) -> None:
    assert check_domain(model, USUAL, noise_percent=0.3, signal_percent=0.7) == ()


def test_what_is_not_known_is_not_outside_the_domain(model: ModelEntry) -> None:
    assert check_domain(model, USUAL, noise_percent=float("nan"), signal_percent=float("nan")) == ()


@pytest.mark.parametrize(
    ("spacing", "noise", "signal", "told"),
    [
        ((3.0, 5.0, 5.0), 0.3, 0.7, "in-plane voxel size 5 mm"),
        ((1.0, 3.0, 5.0), 0.3, 0.7, "in-plane voxel size 1 mm"),
        ((3.0, 3.0, 8.0), 0.3, 0.7, "slice distance 8 mm"),
        ((3.0, 3.0, 5.0), 2.0, 0.7, "noise 2 % of M0"),
        ((3.0, 3.0, 5.0), 0.3, 2.0, "grey-matter signal 2 % of M0"),
    ],
)
def test_what_lies_outside_the_domain_is_named(
    model: ModelEntry, spacing: tuple[float, float, float], noise: float, signal: float, told: str
) -> None:
    (finding,) = check_domain(model, replace(USUAL, spacing=spacing), noise_percent=noise, signal_percent=signal)
    assert finding.code == "outside-domain"
    assert told in finding.message


def test_a_network_that_lowers_grey_matter_is_told_on() -> None:
    (finding,) = check_bias(statistics("grey matter", conventional=60.0, denoised=50.0), "mL/100g/min")
    assert finding.severity is Severity.WARNING
    assert "grey matter from 60 to 50" in finding.message


@pytest.mark.parametrize(("before", "after"), [(60.0, 58.5), (100.0, 96.5), (20.0, 22.0)])
def test_small_changes_are_notes(before: float, after: float) -> None:
    found = check_bias(statistics("brain", conventional=before, denoised=after), "mL/100g/min")
    assert severities(found) == [Severity.NOTE]


def test_without_blood_flow_the_fraction_alone_decides() -> None:
    assert severities(check_bias(statistics("brain", conventional=2.0, denoised=1.8), "a.u.")) == [Severity.WARNING]
    assert severities(check_bias(statistics("brain", conventional=2.0, denoised=1.95), "a.u.")) == [Severity.NOTE]


def test_a_mask_of_another_size_than_a_brain_is_noticed() -> None:
    assert check_volume(1400.0) == ()
    assert [f.code for f in check_volume(150.0)] == ["mask-size"]
    assert [f.code for f in check_volume(4000.0)] == ["mask-size"]


def test_voxels_without_m0_are_counted() -> None:
    assert check_m0_voxels(0, 1000) == ()
    assert "12 of 1000" in check_m0_voxels(12, 1000)[0].message
