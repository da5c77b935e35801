import dataclasses
from pathlib import Path

import pytest

from deepasl.errors import InputError
from deepasl_trainer.training.settings import LossSettings, read_settings, settings_from


def test_paper_protocol_names_the_numbers_of_the_paper() -> None:
    settings = read_settings("paper")
    assert (settings.model.network, settings.model.filters, settings.model.depth) == ("paper", 48, 8)
    assert (settings.patches.count, settings.patches.size) == (18_000, 40)
    fit = settings.fit
    assert (fit.epochs, fit.batch_size, fit.learning_rate, fit.schedule) == (200, 500, 1e-4, "constant")
    assert settings.loss == LossSettings(noise_weight=0.2)


def test_a_training_is_on_synthetic_scans_or_on_real_ones() -> None:
    table = dataclasses.asdict(read_settings("guided"))
    table["draws"] = None
    with pytest.raises(InputError, match="either"):
        settings_from(table, "x.toml")


def test_settings_survive_being_kept_in_a_checkpoint() -> None:
    settings = read_settings("guided")
    assert settings_from(dataclasses.asdict(settings), "checkpoint") == settings


def changed(name: str, value: object) -> dict[str, object]:
    table = dataclasses.asdict(read_settings("guided"))
    table["fit"][name] = value
    return table


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [("epocs", 3, "unknown 'epocs'"), ("epochs", "many", "int is needed"), ("epochs", 2.5, "int is needed")],
)
def test_wrong_settings_are_named(name: str, value: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        settings_from(changed(name, value), "x.toml")


def test_range_with_one_end_is_refused() -> None:
    table = dataclasses.asdict(read_settings("guided"))
    table["draws"]["noise"]["broad_percent"] = [0.1]
    with pytest.raises(InputError, match="2 values are needed"):
        settings_from(table, "x.toml")


def test_absent_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_settings(tmp_path / "none.toml")
