"""The registry tells what networks there are, and gives out only files that are as released."""

import copy
import hashlib
import json
from pathlib import Path

import pytest

from deepasl.errors import ModelError
from deepasl.registry import REGISTRY_FILE, default_folders, find_model, load_registry, read_verified

CONTENT = b"the bytes of a network"

MODEL = {
    "id": "small",
    "title": "A small network",
    "file": "small.onnx",
    "sha256": hashlib.sha256(CONTENT).hexdigest(),
    "licence": "Apache-2.0",
    "card": "small.md",
    "input": {"scaling": "percent-of-mean-m0", "receptive_field": 19, "patch_size": 40},
    "domain": {
        "in_plane_mm": [2.0, 4.0],
        "slice_mm": [4.0, 8.0],
        "noise_percent": [0.1, 1.0],
        "signal_percent": [0.3, 1.5],
    },
    "metrics": {"psnr": 28.0},
}


def registry(folder: Path, *models: dict) -> Path:
    """A folder with a registry of `models`, each with its file."""
    folder.mkdir(exist_ok=True)
    (folder / REGISTRY_FILE).write_text(json.dumps({"models": models}))
    for model in models:
        (folder / model["file"]).write_bytes(CONTENT)
    return folder


def changed(path: str, value: object) -> dict:
    """`MODEL` with the value at a dotted path replaced, or taken out if None."""
    model = copy.deepcopy(MODEL)
    *parents, last = path.split(".")
    place = model
    for parent in parents:
        place = place[parent]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return model


def test_an_entry_says_what_the_network_takes_and_where_it_holds(tmp_path):
    (entry,) = load_registry([registry(tmp_path, MODEL)])
    assert (entry.id, entry.title, entry.licence) == ("small", "A small network", "Apache-2.0")
    assert (entry.path, entry.card) == (tmp_path / "small.onnx", tmp_path / "small.md")
    assert (entry.receptive_field, entry.patch_size) == (19, 40)
    assert entry.domain.in_plane_mm == (2.0, 4.0)
    assert entry.domain.signal_percent == (0.3, 1.5)
    assert entry.metrics == {"psnr": 28.0}


def test_models_are_found_by_name(tmp_path):
    folder = registry(tmp_path, MODEL, MODEL | {"id": "large"})
    assert find_model("large", [folder]).id == "large"


def test_an_unknown_model_is_answered_with_those_that_exist(tmp_path):
    folder = registry(tmp_path, MODEL, MODEL | {"id": "large"})
    with pytest.raises(ModelError, match="no model called 'medium'") as refusal:
        find_model("medium", [folder])
    assert refusal.value.remedy == "Available: small, large."


def test_the_first_folder_with_a_registry_counts(tmp_path):
    (tmp_path / "empty").mkdir()
    first = registry(tmp_path / "first", MODEL | {"title": "First"})
    second = registry(tmp_path / "second", MODEL | {"title": "Second"})
    folders = [tmp_path / "absent", tmp_path / "empty", first, second]
    assert find_model("small", folders).title == "First"


def test_without_a_registry_the_folders_searched_are_named(tmp_path):
    with pytest.raises(ModelError, match="no model registry") as refusal:
        load_registry([tmp_path / "a", tmp_path / "b"])
    assert str(tmp_path / "a") in str(refusal.value)
    assert str(tmp_path / "b") in str(refusal.value)


def test_a_registry_is_looked_for_beside_the_package_then_in_slicer_then_in_the_source_tree():
    assert [folder.name for folder in default_folders()] == ["models", "Models", "models"]
    assert default_folders()[2].parent == Path(__file__).resolve().parents[2]


def test_two_models_of_one_name_are_refused(tmp_path):
    (tmp_path / REGISTRY_FILE).write_text(json.dumps({"models": [changed("title", "a"), changed("title", "b")]}))
    with pytest.raises(ModelError, match="same id"):
        load_registry([tmp_path])


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"models": 1}', '{"models": ["small"]}'])
def test_a_registry_that_is_not_one_is_refused(tmp_path, text):
    (tmp_path / REGISTRY_FILE).write_text(text)
    with pytest.raises(ModelError, match="cannot be understood") as refusal:
        load_registry([tmp_path])
    assert refusal.value.where == str(tmp_path / REGISTRY_FILE)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", None),
        ("sha256", None),
        ("input", None),
        ("input.scaling", "z-score"),
        ("input.receptive_field", "wide"),
        ("domain.slice_mm", None),
        ("domain.slice_mm", [4.0]),
        ("domain.noise", [0.1, 1.0]),
        ("domain", [1]),
        ("domain.slice_mm", [6.0, 4.0]),
        ("input.patch_size", 0),
        ("input.receptive_field", 18),
    ],
)
def test_an_entry_with_a_missing_or_wrong_value_is_refused(tmp_path, path, value):
    (tmp_path / REGISTRY_FILE).write_text(json.dumps({"models": [changed(path, value)]}))
    with pytest.raises(ModelError, match="cannot be understood"):
        load_registry([tmp_path])


def test_the_bytes_of_an_intact_file_are_given_out(tmp_path):
    assert read_verified(find_model("small", [registry(tmp_path, MODEL)])) == CONTENT


def test_a_file_that_changed_since_its_release_is_refused(tmp_path):
    entry = find_model("small", [registry(tmp_path, MODEL)])
    entry.path.write_bytes(CONTENT[:-1] + b"!")
    with pytest.raises(ModelError, match="damaged: its SHA-256 is") as refusal:
        read_verified(entry)
    assert refusal.value.where == str(entry.path)


def test_a_file_that_is_gone_is_named(tmp_path):
    entry = find_model("small", [registry(tmp_path, MODEL)])
    entry.path.unlink()
    with pytest.raises(ModelError, match="cannot be read") as refusal:
        read_verified(entry)
    assert refusal.value.where == str(entry.path)
