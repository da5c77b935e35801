"""A long scan fits into memory: the pipeline keeps one copy of what it moves, and leaves the scan as it was read."""

import tracemalloc

import numpy as np
import pytest

from deepasl.denoising.denoiser import Denoiser
from deepasl.geometry import Geometry
from deepasl.perfusion.outliers import OutlierRule
from deepasl.perfusion.pair_scatter import mean_and_sd, variance
from deepasl.phantom import Artifacts, Pose, Protocol, acquire, default_anatomy, make_subject
from deepasl.pipeline import Settings, process
from deepasl.progress import run
from deepasl.series import AslSeries, Role

ALLOWED = 3.0
"""Sizes of the series as float32, itself included."""

ALL_STEPS = Settings(motion_correction=True, smoothing_fwhm=4.0, outliers=OutlierRule.SCORE, uncertainty=True)

PAIRS = 40


@pytest.fixture(scope="module")
def long_scan() -> AslSeries:
    """Forty pairs, one of them spoiled, and a head that turns after the twentieth."""
    grid = Geometry(shape=(8, 40, 40), spacing=(5.0, 5.0, 8.0), origin=(-97.5, -97.5, -28.0))
    poses = (*[Pose()] * (1 + PAIRS), *[Pose((1.5, 0.0, 0.0), (0.0, 0.0, 2.0))] * PAIRS)
    person = make_subject(default_anatomy(grid))
    scan = acquire(person, Protocol(pairs=PAIRS), noise_sd=2.0, seed=3, artifacts=Artifacts(poses=poses))
    scan.volumes[scan.indices(Role.LABEL)[5]] *= 0.9
    return scan


def peak_in_series(series: AslSeries, denoiser: Denoiser, settings: Settings) -> float:
    """The most that arrays and objects take during a run, the scan included, in sizes of the scan."""
    tracemalloc.start()
    try:
        run(process(series, denoiser, settings))
        return 1.0 + tracemalloc.get_traced_memory()[1] / series.volumes.nbytes
    finally:
        tracemalloc.stop()


def test_all_steps_together_take_less_than_three_times_the_scan(long_scan: AslSeries, denoiser: Denoiser) -> None:
    before = long_scan.volumes.copy()
    peak_in_series(long_scan, denoiser, Settings())  # what is imported once is no part of it
    assert peak_in_series(long_scan, denoiser, ALL_STEPS) < ALLOWED
    np.testing.assert_array_equal(long_scan.volumes, before)


def test_smoothing_and_outliers_leave_subtracted_volumes_as_they_were_read(
    long_scan: AslSeries, denoiser: Denoiser
) -> None:
    pairs = zip(long_scan.indices(Role.CONTROL), long_scan.indices(Role.LABEL), strict=True)
    subtracted = np.stack([long_scan.volumes[0], *(long_scan.volumes[c] - long_scan.volumes[t] for c, t in pairs)])
    scan = AslSeries(
        "subtracted",
        subtracted,
        long_scan.geometry,
        (Role.M0SCAN, *[Role.DELTAM] * PAIRS),
        long_scan.acquisition.with_values(
            long_scan.acquisition.labeling_duration.source, "test", post_labeling_delay=(1.8,)
        ),
    )
    before = subtracted.copy()
    result = run(process(scan, denoiser, Settings(smoothing_fwhm=4.0, outliers=OutlierRule.SCORE)))
    assert result.record is not None
    assert result.record.dropped
    np.testing.assert_array_equal(subtracted, before)


def test_scatter_slice_by_slice_is_that_of_the_whole(long_scan: AslSeries) -> None:
    images = long_scan.volumes[1:9]
    mask = long_scan.volumes[0] > 200.0
    mask[2] = False
    mean, sd = run(mean_and_sd(images, mask))
    np.testing.assert_array_equal(mean, images[:, mask].mean(axis=0, dtype=np.float64))
    np.testing.assert_array_equal(sd, images[:, mask].std(axis=0, ddof=1, dtype=np.float64))
    np.testing.assert_array_equal(run(variance(images)), images.var(axis=0, ddof=1, dtype=np.float64))
