import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from trainer_cases import tiny_draws, tiny_patches, tiny_scan, tiny_scanner, tiny_settings, write_people

from deepasl.errors import InputError, OutputError
from deepasl_trainer.synthetic.patches import SyntheticPatches, cut_anatomy
from deepasl_trainer.synthetic.preparation import patches_of_people, scans_of
from deepasl_trainer.training.examples import Examples
from deepasl_trainer.training.settings import DrawSettings, FlowSettings, M0Settings


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> SyntheticPatches:
    return tiny_patches(tmp_path_factory.mktemp("person"))


def even_flow(**changed: object) -> FlowSettings:
    """Grey matter 60, white matter 20, nothing else."""
    flow = dataclasses.replace(
        tiny_draws().flow,
        grey_cbf=(60.0, 60.0),
        white_cbf=(20.0, 20.0),
        regional_sd=(0.0, 0.0),
        lesions=0,
        null_share=0.0,
    )
    return dataclasses.replace(flow, **changed)  # type: ignore[arg-type]


def exact_m0(**changed: object) -> M0Settings:
    """Everything has the same M0; no coil, no blur, no noise."""
    exact = M0Settings((1.0, 1.0), (1.0, 1.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0), 0.0)
    return dataclasses.replace(exact, **changed)  # type: ignore[arg-type]


def drawn(patches: SyntheticPatches, flow: FlowSettings, m0: M0Settings | None = None, seed: int = 1) -> Examples:
    settings = DrawSettings(flow, m0 or exact_m0(), tiny_draws().noise, end_share=0.0)
    changed = dataclasses.replace(patches, settings=settings)
    return changed.draw(torch.arange(len(patches)), torch.Generator().manual_seed(seed))


def cbf_of(examples: Examples) -> torch.Tensor:
    return examples.cbf_per_percent * examples.deltam


def middle_tissue(patches: SyntheticPatches) -> torch.Tensor:
    return patches.anatomy.tissue[:, :, 1].float() / 255.0


def test_quantifying_the_noise_free_signal_returns_the_flow(patches: SyntheticPatches) -> None:
    examples = drawn(patches, even_flow(), exact_m0(white=(0.7, 0.7), csf=(1.4, 1.4), receive_bias=(0.4, 0.4)))
    brain = examples.cbf_per_percent > 0
    grey, white, _ = middle_tissue(patches).unbind(1)
    torch.testing.assert_close(cbf_of(examples)[brain], (60.0 * grey + 20.0 * white)[brain], rtol=1e-3, atol=0.05)


def test_noise_is_what_the_middle_slice_holds_beyond_its_signal(patches: SyntheticPatches) -> None:
    none = even_flow(grey_cbf=(0.0, 0.0), white_cbf=(0.0, 0.0))
    examples = drawn(patches, none)
    torch.testing.assert_close(examples.noisy[:, 1], examples.noise)
    assert examples.noise.std() > 0.05


def test_a_scan_without_perfusion_is_drawn_as_often_as_asked(patches: SyntheticPatches) -> None:
    assert cbf_of(drawn(patches, even_flow(null_share=1.0))).abs().max() < 1e-4
    assert cbf_of(drawn(patches, even_flow(null_share=0.0))).amax(dim=(1, 2)).min() > 15.0


def test_lesions_change_flow_and_leave_no_trace_in_m0(patches: SyntheticPatches) -> None:
    noisy_m0 = tiny_draws().m0
    healthy = drawn(patches, even_flow(), noisy_m0)
    one = even_flow(lesions=1, lesion_radius=(20.0, 20.0), hypo_factor=(0.3, 0.3), hyper_factor=(1.8, 1.8))
    ill = drawn(patches, one, noisy_m0)
    # Fewer numbers are drawn for a scan without lesions: M0 is compared with a scan whose lesions change nothing.
    unchanged = drawn(patches, dataclasses.replace(one, hypo_factor=(1.0, 1.0), hyper_factor=(1.0, 1.0)), noisy_m0)
    torch.testing.assert_close(ill.m0, unchanged.m0)
    ratio = (cbf_of(ill) / cbf_of(healthy).clamp(min=1.0))[cbf_of(healthy) > 15.0]
    assert ratio.min().item() == pytest.approx(0.3, abs=0.05)
    assert ratio.max().item() == pytest.approx(1.8, abs=0.1)
    assert ((ratio - 1.0).abs() < 0.05).float().mean() > 0.2
    assert ill.lesion.max().item() == pytest.approx(0.8, abs=0.01)
    assert (healthy.lesion == 0).all()


def test_regional_variation_is_smooth_and_of_the_strength_asked_for(patches: SyntheticPatches) -> None:
    even = cbf_of(drawn(patches, even_flow()))
    varied = cbf_of(drawn(patches, even_flow(regional_sd=(0.2, 0.2), regional_fwhm=(30.0, 30.0))))
    inside = even > 10.0
    factor = torch.where(inside, varied / even.clamp(min=10.0), 1.0)
    assert factor[inside].std().item() == pytest.approx(0.2, abs=0.06)
    steps = (factor[:, 1:] - factor[:, :-1])[inside[:, 1:] & inside[:, :-1]]
    # Two Gaussians of 30 mm, 5 voxels, convolved: neighbours correlate by exp(-1 / (4 sigma^2)).
    correlation = np.exp(-1.0 / (4.0 * (5.0 / 2.3548) ** 2))
    assert steps.std().item() == pytest.approx(0.2 * np.sqrt(2.0 * (1.0 - correlation)), rel=0.2)


def test_m0_is_seen_in_the_brain_alone_with_a_mean_of_about_one(patches: SyntheticPatches) -> None:
    examples = drawn(patches, even_flow())
    assert torch.equal(examples.m0 > 0, patches.anatomy.brain)
    assert examples.m0[patches.anatomy.brain].mean().item() == pytest.approx(1.0, abs=0.05)


def test_a_loose_mask_shows_what_lies_around_the_brain(patches: SyntheticPatches) -> None:
    loose = drawn(patches, even_flow(), exact_m0(loose_share=1.0)).m0 > 0
    assert (loose >= patches.anatomy.brain).all()
    assert loose.sum() > patches.anatomy.brain.sum()


def test_m0_contrast_differs_from_draw_to_draw(patches: SyntheticPatches) -> None:
    white = middle_tissue(patches)[:, 1] > 0.95
    contrast = exact_m0(white=(0.6, 1.1))
    levels = torch.stack([drawn(patches, even_flow(), contrast, seed).m0[:, 1][white].mean() for seed in range(5)])
    assert levels.std() > 0.01


def test_the_ends_of_a_scan_lack_slices_on_one_side(patches: SyntheticPatches) -> None:
    ends = dataclasses.replace(patches, settings=dataclasses.replace(patches.settings, end_share=1.0))
    examples = ends.draw(torch.arange(len(patches)), torch.Generator().manual_seed(2))
    empty = (examples.noisy == 0).all(dim=(2, 3))
    assert not empty[:, 1].any()
    assert (empty[:, 0] ^ empty[:, 2]).all()
    assert torch.equal((examples.m0 == 0).all(dim=(2, 3)) | ~empty, torch.ones_like(empty))


def test_the_same_generator_draws_the_same_examples(patches: SyntheticPatches) -> None:
    first, second, other = (
        patches.draw(torch.tensor([0, 3]), torch.Generator().manual_seed(seed)) for seed in (5, 5, 6)
    )
    for field in dataclasses.fields(Examples):
        one, same = getattr(first, field.name), getattr(second, field.name)
        assert one is same is None or torch.equal(one, same)
    assert not torch.equal(first.noisy, other.noisy)


def test_every_patch_has_neighbours_and_a_gain_for_each_slice(tmp_path: Path) -> None:
    scan = tiny_scan(tmp_path)
    cuts = cut_anatomy(scan, tiny_settings().patches, 5)
    count = len(cuts)
    assert count > 5
    assert cuts.tissue.shape == (count, 3, 5, 40, 40)
    assert cuts.gain.shape == (count, 5)
    assert set(cuts.gain.ravel().tolist()) <= set(scan.gain.tolist())


def test_patches_do_not_depend_on_who_else_is_there(tmp_path: Path) -> None:
    write_people(tmp_path, 2)
    files = [tmp_path / "person_1.nii.gz", tmp_path / "person_2.nii.gz"]
    together = patches_of_people(files, tiny_scanner(), 10_000, tmp_path / "a")
    alone = [patches_of_people([file], tiny_scanner(), 10_000, tmp_path / "b") for file in files]
    assert len(together) == sum(map(len, alone))
    sums = sorted(together.tissue.sum(dim=(1, 2, 3, 4)).tolist())
    assert sums == sorted(value for one in alone for value in one.tissue.sum(dim=(1, 2, 3, 4)).tolist())


def test_kept_patches_are_found_again_and_damaged_ones_made_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_people(tmp_path, 1)
    files = [tmp_path / "person_1.nii.gz"]
    first = patches_of_people(files, tiny_scanner(), 20, tmp_path / "cache")
    (kept,) = (tmp_path / "cache").iterdir()
    written = kept.stat().st_mtime_ns
    again = patches_of_people(files, tiny_scanner(), 20, tmp_path / "cache")
    assert kept.stat().st_mtime_ns == written
    kept.write_bytes(b"half a file")
    anew = patches_of_people(files, tiny_scanner(), 20, tmp_path / "cache")
    assert "made again" in caplog.text
    for one, other, third in zip(first.tensors(), again.tensors(), anew.tensors(), strict=True):
        assert torch.equal(one, other)
        assert torch.equal(one, third)


def test_other_scans_are_not_mistaken_for_the_kept_ones(tmp_path: Path) -> None:
    scanner = tiny_scanner()
    other = dataclasses.replace(scanner, scans=dataclasses.replace(scanner.scans, pld=(1.9, 2.0)))
    assert scanner.key() != other.key()


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    write_people(tmp_path, 1)
    (tmp_path / "cache").write_bytes(b"a file")
    with pytest.raises(OutputError, match="cannot be written"):
        patches_of_people([tmp_path / "person_1.nii.gz"], tiny_scanner(), 20, tmp_path / "cache")


def test_scans_without_a_patch_of_enough_brain_are_refused(tmp_path: Path) -> None:
    write_people(tmp_path, 1)
    scanner = tiny_scanner()
    full = dataclasses.replace(scanner, patches=dataclasses.replace(scanner.patches, least_brain=1.0))
    with pytest.raises(InputError, match="no scan holds a patch"):
        patches_of_people([tmp_path / "person_1.nii.gz"], full, 20, tmp_path / "cache")


def test_every_scan_of_a_person_lies_differently(tmp_path: Path) -> None:
    write_people(tmp_path, 1)
    first, second = scans_of(tmp_path / "person_1.nii.gz", tiny_scanner())
    assert not np.allclose(first.geometry.direction, second.geometry.direction)
