import dataclasses
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from trainer_cases import tiny_settings

from deepasl.errors import ModelError
from deepasl.registry import PERCENT_OF_MEAN_M0, find_model, load_registry, read_verified
from deepasl_trainer.export import onnx_bytes, publish, registry_entry, require_parity
from deepasl_trainer.networks import PaperNetwork
from deepasl_trainer.runs import Run


def run(model_id: str = "tiny") -> Run:
    settings = tiny_settings()
    settings = dataclasses.replace(settings, model=dataclasses.replace(settings.model, id=model_id))
    return Run(settings, ("person_1",), 24, (0.31, 0.92), 4, 8, 0.1, "a computer", "deepasl-train fit")


@pytest.mark.parametrize("shape", [(1, 40, 40), (5, 64, 57), (2, 19, 128)])
def test_exported_network_gives_what_pytorch_gives_on_any_image_size(shape: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    network = PaperNetwork().eval()
    session = onnxruntime.InferenceSession(onnx_bytes(network, {"id": "x"}), providers=["CPUExecutionProvider"])
    image = np.random.default_rng(1).standard_normal((shape[0], 1, *shape[1:]), dtype=np.float32)
    with torch.inference_mode():
        expected = network(torch.from_numpy(image)).numpy()
    np.testing.assert_allclose(session.run(None, {"deltam": image})[0], expected, atol=1e-4)
    assert session.get_modelmeta().custom_metadata_map == {"id": "x"}


def test_export_of_other_weights_is_noticed() -> None:
    torch.manual_seed(0)
    network, other = PaperNetwork(4, 2), PaperNetwork(4, 2)
    content = onnx_bytes(network, {})
    require_parity(network, content)
    with pytest.raises(ModelError, match="differ"):
        require_parity(other, content)


def test_published_network_is_found_and_verified(tmp_path: Path) -> None:
    network = PaperNetwork(6, 2)
    content = onnx_bytes(network, {})
    publish(tmp_path, registry_entry(run(), network, content, {"note": 1}), content, "# A card\n")
    entry = find_model("tiny", [tmp_path])
    assert read_verified(entry) == content
    assert entry.card.read_text() == "# A card\n"
    assert (entry.scaling, entry.receptive_field, entry.patch_size) == (PERCENT_OF_MEAN_M0, 7, 40)
    assert entry.domain.in_plane_mm == (6.0, 6.0)
    assert entry.domain.slice_mm == (8.0, 8.0)
    assert entry.domain.noise_percent == (0.05, 1.0)
    assert entry.domain.signal_percent == (0.31, 0.92)


def test_publishing_replaces_only_the_network_of_the_same_name(tmp_path: Path) -> None:
    first, second = (onnx_bytes(PaperNetwork(filters, 2), {}) for filters in (4, 6))
    publish(tmp_path, registry_entry(run("a"), PaperNetwork(4, 2), first, {}), first, "a")
    publish(tmp_path, registry_entry(run("b"), PaperNetwork(4, 2), first, {}), first, "b")
    publish(tmp_path, registry_entry(run("a"), PaperNetwork(6, 2), second, {}), second, "a")
    assert [entry.id for entry in load_registry([tmp_path])] == ["a", "b"]
    assert read_verified(find_model("a", [tmp_path])) == second
    assert read_verified(find_model("b", [tmp_path])) == first
    assert not list(tmp_path.glob(".*"))


def test_registry_that_cannot_be_understood_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "models.json").write_text(json.dumps({"models": [{"id": "half"}]}))
    content = onnx_bytes(PaperNetwork(4, 2), {})
    with pytest.raises(ModelError, match="cannot be understood"):
        publish(tmp_path, registry_entry(run(), PaperNetwork(4, 2), content, {}), content, "card")
    assert [file.name for file in tmp_path.iterdir()] == ["models.json"]
