"""What an evaluation computes, what it keeps, and what it computes again."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from simulated_cases import EMPTY, PERFUSED, quick_evaluation
from trainer_cases import dome_noise, write_people

from deepasl.errors import InputError
from deepasl.series import FloatArray
from deepasl_trainer.evaluation.baselines import AVERAGE, average
from deepasl_trainer.evaluation.observation import Observation
from deepasl_trainer.evaluation.records import RECORDS_FILE, Record, append_record, read_records
from deepasl_trainer.evaluation.scoring import Candidate, all_protocols, candidates, current, number_of_scores, score
from deepasl_trainer.evaluation.settings import CurveSettings, EvaluationSettings, read_evaluation_settings
from deepasl_trainer.people.anatomies import find_people

PEOPLE = ("person_1",)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    folder = tmp_path_factory.mktemp("people")
    write_people(folder, 1)
    return find_people(folder)


@pytest.fixture(scope="module")
def finished(people: tuple[Path, ...]) -> list[Record]:
    return scored(people, quick_evaluation(), [])


def scored(
    people: tuple[Path, ...], settings: EvaluationSettings, kept: list[Record], extra: tuple[Candidate, ...] = ()
) -> list[Record]:
    methods = (*candidates(settings, []), *extra)
    return [one.record for one in score(people, settings, methods, dome_noise(), kept)]


def nothing(scan: Observation) -> FloatArray:
    return 0.0 * scan.deltam


def test_every_method_is_judged_at_every_level(finished: list[Record]) -> None:
    seen = [(r.condition.protocol, r.condition.pairs, r.method) for r in finished]
    assert seen == [
        (protocol, pairs, method)
        for protocol in ("perfused", "empty")
        for pairs in (4, 8)
        for method in (AVERAGE, "Gaussian")
    ]
    settings = quick_evaluation()
    assert len(finished) == number_of_scores(settings, candidates(settings, []), people=1)


def test_twice_the_pairs_gain_three_decibels(finished: list[Record]) -> None:
    four, eight = (r.figures["psnr"] for r in finished if r.method == AVERAGE and "psnr" in r.figures)
    assert eight - four == pytest.approx(3.0, abs=0.3)


def test_what_is_kept_is_not_computed_again(people: tuple[Path, ...], finished: list[Record]) -> None:
    assert scored(people, quick_evaluation(), finished) == []


def test_a_new_method_is_computed_alone(people: tuple[Path, ...], finished: list[Record]) -> None:
    more = scored(people, quick_evaluation(), finished, (Candidate("nothing", "1", nothing),))
    assert {record.method for record in more} == {"nothing"}
    assert len(more) == 4
    assert [r.figures["null"] for r in more if "null" in r.figures] == [0.0, 0.0]


def test_new_weights_under_an_old_name_are_computed_again(people: tuple[Path, ...], finished: list[Record]) -> None:
    first = scored(people, quick_evaluation(), finished, (Candidate("net", "weights 1", average),))
    kept = [*finished, *first]
    assert scored(people, quick_evaluation(), kept, (Candidate("net", "weights 1", average),)) == []
    assert len(scored(people, quick_evaluation(), kept, (Candidate("net", "weights 2", nothing),))) == 4


def test_a_changed_protocol_is_computed_again_and_the_others_are_not(
    people: tuple[Path, ...], finished: list[Record]
) -> None:
    settings = quick_evaluation()
    noisier = dataclasses.replace(PERFUSED, image_noise=(0.6, 0.6))
    changed = dataclasses.replace(settings, protocols=(noisier, settings.protocols[1]))
    again = scored(people, changed, finished)
    assert {record.condition.protocol for record in again} == {"perfused"}
    chosen = current([*finished, *again], changed, candidates(changed, []), PEOPLE)
    assert len(chosen) == len(finished)
    assert all(record in again for record in chosen if record.condition.protocol == "perfused")


def test_figures_of_another_evaluation_are_left_out(finished: list[Record]) -> None:
    other = dataclasses.replace(quick_evaluation(), seed=4)
    assert current(finished, other, candidates(other, []), PEOPLE) == []
    assert current(finished, quick_evaluation(), candidates(quick_evaluation(), []), ["person_2"]) == []


def test_figures_come_back_from_the_file_as_they_were(finished: list[Record], tmp_path: Path) -> None:
    for record in finished:
        append_record(record, tmp_path / "new")
    assert read_records(tmp_path / "new") == finished
    assert read_records(tmp_path / "nowhere") == []


def test_a_line_that_was_cut_off_is_lost_and_nothing_else(finished: list[Record], tmp_path: Path) -> None:
    for record in finished[:3]:
        append_record(record, tmp_path)
    file = tmp_path / RECORDS_FILE
    file.write_bytes(file.read_bytes()[:-20])
    assert read_records(tmp_path) == finished[:2]
    append_record(finished[3], tmp_path)
    assert read_records(tmp_path) == [*finished[:2], finished[3]]


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / RECORDS_FILE).write_text('{"loss": 3}\n')
    with pytest.raises(InputError, match="figures cannot be read"):
        read_records(tmp_path)


def test_curves_change_one_number_of_a_protocol() -> None:
    curves = tuple(
        CurveSettings(name, "perfused", name, values, 4)
        for name, values in (("voxel", (4.0, 8.0)), ("image_noise", (0.2, 2.0)), ("m0_scale", (0.1, 10.0)))
    )
    settings = dataclasses.replace(quick_evaluation(), curves=curves)
    steps = all_protocols(settings)[2:]
    assert [step.name for step in steps[:2]] == ["voxel 4", "voxel 8"]
    assert [step.voxels for step in steps[:2]] == [((4.0, 4.0, 4.0),), ((8.0, 8.0, 8.0),)]
    assert [step.image_noise for step in steps[2:4]] == [(0.2, 0.2), (2.0, 2.0)]
    assert [step.m0_scale for step in steps[4:]] == [0.1, 10.0]
    assert all(step.pairs == (4,) and step.pld == PERFUSED.pld for step in steps)


def test_a_slow_method_can_be_left_out_of_a_protocol(people: tuple[Path, ...], finished: list[Record]) -> None:
    settings = quick_evaluation()
    without = dataclasses.replace(EMPTY, methods=())
    fewer = dataclasses.replace(settings, protocols=(PERFUSED, without))
    methods = candidates(fewer, [])
    chosen = current(finished, fewer, methods, PEOPLE)
    assert {r.method for r in chosen if r.condition.protocol == "empty"} == {AVERAGE}
    assert len(chosen) == number_of_scores(fewer, methods, people=1) == 6
    assert scored(people, fewer, finished) == []


def test_the_evaluation_that_comes_along_has_the_levels_of_the_acceptance_table() -> None:
    settings = read_evaluation_settings("evaluation")
    first = settings.protocols[0]
    assert first.pairs == (6, 12, 24)
    assert first.image_noise == (0.4, 1.0)
    assert first.lesions is not None
    assert first.lesions.factors == (0.4, 1.8)
    assert first.lesions.radius == (7.0, 10.0)
    assert all(2.0 <= side <= 5.0 for voxel in first.voxels for side in voxel)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"protocols": ()}, "there must be one"),
        ({"protocols": (PERFUSED, PERFUSED)}, "names of their own"),
        ({"curves": (CurveSettings("c", "absent", "voxel", (1.0,), 4),)}, "absent, which is no protocol"),
    ],
)
def test_an_evaluation_that_cannot_be_is_refused(change: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        dataclasses.replace(quick_evaluation(), **change)  # type: ignore[arg-type]


def test_a_single_pair_tells_no_noise_and_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two pairs"):
        dataclasses.replace(PERFUSED, pairs=(1, 6))


def test_noise_of_a_level_is_stated(finished: list[Record]) -> None:
    four = next(record for record in finished if record.condition.pairs == 4)
    assert four.noise_percent == pytest.approx(0.5 * np.sqrt(2.0 / 4), rel=1e-3)
