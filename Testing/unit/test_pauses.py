"""A long scan is prepared in small steps, so that a user interface stays alive, and steps change no number."""

from dataclasses import replace

import numpy as np
import pytest

from deepasl import progress
from deepasl.errors import InputError
from deepasl.inspection import inspect_series
from deepasl.perfusion.outliers import OutlierRule
from deepasl.phantom import Protocol, acquire, default_anatomy, make_subject
from deepasl.preparation import Prepared, prepare
from deepasl.progress import Clock, Progress, batches, run
from deepasl.quality.uncertainty import standard_error
from deepasl.quantification.multidelay import has_several_delays
from deepasl.series import AslSeries, Role
from deepasl.settings import Settings
from multidelay_scans import acquire_delays
from phantom_scans import COARSE

PAIRS = 24

FEW = 3
"""Images that a step holds in these tests."""

SETTINGS = {
    "plain": Settings(),
    "smoothed": Settings(smoothing_fwhm=4.0),
    "score": Settings(outliers=OutlierRule.SCORE),
    "robust": Settings(outliers=OutlierRule.ROBUST),
}


@pytest.fixture(scope="module")
def scan() -> AslSeries:
    """Two dozen pairs, two of them spoiled."""
    scan = acquire(make_subject(default_anatomy(COARSE)), Protocol(pairs=PAIRS), noise_sd=4.0, seed=5)
    scan.volumes[scan.indices(Role.LABEL)[3]] *= 0.9
    scan.volumes[scan.indices(Role.CONTROL)[8], 6:] += 200.0
    return scan


@pytest.fixture(scope="module")
def at_delays() -> AslSeries:
    subject = make_subject(default_anatomy(COARSE))
    return acquire_delays(subject, (1.0, 1.8, 2.6), Protocol(pairs=8), noise_sd=4.0)


def few_images_per_step(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(progress, "VALUES_PER_STEP", FEW * int(np.prod(COARSE.shape)))


def prepared(series: AslSeries, settings: Settings) -> tuple[Prepared, list[Progress]]:
    steps: list[Progress] = []
    return run(prepare(series, settings, Clock()), steps.append), steps


@pytest.mark.parametrize(("count", "size"), [(0, 10), (1, 10), (500, 98_304), (24, 249 * 4096), (3, 2**30), (7, 0)])
def test_batches_hold_everything_once_in_order_and_no_more_than_a_step_may(count: int, size: int) -> None:
    made = list(batches(count, size))
    assert [number for batch in made for number in batch] == list(range(count))
    assert all(len(batch) == 1 or len(batch) * size <= progress.VALUES_PER_STEP for batch in made)


@pytest.mark.parametrize("chosen", SETTINGS)
def test_between_two_yields_no_more_images_are_subtracted_than_a_step_may_hold(
    scan: AslSeries, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    few_images_per_step(monkeypatch)
    _, steps = prepared(scan, SETTINGS[chosen])
    done = [step.done for step in steps if step.stage == "Subtracting label from control"]
    assert done[0] == 0
    assert done[-1] == PAIRS
    assert max(np.diff(done)) <= FEW


@pytest.mark.parametrize(
    ("chosen", "stage"),
    [
        ("plain", "Measuring the scatter of the pairs"),
        ("score", "Looking for outliers"),
        ("score", "Averaging the pairs"),
        ("robust", "Averaging the pairs"),
        ("robust", "Weighing the pairs"),
    ],
)
def test_what_takes_longer_the_more_pairs_there_are_is_done_in_more_steps(
    scan: AslSeries, monkeypatch: pytest.MonkeyPatch, chosen: str, stage: str
) -> None:
    monkeypatch.setattr("deepasl.perfusion.robust_mean.BLOCK_VALUES", 2**15)
    few_images_per_step(monkeypatch)
    of_all, of_some = (
        sum(step.stage == stage for step in prepared(scan, replace(SETTINGS[chosen], pairs=pairs))[1])
        for pairs in (PAIRS, PAIRS // 3)
    )
    assert of_all > 1.5 * of_some > 0


@pytest.mark.parametrize("chosen", SETTINGS)
@pytest.mark.parametrize("delays", [1, 3])
def test_the_length_of_the_steps_changes_no_number(
    scan: AslSeries, at_delays: AslSeries, monkeypatch: pytest.MonkeyPatch, chosen: str, delays: int
) -> None:
    series = scan if delays == 1 else at_delays
    assert has_several_delays(series) is (delays > 1)
    long, long_steps = prepared(series, SETTINGS[chosen])
    few_images_per_step(monkeypatch)
    short, short_steps = prepared(series, SETTINGS[chosen])
    assert len(short_steps) > len(long_steps)
    assert short.findings == long.findings
    assert short.differences.dropped == long.differences.dropped
    np.testing.assert_array_equal(short.differences.mean, long.differences.mean)
    np.testing.assert_array_equal(short.differences.volumes, long.differences.volumes)
    np.testing.assert_array_equal(short.mask, long.mask)
    np.testing.assert_array_equal(short.grey, long.grey)
    np.testing.assert_array_equal(short.volume_signal, long.volume_signal)
    assert short.noise == long.noise


def test_standard_errors_are_the_same_however_long_their_steps_are(
    scan: AslSeries, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready, _ = prepared(scan, Settings())
    long = run(standard_error(ready.differences.volumes, ready.mask))
    few_images_per_step(monkeypatch)
    steps: list[Progress] = []
    short = run(standard_error(ready.differences.volumes, ready.mask), steps.append)
    assert len(steps) == COARSE.shape[0], "a slice of all pairs is nearly as much as a step may hold"
    assert long is not None
    np.testing.assert_array_equal(short, long)


def test_the_brain_is_found_in_several_steps(scan: AslSeries) -> None:
    _, steps = prepared(scan, Settings())
    assert [step.done for step in steps if step.stage == "Finding the brain"] == [0, 1, 2, 3, 4]


def test_a_scan_is_inspected_in_the_steps_in_which_it_is_prepared(scan: AslSeries) -> None:
    _, steps = prepared(scan, Settings())
    seen: list[Progress] = []
    inspection = run(inspect_series(scan, Settings()), seen.append)
    assert seen == steps
    assert inspection.mask is not None


def test_a_smoothing_that_cannot_be_is_refused_before_the_first_image(scan: AslSeries) -> None:
    steps: list[Progress] = []
    with pytest.raises(InputError, match="smoothing of 90 mm"):
        run(prepare(scan, Settings(smoothing_fwhm=90.0), Clock()), steps.append)
    assert (steps[-1].stage, steps[-1].done) == ("Subtracting label from control", 0)
