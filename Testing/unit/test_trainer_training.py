import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from trainer_cases import tiny_draws, tiny_scanner, tiny_settings, write_people

from deepasl.errors import InputError, ModelError, OutputError
from deepasl_trainer.people.anatomies import find_people
from deepasl_trainer.synthetic.patches import SyntheticPatches
from deepasl_trainer.synthetic.preparation import patches_of_people
from deepasl_trainer.training.training import BEST, LAST, Reached, fit, load_module, steps_of_epoch

Pair = tuple[SyntheticPatches, SyntheticPatches]


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("people")
    write_people(folder, 2)
    first, second = find_people(folder)
    counts = tiny_settings().patches
    training = patches_of_people((first,), tiny_scanner(), counts.count, folder / "cache")
    validation = patches_of_people((second,), tiny_scanner(), counts.validation_count, folder / "cache")
    return SyntheticPatches(training, tiny_draws()), SyntheticPatches(validation, tiny_draws())


def weights_of(checkpoint: Path) -> dict[str, torch.Tensor]:
    return dict(load_module(checkpoint).network.state_dict())


def test_training_that_was_stopped_goes_on_to_the_same_weights(patches: Pair, tmp_path: Path) -> None:
    settings = tiny_settings()
    whole: list[Reached] = []
    parts: list[Reached] = []
    fit(settings, *patches, tmp_path / "whole", report=whole.append)
    fit(settings, *patches, tmp_path / "parts", stop_after=2, report=parts.append)
    assert parts[-1].epochs == 2
    fit(settings, *patches, tmp_path / "parts", report=parts.append)
    assert [(reached.epochs, reached.steps) for reached in parts] == [(1, 2), (2, 4), (3, 6), (4, 8)]
    assert parts == whole
    expected = weights_of(tmp_path / "whole" / LAST)
    for name, found in weights_of(tmp_path / "parts" / LAST).items():
        torch.testing.assert_close(found, expected[name])


def test_training_lowers_the_loss_on_a_person_not_trained_on(patches: Pair, tmp_path: Path) -> None:
    settings = tiny_settings()
    longer = dataclasses.replace(settings, fit=dataclasses.replace(settings.fit, epochs=24, epoch_patches=24))
    losses: list[float] = []
    fit(longer, *patches, tmp_path, report=lambda reached: losses.append(reached.loss))
    assert losses[-1] < 0.92 * losses[0]


def test_best_checkpoint_is_the_one_with_the_lowest_validation_loss(patches: Pair, tmp_path: Path) -> None:
    losses: list[float] = []
    best = fit(tiny_settings(), *patches, tmp_path, report=lambda reached: losses.append(reached.loss))
    assert best == tmp_path / BEST
    kept = torch.load(best, weights_only=True)
    assert kept["epoch"] == int(np.argmin(losses))


def test_last_checkpoint_is_of_the_last_epoch_even_if_it_was_not_the_best(patches: Pair, tmp_path: Path) -> None:
    settings = tiny_settings()
    # So small a rate that no epoch is better than the first.
    still = dataclasses.replace(settings, fit=dataclasses.replace(settings.fit, learning_rate=1e-12, epochs=3))
    losses: list[float] = []
    fit(still, *patches, tmp_path, report=lambda reached: losses.append(reached.loss))
    assert int(np.argmin(losses)) < 2
    assert torch.load(tmp_path / LAST, weights_only=True)["epoch"] == 2


def test_training_starts_with_the_weights_of_another(patches: Pair, tmp_path: Path) -> None:
    settings = tiny_settings()
    first = fit(settings, *patches, tmp_path / "first", stop_after=1)
    still = dataclasses.replace(settings, fit=dataclasses.replace(settings.fit, learning_rate=1e-12))
    fit(still, *patches, tmp_path / "second", start_from=first, stop_after=1)
    expected = weights_of(first)
    for name, found in weights_of(tmp_path / "second" / LAST).items():
        torch.testing.assert_close(found, expected[name])


def test_weights_of_a_network_with_other_layers_are_refused(patches: Pair, tmp_path: Path) -> None:
    settings = tiny_settings()
    first = fit(settings, *patches, tmp_path / "first", stop_after=1)
    wider = dataclasses.replace(settings, model=dataclasses.replace(settings.model, filters=8))
    with pytest.raises(ModelError, match="other layers"):
        fit(wider, *patches, tmp_path / "second", start_from=first)


def test_each_epoch_sees_other_patches_and_the_order_can_be_repeated() -> None:
    first, second = (torch.cat(steps_of_epoch(100, 30, 10, seed, 0, 1)).tolist() for seed in (1, 2))
    assert torch.cat(steps_of_epoch(100, 30, 10, 1, 0, 1)).tolist() == first
    assert set(first) != set(second)
    assert len(set(first)) == 30


def test_several_devices_share_each_batch_and_see_nothing_twice() -> None:
    alone = steps_of_epoch(100, 60, 12, 1, 0, 1)
    parts = [steps_of_epoch(100, 60, 12, 1, rank, 3) for rank in range(3)]
    assert [len(step) for part in parts for step in part] == [4] * 15
    for step, *shares in zip(alone, *parts, strict=True):
        assert torch.equal(torch.cat(shares), step)


@pytest.mark.parametrize(("total", "batch", "devices"), [(5, 8, 1), (100, 9, 2)])
def test_batches_that_cannot_be_filled_or_shared_are_refused(total: int, batch: int, devices: int) -> None:
    with pytest.raises(InputError, match="do not make a batch"):
        steps_of_epoch(total, 100, batch, 1, 0, devices)


def test_training_stops_at_a_loss_that_is_not_a_number(patches: Pair, tmp_path: Path) -> None:
    settings = tiny_settings()
    fit(settings, *patches, tmp_path, stop_after=1)
    kept = (tmp_path / LAST).read_bytes()
    training, validation = patches
    anatomy = dataclasses.replace(training.anatomy, gain=training.anatomy.gain * float("nan"))
    with pytest.raises(InputError, match="not a number"):
        fit(settings, dataclasses.replace(training, anatomy=anatomy), validation, tmp_path)
    assert (tmp_path / LAST).read_bytes() == kept


def test_a_full_disk_ends_in_a_sentence(patches: Pair, tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_bytes(b"a file where a folder is needed")
    with pytest.raises(OutputError, match="cannot be written"):
        fit(tiny_settings(), *patches, tmp_path, stop_after=1)


def test_training_does_not_go_on_from_a_damaged_checkpoint(patches: Pair, tmp_path: Path) -> None:
    (tmp_path / LAST).parent.mkdir()
    (tmp_path / LAST).write_bytes(b"half a checkpoint")
    with pytest.raises(ModelError, match="checkpoint cannot be loaded"):
        fit(tiny_settings(), *patches, tmp_path)
    assert (tmp_path / LAST).read_bytes() == b"half a checkpoint"


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None])
def test_damaged_or_absent_checkpoint_is_named(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "x.ckpt").write_bytes(content)
    with pytest.raises(ModelError, match="checkpoint cannot be loaded"):
        load_module(tmp_path / "x.ckpt")


def test_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    other = {"state_dict": {"other.weight": torch.zeros(3)}, "pytorch-lightning_version": "2.6.0"}
    torch.save(other, tmp_path / "x.ckpt")
    with pytest.raises(ModelError, match="another network"):
        load_module(tmp_path / "x.ckpt")
