import dataclasses
from pathlib import Path

import pytest

from deepasl.errors import InputError
from deepasl_trainer.settings import read_settings, settings_from


def test_shipped_configuration_trains_the_network_of_the_paper_with_lambda_02() -> None:
    settings = read_settings("first-model")
    assert (settings.model.filters, settings.model.depth) == (48, 8)
    assert settings.fit.noise_weight == 0.2
    assert settings.noise.fractions == (0.2, 0.4, 0.6, 0.8)


def test_settings_survive_being_kept_in_a_checkpoint() -> None:
    settings = read_settings("first-model")
    assert settings_from(dataclasses.asdict(settings), "checkpoint") == settings


def changed(name: str, value: object) -> dict[str, object]:
    table = dataclasses.asdict(read_settings("first-model"))
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
    table = dataclasses.asdict(read_settings("first-model"))
    table["noise"]["broad_percent"] = [0.1]
    with pytest.raises(InputError, match="2 values are needed"):
        settings_from(table, "x.toml")


def test_absent_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_settings(tmp_path / "none.toml")
