"""``deepasl-train`` as it is typed."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
from table_cases import write_toml
from test_trainer_evaluate_command import CONFIG
from trainer_cases import tiny_settings, write_noise, write_people

from deepasl.denoising.registry import DEFAULT_MODEL, OWN_MODELS, find_model, read_verified
from deepasl_trainer.cli import main
from deepasl_trainer.training.runs import read_run, summary
from deepasl_trainer.training.settings import PeopleSettings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People, noise and configurations."""
    folder = tmp_path_factory.mktemp("trainer")
    write_people(folder)
    write_noise(folder / "noise.mat")
    write_toml(folder / "tiny.toml", tiny_settings())
    (folder / "evaluation.toml").write_text(CONFIG, encoding="utf-8")
    return folder


def data(folder: Path) -> list[str]:
    return ["--anatomies", str(folder), "--noise", str(folder / "noise.mat")]


def fit(folder: Path, run: Path, *options: str) -> list[str]:
    cache = ["--cache", str(folder / "patches"), "--accelerator", "cpu"]
    return ["fit", "--config", str(folder / "tiny.toml"), "--output", str(run), *data(folder), *cache, *options]


def test_from_label_maps_to_a_model_in_the_registry(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, figures, models = folder / "run", str(folder / "figures"), folder / "models"
    protocol = ["--config", str(folder / "evaluation.toml")]
    assert main(fit(folder, run, "--stop-after", "1")) == 0
    assert main(fit(folder, run)) == 0
    assert main(["evaluate", str(run), *data(folder), *protocol, "--output", figures]) == 0
    assert main(["export", str(run), "--evaluation", figures, *protocol, "--models", str(models)]) == 0
    entry = find_model("tiny", [models])
    assert read_verified(entry)
    card = entry.card.read_text(encoding="utf-8")
    for told in ("person_3", "Apache-2.0", "4 epochs", "8 steps", entry.sha256):
        assert told in card
    assert capsys.readouterr().out.strip().endswith("tiny.onnx")


def test_a_network_is_exported_to_where_deepasl_lists_it_under_a_name_of_its_own(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = folder / "to-be-listed"
    assert main(fit(folder, run, "--stop-after", "1")) == 0
    monkeypatch.setenv(OWN_MODELS, str(tmp_path / "own"))
    assert main(["export", str(run), "--id", DEFAULT_MODEL]) == 1
    assert f"a network that comes along is called '{DEFAULT_MODEL}'" in capsys.readouterr().err
    assert not (tmp_path / "own").exists()
    assert main(["export", str(run), "--id", "mine"]) == 0
    assert find_model("mine").title.endswith("(mine)")
    assert main(["export", str(run), "--id", "../mine"]) == 1
    assert "no network can be called '../mine'" in capsys.readouterr().err


def test_two_processors_learn_together(folder: Path) -> None:
    run = folder / "together"
    command = [sys.executable, "-m", "deepasl_trainer.cli", *fit(folder, run, "--devices", "2", "--stop-after", "1")]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    assert (read_run(run).epochs, read_run(run).steps) == (1, 2)


def test_training_with_other_settings_is_not_mixed_into_a_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = folder / "other-run"
    assert main(fit(folder, run, "--stop-after", "1")) == 0
    assert main(fit(folder, run, "--test", "person_2", "--validation", "person_3")) == 1
    assert "another training lies in this folder" in capsys.readouterr().err


def test_training_starts_from_another_only_if_that_has_not_seen_the_test_people(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    earlier = folder / "earlier"
    assert main(fit(folder, earlier, "--stop-after", "1")) == 0
    start = ["--stop-after", "1", "--start-from", str(earlier)]
    assert main(fit(folder, folder / "continued", *start)) == 0
    assert "after 1 epochs" in summary(read_run(folder / "continued"))
    others = dataclasses.replace(tiny_settings(), people=PeopleSettings(("person_3",), ("person_1",)))
    write_toml(folder / "other.toml", others)
    arguments = fit(folder, folder / "third", *start)
    arguments[2] = str(folder / "other.toml")
    assert main(arguments) == 1
    assert "has seen person_1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["fit", "--config", "none", "--output", "x"], "the configuration cannot be read"),
        (["fit", "--config", "guided", "--output", "x"], "there is no data of labels_11"),
        (["fit", "--config", "paper-in-vivo", "--output", "x"], "these settings are for real scans"),
        (["evaluate", "nowhere", "--output", "x"], "there is no model called 'nowhere'"),
    ],
)
def test_mistakes_are_told_in_one_line(
    folder: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, *data(folder)]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
