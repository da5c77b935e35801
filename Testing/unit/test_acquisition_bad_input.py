"""Scans that say too little, or contradict themselves: what is asked for, what is told, what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deepasl.acquisition.checks import check
from deepasl.acquisition.marks import marks
from deepasl.acquisition.parameters import Acquisition, LabelingType, Source
from deepasl.denoising.denoiser import Denoiser
from deepasl.errors import AcquisitionError, InputError
from deepasl.findings import Finding, Severity
from deepasl.phantom import Protocol, Subject, acquire
from deepasl.pipeline import process
from deepasl.progress import run
from deepasl.quality.denoised_uncertainty import denoised_error
from deepasl.quality.uncertainty import standard_error
from deepasl.readers import read_scan
from deepasl.series import AslSeries, Role
from phantom_scans import edit_sidecar

TIMING = [0.05 * k for k in range(12)]


def scan(**values: object) -> Acquisition:
    usual = {"labeling_type": LabelingType.PCASL, "post_labeling_delay": (1.8,), "labeling_duration": 1.8}
    return Acquisition().with_values(Source.FILE, "a.json", **(usual | values))


def finding(acquisition: Acquisition, code: str) -> Finding | None:
    return next((each for each in check(acquisition) if each.code == code), None)


def test_a_2d_scan_without_slice_timing_is_refused_and_the_timing_asked_for(
    bids_scan: Path, denoiser: Denoiser
) -> None:
    edit_sidecar(bids_scan, MRAcquisitionType="2D")
    with pytest.raises(AcquisitionError, match="Add SliceTiming"):
        run(process(read_scan(bids_scan), denoiser))


def test_a_2d_scan_with_its_slice_timing_and_a_3d_scan_without_are_quantified(
    bids_scan: Path, denoiser: Denoiser
) -> None:
    edit_sidecar(bids_scan, MRAcquisitionType="3D")
    in_3d = run(process(read_scan(bids_scan), denoiser)).conventional.cbf
    edit_sidecar(bids_scan, MRAcquisitionType="2D", SliceTiming=TIMING)
    in_2d = run(process(read_scan(bids_scan), denoiser)).conventional.cbf
    assert in_2d is not None
    assert in_3d is not None
    seen = np.abs(in_3d[11]) > 1.0
    np.testing.assert_allclose(in_2d[11][seen] / in_3d[11][seen], np.exp(TIMING[11] / 1.65), rtol=1e-4)


def test_missing_slice_timing_marks_its_parameter() -> None:
    found = finding(scan(readout="2D"), "missing-slice-timing")
    assert found is not None
    assert found.severity is Severity.ERROR
    assert found in marks(scan(readout="2D"))["slice_timing"]
    assert finding(scan(readout="2D", slice_timing=(0.0, 0.05)), "missing-slice-timing") is None
    assert finding(scan(readout="3D"), "missing-slice-timing") is None
    assert finding(scan(), "missing-slice-timing") is None


def test_slice_timing_of_another_number_of_slices_is_refused(bids_scan: Path, denoiser: Denoiser) -> None:
    edit_sidecar(bids_scan, MRAcquisitionType="2D", SliceTiming=TIMING[:5])
    with pytest.raises(AcquisitionError, match="5 values for 12 slices"):
        run(process(read_scan(bids_scan), denoiser))


@pytest.mark.parametrize("count", [2, 12, 14])
def test_delays_of_another_number_of_volumes_are_refused(bids_scan: Path, count: int) -> None:
    edit_sidecar(bids_scan, PostLabelingDelay=[0.0] + [1.8] * (count - 1))
    with pytest.raises(InputError, match=f"PostLabelingDelay has {count} values for 13 volumes"):
        read_scan(bids_scan)


def test_delays_given_for_another_number_of_volumes_are_refused(series: AslSeries, denoiser: Denoiser) -> None:
    given = series.acquisition.with_values(Source.USER, "typed", post_labeling_delay=(1.2, 1.8))
    with pytest.raises(AcquisitionError, match=f"2 post-labeling delays .typed. for {len(series.volumes)} volumes"):
        run(process(replace(series, acquisition=given), denoiser))


def test_a_delay_of_zero_for_every_volume_is_no_delay() -> None:
    found = finding(scan(post_labeling_delay=(0.0, 0.0)), "post-labeling-delay-impossible")
    assert found is not None
    assert found.severity is Severity.ERROR
    assert finding(scan(post_labeling_delay=(0.0, 1.8)), "post-labeling-delay-impossible") is None


def test_delays_that_differ_within_the_pairs_leave_no_pair(series: AslSeries, denoiser: Denoiser) -> None:
    """Control at one delay, label at another: their difference is no perfusion."""
    delays = tuple(0.0 if role is Role.M0SCAN else 1.0 if role is Role.CONTROL else 2.0 for role in series.roles)
    odd = replace(series, acquisition=series.acquisition.with_values(Source.FILE, "a.json", post_labeling_delay=delays))
    with pytest.raises(InputError):
        run(process(odd, denoiser))


@pytest.mark.parametrize(
    ("kind", "foreign"),
    [
        (LabelingType.PASL, {"labeling_duration": 1.8, "bolus_cutoff_delay": 0.8}),
        (LabelingType.PCASL, {"bolus_cutoff_delay": 0.8}),
        (LabelingType.CASL, {"bolus_cutoff_delay": 0.8}),
    ],
)
def test_a_labeling_type_with_the_bolus_of_another_is_told_at_that_parameter(
    kind: LabelingType, foreign: dict[str, float]
) -> None:
    contradicting = scan(labeling_type=kind, **foreign)
    name = "labeling_duration" if kind is LabelingType.PASL else "bolus_cutoff_delay"
    found = finding(contradicting, f"{name.replace('_', '-')}-unusual")
    assert found is not None
    assert kind.value in found.message
    assert found.message.endswith("Check the type.")
    assert found in marks(contradicting)[name]


def test_a_labeling_type_with_its_own_bolus_contradicts_nothing() -> None:
    assert check(scan()) == ()
    pulsed = Acquisition().with_values(
        Source.FILE, "a.json", labeling_type=LabelingType.PASL, post_labeling_delay=(1.8,), bolus_cutoff_delay=0.8
    )
    assert check(pulsed) == ()


def test_pulsed_labeling_with_a_labeling_duration_alone_is_not_quantified_as_if_it_were_a_bolus(
    series: AslSeries, denoiser: Denoiser
) -> None:
    told = series.acquisition.with_values(Source.USER, "given", labeling_type=LabelingType.PASL)
    with pytest.raises(AcquisitionError, match="Bolus cut-off delay"):
        run(process(replace(series, acquisition=told), denoiser))


def test_a_scan_whose_pairs_are_all_rejected_is_refused(series: AslSeries, denoiser: Denoiser) -> None:
    rejected = tuple(role if role is Role.M0SCAN else Role.UNUSED for role in series.roles)
    with pytest.raises(InputError, match="no pair of control and label"):
        run(process(replace(series, roles=rejected), denoiser))


def test_a_single_pair_gives_maps_but_no_noise_and_no_errors(subject: Subject, denoiser: Denoiser) -> None:
    single = acquire(subject, Protocol(pairs=1), noise_sd=2.0, seed=3)
    result = run(process(single, denoiser))
    assert result.denoised.cbf is not None
    assert np.isfinite(result.denoised.cbf).all()
    assert result.denoised.cbf.any()
    assert np.isnan(result.noise)
    difference = result.conventional.deltam
    assert run(standard_error(difference[np.newaxis], result.mask)) is None
    job = denoised_error(
        difference[np.newaxis], difference, result.denoised.deltam, denoiser, 700.0, result.mask, result.geometry
    )
    assert run(job) is None
