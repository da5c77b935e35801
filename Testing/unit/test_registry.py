"""The registry tells what networks there are, and gives out only files that are as released."""

import copy
import hashlib
import json
from pathlib import Path

import pytest

from deepasl.denoising.registry import (
    DEFAULT_MODEL,
    OWN_MODELS,
    PERCENT_OF_MEAN_M0,
    REGISTRY_FILE,
    default_folders,
    find_model,
    load_registry,
    models_without_m0,
    own_folder,
    read_verified,
)
from deepasl.errors import ModelError

CONTENT = b"the bytes of a network"

MODEL = {
    "id": "small",
    "title": "A small network",
    "file": "small.onnx",
    "sha256": hashlib.sha256(CONTENT).hexdigest(),
    "licence": "Apache-2.0",
    "card": "small.md",
    "input": {"scaling": "percent-of-mean-m0", "slices": 3, "m0": True, "receptive_field": 19, "patch_size": 40},
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
    assert (entry.input.slices, entry.input.m0, entry.input.channels) == (3, True, 6)
    assert (entry.input.scaling, entry.input.receptive_field, entry.input.patch_size) == (PERCENT_OF_MEAN_M0, 19, 40)
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


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The folder of the user's own networks."""
    monkeypatch.setenv(OWN_MODELS, str(tmp_path / "own"))
    return tmp_path / "own"


def test_networks_a_user_trained_are_listed_after_those_that_come_along(own):
    shipped = load_registry()
    registry(own, MODEL)
    assert [entry.id for entry in load_registry()] == [*(entry.id for entry in shipped), "small"]
    assert read_verified(find_model("small")) == CONTENT


def test_own_networks_lie_at_home_unless_a_folder_is_named(monkeypatch):
    monkeypatch.delenv(OWN_MODELS)
    assert own_folder() == Path.home() / ".deepasl" / "models"


def no_home():
    raise RuntimeError("Could not determine home directory.")


def test_somebody_without_a_home_has_the_networks_that_come_along(monkeypatch):
    monkeypatch.delenv(OWN_MODELS)
    monkeypatch.setattr(Path, "home", no_home)
    assert DEFAULT_MODEL in [entry.id for entry in load_registry()]


def test_an_own_network_does_not_take_the_name_of_one_that_comes_along(own, caplog):
    before = load_registry()
    registry(own, MODEL | {"id": DEFAULT_MODEL})
    assert load_registry() == before
    assert f"{DEFAULT_MODEL!r} is left out" in caplog.text


def test_a_damaged_registry_of_own_networks_is_told_and_takes_no_other_away(own, caplog):
    before = load_registry()
    registry(own, MODEL)
    (own / REGISTRY_FILE).write_text("{")
    assert load_registry() == before
    assert str(own / REGISTRY_FILE) in caplog.text


def test_an_own_network_that_needs_m0_names_all_that_do_not(own):
    registry(own, MODEL, MODEL | {"id": "plain", "input": MODEL["input"] | {"m0": False, "slices": 1}})
    assert models_without_m0(find_model("small")) == ("deepasl-paper", "kim-dilated", "plain")


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


KINDS = r"slices \(int\), m0 \(bool\), scaling \(str\), receptive_field \(int\), patch_size \(int\) and nothing else"


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("id", None, "'id' is missing"),
        ("sha256", None, "'sha256' is missing"),
        ("input", None, "'input' is missing"),
        ("input.scaling", "z-score", "the scaling 'z-score' is unknown"),
        ("input.slices", None, KINDS),
        ("input.slices", 3.0, KINDS),
        ("input.slices", 2, "an odd number of slices, not 2"),
        ("input.m0", None, KINDS),
        ("input.m0", "yes", KINDS),
        ("input.m0", 1, KINDS),
        ("input.depth", 3, KINDS),
        ("input.receptive_field", "wide", KINDS),
        ("input.receptive_field", 0, "receptive field 0"),
        ("input.patch_size", 0, "patch size 0"),
        ("domain.slice_mm", None, "the domain of model 'small' must have in_plane_mm"),
        ("domain.slice_mm", [4.0], ""),
        ("domain.noise", [0.1, 1.0], "the domain of model 'small' must have in_plane_mm"),
        ("domain", [1], ""),
        ("domain.slice_mm", [6.0, 4.0], "an empty range in the domain of model 'small'"),
    ],
)
def test_an_entry_with_a_missing_or_wrong_value_is_refused(tmp_path, path, value, told):
    (tmp_path / REGISTRY_FILE).write_text(json.dumps({"models": [changed(path, value)]}))
    with pytest.raises(ModelError, match=f"cannot be understood.*{told}"):
        load_registry([tmp_path])


def test_a_network_that_pools_may_have_an_even_receptive_field(tmp_path):
    assert find_model("small", [registry(tmp_path, changed("input.receptive_field", 94))]).input.receptive_field == 94


def test_networks_that_need_no_m0_are_found_beside_one_that_does(tmp_path):
    folder = registry(tmp_path, MODEL, changed("input.m0", False) | {"id": "plain"})
    assert models_without_m0(find_model("small", [folder])) == ("plain",)


def test_the_shipped_registry_has_a_network_that_needs_no_m0():
    assert "deepasl-paper" in models_without_m0(find_model("deepasl-paper"))


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
