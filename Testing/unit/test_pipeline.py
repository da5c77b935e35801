"""From a series to maps: blood flow is right, doubt is told, what cannot be is refused."""

from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import numpy as np
import onnx_networks as networks
import pytest

from deepasl.acquisition.parameters import LabelingType, Source
from deepasl.denoising.denoiser import Denoiser
from deepasl.errors import AcquisitionError, InputError
from deepasl.labeling.roles import swap_control_label
from deepasl.perfusion.differences import subtract
from deepasl.perfusion.smoothing import smoothed
from deepasl.phantom import Protocol, Subject, acquire, default_anatomy, make_subject, true_deltam
from deepasl.pipeline import Settings, process
from deepasl.progress import Progress, run
from deepasl.quality.metrics import psnr, rmse
from deepasl.readers import read_scan
from deepasl.report.methods import methods_text
from deepasl.results import Result
from deepasl.series import AslSeries, Role


def codes(result: Result) -> set[str]:
    return {finding.code for finding in result.findings}


def figures(result: Result, region: str, map: str) -> float:
    return next(s.mean for s in result.statistics if (s.region, s.map) == (region, map))


def noiseless(subject: Subject, **protocol: object) -> AslSeries:
    return acquire(subject, Protocol(pairs=2, **protocol), noise_sd=0.0, seed=0)


@pytest.mark.parametrize(
    "protocol",
    [
        {},
        {"label_first": True, "m0_volumes": 3},
        {"static_fraction": 0.1, "labeling_efficiency": 0.72},
        {"repetition_time": 4.0},
        {"pld": 1.5, "labeling_duration": 1.45, "slice_timing": tuple(0.045 * k for k in range(12))},
    ],
)
def test_blood_flow_of_a_noise_free_scan_is_the_truth(
    subject: Subject, denoiser: Denoiser, protocol: dict[str, object]
) -> None:
    result = run(process(noiseless(subject, **protocol), denoiser))
    assert result.conventional.cbf is not None
    inside = result.mask
    np.testing.assert_allclose(result.conventional.cbf[inside], subject.cbf[inside], atol=0.02)
    assert not result.conventional.cbf[~inside].any()


def test_a_lesion_on_the_left_stays_on_the_left(denoiser: Denoiser) -> None:
    from deepasl.phantom import Lesion

    lesion = Lesion(center_mm=(-38.0, 0.0, 20.0), radius_mm=15.0, factor=0.2)
    person = make_subject(default_anatomy(), lesions=(lesion,))
    result = run(process(noiseless(person), denoiser))
    assert result.conventional.cbf is not None
    to_voxel = np.linalg.inv(result.geometry.ijk_to_ras())
    left, right = (np.round(to_voxel @ [x, 0.0, 20.0, 1.0]).astype(int)[:3] for x in (-38.0, 38.0))
    around = [result.conventional.cbf[k, j - 2 : j + 3, i - 2 : i + 3].mean() for i, j, k in (left, right)]
    assert around[0] < 0.5 * around[1]


def test_denoising_comes_closer_to_the_truth(denoiser: Denoiser) -> None:
    person = make_subject(default_anatomy())
    protocol = Protocol(pairs=10)
    scan = acquire(person, protocol, noise_sd=7.0, seed=5)
    result = run(process(scan, denoiser))
    truth = true_deltam(person, protocol)
    assert psnr(result.denoised.deltam, truth, person.mask) > psnr(result.conventional.deltam, truth, person.mask) + 3
    assert result.denoised.cbf is not None
    assert result.conventional.cbf is not None
    assert rmse(result.denoised.cbf, person.cbf, result.mask) < rmse(result.conventional.cbf, person.cbf, result.mask)


def test_removed_noise_is_what_lies_between_the_maps(series: AslSeries, denoiser: Denoiser) -> None:
    result = run(process(series, denoiser))
    np.testing.assert_allclose(result.removed, result.conventional.deltam - result.denoised.deltam, atol=1e-5)
    assert np.abs(result.removed).max() > 0


def test_the_noise_level_is_measured_from_the_pairs(subject: Subject, denoiser: Denoiser) -> None:
    scan = acquire(subject, Protocol(pairs=20), noise_sd=3.0, seed=2)
    result = run(process(scan, denoiser))
    assert result.noise == pytest.approx(3.0 * np.sqrt(2 / 20), rel=0.05)


def test_negative_perfusion_is_not_clipped(series: AslSeries, denoiser: Denoiser) -> None:
    result = run(process(swap_control_label(series), denoiser))
    assert figures(result, "brain", "conventional") < 0
    assert "control-label-swapped" in codes(result)


def test_an_unpaired_last_volume_is_left_out_and_told(series: AslSeries, denoiser: Denoiser) -> None:
    short = replace(
        series,
        volumes=series.volumes[:-1],
        roles=series.roles[:-1],
        acquisition=series.acquisition.with_values(Source.FILE, "a", post_labeling_delay=(1.8,)),
    )
    result = run(process(short, denoiser))
    assert len(result.pairs) == 5
    assert "unpaired" in codes(result)


def test_fewer_pairs_can_be_averaged_but_not_more_than_there_are(series: AslSeries, denoiser: Denoiser) -> None:
    result = run(process(series, denoiser, Settings(pairs=2)))
    assert result.pairs == ((1, 2), (3, 4))
    expected = (series.volumes[1] - series.volumes[2] + series.volumes[3] - series.volumes[4]) / 2
    np.testing.assert_allclose(result.conventional.deltam, expected, atol=1e-4)
    for pairs in (0, 7):
        with pytest.raises(InputError, match="the scan has 6"):
            run(process(series, denoiser, Settings(pairs=pairs)))


def test_smoothing_before_and_after_subtraction_is_the_same(series: AslSeries, denoiser: Denoiser) -> None:
    result = run(process(series, denoiser, Settings(smoothing_fwhm=4.0)))
    before = replace(series, volumes=smoothed(series.volumes, 4.0, series.geometry))
    expected = run(subtract(before, result.pairs)).mean
    np.testing.assert_allclose(result.conventional.deltam, expected, atol=1e-3)
    assert result.noise < 0.95 * run(process(series, denoiser)).noise
    assert "4 mm (FWHM)" in methods_text(result)


@pytest.mark.parametrize("fwhm", [-1.0, 50.0, float("nan")])
def test_a_smoothing_that_cannot_be_is_refused(series: AslSeries, denoiser: Denoiser, fwhm: float) -> None:
    with pytest.raises(InputError, match="smoothing"):
        run(process(series, denoiser, Settings(smoothing_fwhm=fwhm)))


@pytest.fixture(scope="module")
def two_delays(subject: Subject) -> AslSeries:
    """Two noiseless pairs at 1.0 s and two at 2.0 s, one M0."""
    early, late = (noiseless(subject, pld=pld) for pld in (1.0, 2.0))
    return replace(
        early,
        volumes=np.concatenate([early.volumes, late.volumes[1:]]),
        roles=early.roles + late.roles[1:],
        acquisition=early.acquisition.with_values(Source.FILE, "a", post_labeling_delay=(0.0, *[1.0] * 4, *[2.0] * 4)),
    )


def test_one_of_several_delays_can_be_chosen(two_delays: AslSeries, subject: Subject, denoiser: Denoiser) -> None:
    with pytest.raises(AcquisitionError, match=r"2 post-labeling delays \(1, 2 s\), and 1\.5 s is none of them"):
        run(process(two_delays, denoiser, Settings(pld=1.5)))
    result = run(process(two_delays, denoiser, Settings(pld=2.0)))
    assert result.conventional.cbf is not None
    assert result.conventional.att is None
    np.testing.assert_allclose(result.conventional.cbf[result.mask], subject.cbf[result.mask], atol=0.02)
    assert result.acquisition.post_labeling_delay.value == (2.0,)
    assert result.pairs == ((5, 6), (7, 8))


def test_several_delays_give_flow_and_transit_time_of_both_maps(two_delays: AslSeries, denoiser: Denoiser) -> None:
    result = run(process(two_delays, denoiser))
    assert result.pairs == ((1, 2), (3, 4), (5, 6), (7, 8))
    for maps in (result.conventional, result.denoised):
        assert maps.att is not None
        assert maps.cbf is not None
        assert maps.att[result.mask].any()
        assert not maps.att[~result.mask].any()
    expected = np.mean([two_delays.volumes[c] - two_delays.volumes[t] for c, t in result.pairs], axis=0)
    np.testing.assert_allclose(result.conventional.deltam, expected, atol=1e-3)
    np.testing.assert_allclose(result.removed, result.conventional.deltam - result.denoised.deltam, atol=1e-4)
    assert "transit-time" in codes(result)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"post_labeling_delay": (1800.0,)}, "milliseconds"),
        ({"post_labeling_delay": None}, "Post-labeling delay"),
        ({"labeling_duration": None}, "Labeling duration"),
        ({"m0_repetition_time": 0.0}, "which cannot be"),
        ({"labeling_type": LabelingType.PASL, "labeling_duration": None}, "Bolus cut-off"),
        ({"slice_timing": (0.0, 0.1)}, "2 values for 12 slices"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    series: AslSeries, denoiser: Denoiser, values: dict[str, object], told: str
) -> None:
    wrong = replace(series, acquisition=series.acquisition.with_values(Source.FILE, "a.json", **values))
    with pytest.raises(AcquisitionError, match=told):
        run(process(wrong, denoiser))


def test_an_m0_scaled_down_by_ten_is_told(series: AslSeries, denoiser: Denoiser) -> None:
    volumes = series.volumes.copy()
    volumes[0] /= 10
    result = run(process(replace(series, volumes=volumes), denoiser))
    assert "signal-scale" in codes(result)


def test_a_usual_scan_has_no_scale_warning(series: AslSeries, denoiser: Denoiser) -> None:
    assert "signal-scale" not in codes(run(process(series, denoiser)))


def test_an_m0_of_zero_is_refused(series: AslSeries, denoiser: Denoiser) -> None:
    volumes = series.volumes.copy()
    volumes[0] = 0
    with pytest.raises(InputError, match="zero everywhere"):
        run(process(replace(series, volumes=volumes), denoiser))


def test_subtracted_scans_give_the_same_flow(subject: Subject, denoiser: Denoiser) -> None:
    scan = noiseless(subject)
    subtracted = replace(
        scan,
        volumes=np.stack([scan.volumes[0], true_deltam(subject, Protocol())]),
        roles=(Role.M0SCAN, Role.DELTAM),
        acquisition=scan.acquisition.with_values(Source.FILE, "a", post_labeling_delay=(1.8,)),
    )
    result = run(process(subtracted, denoiser))
    assert result.conventional.cbf is not None
    np.testing.assert_allclose(result.conventional.cbf[result.mask], subject.cbf[result.mask], atol=0.02)
    assert result.pairs == ()
    assert np.isnan(result.noise)


def test_a_subtracted_scan_without_m0_gives_maps_without_flow(subject: Subject, denoiser: Denoiser) -> None:
    scan = noiseless(subject)
    deltam = true_deltam(subject, Protocol())[None]
    alone = replace(
        scan,
        volumes=deltam,
        roles=(Role.DELTAM,),
        acquisition=replace(
            scan.acquisition, post_labeling_delay=replace(scan.acquisition.post_labeling_delay, value=None)
        ),
    )
    result = run(process(alone, denoiser))
    assert result.conventional.cbf is None
    assert result.denoised.cbf is None
    assert result.statistics_unit == "a.u."
    assert {"m0-absent", "scale-guessed"} <= codes(result)


@pytest.fixture
def seeing_m0(tmp_path: Path) -> Denoiser:
    """A network that takes M0 of the middle of three slices for noise."""
    return Denoiser(networks.entry(networks.channel(4), tmp_path, slices=3, m0=True), "cpu")


def test_the_network_sees_m0_of_the_brain_and_nothing_around_it(series: AslSeries, seeing_m0: Denoiser) -> None:
    result = run(process(series, seeing_m0))
    assert result.m0 is not None
    assert result.m0.volume[~result.mask].any()
    np.testing.assert_allclose(100 * result.removed, np.where(result.mask, result.m0.volume, 0), rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_network_that_needs_m0_is_refused_on_a_scan_without_before_anything_is_guessed(
    subject: Subject, seeing_m0: Denoiser, sign: int
) -> None:
    scan = noiseless(subject)
    alone = replace(
        scan,
        volumes=sign * true_deltam(subject, Protocol())[None],
        roles=(Role.DELTAM,),
        acquisition=scan.acquisition.with_values(Source.FILE, "a", post_labeling_delay=(1.8,)),
    )
    steps: list[Progress] = []
    with pytest.raises(InputError, match="needs M0, and this scan has no M0 image") as refusal:
        run(process(alone, seeing_m0), steps.append)
    assert "choose the model deepasl-paper" in refusal.value.remedy
    assert "Denoising" not in {step.stage for step in steps}


def test_the_job_can_be_closed_at_any_step(series: AslSeries, denoiser: Denoiser) -> None:
    before = series.volumes.copy()
    for stop in count(1):
        job = process(series, denoiser)
        taken = list(islice(job, stop))
        job.close()
        if len(taken) < stop:
            break
    assert stop > 4
    np.testing.assert_array_equal(series.volumes, before)


def test_voxels_far_larger_than_trained_on_are_told(series: AslSeries, denoiser: Denoiser) -> None:
    vast = replace(series, geometry=replace(series.geometry, spacing=(20.0, 20.0, 30.0)))
    assert "outside-domain" in codes(run(process(vast, denoiser)))


@pytest.mark.parametrize("task", ["", "_task-restEyesOpen"])
def test_grey_matter_flow_of_a_real_scan_is_plausible(shared_data: Path, denoiser: Denoiser, task: str) -> None:
    scan = shared_data / "bids" / "ds000240" / "sub-01" / "perf" / f"sub-01{task}_asl.nii.gz"
    result = run(process(read_scan(scan), denoiser))
    for kind in ("conventional", "denoised"):
        grey, white = figures(result, "grey matter", kind), figures(result, "white matter", kind)
        assert 30 < grey < 90
        assert grey > 1.3 * white


def test_six_real_delays_without_m0_give_transit_times_without_flow(
    shared_data: Path, tmp_path: Path, denoiser: Denoiser
) -> None:
    import json

    perf = shared_data / "bids" / "sidecars" / "asl004" / "sub-Sub1" / "perf"
    fields = json.loads((perf / "sub-Sub1_asl.json").read_text())
    del fields["SliceTiming"]  # of 24 slices; the image holds block means in 6
    (tmp_path / "asl.json").write_text(json.dumps(fields))
    series = read_scan(
        shared_data / "nifti" / "mpld_6pld_8rep.nii.gz",
        sidecar=tmp_path / "asl.json",
        context=perf / "sub-Sub1_aslcontext.tsv",
    )
    fitted = run(process(series, denoiser))
    assert len(fitted.pairs) == 48
    assert fitted.conventional.cbf is None
    assert fitted.conventional.att is not None
    assert 0.25 <= np.median(fitted.conventional.att[fitted.grey_matter]) < 1.5
    result = run(process(series, denoiser, Settings(pld=1.5)))
    assert len(result.pairs) == 8
    assert result.conventional.cbf is None
    assert {"m0-suppressed", "missing-slice-timing"} <= codes(result)
    assert figures(result, "brain", "conventional") > 0
