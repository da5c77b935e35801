"""Networks as methods to evaluate: from a training, from a registry, and on whom they may be judged."""

import dataclasses
import json
import logging
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from finished_trainings import write_training
from simulated_cases import case

from deepasl.denoising.network_input import stack_slices
from deepasl.denoising.registry import REGISTRY_FILE, default_folders
from deepasl.errors import InputError, ModelError
from deepasl_trainer.evaluation.network_methods import (
    SEEN_PEOPLE,
    load_network,
    load_networks,
    require_unseen,
    require_untrained,
)
from deepasl_trainer.training.training import BEST, load_module

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that sees three slices and M0."""
    return write_training(tmp_path_factory.mktemp("trainings") / "night", "guided")


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """A copy of the registry that comes along."""
    copy = tmp_path / "models"
    shutil.copytree(default_folders()[-1], copy)
    return copy


def entry_of(registry: Path) -> dict[str, object]:
    content = json.loads((registry / REGISTRY_FILE).read_text())
    return next(model for model in content["models"] if model["id"] == "deepasl-paper")


def test_a_network_sees_neighbouring_slices_and_noisy_m0_of_the_brain(training: Path) -> None:
    scan = case().patient.observed.first(4)
    network = load_module(training / BEST).network
    stack = stack_slices(scan.deltam, scan.m0_fraction, network.spec)
    assert stack.shape[1] == 6
    with torch.inference_mode():
        noise = network(torch.from_numpy(stack))[:, 0].numpy()
    restored = load_network(str(training), CPU).method(scan)
    np.testing.assert_allclose(restored, scan.deltam - noise, atol=1e-5)


def test_a_training_goes_by_its_folder_and_says_whom_it_knows(training: Path) -> None:
    network = load_network(str(training), CPU)
    assert network.name == "night"
    assert network.seen == ("person_0", "person_1", "person_2")
    assert network.chosen_on == ("person_2",)


def test_another_checkpoint_is_another_version(training: Path, tmp_path: Path) -> None:
    other = load_network(str(write_training(tmp_path / "night", "guided", seed=1)), CPU)
    assert other.version != load_network(str(training), CPU).version


def test_people_who_were_trained_or_chosen_on_are_refused(training: Path) -> None:
    networks = [load_network(str(training), CPU)]
    require_unseen(networks, ["person_3"])
    for known in ("person_0", "person_1", "person_2"):
        with pytest.raises(InputError, match=f"night was trained or chosen on {known}"):
            require_unseen(networks, ["person_3", known])


def test_to_choose_among_trainings_the_people_for_that_are_allowed(training: Path) -> None:
    networks = [load_network(str(training), CPU)]
    require_untrained(networks, ["person_2", "person_3"])
    with pytest.raises(InputError, match="person_1"):
        require_untrained(networks, ["person_1"])


def test_a_registered_network_does_what_users_get(registry: Path) -> None:
    by_path = load_network(str(registry / "deepasl-paper.onnx"), CPU)
    by_id = load_network("deepasl-paper", CPU)
    assert by_path.name == by_id.name == "deepasl-paper"
    assert by_path.version == by_id.version == entry_of(registry)["sha256"]
    scan = case().patient.observed.first(4)
    restored = by_path.method(scan)
    np.testing.assert_array_equal(restored, by_id.method(scan))
    assert 0.3 < restored[case().grey].std() / scan.deltam[case().grey].std() < 0.95


def test_a_registered_network_says_whom_it_knows(registry: Path) -> None:
    content = json.loads((registry / REGISTRY_FILE).read_text())
    for model in content["models"]:
        model["metrics"][SEEN_PEOPLE] = ["anna"]
    (registry / REGISTRY_FILE).write_text(json.dumps(content))
    network = load_network(str(registry / "deepasl-paper.onnx"), CPU)
    with pytest.raises(InputError, match="chosen on anna"):
        require_unseen([network], ["anna"])


def test_a_network_that_does_not_say_is_doubted(training: Path, caplog: pytest.LogCaptureFixture) -> None:
    unknown = dataclasses.replace(load_network(str(training), CPU), seen=None)
    for judge in (require_unseen, require_untrained):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            judge([unknown], ["person_1"])
        assert "does not say whom it was trained on" in caplog.text


def test_two_networks_of_one_name_are_refused(training: Path, tmp_path: Path) -> None:
    other = write_training(tmp_path / "night", "paper")
    with pytest.raises(InputError, match="two networks are called night"):
        load_networks([str(training), str(other)], CPU)


def test_what_is_no_network_is_refused(registry: Path, tmp_path: Path) -> None:
    load = partial(load_network, device=CPU)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="no finished training"):
        load(str(tmp_path / "empty"))
    with pytest.raises(ModelError, match="there is no model called 'absent'"):
        load("absent")
    stranger = registry / "stranger.onnx"
    stranger.write_bytes((registry / "deepasl-paper.onnx").read_bytes())
    with pytest.raises(ModelError, match="not in the registry beside it"):
        load(str(stranger))
