"""What is said of a scan: in which case, in which words, and when nothing is said."""

from dataclasses import replace
from pathlib import Path

import pytest

from deepasl.acquisition.parameters import Acquisition, LabelingType, Source
from deepasl.findings import Severity
from deepasl.phantom import Protocol, Subject, acquire
from deepasl.preparation import prepare
from deepasl.progress import Clock, run
from deepasl.quality.indices import QualityIndices, quality_indices
from deepasl.quality.verdicts import verdicts
from deepasl.quantification.blood_flow import blood_flow
from deepasl.readers import read_scan
from deepasl.results import PerfusionMaps
from deepasl.series import AslSeries
from deepasl.settings import Settings

GOOD = QualityIndices(
    tsnr=2.0,
    spatial_cov=0.3,
    spatial_cov_of_noise=0.2,
    negative_grey_fraction=0.01,
    negative_brain_fraction=0.0,
    qei=0.8,
    grey_white_ratio=2.5,
    signal_percent=0.7,
    mean_displacement=0.1,
    max_displacement=0.6,
    dropped_share=0.0,
)


def at(*delays: float) -> Acquisition:
    return Acquisition().with_values(Source.FILE, "test", post_labeling_delay=delays)


def codes(indices: QualityIndices, acquisition: Acquisition | None = None) -> list[str]:
    return [finding.code for finding in verdicts(indices, acquisition or at(0.0, 1.8))]


def test_of_a_good_scan_one_note_says_what_was_looked_at() -> None:
    (told,) = verdicts(GOOD, at(0.0, 1.8))
    assert (told.code, told.severity) == ("quality-unsuspicious", Severity.NOTE)
    for looked_at in ("noise", "evenness", "anatomy", "motion", "outliers"):
        assert looked_at in told.message
    assert "Not known" not in told.message


def test_what_is_not_known_is_named_and_not_judged() -> None:
    (told,) = verdicts(replace(GOOD, qei=float("nan"), mean_displacement=float("nan")), at(1.8))
    assert "Not known: likeness to the anatomy, motion." in told.message


def test_of_nothing_nothing_is_said() -> None:
    assert codes(QualityIndices(), Acquisition()) == ["quality-unknown"]


@pytest.mark.parametrize(("cov", "suspected"), [(0.53, False), (0.55, True)])
def test_flow_more_uneven_than_noise_makes_it_is_suspected_to_arrive_late(cov: float, suspected: bool) -> None:
    # Noise of 0.2 leaves 0.49 of 0.53 and 0.51 of 0.55.
    assert ("late-arrival-suspected" in codes(replace(GOOD, spatial_cov=cov))) is suspected


def test_unevenness_that_is_noise_is_told_as_noise_and_not_as_late_arrival() -> None:
    (told,) = verdicts(replace(GOOD, spatial_cov=0.8, spatial_cov_of_noise=0.75), at(1.8))
    assert told.code == "noisy"
    assert "2.2 times as many pairs" in told.message


def test_very_uneven_flow_is_told_as_vessels() -> None:
    vascular, uneven = (verdicts(replace(GOOD, spatial_cov=cov), at(1.8))[0].message for cov in (0.9, 0.6))
    assert "shows vessels more than tissue" in vascular
    assert "shows vessels more than tissue" not in uneven


@pytest.mark.parametrize(
    ("acquisition", "advice"),
    [
        (at(0.0, 1.5, 1.5), "repeat with a delay longer than 1.5 s"),
        (at(2.5), "repeat with a longer delay, or with several"),
        (at(0.5, 1.0, 1.5), "Look at the map of transit times"),
        (Acquisition(), "repeat with a longer delay"),
    ],
)
def test_late_arrival_comes_with_advice_that_fits_the_delay(acquisition: Acquisition, advice: str) -> None:
    (told,) = verdicts(replace(GOOD, spatial_cov=0.9), acquisition)
    assert advice in told.message


@pytest.mark.parametrize(
    ("worse", "code"),
    [
        ({"negative_grey_fraction": 0.2}, "negative-grey-matter"),
        ({"qei": 0.4}, "quality-index-low"),
        ({"grey_white_ratio": 1.2}, "contrast-low"),
        ({"mean_displacement": 0.8}, "restless"),
        ({"max_displacement": 5.0}, "restless"),
        ({"dropped_share": 0.4}, "many-dropped"),
    ],
)
def test_each_bad_figure_is_a_warning_that_says_what_to_do(worse: dict[str, float], code: str) -> None:
    (told,) = verdicts(replace(GOOD, **worse), at(1.8))
    assert (told.code, told.severity) == (code, Severity.WARNING)
    assert any(word in told.message for word in ("Look", "look at"))


def test_negative_voxels_that_noise_explains_are_no_news() -> None:
    # Noise as large as the flow makes 16 % negative.
    assert codes(replace(GOOD, spatial_cov=1.0, spatial_cov_of_noise=1.0, negative_grey_fraction=0.16)) == ["noisy"]


def test_without_flow_nothing_is_said_of_flow() -> None:
    bottle = replace(GOOD, negative_brain_fraction=0.5, spatial_cov=3.0, negative_grey_fraction=0.4, qei=0.3)
    assert codes(bottle) == ["no-flow"]
    assert codes(replace(bottle, mean_displacement=2.0)) == ["no-flow", "restless"]


def test_a_brain_that_is_negative_throughout_is_told_to_be_swapped() -> None:
    (told,) = verdicts(replace(GOOD, negative_brain_fraction=0.95), at(1.8))
    assert "swap" in told.message


def judged(series: AslSeries) -> list[str]:
    """What is said of the conventional map of a scan."""
    ready = run(prepare(series, Settings(), Clock()))
    deltam = ready.differences.mean
    indices = quality_indices(
        PerfusionMaps(deltam, blood_flow(deltam, ready.m0, ready.mask, ready.acquisition)),
        mask=ready.mask,
        grey=ready.grey,
        white=ready.white,
        geometry=series.geometry,
        differences=ready.differences.volumes,
    )
    return [finding.code for finding in verdicts(indices, ready.acquisition)]


def test_a_phantom_scan_is_unsuspicious_and_one_of_much_noise_is_noisy(subject: Subject) -> None:
    assert judged(acquire(subject, Protocol(pairs=12), noise_sd=2.0, seed=1)) == ["quality-unsuspicious"]
    assert judged(acquire(subject, Protocol(pairs=3), noise_sd=8.0, seed=1)) == ["noisy"]


def test_a_subject_without_flow_shows_none(subject: Subject) -> None:
    dead = replace(subject, cbf=0.0 * subject.cbf)
    assert judged(acquire(dead, Protocol(pairs=12), noise_sd=0.5, seed=1)) == ["no-flow"]


@pytest.mark.data
def test_a_bottle_of_water_has_no_flow(shared_data: Path) -> None:
    given = Acquisition().with_values(
        Source.USER, "test", labeling_type=LabelingType.PCASL, labeling_duration=1.8, post_labeling_delay=(2.0,)
    )
    series = read_scan(shared_data / "dicom" / "philips-phantom-enhanced", given=given)
    assert judged(series) == ["no-flow"]


@pytest.mark.data
@pytest.mark.parametrize(
    ("scan", "told"),
    [
        ("bids/ds000240/sub-01/perf/sub-01_asl.nii.gz", ["quality-unsuspicious"]),
        ("dicom/siemens-ve11/pcasl2d", ["late-arrival-suspected"]),  # its delay is 0.2 s
        ("dicom/siemens-ve11/pasl2d", ["noisy"]),
    ],
)
def test_scans_of_people_are_judged_as_a_reader_would(scan: str, told: list[str], shared_data: Path) -> None:
    assert judged(read_scan(shared_data / scan)) == told
