import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from finished_trainings import MODELS, draw_weights, run_of, write_training

from deepasl.denoising.denoiser import Denoiser
from deepasl.denoising.registry import find_model, load_registry, read_verified
from deepasl.denoising.runtime import open_session
from deepasl.errors import InputError, ModelError
from deepasl.phantom import Protocol, acquire, default_anatomy, make_subject, write_bids
from deepasl.pipeline import process
from deepasl.progress import run as run_job
from deepasl.series import AslSeries
from deepasl_trainer.commands import export as export_command
from deepasl_trainer.evaluation.network_methods import load_network
from deepasl_trainer.release.check import cbf_difference, check_export
from deepasl_trainer.release.onnx_export import onnx_bytes, require_parity
from deepasl_trainer.release.publishing import identity, publish, registry_entry
from deepasl_trainer.training.layers import DenoisingNetwork
from deepasl_trainer.training.networks import PaperNetwork, build_network
from deepasl_trainer.training.training import BEST, load_module
from phantom_scans import COARSE, snapshot

NETWORKS = list(MODELS)


def network_of(name: str) -> DenoisingNetwork:
    network = build_network(MODELS[name]).eval()
    draw_weights(network, seed=0)
    return network


def export(training: Path, models: Path, *more: str) -> Path:
    parser = argparse.ArgumentParser()
    export_command.add_arguments(parser)
    return export_command.run(parser.parse_args([str(training), "--models", str(models), *more]))


def scale_output(training: Path, layer: str, factor: float) -> None:
    """Multiply the weights of the last layer of a finished training."""
    checkpoint = torch.load(training / BEST, weights_only=True)
    checkpoint["state_dict"][f"network.{layer}.weight"] *= factor
    torch.save(checkpoint, training / BEST)


@pytest.fixture(scope="module")
def scan() -> AslSeries:
    return acquire(make_subject(default_anatomy(COARSE)), Protocol(pairs=4), noise_sd=2.0, seed=7)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("shape", [(1, 40, 40), (5, 57, 43), (2, 1, 131), (3, 7, 2)])
def test_exported_network_gives_what_pytorch_gives_on_images_of_any_size(
    name: str, shape: tuple[int, int, int]
) -> None:
    network = network_of(name)
    session = open_session(onnx_bytes(network, {"id": "x"}), "cpu")
    size = (shape[0], network.spec.channels, *shape[1:])
    image = np.random.default_rng(1).standard_normal(size, dtype=np.float32)
    with torch.inference_mode():
        expected = network(torch.from_numpy(image)).numpy()
    found = session.predict(image)
    assert found.shape == (shape[0], 1, *shape[1:])
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_export_leaves_the_network_as_it_was(name: str) -> None:
    network = network_of(name)
    before = str(network)
    onnx_bytes(network, {})
    assert str(network) == before


def test_other_weights_are_noticed() -> None:
    torch.manual_seed(0)
    network, other = PaperNetwork(4, 2), PaperNetwork(4, 2)
    content = onnx_bytes(network, {})
    require_parity(network, content)
    with pytest.raises(ModelError, match="differ"):
        require_parity(other, content)


@pytest.mark.parametrize("name", NETWORKS)
def test_exported_network_is_listed_and_denoises_a_scan_as_pytorch_does(
    name: str, tmp_path: Path, scan: AslSeries
) -> None:
    training, models = write_training(tmp_path / "run", name), tmp_path / "models"
    file = export(training, models)
    (entry,) = load_registry([models])
    assert (entry.id, entry.path) == (MODELS[name].id, file)
    denoiser = Denoiser(entry, "cpu")
    result = run_job(process(scan, denoiser))
    assert np.abs(result.removed[result.mask]).mean() > 0.0
    assert cbf_difference(load_module(training / BEST).network, denoiser, scan) < 0.01


def test_registry_says_what_the_network_takes_and_where_it_holds(tmp_path: Path) -> None:
    export(write_training(tmp_path / "run", "guided"), tmp_path / "models")
    entry = find_model("tiny-guided", [tmp_path / "models"])
    assert (entry.input.slices, entry.input.m0, entry.input.channels) == (3, True, 6)
    assert (entry.input.receptive_field, entry.input.patch_size) == (network_of("guided").receptive_field, 40)
    assert entry.domain.in_plane_mm == (2.0, 8.0)
    assert entry.domain.signal_percent == (0.312, 0.92)
    assert entry.metrics["seen_people"] == ["person_0", "person_1", "person_2"]
    check = entry.metrics["export_check"]
    assert 0.0 < check["largest_cbf_difference"]["phantom_asl"] < check["tolerance"] == 0.01


def test_evaluation_sees_whom_an_exported_network_knows(tmp_path: Path) -> None:
    training = write_training(tmp_path / "run", "paper")
    seen = load_network(str(export(training, tmp_path / "models")), torch.device("cpu")).seen
    assert seen == load_network(str(training), torch.device("cpu")).seen == ("person_0", "person_1", "person_2")


def test_file_can_be_understood_without_its_registry(tmp_path: Path) -> None:
    file = export(write_training(tmp_path / "run", "guided"), tmp_path / "models")
    told = {one.key: one.value for one in onnx.load(file).metadata_props}
    assert told["id"] == "tiny-guided"
    assert told["licence"] == "MIT"
    assert "Not a medical device" in told["use"]
    assert told["input"].startswith("float32 [n, 6, height, width]: 3 neighbouring slices of the difference image")
    assert "M0 / mean M0" in told["input"]
    assert (json.loads(told["slices"]), json.loads(told["m0"])) == (3, True)
    assert json.loads(told["domain"])["in_plane_mm"] == [2.0, 8.0]
    assert json.loads(told["metrics"])["seen_people"] == ["person_0", "person_1", "person_2"]


def test_file_of_another_network_is_refused(tmp_path: Path, scan: AslSeries) -> None:
    models = tmp_path / "models"
    export(write_training(tmp_path / "run", "paper", seed=0), models)
    other = load_module(write_training(tmp_path / "other", "paper", seed=1) / BEST).network
    with pytest.raises(ModelError, match="CBF differs by"):
        check_export(other, Denoiser(find_model("tiny-paper", [models]), "cpu"), [], "float32")


def test_nothing_is_written_when_blood_flow_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = tmp_path / "models"
    export(write_training(tmp_path / "run", "guided", seed=0), models)
    before = snapshot(models)
    monkeypatch.setattr(export_command, "onnx_bytes", lambda *given: onnx_bytes(network_of("guided"), given[1]))
    with pytest.raises(ModelError, match=r"CBF differs by .* Nothing was exported"):
        export(write_training(tmp_path / "run", "guided", seed=1), models)
    assert snapshot(models) == before


def test_real_scan_is_checked_too(tmp_path: Path, scan: AslSeries) -> None:
    file = write_bids(scan, tmp_path / "data")
    training, models = write_training(tmp_path / "run", "dilated"), tmp_path / "models"
    export(training, models, "--data-scan", str(file))
    checked = find_model("tiny-dilated", [models]).metrics["export_check"]["largest_cbf_difference"]
    assert list(checked) == ["phantom_asl", file.name.removesuffix(".nii.gz")]


def test_scan_without_m0_cannot_be_compared(tmp_path: Path) -> None:
    models = tmp_path / "models"
    export(write_training(tmp_path / "run", "paper"), models)
    protocol = Protocol(pairs=4, m0_volumes=0, static_fraction=0.1)
    without = acquire(make_subject(default_anatomy(COARSE)), protocol, noise_sd=2.0, seed=7)
    with pytest.raises(InputError, match="without M0"):
        cbf_difference(network_of("paper"), Denoiser(find_model("tiny-paper", [models]), "cpu"), without)


def test_half_precision_stands_beside_the_other(tmp_path: Path) -> None:
    training, models = write_training(tmp_path / "run", "dilated"), tmp_path / "models"
    # Weights drawn at random see more noise than there is.
    scale_output(training, "last.2", 0.05)
    export(training, models)
    half = export(training, models, "--precision", "float16")
    assert [entry.id for entry in load_registry([models])] == ["tiny-dilated", "tiny-dilated-float16"]
    weights = [one for one in onnx.load(half).graph.initializer if len(one.dims) == 4]
    assert weights
    assert {one.data_type for one in weights} == {onnx.TensorProto.FLOAT16}
    check = find_model("tiny-dilated-float16", [models]).metrics["export_check"]
    assert (check["precision"], check["tolerance"]) == ("float16", 0.1)
    assert 0.001 < check["largest_cbf_difference"]["phantom_asl"] < 0.1


def test_half_precision_that_changes_blood_flow_is_refused_in_a_sentence(tmp_path: Path) -> None:
    training, models = write_training(tmp_path / "run", "guided"), tmp_path / "models"
    scale_output(training, "last", 3.0)
    with pytest.raises(ModelError, match=r"\(float16\), CBF differs by .* 0\.1 are allowed.*float32"):
        export(training, models, "--precision", "float16")
    assert not models.exists()


def test_publishing_replaces_only_the_network_of_the_same_name(tmp_path: Path) -> None:
    first, second = (onnx_bytes(PaperNetwork(filters, 2), {}) for filters in (4, 6))
    for name, content in (("paper", first), ("dilated", first), ("paper", second)):
        run = run_of(name)
        publish(tmp_path, registry_entry(identity(run, "float32"), run, PaperNetwork(4, 2), content, {}), content, name)
    assert [entry.id for entry in load_registry([tmp_path])] == ["tiny-dilated", "tiny-paper"]
    assert read_verified(find_model("tiny-paper", [tmp_path])) == second
    assert read_verified(find_model("tiny-dilated", [tmp_path])) == first
    assert find_model("tiny-paper", [tmp_path]).sha256 == hashlib.sha256(second).hexdigest()
    assert not list(tmp_path.glob(".*"))


def test_damaged_registry_is_refused_before_any_work_and_left_alone(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "models.json").write_text(json.dumps({"models": [{"id": "half"}]}))
    with pytest.raises(ModelError, match="cannot be understood"):
        export(tmp_path / "no training", models)
    assert [file.name for file in models.iterdir()] == ["models.json"]


def test_folder_without_a_training_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"run\.json"):
        export(tmp_path, tmp_path / "models")
    assert not (tmp_path / "models").exists()
