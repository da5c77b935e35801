"""The network meets the difference image in its own unit, and takes away what it calls noise, and nothing else."""

import numpy as np
import onnx_networks as networks
import pytest
from onnx.reference import ReferenceEvaluator

from deepasl.denoising.denoiser import BATCH_SECONDS, Denoiser, next_batch
from deepasl.denoising.network_input import stack_slices
from deepasl.denoising.runtime import CPU
from deepasl.errors import InputError, ModelError
from deepasl.progress import run

MEAN_M0 = 1800.0


@pytest.fixture
def denoiser(tmp_path):
    """Makes a denoiser of any network."""

    def make(network, **entry) -> Denoiser:
        return Denoiser(networks.entry(network, tmp_path, **entry), provider="cpu")

    return make


def difference_image(shape=(5, 21, 34), seed=0) -> np.ndarray:
    """Noise of the size of a real perfusion signal: 1 % of M0."""
    return np.random.default_rng(seed).normal(0.0, 0.01 * MEAN_M0, shape).astype(np.float32)


def test_a_network_that_sees_no_noise_leaves_the_image_as_it_is(denoiser):
    deltam = difference_image()
    denoised = run(denoiser(networks.affine(0.0)).denoise(deltam, MEAN_M0))
    np.testing.assert_array_equal(denoised, deltam)
    assert denoised.dtype == np.float32
    assert not np.shares_memory(denoised, deltam)


def test_a_network_that_takes_everything_for_noise_leaves_no_perfusion(denoiser):
    denoised = run(denoiser(networks.affine(1.0)).denoise(difference_image(), MEAN_M0))
    np.testing.assert_allclose(denoised, 0.0, atol=1e-6 * MEAN_M0)


def test_noise_is_predicted_in_percent_of_mean_m0(denoiser):
    deltam = difference_image()
    denoised = run(denoiser(networks.affine(0.0, offset=1.0)).denoise(deltam, MEAN_M0))
    np.testing.assert_allclose(deltam - denoised, 0.01 * MEAN_M0, rtol=1e-5)


def test_the_gain_of_the_receiver_does_not_matter(denoiser):
    network, deltam = denoiser(networks.conv_stack()), difference_image()
    np.testing.assert_allclose(
        run(network.denoise(37.0 * deltam, 37.0 * MEAN_M0)),
        37.0 * run(network.denoise(deltam, MEAN_M0)),
        atol=37.0 * 1e-6 * MEAN_M0,
    )


def test_the_result_is_that_of_the_network_as_onnx_defines_it(denoiser):
    network, deltam = networks.conv_stack(), difference_image((3, 17, 24))
    (noise,) = ReferenceEvaluator(network).run(None, {"deltam": 100.0 * deltam[:, None] / np.float32(MEAN_M0)})
    expected = deltam - noise[:, 0] * MEAN_M0 / 100.0
    assert np.abs(expected - deltam).max() > 0.001 * MEAN_M0
    np.testing.assert_allclose(run(denoiser(network).denoise(deltam, MEAN_M0)), expected, atol=1e-6 * MEAN_M0)


@pytest.mark.parametrize("shape", [(3, 16, 24), (3, 17, 23), (1, 1, 5)])
def test_a_network_that_pools_takes_slices_of_any_size(denoiser, shape):
    network, deltam = networks.u_net(), difference_image(shape)
    (noise,) = ReferenceEvaluator(network).run(None, {"deltam": 100.0 * deltam[:, None] / np.float32(MEAN_M0)})
    expected = deltam - noise[:, 0] * MEAN_M0 / 100.0
    assert np.abs(expected - deltam).max() > 0.001 * MEAN_M0
    denoised = run(denoiser(network, receptive_field=10).denoise(deltam, MEAN_M0))
    np.testing.assert_allclose(denoised, expected, atol=1e-6 * MEAN_M0)


def test_a_slice_is_denoised_the_same_alone_and_among_others(denoiser):
    network, deltam = denoiser(networks.conv_stack()), difference_image((40, 32, 32))
    together = run(network.denoise(deltam, MEAN_M0))
    alone = np.concatenate([run(network.denoise(deltam[k : k + 1], MEAN_M0)) for k in range(len(deltam))])
    np.testing.assert_allclose(together, alone, atol=1e-6 * MEAN_M0)


@pytest.mark.parametrize("shape", [(2, 90, 101), (1, 80, 120), (2, 30, 55)])
def test_patches_agree_with_whole_slices_away_from_their_borders(denoiser, shape):
    network = denoiser(networks.conv_stack(layers=4), receptive_field=9, patch_size=40)
    deltam = difference_image(shape)
    whole, patched = (run(job(deltam, MEAN_M0)) for job in (network.denoise, network.denoise_patches))
    away = np.ones(shape, bool)
    for axis in (1, 2):
        for border in range(40, shape[axis], 40):
            near = [slice(None)] * 3
            near[axis] = slice(border - 4, border + 4)
            away[tuple(near)] = False
    difference = np.abs(whole - patched) / MEAN_M0
    assert difference[away].max() < 1e-4
    assert difference[~away].max() > 1e-4


@pytest.mark.parametrize("shape", [(2, 90, 101), (1, 80, 80), (3, 12, 55), (1, 7, 9)])
def test_patches_denoise_every_voxel_exactly_once(denoiser, shape):
    network = denoiser(networks.affine(0.0, offset=1.0), patch_size=40)
    removed = -run(network.denoise_patches(np.zeros(shape, np.float32), MEAN_M0))
    np.testing.assert_allclose(removed, 0.01 * MEAN_M0, rtol=1e-6)


def test_a_slice_smaller_than_a_patch_is_one_patch(denoiser):
    network, deltam = denoiser(networks.conv_stack(), patch_size=40), difference_image((2, 21, 34))
    whole, patched = (run(job(deltam, MEAN_M0)) for job in (network.denoise, network.denoise_patches))
    np.testing.assert_array_equal(whole, patched)


def test_the_input_is_never_modified(denoiser):
    deltam = difference_image()
    deltam.setflags(write=False)
    before = deltam.copy()
    run(denoiser(networks.conv_stack()).denoise(deltam, MEAN_M0))
    np.testing.assert_array_equal(deltam, before)


def test_progress_counts_slices_up_to_the_last(denoiser):
    steps = []
    run(denoiser(networks.conv_stack()).denoise(difference_image((6, 128, 128)), MEAN_M0), steps.append)
    assert {step.stage for step in steps} == {"Denoising"}
    assert {step.total for step in steps} == {6}
    assert steps[0].done == 1, "the first batch of slices this large holds one"
    assert [step.done for step in steps] == sorted({step.done for step in steps})
    assert steps[-1].done == 6


def test_a_job_closed_half_way_leaves_input_and_network_as_they_were(denoiser):
    network, deltam = denoiser(networks.conv_stack()), difference_image((6, 128, 128))
    before, expected = deltam.copy(), run(network.denoise(deltam, MEAN_M0))
    cancelled = network.denoise(deltam, MEAN_M0)
    next(cancelled)
    cancelled.close()
    np.testing.assert_array_equal(deltam, before)
    np.testing.assert_allclose(run(network.denoise(deltam, MEAN_M0)), expected, atol=1e-6 * MEAN_M0)


@pytest.mark.parametrize("scale", [0.0, -5.0, float("nan"), float("inf"), 1e-40])
def test_a_mean_m0_that_cannot_scale_is_refused(denoiser, scale):
    with pytest.raises(InputError, match="mean M0 in the brain is"):
        run(denoiser(networks.affine(0.0)).denoise(difference_image(), scale))


def test_one_voxel_that_is_not_a_number_is_refused_before_it_spreads(denoiser):
    deltam = difference_image()
    deltam[2, 3, 4] = np.nan
    with pytest.raises(InputError, match="1 voxels are not numbers"):
        run(denoiser(networks.affine(0.0)).denoise(deltam, MEAN_M0))


def test_a_single_slice_without_its_axis_is_a_mistake_of_the_caller(denoiser):
    with pytest.raises(ValueError, match=r"\[k, j, i\]"):
        run(denoiser(networks.affine(0.0)).denoise(difference_image((21, 34)), MEAN_M0))


def test_batches_that_do_not_fit_into_memory_are_halved_until_they_do(denoiser):
    deltam = difference_image((9, 16, 16))
    denoised = run(denoiser(networks.hungry(axis=0, most=2, offset=1.0)).denoise(deltam, MEAN_M0))
    np.testing.assert_allclose(deltam - denoised, 0.01 * MEAN_M0, rtol=1e-5)


def test_a_slice_too_large_for_the_memory_is_refused_in_words(denoiser):
    network = denoiser(networks.hungry(axis=2, most=64))
    assert run(network.denoise(difference_image((2, 64, 64)), MEAN_M0)).shape == (2, 64, 64)
    with pytest.raises(ModelError, match="not enough memory to denoise 1 images of 65 x 80"):
        run(network.denoise(difference_image((2, 65, 80)), MEAN_M0))


@pytest.mark.parametrize(
    ("seconds", "following"),
    [(0.1 * BATCH_SECONDS, 8), (BATCH_SECONDS, 4), (10 * BATCH_SECONDS, 2)],
    ids=["fast", "in time", "slow"],
)
def test_batches_grow_on_fast_machines_and_shrink_on_slow_ones(seconds, following):
    assert next_batch(4, seconds) == following


def test_a_batch_holds_at_least_one_slice():
    assert next_batch(1, 100 * BATCH_SECONDS) == 1


def test_the_run_says_which_network_ran_where_and_why(denoiser):
    network = denoiser(networks.conv_stack())
    told = network.run_info(MEAN_M0)
    assert (told.id, told.title, told.sha256) == (network.entry.id, network.entry.title, network.entry.sha256)
    assert (told.provider, told.scale) == (CPU, MEAN_M0)
    assert told.provider_reason == "CPU: as asked for"


def m0_image(shape=(5, 21, 34), seed=3) -> np.ndarray:
    """M0 that differs from voxel to voxel, 0 in the corner outside the brain."""
    m0 = np.random.default_rng(seed).uniform(0.5, 1.5, shape).astype(np.float32) * np.float32(MEAN_M0)
    m0[:, :5, :5] = 0
    return m0


def shifted(image: np.ndarray, offset: int) -> np.ndarray:
    """Slice k + offset in place of slice k; zeros where there is none."""
    moved = np.zeros_like(image)
    for k in range(len(image)):
        if 0 <= k + offset < len(image):
            moved[k] = image[k + offset]
    return moved


@pytest.mark.parametrize("way", ["denoise", "denoise_patches"])
@pytest.mark.parametrize(("number", "offset"), [(0, -1), (1, 0), (2, 1)])
def test_a_network_sees_the_slice_below_then_the_one_to_denoise_then_the_one_above(denoiser, number, offset, way):
    network, deltam = denoiser(networks.channel(number), slices=3, m0=True, patch_size=8), difference_image()
    denoised = run(getattr(network, way)(deltam, MEAN_M0, m0_image()))
    np.testing.assert_allclose(deltam - denoised, shifted(deltam, offset), atol=1e-5 * MEAN_M0 / 100)


@pytest.mark.parametrize("way", ["denoise", "denoise_patches"])
@pytest.mark.parametrize(("number", "offset"), [(3, -1), (4, 0), (5, 1)])
def test_a_network_sees_m0_of_the_same_slices_as_a_fraction_of_its_mean(denoiser, number, offset, way):
    network, m0 = denoiser(networks.channel(number), slices=3, m0=True, patch_size=8), m0_image()
    removed = -run(getattr(network, way)(np.zeros_like(m0), MEAN_M0, m0))
    np.testing.assert_allclose(100.0 * removed / MEAN_M0, shifted(m0, offset) / MEAN_M0, rtol=1e-5)


@pytest.mark.parametrize("at_once", [2, 3, 4])
@pytest.mark.parametrize("number", [0, 5])
def test_however_batches_are_cut_each_slice_keeps_its_neighbours(denoiser, number, at_once):
    deltam, m0 = difference_image((9, 16, 16)), m0_image((9, 16, 16))
    cut, uncut = (
        run(denoiser(networks.channel(number, limit), slices=3, m0=True).denoise(deltam, MEAN_M0, m0))
        for limit in (at_once, 1000)
    )
    np.testing.assert_array_equal(cut, uncut)


def test_three_slices_and_m0_meet_the_network_as_onnx_defines_it(denoiser):
    network, deltam, m0 = networks.conv_stack(seen=6), difference_image((40, 16, 24)), m0_image((40, 16, 24))
    seeing = denoiser(network, slices=3, m0=True)
    scale = np.float32(MEAN_M0)
    stack = stack_slices(100 * deltam / scale, m0 / scale, seeing.entry.input)
    (noise,) = ReferenceEvaluator(network).run(None, {"deltam": stack})
    expected = deltam - noise[:, 0] * MEAN_M0 / 100.0
    np.testing.assert_allclose(run(seeing.denoise(deltam, MEAN_M0, m0)), expected, atol=1e-6 * MEAN_M0)


def test_the_gain_of_the_receiver_does_not_matter_to_m0_either(denoiser):
    network = denoiser(networks.conv_stack(seen=6), slices=3, m0=True)
    deltam, m0 = difference_image(), m0_image()
    np.testing.assert_allclose(
        run(network.denoise(37.0 * deltam, 37.0 * MEAN_M0, 37.0 * m0)),
        37.0 * run(network.denoise(deltam, MEAN_M0, m0)),
        atol=37.0 * 1e-6 * MEAN_M0,
    )


def test_neither_image_is_modified(denoiser):
    deltam, m0 = difference_image(), m0_image()
    before = deltam.copy(), m0.copy()
    deltam.setflags(write=False)
    m0.setflags(write=False)
    run(denoiser(networks.conv_stack(seen=6), slices=3, m0=True).denoise(deltam, MEAN_M0, m0))
    np.testing.assert_array_equal((deltam, m0), before)


def test_a_network_that_needs_m0_is_refused_without_and_another_is_named(denoiser):
    with pytest.raises(InputError, match="test-network needs M0") as refusal:
        next(denoiser(networks.channel(4), slices=3, m0=True).denoise(difference_image(), MEAN_M0))
    assert "choose the model deepasl-paper" in refusal.value.remedy


def test_m0_of_another_grid_is_refused(denoiser):
    network = denoiser(networks.channel(4), slices=3, m0=True)
    with pytest.raises(InputError, match="M0 image has 5 x 21 x 33 voxels and the difference image 5 x 21 x 34"):
        next(network.denoise(difference_image(), MEAN_M0, m0_image((5, 21, 33))))


def test_one_voxel_of_m0_that_is_not_a_number_is_refused(denoiser):
    m0 = m0_image()
    m0[1, 2, 3] = np.inf
    with pytest.raises(InputError, match="M0 image: 1 voxels are not numbers"):
        next(denoiser(networks.channel(4), slices=3, m0=True).denoise(difference_image(), MEAN_M0, m0))


def test_a_network_without_m0_does_not_look_at_it(denoiser):
    network, deltam = denoiser(networks.conv_stack()), difference_image()
    unusable = np.full((2, 3, 4), np.nan, np.float32)
    np.testing.assert_array_equal(
        run(network.denoise(deltam, MEAN_M0, unusable)), run(network.denoise(deltam, MEAN_M0))
    )


def test_a_network_that_is_not_what_its_registry_says_is_not_run(denoiser):
    with pytest.raises(ModelError, match=r"takes 1 channels, but its registry says 3 slices \+ M0, that is 6"):
        denoiser(networks.conv_stack(), slices=3, m0=True)


def test_a_damaged_network_is_not_run(tmp_path):
    entry = networks.entry(networks.conv_stack(), tmp_path)
    entry.path.write_bytes(entry.path.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="damaged"):
        Denoiser(entry)
