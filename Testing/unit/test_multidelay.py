"""Scans at several delays: from volumes to maps of blood flow and transit time, against phantoms and a real scan."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from deepasl.acquisition.defaults import complete
from deepasl.acquisition.parameters import Acquisition, LabelingType, Source
from deepasl.denoising.denoiser import Denoiser
from deepasl.errors import AcquisitionError, InputError
from deepasl.findings import Severity
from deepasl.images import read_image
from deepasl.labeling.delays import with_one_delay
from deepasl.phantom import Protocol, Subject, write_bids
from deepasl.progress import run
from deepasl.quantification.arrival_checks import check_arrival
from deepasl.quantification.label_timing import LabelTiming
from deepasl.quantification.multidelay import (
    DelayImages,
    choose_pairs_of_delays,
    denoise_delays,
    has_several_delays,
    quantify_delays,
    subtract_delays,
)
from deepasl.readers import read_scan, series_from_arrays
from deepasl.results import M0Map, PerfusionMaps
from deepasl.series import AslSeries, Role
from multidelay_scans import acquire_delays, late_subject
from phantom_scans import COARSE, edit_sidecar

DELAYS = (0.5, 1.0, 1.5, 2.0, 2.5)
TIMING_2D = tuple(0.045 * k for k in range(COARSE.shape[0]))


@pytest.fixture(scope="module")
def late() -> Subject:
    return late_subject(regional_sd=0.15, seed=2)


@pytest.fixture(scope="module")
def noisy(late: Subject) -> AslSeries:
    return acquire_delays(late, DELAYS, Protocol(pairs=6, slice_timing=TIMING_2D), noise_sd=2.0, seed=5)


def differences(series: AslSeries, count: int | None = None) -> DelayImages:
    pairs, _ = choose_pairs_of_delays(series, count)
    return run(subtract_delays(series, pairs))


def quantified(images: DelayImages, subject: Subject, acquisition: Acquisition) -> PerfusionMaps:
    complete_acquisition, _ = complete(acquisition)
    return run(quantify_delays(images, M0Map(subject.m0, "phantom", 1.0), subject.mask, complete_acquisition))


def told(subject: Subject) -> np.ndarray:
    """Voxels with flow whose blood arrives neither before the first delay nor after the last, in any slice."""
    assert subject.transit is not None
    return subject.mask & (subject.cbf > 10.0) & (subject.transit.att > 1.05) & (subject.transit.att < 2.4)


@pytest.mark.parametrize("slice_timing", [(), TIMING_2D], ids=["3D", "2D"])
def test_flow_and_transit_time_of_a_phantom_come_back_without_noise(late: Subject, slice_timing: tuple[float, ...]):
    series = acquire_delays(late, DELAYS, Protocol(pairs=1, slice_timing=slice_timing))
    maps = quantified(differences(series), late, series.acquisition)
    assert late.transit is not None
    assert maps.cbf is not None
    assert maps.att is not None
    inside = told(late)
    assert inside.sum() > 1000
    np.testing.assert_allclose(maps.cbf[inside], late.cbf[inside], rtol=2e-3)
    np.testing.assert_allclose(maps.att[inside], late.transit.att[inside], atol=2e-3)
    assert (maps.cbf[~late.mask] == 0.0).all()
    assert (maps.att[~late.mask] == 0.0).all()


def test_a_2d_scan_taken_for_3d_seems_to_arrive_earlier_in_later_slices(late: Subject):
    series = acquire_delays(late, DELAYS, Protocol(pairs=1, slice_timing=TIMING_2D))
    as_3d = replace(series.acquisition, slice_timing=Acquisition().slice_timing)
    maps = quantified(differences(series), late, as_3d)
    assert late.transit is not None
    assert maps.att is not None
    for k in (4, 8):
        inside = told(late)[k] & (late.transit.att[k] > 1.0)
        error = np.median(maps.att[k][inside] - late.transit.att[k][inside])
        assert error == pytest.approx(-TIMING_2D[k], abs=0.02)


def test_noise_spreads_flow_and_transit_time_of_a_phantom_as_their_standard_errors_say(late: Subject, noisy: AslSeries):
    maps = quantified(differences(noisy), late, noisy.acquisition)
    assert late.transit is not None
    grey = told(late) & (late.cbf > 30.0)
    assert grey.sum() > 600
    for found, error, truth in (
        (maps.cbf, maps.cbf_error, late.cbf),
        (maps.att, maps.att_error, late.transit.att),
    ):
        assert found is not None
        assert error is not None
        z = (found - truth)[grey] / error[grey]
        assert abs(z.mean()) < 0.15
        assert np.mean(np.abs(z) < 1.0) == pytest.approx(0.68, abs=0.05)


def test_the_noise_of_a_delay_is_that_of_its_mean_difference(late: Subject, noisy: AslSeries):
    # Two images of SD 2 in each of 6 pairs.
    assert differences(noisy).noise(late.mask) == pytest.approx(2.0 * np.sqrt(2.0 / 6.0), rel=0.03)


def test_single_pairs_tell_no_noise(late: Subject):
    images = differences(acquire_delays(late, DELAYS, Protocol(pairs=1)))
    assert np.isnan(images.noise(late.mask))


def test_a_shorter_scan_takes_the_first_pairs_of_every_delay(noisy: AslSeries):
    pairs, findings = choose_pairs_of_delays(noisy, 2)
    assert len(pairs) == 2 * len(DELAYS)
    assert run(subtract_delays(noisy, pairs)).counts == (2,) * len(DELAYS)
    assert [finding.code for finding in findings] == ["pairs-chosen"]


def test_means_are_those_of_the_pairs_of_each_delay(noisy: AslSeries):
    images = differences(noisy)
    pairs, _ = choose_pairs_of_delays(noisy, None)
    third = [noisy.volumes[control] - noisy.volumes[label] for control, label in pairs[12:18]]
    np.testing.assert_allclose(images.means[2], np.mean(third, axis=0), atol=1e-3)
    np.testing.assert_allclose(images.average(), images.means.mean(axis=0), atol=1e-3)


def test_a_delay_that_lost_all_its_pairs_is_left_out(late: Subject, noisy: AslSeries):
    pairs, _ = choose_pairs_of_delays(noisy, None)
    images = run(subtract_delays(noisy, pairs[6:]))
    assert images.timing.delays == DELAYS[1:]
    maps = quantified(images, late, noisy.acquisition)
    assert maps.att is not None
    with pytest.raises(InputError, match="difference images at 1 post-labeling delay"):
        run(subtract_delays(noisy, pairs[:6]))


def test_without_m0_there_is_a_transit_time_and_no_blood_flow(late: Subject):
    series = acquire_delays(late, DELAYS, Protocol(pairs=1))
    acquisition, _ = complete(series.acquisition)
    maps = run(quantify_delays(differences(series), None, late.mask, acquisition))
    assert (maps.cbf, maps.cbf_error) == (None, None)
    assert late.transit is not None
    assert maps.att is not None
    np.testing.assert_allclose(maps.att[told(late)], late.transit.att[told(late)], atol=2e-3)


def test_without_a_labeling_duration_nothing_is_fitted(late: Subject):
    series = acquire_delays(late, DELAYS, Protocol(pairs=1))
    unknown = replace(series.acquisition, labeling_duration=Acquisition().labeling_duration)
    maps = quantified(differences(replace(series, acquisition=unknown)), late, unknown)
    assert (maps.cbf, maps.att) == (None, None)


def test_each_delay_is_denoised_for_itself_with_one_scale(noisy: AslSeries, denoiser: Denoiser):
    images = differences(noisy)
    denoised = run(denoise_delays(images, denoiser, 1000.0))
    for mean, result in zip(images.means, denoised.means, strict=True):
        np.testing.assert_array_equal(result, run(denoiser.denoise(mean, 1000.0)))
    assert denoised.scatter is None
    acquisition, _ = complete(noisy.acquisition)
    maps = run(quantify_delays(denoised, None, np.ones(COARSE.shape, dtype=np.bool_), acquisition))
    assert maps.att is not None
    assert maps.att_error is None
    assert (denoised.timing, denoised.counts) == (images.timing, images.counts)


def test_denoising_each_delay_brings_transit_times_nearer_to_the_truth(
    late: Subject, noisy: AslSeries, denoiser: Denoiser
):
    images = differences(noisy, 2)
    m0 = np.where(late.mask, late.m0, np.float32(0.0))
    denoised = run(denoise_delays(images, denoiser, float(late.m0[late.mask].mean()), m0))
    assert late.transit is not None
    errors = []
    for each in (images, denoised):
        att = quantified(each, late, noisy.acquisition).att
        assert att is not None
        errors.append(np.median(np.abs(att - late.transit.att)[told(late)]))
    assert errors[1] < 0.9 * errors[0]


def test_progress_covers_the_slices_of_all_delays_and_a_job_may_be_closed(
    late: Subject, noisy: AslSeries, denoiser: Denoiser
):
    images = differences(noisy)
    job = denoise_delays(images, denoiser, 1000.0)
    steps = list(job)
    assert [step.total for step in steps] == [len(DELAYS) * COARSE.shape[0]] * len(steps)
    assert steps[-1].done == steps[-1].total
    assert all(early.done <= late_step.done for early, late_step in pairwise(steps))
    acquisition, _ = complete(noisy.acquisition)
    fit = quantify_delays(images, None, late.mask, acquisition)
    assert next(fit).total == COARSE.shape[0]
    fit.close()


def test_labeling_durations_of_each_volume_are_read_and_fitted(late: Subject, tmp_path: Path):
    durations = (0.8, 1.2, 1.6, 2.0, 2.4)
    scans = [
        acquire_delays(late, [delay], Protocol(pairs=1, m0_volumes=int(delay == DELAYS[0]), labeling_duration=duration))
        for delay, duration in zip(DELAYS, durations, strict=True)
    ]
    delays = [t for scan in scans for t in scan.acquisition.post_labeling_delay.require()]
    series = replace(
        scans[0],
        volumes=np.concatenate([scan.volumes for scan in scans]),
        roles=tuple(role for scan in scans for role in scan.roles),
        acquisition=scans[0].acquisition.with_values(Source.FILE, "phantom", post_labeling_delay=tuple(delays)),
    )
    path = write_bids(series, tmp_path)
    of_volumes = [0.0, *(duration for duration in durations for _ in range(2))]
    edit_sidecar(path, PostLabelingDelay=delays, LabelingDuration=of_volumes)
    read = read_scan(path)
    assert read.labeling_durations == tuple(of_volumes)
    images = differences(read)
    assert images.timing == LabelTiming(DELAYS, durations)
    maps = quantified(images, late, read.acquisition)
    assert maps.cbf is not None
    np.testing.assert_allclose(maps.cbf[told(late)], late.cbf[told(late)], rtol=2e-3)
    one = with_one_delay(read, 1.5)
    assert one.acquisition.labeling_duration.require() == 1.6
    assert one.labeling_durations == ()


def test_one_delay_with_two_labeling_durations_is_no_scan_of_one_delay(late: Subject):
    series = acquire_delays(late, (1.0, 2.0), Protocol(pairs=2))
    mixed = replace(series, labeling_durations=(0.0, *(1.8,) * 4, *(1.8,) * 2, *(1.2,) * 2))
    assert has_several_delays(mixed)
    with pytest.raises(AcquisitionError, match=r"several labeling durations \(1.2, 1.8 s\)"):
        with_one_delay(mixed, 2.0)


def test_a_scan_of_one_delay_has_not_several(series: AslSeries):
    assert not has_several_delays(series)


def test_blood_too_late_for_the_delays_is_told(late: Subject):
    grey = late.cbf > 45.0
    acquisition, _ = complete(Protocol().acquisition())
    timing = LabelTiming((0.3, 0.5, 0.7), (1.0,) * 3)
    att = np.where(late.mask, np.float32(1.2), np.float32(0.0))
    found = check_arrival(att, grey, timing, acquisition)
    assert [(finding.code, finding.severity) for finding in found] == [
        ("transit-time", Severity.NOTE),
        ("arrival-late", Severity.WARNING),
    ]
    early = check_arrival(np.where(late.mask, np.float32(0.3), np.float32(0.0)), grey, timing, acquisition)
    assert [finding.code for finding in early] == ["transit-time", "arrival-early"]
    between = check_arrival(np.where(late.mask, np.float32(0.5), np.float32(0.0)), grey, timing, acquisition)
    assert [finding.code for finding in between] == ["transit-time"]


@pytest.mark.data
def test_in_a_real_scan_blood_comes_later_to_the_back_and_the_top(shared_data: Path):
    image = read_image(shared_data / "nifti" / "mpld_6pld_8rep.nii.gz")
    sidecar = shared_data / "bids" / "sidecars" / "asl004" / "sub-Sub1" / "perf" / "sub-Sub1_asl.json"
    fields = json.loads(sidecar.read_text())
    # Blocks of four slices were averaged to one.
    slice_timing = tuple(np.reshape(fields["SliceTiming"], (6, 4)).mean(axis=1))
    acquisition = Acquisition().with_values(
        Source.FILE,
        sidecar.name,
        labeling_type=LabelingType.PCASL,
        post_labeling_delay=tuple(fields["PostLabelingDelay"]),
        labeling_duration=fields["LabelingDuration"],
        labeling_efficiency=fields["LabelingEfficiency"],
        slice_timing=slice_timing,
        magnetic_field_strength=fields["MagneticFieldStrength"],
    )
    roles = [Role.LABEL, Role.CONTROL] * 48
    series = series_from_arrays("mpld", image.volumes, image.geometry, acquisition=acquisition, roles=roles)
    images = differences(series)
    assert images.counts == (8,) * 6
    mean = image.volumes.mean(axis=0)
    mask = mean > 0.5 * np.percentile(mean, 98)
    complete_acquisition, _ = complete(acquisition)
    maps = run(quantify_delays(images, None, mask, complete_acquisition))
    assert maps.att is not None
    assert maps.att_error is not None
    assert maps.fit_error is not None
    assert 0.8 < np.median(maps.att[mask]) < 1.5
    assert np.median(maps.att_error[mask]) < 0.1
    by_slice = [float(np.median(maps.att[k][mask[k]])) for k in range(1, 6)]
    assert by_slice == sorted(by_slice)
    # j runs to the front: the posterior cerebral artery comes last.
    rows = np.arange(16)[:, None] * np.ones((1, 16))
    back, middle = (mask[2] & (rows < 5)), (mask[2] & (rows > 6) & (rows < 11))
    assert np.median(maps.att[2][back]) > np.median(maps.att[2][middle]) + 0.2
    # Above the large arteries the model leaves no more than noise.
    noise = images.noise(mask)
    assert np.sqrt(np.mean(np.square(maps.fit_error[3:][mask[3:]]))) < 1.2 * noise
