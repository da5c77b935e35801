"""Head motion is found, brought back, and not seen where there is none."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from deepasl.brain.masking import brain_mask
from deepasl.findings import Severity
from deepasl.geometry import Geometry
from deepasl.motion.realignment import Realigned, realign
from deepasl.motion.rigid import parameters_of
from deepasl.perfusion.differences import choose_pairs, subtract
from deepasl.phantom import Artifacts, Pose, Protocol, Subject, acquire, random_walk
from deepasl.progress import run
from deepasl.readers import read_scan
from deepasl.series import AslSeries, FloatArray, M0Scan, Role
from moving_heads import INVERTED_TONES, image, pose_matrix, scan
from phantom_scans import COARSE

PAIR = [Role.CONTROL, Role.LABEL]
NOISE = 10.0
"""1 % of M0 of grey matter: a 2D scan without background suppression."""


def restless(count: int, most: float = 3.0, seed: int = 4) -> list[Pose]:
    """Poses anywhere within so many mm and degrees along and about each axis; the first is at rest."""
    drawn = np.random.default_rng(seed).uniform(-most, most, (count, 6)).tolist()
    return [Pose(), *(Pose((x, y, z), (a, b, c)) for x, y, z, a, b, c in drawn[1:])]


def moving_scan(poses: list[Pose], *, noise_sd: float = NOISE) -> AslSeries:
    roles = PAIR * (len(poses) // 2)
    return scan([image(p, r) for p, r in zip(poses, roles, strict=True)], roles, noise_sd=noise_sd)


def still_scan(pairs: int = 8, *, noise_sd: float = NOISE, **look: object) -> AslSeries:
    return scan([image(role=role, **look) for role in PAIR * pairs], PAIR * pairs, noise_sd=noise_sd)


def errors(found: Realigned, poses: list[Pose]) -> tuple[np.ndarray, np.ndarray]:
    """What is left of the true motion, in mm and degrees; where "at rest" is, is free."""
    true = np.array([parameters_of(pose_matrix(pose), COARSE) for pose in poses])
    left = found.parameters - true
    left -= np.median(left, axis=0)
    return np.linalg.norm(left[:, :3], axis=1), np.linalg.norm(left[:, 3:], axis=1)


def codes(found: Realigned) -> set[str]:
    return {finding.code for finding in found.findings}


def mean_difference(series: AslSeries) -> FloatArray:
    return run(subtract(series, choose_pairs(series, None)[0])).mean


# What it finds


def test_motion_up_to_3_mm_and_3_degrees_is_found():
    poses = restless(12)
    shifts, turns = errors(run(realign(moving_scan(poses))), poses)
    assert np.median(shifts) < 0.15
    assert np.median(turns) < 0.15


def test_motion_is_told_from_where_the_head_mostly_was():
    poses = restless(6)
    found = run(realign(moving_scan(poses)))
    np.testing.assert_allclose(np.median(found.parameters, axis=0), np.zeros(6), atol=0.2)


def test_where_the_scanner_has_its_origin_does_not_matter():
    series = moving_scan(restless(4))
    x, y, z = COARSE.origin
    elsewhere = replace(series, geometry=replace(COARSE, origin=(x + 60.0, y - 50.0, z + 80.0)))
    found, found_there = (run(realign(s)).parameters for s in (series, elsewhere))
    np.testing.assert_allclose(found_there, found, atol=0.002)


def test_a_wandering_head_is_followed(subject: Subject):
    protocol = Protocol(pairs=8, m0_volumes=0)
    walk = random_walk(16, step_mm=0.4, step_degrees=0.4, seed=2)
    series = acquire(subject, protocol, noise_sd=NOISE, seed=1, artifacts=Artifacts(poses=walk, drift=0.03))
    shifts, turns = errors(run(realign(series)), list(walk))
    assert np.median(shifts) < 0.15
    assert np.median(turns) < 0.15


def test_the_place_it_is_brought_to_is_where_it_mostly_was():
    poses = [Pose()] * 7 + [Pose((0.0, 0.0, 2.5), (2.0, 0.0, 0.0))] * 3
    found = run(realign(moving_scan(poses)))
    assert np.abs(found.parameters[:7]).max() < 0.1
    np.testing.assert_allclose(found.parameters[8], [0, 0, 2.5, 2.0, 0, 0], atol=0.2)
    # Power et al.: one step of 2.5 mm and of 2 degrees on a sphere of 50 mm.
    assert found.framewise_displacement[7] == pytest.approx(2.5 + 50.0 * np.radians(2.0), abs=0.4)
    assert np.delete(found.framewise_displacement, 7).max() < 0.3


# What it mends


def test_flow_is_nearer_to_the_truth_after_correction():
    series = moving_scan([Pose()] * 4 + restless(9, 2.0)[1:], noise_sd=1.0)
    corrected = run(realign(series))
    truth = mean_difference(scan([image(role=role) for role in PAIR], PAIR, noise_sd=0.0))
    brain = brain_mask(image(), COARSE)
    before, after = (np.abs(mean_difference(s) - truth)[brain].mean() for s in (series, corrected.series))
    assert corrected.moved
    # What is left is what slices of 8 mm did not sample.
    assert after < 0.6 * before


def test_the_scan_that_was_given_stays_as_it_was():
    series = moving_scan(restless(6))
    before = series.volumes.copy()
    corrected = run(realign(series))
    assert corrected.moved
    np.testing.assert_array_equal(series.volumes, before)


# What it leaves alone


def test_a_still_scan_comes_back_as_it_is():
    series = still_scan()
    found = run(realign(series))
    assert found.series.volumes is series.volumes
    assert not found.moved
    assert "motion-still" in codes(found)


def test_a_weak_background_does_not_make_labeling_look_like_motion():
    """2 % of M0 is left, so that labeling takes away a good part of the image, and from grey matter most."""
    faint = (20.0, 17.0, 24.0)
    found = run(realign(still_scan(12, noise_sd=1.0, tones=faint, perfusion=2.0)))
    assert not found.moved
    # As found, they would alternate by 0.7 degrees to either side.
    assert np.abs(found.parameters).max() < 0.25


@pytest.mark.parametrize("noise_sd", [10.0, 30.0])
def test_noise_that_is_as_strong_as_a_suppressed_background_is_no_motion(noise_sd: float):
    """1 % and 3 % of M0, where 5 % of M0 is left."""
    found = run(realign(still_scan(6, noise_sd=noise_sd, tones=INVERTED_TONES)))
    assert not found.moved


def test_motion_is_found_with_a_suppressed_background_too():
    poses = [Pose()] * 5 + [Pose((2.0, -1.0, 2.0), (2.0, 1.0, -2.0))] * 3
    volumes = [image(p, r, tones=INVERTED_TONES) for p, r in zip(poses, PAIR * 4, strict=True)]
    shifts, turns = errors(run(realign(scan(volumes, PAIR * 4, noise_sd=3.0))), poses)
    assert np.median(shifts) < 0.15
    assert np.median(turns) < 0.15


def test_drift_of_the_signal_is_no_motion(subject: Subject):
    series = acquire(subject, Protocol(pairs=8, m0_volumes=0), noise_sd=NOISE, seed=1, artifacts=Artifacts(drift=0.1))
    assert run(realign(series)).series.volumes is series.volumes


def test_subtracted_volumes_show_no_head_to_align():
    deltam = image() - image(role=Role.LABEL)
    series = scan([deltam] * 4, [Role.DELTAM] * 4, noise_sd=5.0)
    found = run(realign(series))
    assert found.series.volumes is series.volumes
    assert codes(found) == {"motion-not-looked-for"}


# M0 of the series


@pytest.mark.parametrize("tones", [(1000.0, 850.0, 1200.0), INVERTED_TONES], ids=["same contrast", "suppressed"])
def test_m0_images_are_brought_to_the_others_whatever_their_contrast(tones: tuple[float, float, float]):
    away = Pose((2.0, -1.0, 1.5), (1.0, -2.0, 1.0))
    rest = [image(role=role, tones=tones) for role in PAIR * 5]
    series = scan([*rest, image(away)], [*PAIR * 5, Role.M0SCAN], noise_sd=0.01 * max(tones))
    found = run(realign(series))
    np.testing.assert_allclose(found.parameters[-1], [*away.shift_mm, *away.rotation_degrees], atol=0.3)
    # The first of its kind was nowhere before.
    assert found.framewise_displacement[-1] == 0.0
    assert "m0-realigned" in codes(found)
    brain = brain_mask(image(), COARSE)
    inside = ndimage.binary_erosion(brain, iterations=2)
    np.testing.assert_array_equal(found.series.volumes[:-1], series.volumes[:-1])
    before, after = (np.abs(s.volumes[-1] - image())[inside].mean() for s in (series, found.series))
    assert after < 0.6 * before


def test_m0_that_lies_where_the_others_do_is_left_alone():
    rest = [image(role=role, tones=INVERTED_TONES) for role in PAIR * 5]
    series = scan([image(), *rest], [Role.M0SCAN, *PAIR * 5], noise_sd=1.0)
    assert run(realign(series)).series.volumes is series.volumes


# M0 of a scan of its own


def separate(m0: FloatArray, grid: Geometry) -> AslSeries:
    return replace(still_scan(3, tones=INVERTED_TONES, noise_sd=1.0), m0scan=M0Scan(m0[None], grid, "m0scan.nii.gz"))


def test_a_separate_m0_scan_that_lies_elsewhere_comes_to_the_series():
    grid = Geometry(
        (20, 64, 64), (3.5, 3.5, 5.0), (-118.0, -105.0, -50.0), (1.0, 0, 0, 0, 0.995, -0.0998749, 0, 0.0998749, 0.995)
    )
    series = separate(image(Pose((3.0, -4.0, 5.0), (3.0, -2.0, 4.0)), geometry=grid), grid)
    found = run(realign(series))
    assert found.series.m0scan is not None
    assert found.series.m0scan.geometry == COARSE
    assert found.series.volumes is series.volumes
    assert "m0-placed" in codes(found)
    inside = ndimage.binary_erosion(brain_mask(image(), COARSE), iterations=2)
    placed = found.series.m0scan.volumes[0]
    assert np.corrcoef(placed[inside], image()[inside])[0, 1] > 0.9
    assert ndimage.center_of_mass(placed * inside) == pytest.approx(ndimage.center_of_mass(image() * inside), abs=0.1)


def test_a_separate_m0_scan_in_its_place_stays_the_same():
    series = separate(image(), COARSE)
    found = run(realign(series))
    assert found.series.m0scan is series.m0scan
    assert not found.moved


def test_an_m0_scan_of_something_else_stays_where_its_header_puts_it():
    noise = np.random.default_rng(0).normal(100.0, 10.0, COARSE.shape).astype(np.float32)
    found = run(realign(separate(noise, COARSE)))
    assert "m0-position-uncertain" in codes(found)
    assert not found.moved


# What goes wrong


@pytest.mark.parametrize("fill", [0.0, np.nan], ids=["zeros", "not a number"])
def test_a_volume_without_an_image_is_named_and_the_others_are_corrected(fill: float):
    poses = restless(10, 2.0)
    series = moving_scan(poses)
    series.volumes[5] = fill
    found = run(realign(series))
    (told,) = (finding for finding in found.findings if finding.code == "motion-unknown")
    assert told.severity is Severity.WARNING
    assert "5" in told.message
    np.testing.assert_array_equal(found.series.volumes[5], series.volumes[5])
    known = np.arange(10) != 5
    shifts, turns = (error[known] for error in errors(found, poses))
    assert np.median(shifts) < 0.15
    assert np.median(turns) < 0.15
    np.testing.assert_array_equal(found.parameters[5], found.parameters[4])


@pytest.mark.parametrize("spoilt", [0, 3])
def test_a_volume_of_noise_is_named_wherever_it_is(spoilt: int):
    """With six volumes the fourth lies in the middle, where a search may begin."""
    series = moving_scan(restless(6, 1.0))
    series.volumes[spoilt] = np.random.default_rng(0).normal(500.0, 50.0, COARSE.shape)
    (told,) = (finding for finding in run(realign(series)).findings if finding.code == "motion-unknown")
    assert told.message.startswith(f"Volume(s) {spoilt} do not show")


def test_a_scan_of_nothing_is_no_scan_of_a_head():
    series = replace(still_scan(2), volumes=np.zeros((4, *COARSE.shape), dtype=np.float32))
    assert codes(run(realign(series))) == {"motion-not-looked-for"}


def test_a_single_image_has_nothing_to_be_aligned_with():
    series = scan([image()], [Role.CONTROL], noise_sd=NOISE)
    found = run(realign(series))
    assert found.series.volumes is series.volumes
    np.testing.assert_array_equal(found.parameters, np.zeros((1, 6)))


@pytest.mark.parametrize("shape", [(4, 5, 4), (3, 6, 6), (1, 20, 20)])
def test_few_voxels_are_no_failure(shape: tuple[int, int, int]):
    grid = Geometry(shape, (4.0, 4.0, 4.0))
    volumes = np.random.default_rng(0).normal(100.0, 5.0, (4, *shape)).astype(np.float32)
    series = replace(still_scan(2), volumes=volumes, geometry=grid)
    found = run(realign(series))
    assert found.parameters.shape == (4, 6)
    assert found.findings


def test_the_job_may_be_closed_at_any_step():
    series = moving_scan(restless(4))
    before = series.volumes.copy()
    steps = sum(1 for _ in realign(series))
    assert steps > 3 * len(series.volumes)
    for stop in range(0, steps, 5):
        job = realign(series)
        for _ in range(stop + 1):
            next(job)
        job.close()
    np.testing.assert_array_equal(series.volumes, before)


# Real scans


@pytest.mark.data
def test_a_real_scan_is_steadier_after_correction(shared_data: Path):
    series = read_scan(shared_data / "bids/ds000240/sub-01/perf/sub-01_task-restEyesOpen_asl.nii.gz")
    found = run(realign(series))
    brain = brain_mask(series.volumes_of(Role.CONTROL).mean(axis=0), series.geometry)
    before, after = (s.volumes_of(Role.CONTROL)[:, brain].std(axis=0).mean() for s in (series, found.series))
    assert after < 0.85 * before
    labeled = [t for t, role in enumerate(series.roles) if role in PAIR]
    # A volunteer who lies as still as one can.
    assert np.abs(found.parameters[labeled]).max() < 2.0
    assert found.framewise_displacement[labeled].mean() < 0.5
