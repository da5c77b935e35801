"""Standard errors of flow: asked for, they hold the truth as often as they claim, or say that they are not known."""

from dataclasses import replace

import numpy as np
import pytest

from deepasl.denoising.denoiser import Denoiser
from deepasl.perfusion.outliers import OutlierRule
from deepasl.phantom import Protocol, Subject
from deepasl.pipeline import Settings, process
from deepasl.progress import run
from deepasl.report.methods import methods_of, methods_text
from deepasl.report.page import report_data
from deepasl.results import Result
from deepasl.series import AslSeries, FloatArray
from multidelay_scans import acquire_delays, late_subject

ASKED = Settings(uncertainty=True)


def share_within(cbf: FloatArray | None, error: FloatArray | None, truth: FloatArray, result: Result) -> float:
    """Fraction of the brain whose true flow lies within one standard error."""
    assert cbf is not None
    assert error is not None
    return float(np.mean(np.abs(cbf - truth)[result.mask] <= error[result.mask]))


@pytest.fixture(scope="module")
def certain(series: AslSeries, denoiser: Denoiser) -> Result:
    return run(process(series, denoiser, ASKED))


def test_two_thirds_of_true_flows_lie_within_one_standard_error_of_both_maps(
    certain: Result, series: AslSeries, subject: Subject
) -> None:
    # One M0 image divides both; its own noise is no part of the errors.
    assert certain.m0 is not None
    truth = subject.cbf * subject.m0 / np.where(certain.mask, certain.m0.volume, 1)
    for maps in (certain.conventional, certain.denoised):
        assert share_within(maps.cbf, maps.cbf_error, truth, certain) == pytest.approx(0.68, abs=0.08)
        assert maps.cbf_error is not None
        assert not maps.cbf_error[~certain.mask].any()


def test_errors_of_both_maps_are_told_written_and_can_be_looked_at(certain: Result) -> None:
    assert "Standard errors of conventional CBF" in methods_text(certain)
    assert "10.1214/aos/1176345632" in {reference.doi for reference in methods_of(certain).references}
    layers = {layer["name"]: layer for layer in report_data(certain)["maps"]["layers"]}
    assert layers["conventional-cbf_error"]["scale"] == layers["denoised-cbf_error"]["scale"] == "error"
    told = next(finding.message for finding in certain.findings if finding.code == "flow-error")
    assert certain.conventional.cbf_error is not None
    median = np.median(certain.conventional.cbf_error[certain.grey_matter])
    assert f"is {median:.1f} mL/100g/min in the conventional" in told


def test_errors_are_not_computed_unless_asked_for(series: AslSeries, denoiser: Denoiser, certain: Result) -> None:
    plain = run(process(series, denoiser))
    assert plain.conventional.cbf_error is None
    assert plain.denoised.cbf_error is None
    np.testing.assert_array_equal(plain.denoised.cbf, certain.denoised.cbf)


def test_a_single_pair_has_no_known_error(series: AslSeries, denoiser: Denoiser) -> None:
    result = run(process(series, denoiser, replace(ASKED, pairs=1)))
    assert result.conventional.cbf_error is None
    assert result.denoised.cbf_error is None
    assert "error-unknown" in {finding.code for finding in result.findings}


def test_at_several_delays_the_denoised_fit_gets_errors_smaller_than_those_of_the_conventional(
    denoiser: Denoiser,
) -> None:
    late = late_subject()
    scan = acquire_delays(late, (1.0, 1.6, 2.2), Protocol(pairs=4), noise_sd=3.0, seed=2)
    plain, asked = (run(process(scan, denoiser, each)) for each in (Settings(), ASKED))
    assert plain.denoised.cbf_error is None
    np.testing.assert_array_equal(asked.denoised.cbf, plain.denoised.cbf)
    np.testing.assert_array_equal(asked.conventional.cbf_error, plain.conventional.cbf_error)
    assert asked.denoised.cbf_error is not None
    assert asked.denoised.att_error is not None
    assert asked.conventional.cbf_error is not None
    grey = asked.grey_matter
    assert 0 < np.median(asked.denoised.cbf_error[grey]) < np.median(asked.conventional.cbf_error[grey])


def test_at_several_delays_dropped_pairs_have_no_part_in_the_errors(denoiser: Denoiser) -> None:
    late = late_subject()
    scan = acquire_delays(late, (1.0, 2.0), Protocol(pairs=8), noise_sd=2.0, seed=4)
    volumes = scan.volumes.copy()
    volumes[3] += np.linspace(-80, 80, volumes.shape[2], dtype=np.float32)[:, None]
    spoiled = replace(scan, volumes=volumes)
    kept, dropped = (
        run(process(spoiled, denoiser, replace(ASKED, outliers=rule))) for rule in (OutlierRule.NONE, OutlierRule.SCORE)
    )
    assert dropped.record is not None
    assert (3, 4) in [each.volumes for each in dropped.record.dropped]
    assert kept.denoised.cbf_error is not None
    assert dropped.denoised.cbf_error is not None
    inside = kept.mask
    assert np.median(dropped.denoised.cbf_error[inside]) < 0.7 * np.median(kept.denoised.cbf_error[inside])
