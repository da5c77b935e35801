import dataclasses
from pathlib import Path

import pytest
from trainer_cases import tiny_settings, write_noise, write_people

from deepasl.registry import find_model, read_verified
from deepasl_trainer.cli import main
from deepasl_trainer.runs import read_run, summary
from deepasl_trainer.settings import Settings


def as_toml(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(as_toml(one) for one in value) + "]"
    if hasattr(value, "__dataclass_fields__"):
        return "{ " + ", ".join(f"{name} = {as_toml(v)}" for name, v in vars(value).items()) + " }"
    return repr(value).replace("'", '"')


def write_config(file: Path, settings: Settings) -> None:
    file.write_text("".join(f"{name} = {as_toml(part)}\n" for name, part in vars(settings).items()), encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People, noise and a configuration."""
    folder = tmp_path_factory.mktemp("trainer")
    write_people(folder)
    write_noise(folder / "noise.mat")
    write_config(folder / "tiny.toml", tiny_settings())
    return folder


def data(folder: Path) -> list[str]:
    return ["--anatomies", str(folder), "--noise", str(folder / "noise.mat")]


def test_from_label_maps_to_a_model_in_the_registry(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, models = str(folder / "run"), folder / "models"
    start = ["fit", "--config", str(folder / "tiny.toml"), "--output", run, *data(folder)]
    assert main([*start, "--stop-after", "1"]) == 0
    assert main(start) == 0
    assert main(["evaluate", run, *data(folder)]) == 0
    assert main(["export", run, "--models", str(models)]) == 0
    entry = find_model("tiny", [models])
    assert read_verified(entry)
    assert set(entry.metrics["levels"]) == {f"{pairs} of 30 pairs" for pairs in (6, 12, 18, 24)}
    card = entry.card.read_text(encoding="utf-8")
    for told in ("person_3", "Apache-2.0", "4 epochs", "8 steps", entry.sha256, "## Limits", "no motion"):
        assert told in card
    assert capsys.readouterr().out.strip().endswith("tiny.onnx")


def test_training_with_other_settings_is_not_mixed_into_a_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = folder / "other-run"
    start = ["--config", str(folder / "tiny.toml"), "--output", str(run), *data(folder), "--stop-after", "1"]
    assert main(["fit", *start]) == 0
    start[1] = "first-model"
    assert main(["fit", *start]) == 1
    assert "another training lies in this folder" in capsys.readouterr().err


def test_training_starts_from_another_only_if_that_has_not_seen_the_test_people(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier, run = folder / "earlier", folder / "continued"
    start = ["fit", "--config", str(folder / "tiny.toml"), *data(folder), "--stop-after", "1"]
    assert main([*start, "--output", str(earlier)]) == 0
    continued = [*start, "--output", str(run), "--start-from", str(earlier)]
    assert main(continued) == 0
    assert "after 1 epochs" in summary(read_run(run))
    settings = tiny_settings()
    others = dataclasses.replace(settings.people, validation=("person_3",), test=("person_1",))
    write_config(folder / "other.toml", dataclasses.replace(settings, people=others))
    continued[2] = str(folder / "other.toml")
    assert main([*continued, "--output", str(folder / "third")]) == 1
    assert "has seen person_1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["fit", "--config", "none", "--output", "x"], "the configuration cannot be read"),
        (["fit", "--config", "first-model", "--output", "x"], "there is no label map of labels_12"),
        (["evaluate", "nowhere"], "Train with deepasl-train fit first"),
    ],
)
def test_mistakes_are_told_in_one_line(
    folder: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, *data(folder)]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
