import csv
import shutil
from pathlib import Path

import pytest
from table_cases import PAIRS, run_table, write_synthetic_experiment

from deepasl_trainer.evaluation.records import people_of, read_records, select
from deepasl_trainer.training.runs import read_run

EVERYBODY = ("person_1", "person_2", "person_3")
NETWORKS = ("dilated", "lambda-0.2")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people, noise and configurations."""
    return write_synthetic_experiment(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="module")
def finished(people: Path) -> Path:
    """The folder of experiments that were never stopped: two networks, three folds."""
    assert run_table(people, "finished") == 0
    return people / "finished"


def rows(output: Path) -> list[dict[str, str]]:
    with (output / "table.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_nobody_is_judged_by_a_network_that_saw_them(finished: Path) -> None:
    for network in NETWORKS:
        runs = [read_run(finished / network / f"fold-{number}") for number in (1, 2, 3)]
        assert sorted(name for run in runs for name in run.settings.people.test) == list(EVERYBODY)
        for run in runs:
            (tested,), (chosen_on,), (trained_on,) = (
                run.settings.people.test,
                run.settings.people.validation,
                run.training,
            )
            assert {tested, chosen_on, trained_on} == set(EVERYBODY)


def test_networks_of_a_fold_differ_in_architecture_and_loss_alone(finished: Path) -> None:
    rival, ours = (read_run(finished / network / "fold-1") for network in NETWORKS)
    assert rival.settings.model.network == "dilated"
    assert (rival.settings.loss.noise_weight, ours.settings.loss.noise_weight) == (1.0, 0.2)
    for part in ("people", "scans", "patches", "draws", "fit"):
        assert getattr(rival.settings, part) == getattr(ours.settings, part)
    assert rival.training == ours.training
    assert rival.patches == ours.patches


def test_all_people_are_judged_at_all_levels_by_every_method(finished: Path) -> None:
    records = read_records(finished)
    for method in ("average", *NETWORKS):
        of_method = select(records, method=method)
        assert people_of(of_method) == EVERYBODY
        assert sorted(record.condition.pairs for record in of_method) == sorted(PAIRS * 3)
    line = next(line for line in (finished / "table.md").read_text().splitlines() if line.startswith("| lambda-0.2"))
    assert line.split(" | ")[1] == "3"
    assert line.endswith("| 28.0 | 1.33 | 0.95 |")
    assert "Not finished" not in (finished / "table.md").read_text()


def test_more_pairs_are_closer_to_the_truth(finished: Path) -> None:
    """RMSE of averaging falls as the square root of the number of pairs, in mL/100g/min."""
    few, many = (
        float(row["mean"])
        for row in rows(finished)
        if row["method"] == "average" and row["figure"] == "rmse" and row["pairs"] in map(str, PAIRS)
    )
    assert few / many == pytest.approx((PAIRS[1] / PAIRS[0]) ** 0.5, rel=0.1)


def test_stopped_by_the_clock_it_says_what_is_missing_and_goes_on_to_the_same_figures(
    people: Path, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped = people / "stopped"
    # An epoch, then the rest of this training.
    assert run_table(people, "stopped", "--stop-after-minutes", "0") == 0
    assert read_run(stopped / "dilated" / "fold-1").epochs == 1
    assert "Stopped: 0 of 6" in capsys.readouterr().err
    assert run_table(people, "stopped", "--stop-after-minutes", "0") == 0
    assert "Stopped: 1 of 6" in capsys.readouterr().err
    partial = (stopped / "table.md").read_text()
    assert "5 of 6 trainings are missing (lambda-0.2: fold 1, 2, 3; dilated: fold 2, 3)" in partial
    assert "| dilated | 1 of 3 |" in partial
    assert "| lambda-0.2 | 0 of 3 | - | - | - |" in partial
    assert run_table(people, "stopped") == 0
    assert "All 6 trainings are finished" in capsys.readouterr().err
    assert rows(stopped) == rows(finished)


def test_what_is_finished_is_not_done_again(people: Path, finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoints = {file: file.stat().st_mtime_ns for file in finished.rglob("best.ckpt")}
    figures = (finished / "figures.jsonl").read_bytes()
    assert run_table(people, "finished") == 0
    assert "All 6 trainings" in capsys.readouterr().err
    assert {file: file.stat().st_mtime_ns for file in finished.rglob("best.ckpt")} == checkpoints
    assert (finished / "figures.jsonl").read_bytes() == figures


def test_lost_figures_are_computed_again_without_training(people: Path, finished: Path) -> None:
    again = people / "again"
    shutil.copytree(finished, again, ignore=shutil.ignore_patterns("figures.jsonl", "table.*"))
    assert run_table(people, "again") == 0
    assert rows(again) == rows(finished)


def test_a_network_may_be_added_to_finished_experiments(people: Path, finished: Path) -> None:
    more = people / "more"
    shutil.copytree(finished, more)
    assert run_table(people, "more", "--lambdas", "0.2", "1", "--stop-after-minutes", "0") == 0
    assert "5 of 6" not in (more / "table.md").read_text()
    assert "3 of 9 trainings are missing (lambda-1: fold 1, 2, 3)" in (more / "table.md").read_text()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--folds", "2", "--validation", "0", "--output", "finished"], "another experiment lies in this folder"),
        (["--folds", "4"], "3 people cannot be divided into 4 folds"),
        (["--folds", "1"], "3 people cannot be divided into 1 folds"),
        (["--lambdas", "1.5"], "lambda lies between 0 and 1"),
        (["--lambdas", "--baseline", "none"], "there is no network to train"),
        (["--config", "paper-in-vivo"], "these settings are for real scans"),
        (["--reference", "halves"], "--reference is for real scans"),
        (["--baseline", "guided"], "the baseline sees another number of slices"),
        (["--devices", "2", "--stop-after-minutes", "5"], "several devices cannot stop by the clock"),
    ],
)
def test_mistakes_are_told_in_one_line(
    people: Path, finished: Path, options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = options.pop() if "--output" in options else "mistake"
    assert run_table(people, output, *(option for option in options if option != "--output")) == 1
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert not (people / "mistake" / "table.md").exists()


def test_one_person_is_too_few(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_synthetic_experiment(tmp_path, people=1)
    assert run_table(tmp_path, "out") == 1
    assert "there is only person_1" in capsys.readouterr().err
