import dataclasses
import logging
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from invivo_cases import NOISE_SD, PATCHES, STILL, person, protocol, read_phantom

from deepasl.errors import InputError
from deepasl.phantom import true_deltam
from deepasl_trainer.evaluation.observation import Observation
from deepasl_trainer.invivo.cutting import augmented_by_person, augmented_patches, patches_as_acquired
from deepasl_trainer.invivo.patches import InVivoPatches, join
from deepasl_trainer.invivo.placement import lay
from deepasl_trainer.invivo.rigid import STAY, Move
from deepasl_trainer.invivo.scans import InVivoScan, read_people
from deepasl_trainer.people.bids import find_bids_people
from deepasl_trainer.training.examples import Examples

TURN = Move(degrees=15.0, rows=6.3, columns=-4.8)


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> InVivoScan:
    """Eight noisy pairs."""
    return read_phantom(tmp_path_factory.mktemp("noisy"))


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> InVivoScan:
    """Three pairs without noise: every image is the truth."""
    return read_phantom(tmp_path_factory.mktemp("clean"), pairs=3, noise_sd=0.0)


def draw(patches: InVivoPatches, seed: int = 1) -> Examples:
    """An example of every patch."""
    return patches.draw(torch.arange(len(patches)), torch.Generator().manual_seed(seed))


def test_a_noise_free_scan_gives_the_true_blood_flow(clean: InVivoScan) -> None:
    brain = clean.observation.brain
    cbf = clean.observation.deltam * clean.cbf_per_percent()
    np.testing.assert_allclose(cbf[brain], person().cbf[brain], atol=0.05)
    assert not cbf[~brain].any()


def test_patches_of_a_noise_free_scan_give_the_true_blood_flow_in_every_slice(clean: InVivoScan) -> None:
    examples = draw(patches_as_acquired([clean], 1, PATCHES, STILL))
    found = (examples.noisy[:, 0] * examples.cbf_per_percent)[examples.cbf_per_percent > 0].numpy()
    truth = np.where(clean.observation.brain, person().cbf, 0.0)[1:-1]
    assert found.sum() == pytest.approx(truth.sum(), rel=0.02)  # patches with hardly any brain are left out
    assert float(examples.noise.abs().max()) < 0.01  # half precision


@pytest.mark.parametrize("move", [STAY, TURN, Move(degrees=-40.0, columns=12.7)])
def test_pairs_m0_and_brain_move_together(clean: InVivoScan, move: Move) -> None:
    """Where dM is the same part of M0 everywhere, blood flow stays the same everywhere, however both are moved."""
    m0, label = clean.observation.m0, clean.observation.label
    even = dataclasses.replace(
        clean, observation=dataclasses.replace(clean.observation, control=label + np.float32(0.005) * m0)
    )
    flow_of_slices = (even.observation.deltam * even.cbf_per_percent()).max(axis=(1, 2))
    laid = lay(even, move, PATCHES.size)
    cbf = laid.pairs.mean(axis=0) * laid.cbf_per_percent
    for found, brain, expected in zip(cbf, laid.brain, flow_of_slices, strict=True):
        np.testing.assert_allclose(found[brain], expected, rtol=2e-3)
        assert not found[~brain].any()
    assert laid.brain.sum() == pytest.approx(clean.observation.brain.sum(), rel=0.02)
    assert laid.m0[laid.brain].mean() == pytest.approx(1.0, abs=0.02)


def test_a_moved_brain_keeps_its_blood_flow(clean: InVivoScan) -> None:
    laid = lay(clean, TURN, PATCHES.size)
    cbf = laid.pairs.mean(axis=0) * laid.cbf_per_percent
    for k, brain in enumerate(clean.observation.brain):
        if brain.sum() > 100:
            assert cbf[k][laid.brain[k]].mean() == pytest.approx(person().cbf[k][brain].mean(), rel=0.03)


def test_a_moved_scan_has_the_noise_of_the_scanner(scan: InVivoScan) -> None:
    for move in (STAY, TURN):
        laid = lay(scan, move, PATCHES.size)
        noise = laid.pairs.std(axis=0, ddof=1)[laid.brain].mean()
        expected = 100.0 * NOISE_SD * np.sqrt(2.0) / scan.observation.mean_m0
        assert noise == pytest.approx(expected, rel=0.05)


def test_voxels_that_were_not_scanned_are_zero_and_do_not_count(scan: InVivoScan) -> None:
    laid = lay(scan, STAY, 32)
    assert laid.brain.shape[1:] == (64, 32)
    assert laid.brain.sum() == scan.observation.brain.sum()
    assert not laid.scanned.all()
    for image in (laid.pairs.any(axis=0), laid.m0, laid.cbf_per_percent, laid.brain):
        assert not image[~laid.scanned].any()


def test_noise_does_not_count_where_nothing_was_scanned(scan: InVivoScan) -> None:
    """A rim wider than the field of view of 48x48 ends where that ends."""
    cut = patches_as_acquired([scan], 1, dataclasses.replace(PATCHES, size=64, rim_voxels=60), STILL)
    assert cut.near_brain.sum(dim=(1, 2)).tolist() == [48 * 48] * len(cut)


def test_a_scan_smaller_than_a_patch_is_laid_in_the_middle_of_one(scan: InVivoScan) -> None:
    patches = dataclasses.replace(PATCHES, size=64)
    cut = patches_as_acquired([scan], 1, patches, STILL)
    brain = np.sort(scan.observation.brain.any(axis=(1, 2)).nonzero()[0])
    assert 0 < len(cut) <= len(brain) - 2
    rows = cut.near_brain.any(dim=0).any(dim=1).nonzero()
    assert abs((int(rows[0]) + int(rows[-1])) / 2 - 31.5) <= 1


def test_top_and_bottom_slices_of_the_brain_are_left_out(scan: InVivoScan) -> None:
    whole = dataclasses.replace(PATCHES, size=48, least_brain=1e-9)
    cut = patches_as_acquired([scan], 1, whole, STILL)
    laid = lay(scan, STAY, 48)
    assert laid.m0.shape[1:] == (48, 48)
    filled = laid.m0[laid.brain.any(axis=(1, 2))]
    np.testing.assert_array_equal(cut.m0[:, 0].numpy(), filled[1:-1])


def test_neighbouring_slices_are_stacked_bottom_to_top(clean: InVivoScan) -> None:
    one, three = (draw(patches_as_acquired([clean], slices, PATCHES, STILL)) for slices in (1, 3))
    np.testing.assert_allclose(three.noisy[:, 1], one.noisy[:, 0], atol=1e-5)
    np.testing.assert_allclose(three.m0[:, 1], one.m0[:, 0], atol=1e-5)
    np.testing.assert_allclose(three.noise, one.noise, atol=1e-5)
    laid = lay(clean, STAY, PATCHES.size)
    k = int(np.flatnonzero(laid.brain.any(axis=(1, 2)))[1])
    (first,) = (m0 for m0 in three.m0.numpy() if np.array_equal(m0[1], laid.m0[k, :40, :40]))
    np.testing.assert_array_equal(first[0], laid.m0[k - 1, :40, :40])
    np.testing.assert_array_equal(first[2], laid.m0[k + 1, :40, :40])


def test_the_noise_is_what_stands_between_input_and_reference(scan: InVivoScan) -> None:
    """Halves of four pairs: noise of both, two pairs against four."""
    levels = dataclasses.replace(STILL, fractions=(0.5,))
    examples = draw(patches_as_acquired([scan], 1, PATCHES, levels))
    brain = examples.cbf_per_percent > 0
    one_pair = 100.0 * NOISE_SD * np.sqrt(2.0) / scan.observation.mean_m0
    assert float(examples.noise[brain].std()) == pytest.approx(one_pair * np.sqrt(1 / 2 + 1 / 4), rel=0.05)
    paper = dataclasses.replace(levels, reference="mean-of-all")
    shared = draw(patches_as_acquired([scan], 1, PATCHES, paper))
    assert float(shared.noise[brain].std()) == pytest.approx(one_pair * np.sqrt(1 / 4 - 1 / 8), rel=0.05)


def test_halves_have_the_truth_as_their_expectation(scan: InVivoScan) -> None:
    """The reference, averaged over many draws, is the mean of all pairs: it favours none."""
    patches = patches_as_acquired([scan], 1, PATCHES, STILL)
    drawn = torch.stack([draw(patches, seed).deltam for seed in range(25)]).mean(dim=0)
    mean = patches.pairs.float().sum(dim=1)[:, 0] / patches.counts[:, None, None]
    left = (drawn - mean)[patches.cbf_per_percent > 0]
    spread = (patches.pairs.float()[:, :, 0].std(dim=1))[patches.cbf_per_percent > 0].mean()
    # The mean of 4 of 8 pairs varies by sqrt(1/4 - 1/8) = 0.35 of their spread, a mean of 25 of these by 0.07.
    assert float(left.std()) < 0.12 * float(spread)


def test_the_same_generator_draws_the_same_examples_and_another_does_not(scan: InVivoScan) -> None:
    patches = patches_as_acquired([scan], 3, PATCHES, STILL)
    one, same, other = draw(patches, 4), draw(patches, 4), draw(patches, 5)
    assert torch.equal(one.noisy, same.noisy)
    assert torch.equal(one.noise, same.noise)
    assert not torch.equal(one.noisy, other.noisy)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is here")
def test_patches_on_a_gpu_give_examples_there(scan: InVivoScan) -> None:
    patches = patches_as_acquired([scan], 3, PATCHES, STILL).to("cuda")
    examples = patches.draw(torch.arange(len(patches), device="cuda"), torch.Generator("cuda").manual_seed(1))
    for field in dataclasses.fields(examples):
        assert getattr(examples, field.name).is_cuda
    brain = examples.cbf_per_percent > 0
    here = draw(patches.to("cpu"))
    assert float(examples.noise[brain].std()) == pytest.approx(float(here.noise[brain.cpu()].std()), rel=0.3)


def test_half_of_the_examples_are_mirrored_and_all_their_images_with_them(clean: InVivoScan) -> None:
    mirroring = dataclasses.replace(STILL, mirror_share=0.5)
    still, mirrored = (draw(patches_as_acquired([clean], 3, PATCHES, one)) for one in (STILL, mirroring))
    turned = [n for n in range(len(still.m0)) if not torch.equal(still.m0[n], mirrored.m0[n])]
    assert 0.2 * len(still.m0) < len(turned) < 0.8 * len(still.m0)
    for n in turned:
        np.testing.assert_allclose(mirrored.noisy[n].flip(-1), still.noisy[n], atol=0.01)
        assert torch.equal(mirrored.m0[n].flip(-1), still.m0[n])
        assert torch.equal(mirrored.cbf_per_percent[n].flip(-1), still.cbf_per_percent[n])
        assert torch.equal(mirrored.near_brain[n].flip(-1), still.near_brain[n])


def test_scans_of_different_matrix_and_number_of_pairs_are_joined(scan: InVivoScan, clean: InVivoScan) -> None:
    patches = patches_as_acquired([scan, clean], 1, PATCHES, STILL)
    assert sorted(set(patches.counts.tolist())) == [3, 8]
    assert patches.pairs.shape[1] == 8
    examples = draw(patches)
    noise_free = patches.counts == 3
    brain = examples.cbf_per_percent > 0
    assert float(examples.noise[noise_free][brain[noise_free]].abs().max()) < 0.01
    assert float(examples.noise[~noise_free][brain[~noise_free]].std()) > 0.3
    images = [image for field in dataclasses.fields(examples) if (image := getattr(examples, field.name)) is not None]
    assert all(torch.isfinite(image).all() for image in images)
    assert examples.near_brain.any(dim=2).any(dim=1).all()


def test_augmentation_gives_as_many_patches_as_asked_for_the_same_each_time(scan: InVivoScan) -> None:
    few = dataclasses.replace(PATCHES, count=45)
    patches, again = (augmented_patches([scan], 1, few, STILL) for _ in range(2))
    as_acquired = patches_as_acquired([scan], 1, few, STILL)
    assert len(as_acquired) < len(patches) == 45
    assert torch.equal(patches.pairs, again.pairs)
    assert torch.equal(patches.pairs[: len(as_acquired)], as_acquired.pairs)
    other = augmented_patches([scan], 1, few, dataclasses.replace(STILL, seed=3))
    assert not torch.equal(patches.pairs, other.pairs)
    assert len(augmented_patches([scan], 1, dataclasses.replace(PATCHES, count=5), STILL)) == 5


def test_patches_of_people_are_cut_apart_and_joined_for_a_fold(scan: InVivoScan, clean: InVivoScan) -> None:
    by_person = augmented_by_person({"sub-01": [scan], "sub-02": [clean], "sub-03": [scan]}, 1, PATCHES, STILL)
    fold = join([by_person["sub-01"], by_person["sub-03"]])
    assert len(fold) == PATCHES.count
    assert set(fold.counts.tolist()) == {8}


def test_a_scan_without_a_patch_is_left_out_and_the_others_go_on(
    scan: InVivoScan, caplog: pytest.LogCaptureFixture
) -> None:
    thin = dataclasses.replace(scan, name="sub-09_asl", observation=only_two_slices(scan))
    with caplog.at_level(logging.WARNING):
        assert len(patches_as_acquired([thin, scan], 1, PATCHES, STILL)) > 0
    assert "sub-09_asl of sub-01 is left out" in caplog.text
    with pytest.raises(InputError, match="no scan holds a patch of 40x40"):
        patches_as_acquired([thin], 1, PATCHES, STILL)
    assert list(augmented_by_person({"sub-09": [thin], "sub-01": [scan]}, 1, PATCHES, STILL)) == ["sub-01"]


def test_smoothing_takes_noise_away_and_leaves_flow_in_proportion(tmp_path: Path, scan: InVivoScan) -> None:
    smooth = read_phantom(tmp_path, settings=dataclasses.replace(STILL, smoothing_fwhm=8.0))
    assert smooth.observation.noise_percent < 0.6 * scan.observation.noise_percent
    brain = scan.observation.brain
    np.testing.assert_array_equal(smooth.observation.m0, scan.observation.m0)
    assert smooth.observation.deltam[brain].mean() == pytest.approx(scan.observation.deltam[brain].mean(), rel=0.1)


def test_smoothing_does_not_mix_pairs(tmp_path: Path) -> None:
    """Noise of one pair of eight, less their mean, goes with that of the next by -1/7, as if drawn apart."""
    smooth = read_phantom(tmp_path, settings=dataclasses.replace(STILL, smoothing_fwhm=4.0))
    noise = (smooth.pairs_percent() - smooth.observation.deltam)[:, smooth.observation.brain]
    next_to = [np.corrcoef(one, following)[0, 1] for one, following in pairwise(noise)]
    assert np.mean(next_to) == pytest.approx(-1 / 7, abs=0.05)


def test_pairs_are_percent_of_mean_m0(clean: InVivoScan) -> None:
    truth = 100.0 * true_deltam(person(), protocol(3)) / clean.observation.mean_m0
    np.testing.assert_allclose(clean.pairs_percent()[1], truth, atol=1e-3)


def test_real_scans_of_both_matrices_give_examples(shared_data: Path) -> None:
    scans = read_people(find_bids_people(shared_data / "bids" / "ds000240"), STILL)["sub-01"]
    assert [scan.observation.geometry.shape for scan in scans] == [(12, 28, 32), (16, 57, 64)]
    examples = draw(augmented_patches(scans, 3, PATCHES, STILL))
    assert examples.noisy.shape == (PATCHES.count, 3, 40, 40)
    brain = examples.cbf_per_percent > 0
    cbf = (examples.deltam * examples.cbf_per_percent)[brain]
    assert 25.0 < float(cbf.median()) < 60.0


def only_two_slices(scan: InVivoScan) -> Observation:
    brain = scan.observation.brain.copy()
    brain[:5] = brain[7:] = False
    return dataclasses.replace(scan.observation, brain=brain)
