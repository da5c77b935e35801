from pathlib import Path

import pytest
from invivo_cases import write_person
from table_cases import tiny_in_vivo, write_toml

from deepasl_trainer.cli import main
from deepasl_trainer.evaluation.records import people_of, read_records, select, summarise
from deepasl_trainer.experiments.examinations import IN_VIVO
from deepasl_trainer.training.runs import read_run

EVERYBODY = ("sub-01", "sub-02", "sub-03")
NETWORKS = ("lambda-0.2", "lambda-1")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BIDS data set of three people, 12 pairs each, and a configuration beside it."""
    folder = tmp_path_factory.mktemp("in-vivo")
    for number in (1, 2, 3):
        write_person(folder / "bids", f"0{number}", pairs=12, seed=number)
    write_toml(folder / "tiny.toml", tiny_in_vivo())
    return folder


def run_table(folder: Path, output: str, *options: str) -> int:
    files = ["--config", str(folder / "tiny.toml"), "--bids", str(folder / "bids"), "--output", str(folder / output)]
    networks = ["--lambdas", "0.2", "1", "--baseline", "none"]
    return main(["table", *files, *networks, "--folds", "3", "--accelerator", "cpu", *options])


@pytest.fixture(scope="module")
def finished(people: Path) -> Path:
    """The folder of finished experiments: two networks, three folds."""
    assert run_table(people, "finished") == 0
    return people / "finished"


def test_nobody_is_judged_by_a_network_that_saw_them(finished: Path) -> None:
    for network in NETWORKS:
        runs = [read_run(finished / network / f"fold-{number}") for number in (1, 2, 3)]
        assert sorted(name for run in runs for name in run.settings.people.test) == list(EVERYBODY)
        for run in runs:
            seen = {*run.training, *run.settings.people.validation}
            assert seen | set(run.settings.people.test) == set(EVERYBODY)
            assert not seen & set(run.settings.people.test)


def test_patches_of_the_training_people_are_as_many_as_configured(finished: Path) -> None:
    assert all(read_run(finished / "lambda-1" / f"fold-{number}").patches == 16 for number in (1, 2, 3))


def test_both_references_are_reported_and_that_of_the_paper_flatters_averaging(finished: Path) -> None:
    records = read_records(finished)
    rmse = {}
    for reference, protocol in IN_VIVO.items():
        for method in ("average", *NETWORKS):
            assert people_of(select(records, protocol=protocol, method=method)) == EVERYBODY
        summary = summarise(select(records, protocol=protocol, method="average"), "rmse")
        assert summary is not None
        rmse[reference] = summary.mean
    assert rmse["mean-of-all"] < 0.6 * rmse["halves"]


def test_figures_of_the_paper_stand_beside_the_papers_reference_alone(finished: Path) -> None:
    shared, apart = (finished / "table.md").read_text().split("\n## ")[1:]
    assert "| 25.1 | 1.37 | 0.88 |" in shared
    assert "share" in shared
    assert "25.1" not in apart
    assert "paper: RMSE" not in apart


def test_finished_experiments_are_not_done_again(people: Path, finished: Path) -> None:
    figures = (finished / "figures.jsonl").read_bytes()
    assert run_table(people, "finished") == 0
    assert (finished / "figures.jsonl").read_bytes() == figures


def test_another_reference_is_another_experiment(
    people: Path, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_table(people, "finished", "--reference", "halves") == 1
    assert "another experiment lies in this folder" in capsys.readouterr().err
    assert run_table(people, "halves", "--reference", "halves", "--stop-after-minutes", "0") == 0
    settings = read_run(people / "halves" / "lambda-0.2" / "fold-1").settings
    assert settings.invivo is not None
    assert settings.invivo.reference == "halves"


def test_label_maps_are_asked_for_where_settings_are_for_synthetic_scans(
    people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_table(people, "other", "--config", "paper-short") == 1
    assert "these settings are for synthetic scans" in capsys.readouterr().err
