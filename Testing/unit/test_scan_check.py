"""What has to be settled first stops a scan before the steps that take minutes."""

from dataclasses import replace

import pytest

from deepasl.acquisition.defaults import complete
from deepasl.acquisition.parameters import Source
from deepasl.calibration.m0 import has_m0, m0_map
from deepasl.denoising.denoiser import Denoiser
from deepasl.errors import AcquisitionError
from deepasl.inspection import inspect_series
from deepasl.phantom import Artifacts, Pose, Protocol, Subject, acquire
from deepasl.pipeline import Settings, process
from deepasl.progress import Progress, run
from deepasl.series import AslSeries, M0Scan, Role

LONG = Settings(motion_correction=True, mppca=True)


@pytest.fixture(scope="module")
def restless(subject: Subject) -> AslSeries:
    """Six pairs, and a head that turns after the third."""
    poses = (*[Pose()] * 7, *[Pose((1.5, 0.0, 0.0), (0.0, 0.0, 2.0))] * 6)
    return acquire(subject, Protocol(pairs=6), noise_sd=2.0, seed=3, artifacts=Artifacts(poses=poses))


def with_values(series: AslSeries, **values: object) -> AslSeries:
    return replace(series, acquisition=series.acquisition.with_values(Source.FILE, "a.json", **values))


def without_m0(series: AslSeries, *, suppressed: bool | None) -> AslSeries:
    alone = replace(series, volumes=series.volumes[1:], roles=series.roles[1:])
    return with_values(alone, post_labeling_delay=(1.8,), background_suppression=suppressed)


def stages_until_refused(series: AslSeries, denoiser: Denoiser, told: str) -> set[str]:
    steps: list[Progress] = []
    with pytest.raises(AcquisitionError, match=told):
        run(process(series, denoiser, LONG), steps.append)
    return {step.stage for step in steps}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"labeling_duration": None}, "Labeling duration is not known"),
        ({"labeling_duration": 1800.0}, "looks like milliseconds"),
        ({"labeling_efficiency": 1.7}, "between 0 and 1"),
    ],
)
def test_head_motion_of_a_scan_that_gives_no_flow_is_not_even_looked_for(
    restless: AslSeries, denoiser: Denoiser, values: dict[str, object], told: str
) -> None:
    assert stages_until_refused(with_values(restless, **values), denoiser, told) == {"Checking the acquisition"}


def test_an_m0_scan_on_another_grid_counts_as_m0_before_motion_correction_brings_it_there(
    restless: AslSeries, denoiser: Denoiser
) -> None:
    away = replace(restless.geometry, origin=(0.0, 0.0, 0.0))
    scan = replace(without_m0(restless, suppressed=True), m0scan=M0Scan(restless.volumes[:1], away, "m0.nii.gz"))
    stages = stages_until_refused(with_values(scan, labeling_duration=None), denoiser, "Labeling duration")
    assert stages == {"Checking the acquisition"}


def test_a_scan_without_m0_needs_no_labeling_duration_for_difference_images(
    series: AslSeries, denoiser: Denoiser
) -> None:
    scan = with_values(without_m0(series, suppressed=True), labeling_duration=None)
    result = run(process(scan, denoiser))
    assert result.conventional.cbf is None
    assert "missing-labeling-duration" in {finding.code for finding in result.findings}


def test_a_scan_can_be_inspected_before_its_parameters_are_settled(series: AslSeries) -> None:
    inspection = run(inspect_series(with_values(series, labeling_duration=None), Settings()))
    assert inspection.deltam is not None
    assert "missing-labeling-duration" in {finding.code for finding in inspection.findings}


@pytest.mark.parametrize("suppressed", [True, False, None])
@pytest.mark.parametrize("images", ["m0 volume", "m0 scan", "control", "subtracted"])
def test_an_m0_is_expected_where_one_is_found(series: AslSeries, images: str, suppressed: bool | None) -> None:
    scan = without_m0(series, suppressed=suppressed)
    if images == "m0 volume":
        scan = with_values(series, background_suppression=suppressed)
    if images == "m0 scan":
        scan = replace(scan, m0scan=M0Scan(series.volumes[:1], series.geometry, "m0.nii.gz"))
    if images == "subtracted":
        scan = replace(scan, volumes=scan.volumes[:1], roles=(Role.DELTAM,))
    acquisition, _ = complete(scan.acquisition)
    found, _ = m0_map(scan, acquisition)
    assert has_m0(scan, acquisition) == (found is not None)
