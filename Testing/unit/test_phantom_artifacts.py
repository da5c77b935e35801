"""What spoils a synthetic scan does so by the amount stated, and by no more."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from deepasl.geometry import Geometry
from deepasl.phantom import Artifacts, Pose, Protocol, Subject, acquire, random_walk, with_separate_m0
from deepasl.series import AslSeries, FloatArray, Role

PROTOCOL = Protocol(pairs=3)
VOLUMES = len(PROTOCOL.roles())


def scan(subject: Subject, artifacts: Artifacts, *, noise_sd: float = 0.0, seed: int = 5) -> AslSeries:
    return acquire(subject, PROTOCOL, noise_sd=noise_sd, seed=seed, artifacts=artifacts)


def noise_alone(subject: Subject, fwhm: float, sd: float | FloatArray = 4.0) -> FloatArray:
    empty = replace(subject, cbf=np.zeros_like(subject.cbf), m0=np.zeros_like(subject.m0))
    return acquire(empty, PROTOCOL, noise_sd=sd, seed=5, artifacts=Artifacts(noise_fwhm_mm=fwhm)).volumes


def center_of_mass(volume: FloatArray, geometry: Geometry) -> np.ndarray:
    """RAS mm."""
    k, j, i = ndimage.center_of_mass(volume)
    return (geometry.ijk_to_ras() @ [i, j, k, 1.0])[:3]


# Noise


def test_correlated_noise_keeps_the_standard_deviation_asked_for(subject: Subject):
    noise = noise_alone(subject, 8.0)
    assert noise.std() == pytest.approx(4.0, rel=0.02)
    # Also in the outermost voxels, which have neighbours on one side only.
    assert noise[:, :, 0].std() == pytest.approx(4.0, rel=0.1)


def test_correlated_noise_has_the_width_asked_for(subject: Subject):
    """Smoothing by a Gaussian of SD s leaves a correlation of exp(-d^2 / (4 s^2)) at a distance d."""
    noise = noise_alone(subject, 12.0)
    sigma = 12.0 / 2.3548
    for axis, spacing in ((3, 4.5), (2, 4.5), (1, 8.0)):
        first, second = (np.take(noise, range(start, noise.shape[axis] - 1 + start), axis) for start in (0, 1))
        expected = np.exp(-(spacing**2) / (4.0 * sigma**2))
        assert np.corrcoef(first.ravel(), second.ravel())[0, 1] == pytest.approx(expected, abs=0.04)


def test_white_noise_does_not_know_its_neighbours(subject: Subject):
    noise = noise_alone(subject, 0.0)
    assert abs(np.corrcoef(noise[..., 1:].ravel(), noise[..., :-1].ravel())[0, 1]) < 0.02


def test_correlated_noise_may_be_stronger_in_some_voxels(subject: Subject):
    spread = np.ones(subject.m0.shape, dtype=np.float32)
    spread[:, :, 24:] = 6.0
    noise = noise_alone(subject, 10.0, spread)
    assert noise[..., 24:].std() / noise[..., :24].std() == pytest.approx(6.0, rel=0.1)


def test_volumes_have_noise_of_their_own(subject: Subject):
    noise = noise_alone(subject, 8.0)
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.1


# Drift


def test_signal_drifts_from_the_first_volume_to_the_last(subject: Subject):
    still, drifting = scan(subject, Artifacts()), scan(subject, Artifacts(drift=0.1))
    inside = subject.mask
    means = [s.volumes[:, inside].mean(axis=1, dtype=np.float64) for s in (still, drifting)]
    np.testing.assert_allclose(means[1] / means[0], np.linspace(1.0, 1.1, VOLUMES), rtol=1e-5)


# Motion


def test_a_head_that_moves_is_seen_where_it_went(subject: Subject):
    """To the right is +x in RAS, whatever the grid."""
    shift = (3.0, -2.0, 4.0)
    grid = subject.tissue.geometry
    poses = (Pose(), Pose(shift), *[Pose()] * (VOLUMES - 2))
    ball = replace(subject, cbf=np.zeros_like(subject.cbf), m0=_ball(grid))
    volumes = scan(ball, Artifacts(poses=poses)).volumes
    moved = center_of_mass(volumes[1], grid) - center_of_mass(volumes[0], grid)
    np.testing.assert_allclose(moved, shift, atol=0.1)
    np.testing.assert_array_equal(volumes[2], volumes[0])


@pytest.mark.parametrize(
    ("rotation", "start", "end"),
    [
        ((0.0, 0.0, 20.0), (40.0, 0.0, 0.0), (37.59, 13.68, 0.0)),
        ((20.0, 0.0, 0.0), (0.0, 40.0, 0.0), (0.0, 37.59, 13.68)),
        ((0.0, 20.0, 0.0), (0.0, 0.0, 30.0), (10.26, 0.0, 28.19)),
    ],
    ids=["to the left", "nose up", "right ear down"],
)
def test_a_head_that_turns_is_seen_where_it_went(
    subject: Subject, rotation: tuple[float, float, float], start: tuple[float, ...], end: tuple[float, ...]
):
    grid = Geometry((31, 31, 31), (4.0, 4.0, 4.0), (-60.0, -60.0, -60.0))
    ball = Subject(
        subject.tissue, np.zeros(grid.shape, np.float32), _ball(grid, start), np.ones(grid.shape, dtype=bool)
    )
    ball = replace(ball, tissue=replace(subject.tissue, grey=ball.m0, white=ball.m0, csf=ball.m0, geometry=grid))
    volumes = scan(ball, Artifacts(poses=(Pose(), Pose(rotation_degrees=rotation), *[Pose()] * 5))).volumes
    np.testing.assert_allclose(center_of_mass(volumes[1], grid), end, atol=0.2)


def test_motion_between_control_and_label_leaves_edges_in_their_difference(subject: Subject):
    poses = random_walk(VOLUMES, step_mm=0.5, step_degrees=0.3, seed=1)
    still, restless = (scan(subject, Artifacts(poses=p)) for p in ((), poses))
    error = np.abs(_difference(restless) - _difference(still))
    rim = subject.mask & ~ndimage.binary_erosion(subject.mask)
    inner = (subject.tissue.white > 0.99) & ndimage.binary_erosion(subject.mask, iterations=3)
    assert error[rim].mean() > 3.0 * error[inner].mean()


def test_a_head_wanders_from_its_first_place_and_the_same_seed_goes_the_same_way():
    walk = random_walk(200, step_mm=0.2, step_degrees=0.1, seed=3)
    assert walk[0] == Pose()
    assert walk == random_walk(200, step_mm=0.2, step_degrees=0.1, seed=3)
    assert walk != random_walk(200, step_mm=0.2, step_degrees=0.1, seed=4)
    shifts = np.diff([pose.shift_mm for pose in walk], axis=0)
    turns = np.diff([pose.rotation_degrees for pose in walk], axis=0)
    assert shifts.std() == pytest.approx(0.2, rel=0.1)
    assert turns.std() == pytest.approx(0.1, rel=0.1)


def test_poses_are_needed_for_every_volume_or_none(subject: Subject):
    with pytest.raises(ValueError, match="2 poses for 7 volumes"):
        scan(subject, Artifacts(poses=(Pose(), Pose())))


# All of it


def test_the_same_seed_gives_the_same_spoiled_scan(subject: Subject):
    spoiled = Artifacts(6.0, 0.02, random_walk(VOLUMES, step_mm=0.2, step_degrees=0.2, seed=1))
    first, again, other = (scan(subject, spoiled, noise_sd=5.0, seed=s).volumes for s in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_m0_in_a_scan_of_its_own_is_the_m0_that_was_acquired(subject: Subject):
    protocol = Protocol(pairs=2, m0_volumes=3)
    whole = acquire(subject, protocol, noise_sd=3.0, seed=1)
    apart = with_separate_m0(whole)
    assert apart.m0scan is not None
    np.testing.assert_array_equal(apart.m0scan.volumes, whole.volumes[:3])
    np.testing.assert_array_equal(apart.volumes, whole.volumes[3:])
    assert apart.roles == (Role.CONTROL, Role.LABEL) * 2
    assert apart.acquisition.post_labeling_delay.value == (1.8,) * 4
    with pytest.raises(ValueError, match="no M0 image"):
        with_separate_m0(apart)


def _ball(grid: Geometry, center: tuple[float, ...] = (0.0, 0.0, 0.0)) -> FloatArray:
    """A soft ball of 15 mm around a point in RAS mm."""
    k, j, i = np.indices(grid.shape)
    ras = np.stack([i, j, k, np.ones_like(i)], axis=-1) @ grid.ijk_to_ras().T
    distance = np.linalg.norm(ras[..., :3] - center, axis=-1)
    return (1000.0 * np.clip((22.0 - distance) / 14.0, 0.0, 1.0)).astype(np.float32)


def _difference(series: AslSeries) -> FloatArray:
    return series.volumes_of(Role.CONTROL).mean(axis=0) - series.volumes_of(Role.LABEL).mean(axis=0)
