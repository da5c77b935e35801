import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from trainer_cases import dome_noise, tiny_settings, write_people

from deepasl.errors import ModelError
from deepasl_trainer.anatomies import find_people
from deepasl_trainer.patches import Patches
from deepasl_trainer.preparation import prepare
from deepasl_trainer.training import BEST, LAST, DenoisingModule, EpochSampler, Reached, fit, load_module


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> tuple[Patches, Patches]:
    folder = tmp_path_factory.mktemp("people")
    write_people(folder, 2)
    first, second = find_people(folder)
    settings = tiny_settings()
    training = prepare((first,), dome_noise(), settings, settings.patches.count, 0).patches
    return training, prepare((second,), dome_noise(), settings, settings.patches.validation_count, 1).patches


def weights_of(checkpoint: Path) -> dict[str, torch.Tensor]:
    return dict(load_module(checkpoint).network.state_dict())


def test_training_that_was_stopped_goes_on_to_the_same_weights(
    patches: tuple[Patches, Patches], tmp_path: Path
) -> None:
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


def test_training_lowers_the_loss_on_a_person_not_trained_on(patches: tuple[Patches, Patches], tmp_path: Path) -> None:
    settings = tiny_settings()
    longer = dataclasses.replace(settings, fit=dataclasses.replace(settings.fit, epochs=12, epoch_patches=24))
    losses: list[float] = []
    fit(longer, *patches, tmp_path, report=lambda reached: losses.append(reached.loss))
    assert losses[-1] < 0.8 * losses[0]


def test_best_checkpoint_is_the_one_with_the_lowest_validation_loss(
    patches: tuple[Patches, Patches], tmp_path: Path
) -> None:
    losses: list[float] = []
    best = fit(tiny_settings(), *patches, tmp_path, report=lambda reached: losses.append(reached.loss))
    assert best == tmp_path / BEST
    kept = torch.load(best, weights_only=True)
    assert kept["epoch"] == int(np.argmin(losses))


def test_training_starts_with_the_weights_of_another(patches: tuple[Patches, Patches], tmp_path: Path) -> None:
    settings = tiny_settings()
    first = fit(settings, *patches, tmp_path / "first", stop_after=1)
    still = dataclasses.replace(settings, fit=dataclasses.replace(settings.fit, learning_rate=1e-12))
    fit(still, *patches, tmp_path / "second", start_from=first, stop_after=1)
    expected = weights_of(first)
    for name, found in weights_of(tmp_path / "second" / LAST).items():
        torch.testing.assert_close(found, expected[name])


def test_weights_of_a_network_with_other_layers_are_refused(patches: tuple[Patches, Patches], tmp_path: Path) -> None:
    settings = tiny_settings()
    first = fit(settings, *patches, tmp_path / "first", stop_after=1)
    wider = dataclasses.replace(settings, model=dataclasses.replace(settings.model, filters=8))
    with pytest.raises(ModelError, match="other layers"):
        fit(wider, *patches, tmp_path / "second", start_from=first)


def test_draws_without_perfusion_hold_noise_alone(patches: tuple[Patches, Patches]) -> None:
    settings = tiny_settings()
    without = dataclasses.replace(settings, fit=dataclasses.replace(settings.fit, null_share=1.0))
    seen: list[float] = []
    for chosen in (settings, without):
        module = DenoisingModule(dataclasses.asdict(chosen))
        module.network.register_forward_pre_hook(lambda _, inputs: seen.append(float(inputs[0].mean())))
        batch = tuple(torch.from_numpy(getattr(patches[0], field.name)) for field in dataclasses.fields(Patches))
        module._terms(batch, torch.Generator().manual_seed(1))
    assert seen[0] > 0.1
    assert abs(seen[1]) < 0.02


def test_each_epoch_sees_other_patches_and_the_order_can_be_repeated() -> None:
    sampler = EpochSampler(100, 30, seed=1)
    first = list(sampler)
    sampler.set_epoch(1)
    second = list(sampler)
    sampler.set_epoch(0)
    assert list(sampler) == first
    assert set(first) != set(second)
    assert len(set(first)) == 30


def test_training_does_not_go_on_from_a_damaged_checkpoint(patches: tuple[Patches, Patches], tmp_path: Path) -> None:
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
