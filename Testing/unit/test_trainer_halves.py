"""Real scans without a truth: what is said of methods that do something known."""

from pathlib import Path

import numpy as np
import pytest
from invivo_cases import person, protocol, read_phantom, write_person

from deepasl.errors import InputError
from deepasl.phantom import acquire, default_anatomy, make_subject, write_bids
from deepasl.series import FloatArray, mean_in
from deepasl_trainer.evaluation.baselines import average
from deepasl_trainer.evaluation.halves import (
    HALVES,
    NULL_SCANS,
    current_real_scans,
    judge_halves,
    judge_null,
    score_real_scans,
)
from deepasl_trainer.evaluation.observation import Observation
from deepasl_trainer.evaluation.records import Record
from deepasl_trainer.evaluation.scoring import Candidate
from deepasl_trainer.invivo.scans import InVivoScan
from phantom_scans import COARSE


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> InVivoScan:
    return read_phantom(tmp_path_factory.mktemp("dataset"), pairs=8)


def halved(scan: Observation) -> FloatArray:
    return 0.5 * scan.deltam


def test_averages_of_two_halves_differ_by_the_noise_of_both(scan: InVivoScan) -> None:
    figures = judge_halves(scan, average)
    even, odd = scan.pairs_percent()[0::2].mean(axis=0), scan.pairs_percent()[1::2].mean(axis=0)
    difference = (scan.cbf_per_percent() * (even - odd))[scan.observation.brain]
    assert figures["rmse"] == pytest.approx(np.sqrt(np.mean(difference**2)), rel=1e-3)
    assert figures["grey_change"] == 0.0


def test_less_noise_in_one_half_brings_it_nearer_to_the_other(scan: InVivoScan) -> None:
    """Of all pairs, which a method can know of neither half, the mean shares noise with both: as near as can be."""
    near = judge_halves(scan, lambda half: scan.observation.deltam)
    assert near["rmse"] == pytest.approx(judge_halves(scan, average)["rmse"] / 2.0, rel=1e-3)
    assert near["ccc"] > judge_halves(scan, average)["ccc"]


def test_a_method_that_takes_flow_away_is_found_out(scan: InVivoScan) -> None:
    figures = judge_halves(scan, halved)
    assert figures["grey_change"] == pytest.approx(-50.0, abs=1e-3)
    assert figures["unselected_grey_change"] == pytest.approx(-50.0, abs=1e-3)
    assert figures["ccc"] < judge_halves(scan, average)["ccc"]


def test_grey_matter_of_the_other_half_is_not_chosen_for_its_noise(scan: InVivoScan) -> None:
    """The truth has less flow than the noisy voxels that were taken for grey matter, but not than those of others."""
    series = acquire(person(), protocol(8), noise_sd=0.0, seed=1)
    true = scan.observation.to_percent(series.volumes[1] - series.volumes[2])
    figures = judge_halves(scan, lambda half: true)
    assert abs(figures["unselected_grey_change"]) < 1.0
    assert figures["grey_change"] < figures["unselected_grey_change"]


def test_what_is_left_where_nothing_flows_is_told(tmp_path: Path) -> None:
    nobody = make_subject(default_anatomy(COARSE), grey_cbf=0.0, white_cbf=0.0)
    series = acquire(nobody, protocol(8), noise_sd=8.0, seed=2)
    file = write_bids(series, tmp_path, "water")
    records = list(score_real_scans([file], NULL_SCANS, [Candidate("average", "1", average)], []))
    assert [record.condition.pairs for record in records] == [8]
    left = records[0].figures["null"]
    assert left > 3.0
    (half,) = score_real_scans([file], NULL_SCANS, [Candidate("half", "1", halved)], [])
    assert half.figures["null"] == pytest.approx(left / 2.0)


def test_real_scans_are_kept_until_they_or_the_method_change(tmp_path: Path) -> None:
    file = write_person(tmp_path, "01", pairs=6)
    methods = [Candidate("average", "1", average), Candidate("half", "1", halved)]
    kept: list[Record] = list(score_real_scans([file], HALVES, methods, []))
    assert [(r.condition.person, r.condition.pairs, r.method) for r in kept] == [
        ("sub-01_asl", 3, "average"),
        ("sub-01_asl", 3, "half"),
    ]
    assert list(score_real_scans([file], HALVES, methods, kept)) == []
    assert current_real_scans([file], HALVES, methods, kept) == kept
    changed = [methods[0], Candidate("half", "2", halved)]
    assert [r.method for r in score_real_scans([file], HALVES, changed, kept)] == ["half"]
    write_person(tmp_path, "01", pairs=6, seed=9)
    assert len(list(score_real_scans([file], HALVES, methods, kept))) == 2


def test_halves_of_a_single_pair_are_refused(tmp_path: Path) -> None:
    file = write_person(tmp_path, "01", pairs=3)
    with pytest.raises(InputError, match="2 are needed, in each half"):
        list(score_real_scans([file], HALVES, [Candidate("average", "1", average)], []))


def test_null_takes_the_size_of_what_is_left(scan: InVivoScan) -> None:
    figures = judge_null(scan, lambda half: -half.deltam)
    assert figures["null"] == pytest.approx(judge_null(scan, average)["null"])
    truth = person().cbf
    assert figures["null"] > 0.8 * mean_in(truth, person().mask)
