"""What the choices of M0 do to the image that flow is divided by."""

from dataclasses import replace

import numpy as np
import pytest

from deepasl.acquisition.defaults import complete
from deepasl.acquisition.parameters import Parameter, Source
from deepasl.calibration.m0 import m0_map
from deepasl.calibration.m0_for_flow import m0_for_flow
from deepasl.calibration.settings import M0Method, M0Settings, M0Smoothing
from deepasl.errors import AcquisitionError, InputError
from deepasl.findings import Finding
from deepasl.phantom import Protocol, Subject, acquire, true_deltam
from deepasl.results import BoolArray, M0Map
from deepasl.series import AslSeries

WHITE = M0Settings(method=M0Method.WHITE_MATTER, echo_time=0.014)


@pytest.fixture(scope="module")
def scan(subject: Subject) -> AslSeries:
    return acquire(subject, Protocol(pairs=1, repetition_time=10.0), noise_sd=5.0, seed=4)


def calibrated(
    scan: AslSeries, subject: Subject, settings: M0Settings, region: BoolArray | None = None
) -> tuple[M0Map, M0Map, list[Finding]]:
    """M0 as measured, M0 for flow, and what was said about it."""
    acquisition, _ = complete(scan.acquisition)
    measured, _ = m0_map(scan, acquisition)
    assert measured is not None
    deltam = true_deltam(subject, Protocol())
    m0, said = m0_for_flow(measured, scan, acquisition, settings, subject.mask, deltam, region)
    return measured, m0, list(said)


def test_a_plain_run_divides_by_m0_as_it_was_measured(scan: AslSeries, subject: Subject) -> None:
    measured, m0, said = calibrated(scan, subject, M0Settings())
    assert m0 is measured
    assert said == []


def test_the_median_is_told_and_changes_only_the_brain(scan: AslSeries, subject: Subject) -> None:
    measured, m0, said = calibrated(scan, subject, M0Settings(smoothing=M0Smoothing.MEDIAN))
    assert [f.code for f in said] == ["m0-smoothed"]
    assert "median" in m0.origin
    changed = m0.volume != measured.volume
    assert changed[subject.mask].mean() > 0.9
    assert not changed[~subject.mask].any()


def test_white_matter_gives_one_number_near_the_m0_of_the_brain(scan: AslSeries, subject: Subject) -> None:
    measured, m0, said = calibrated(scan, subject, WHITE)
    assert np.ptp(m0.volume) == 0.0
    assert m0.volume.flat[0] == pytest.approx(measured.volume[subject.mask].mean(), rel=0.25)
    assert [f.code for f in said] == ["m0-reference", "m0-decay"]
    assert "white matter" in m0.origin


def test_m0_from_a_tissue_recovers_with_its_own_t1_instead_of_that_of_grey_matter(subject: Subject) -> None:
    short = acquire(subject, Protocol(pairs=1, repetition_time=3.0), noise_sd=0.0, seed=4)
    measured, m0, _ = calibrated(short, subject, WHITE)
    assert measured.recovery > 1.1
    white = np.median(subject.m0[subject.tissue.white > 0.99]) / measured.recovery
    blood_of_unit = 0.9 / 0.82 / (1.0 - np.exp(-3.0)) * np.exp(0.014 / 0.069 - 0.014 / 0.15)
    assert m0.volume.flat[0] == pytest.approx(white * blood_of_unit, rel=0.02)


def test_a_2d_readout_decays_by_t2_star(scan: AslSeries, subject: Subject) -> None:
    flat = replace(scan, acquisition=scan.acquisition.with_values(Source.USER, "given", readout="2D"))
    _, spin, _ = calibrated(scan, subject, WHITE)
    _, gradient, _ = calibrated(flat, subject, WHITE)
    expected = np.exp(0.014 * (1 / 0.06 - 1 / 0.05 - 1 / 0.069 + 1 / 0.15))
    assert gradient.volume.flat[0] / spin.volume.flat[0] == pytest.approx(expected, rel=1e-5)


def test_a_given_mask_is_the_reference(scan: AslSeries, subject: Subject) -> None:
    region = subject.mask & (subject.tissue.white > 0.95)
    _, m0, _ = calibrated(scan, subject, WHITE, region)
    assert f"{region.sum()} voxels" in m0.origin
    with pytest.raises(InputError, match="too small"):
        calibrated(scan, subject, WHITE, np.zeros_like(region))


def test_an_unknown_repetition_time_is_refused(scan: AslSeries, subject: Subject) -> None:
    unknown = replace(scan, acquisition=replace(scan.acquisition, m0_repetition_time=Parameter()))
    with pytest.raises(AcquisitionError, match="repetition time of the M0"):
        calibrated(unknown, subject, WHITE)


def test_a_missing_echo_time_is_told_with_its_effect(scan: AslSeries, subject: Subject) -> None:
    _, _, said = calibrated(scan, subject, replace(WHITE, echo_time=None))
    told = {f.code: f.message for f in said}
    # exp(10 ms / 69 ms - 10 ms / 150 ms) is 1.08.
    assert "+8 %" in told["m0-echo-time"]


def test_a_repetition_time_that_cannot_be_true_is_seen_by_the_result(scan: AslSeries, subject: Subject) -> None:
    wrong = replace(scan, acquisition=scan.acquisition.with_values(Source.USER, "given", m0_repetition_time=0.8))
    acquisition, _ = complete(wrong.acquisition)
    measured = M0Map(scan.volumes[0], "M0", 1.0, (0,))
    _, said = m0_for_flow(measured, wrong, acquisition, WHITE, subject.mask, true_deltam(subject, Protocol()))
    assert "m0-reference-disagrees" in [f.code for f in said]


def test_constants_at_3_t_are_not_passed_off_as_those_of_another_field(scan: AslSeries, subject: Subject) -> None:
    low = replace(scan, acquisition=scan.acquisition.with_values(Source.USER, "given", magnetic_field_strength=1.5))
    _, _, said = calibrated(low, subject, WHITE)
    assert "m0-reference-field" in [f.code for f in said]
