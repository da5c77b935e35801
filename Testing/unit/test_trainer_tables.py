"""Tables of figures that are known."""

import csv
import dataclasses
import io
import math

import pytest
from simulated_cases import EMPTY, PERFUSED, quick_evaluation

from deepasl_trainer.evaluation.halves import HALVES
from deepasl_trainer.evaluation.records import Condition, Record, summarise
from deepasl_trainer.evaluation.settings import CurveSettings
from deepasl_trainer.evaluation.tables import curve_table, long_csv, protocol_table, report, summary_csv


def record(person: str, scan: int, pairs: int, method: str, protocol: str = "perfused", **figures: float) -> Record:
    return Record(Condition(protocol, person, scan, pairs), method, "v", 0.25, figures)


RECORDS = [
    record("anna", 0, 6, "average", psnr=10.0, grey_bias=-2.0),
    record("anna", 1, 6, "average", psnr=14.0, grey_bias=4.0),
    record("ben", 0, 6, "average", psnr=20.0, grey_bias=1.0),
    record("anna", 0, 24, "average", psnr=16.0, grey_bias=0.0),
    record("ben", 0, 24, "average", psnr=26.0, grey_bias=0.0),
]


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_scans_of_a_person_are_averaged_before_people_are() -> None:
    summary = summarise(RECORDS[:3], "psnr")
    assert summary is not None
    assert summary.mean == pytest.approx((12.0 + 20.0) / 2)
    assert summary.sd == pytest.approx(8.0 / math.sqrt(2.0))
    assert summary.people == 2
    assert summarise(RECORDS, "ccc") is None
    alone = summarise(RECORDS[:2], "psnr")
    assert alone is not None
    assert math.isnan(alone.sd)


def test_table_has_every_level_and_then_all_of_them() -> None:
    table = rows(protocol_table(RECORDS))
    assert table[0] == ["pairs (noise SD)", "method", "PSNR (dB)", "abs. bias GM"]
    assert [row[:3] for row in table[2:]] == [
        ["6 (0.25 %)", "average", "16.0 (5.7)"],
        ["24 (0.25 %)", "average", "21.0 (7.1)"],
        ["all", "average", "18.2 (6.8)"],
    ]


def test_biases_of_opposite_sign_do_not_hide_each_other() -> None:
    assert rows(protocol_table(RECORDS))[2][3] == "2.0 (1.4)"


def test_long_form_has_every_figure_with_its_sign() -> None:
    lines = list(csv.DictReader(io.StringIO(long_csv(RECORDS))))
    assert len(lines) == 10
    assert lines[1] == {
        "protocol": "perfused",
        "person": "anna",
        "scan": "0",
        "pairs": "6",
        "noise_percent": "0.25",
        "method": "average",
        "figure": "grey_bias",
        "value": "-2",
    }


def test_summary_has_means_and_spread_of_every_level() -> None:
    lines = list(csv.DictReader(io.StringIO(summary_csv(RECORDS))))
    psnr = {line["pairs"]: line for line in lines if line["figure"] == "psnr"}
    assert list(psnr) == ["6", "24", "all"]
    assert float(psnr["24"]["mean"]) == 21.0
    assert psnr["all"]["people"] == "2"


def test_curve_table_follows_the_values() -> None:
    steps = [record("anna", 0, 6, "average", f"noise {value:g}", ccc=1.0 / value) for value in (2.0, 4.0)]
    table = rows(curve_table(steps, (2.0, 4.0), ("noise 2", "noise 4")))
    assert [row[0] for row in table[2:]] == ["2", "4"]
    assert [row[2] for row in table[2:]] == ["0.50", "0.25"]


def test_report_holds_protocols_tests_curves_and_real_scans() -> None:
    curve = CurveSettings("noise", "perfused", "image_noise", (2.0,), 6)
    settings = dataclasses.replace(quick_evaluation(), protocols=(PERFUSED, EMPTY), curves=(curve,))
    network = [dataclasses.replace(r, method="net", figures={"psnr": r.figures["psnr"] + 1.0}) for r in RECORDS]
    null = [record("anna", 0, 6, "net", "empty", null=2.5)]
    step = [record("anna", 0, 6, "net", "noise 2", ccc=0.5)]
    real = [record("sub-01_asl", 0, 7, "net", HALVES, rmse=9.0, grey_change=-1.5)]
    text = report([*RECORDS, *network, *null, *step], real, settings, "net")
    assert "scans of anna, ben" in text
    assert "Too few scans (5) for tests." in text
    assert "With 2 people no test over people" in text
    assert "## noise: perfused, 6 pairs" in text
    assert "| sub-01_asl | 7 | net | 9.0 | -1.5 |" in text
    assert "| 6 (0.25 %) | net | 2.50 |" in text


def test_a_network_is_tested_against_every_other_method_where_scans_are_enough() -> None:
    settings = dataclasses.replace(quick_evaluation(), protocols=(PERFUSED,))
    six = [*RECORDS, record("ben", 1, 24, "average", psnr=21.0, grey_bias=0.0)]
    network = [dataclasses.replace(r, method="net", figures={"psnr": r.figures["psnr"] + 1.0}) for r in six]
    text = report([*six, *network], [], settings, "net")
    assert "| PSNR (dB) | average | +1.00 | 2 of 2 | 6 | 0.031 | 0.031 |" in text
    assert "gain of" not in report([*six, *network], [], settings, None)


def test_scans_like_those_of_the_paper_have_their_rmse_in_its_unit() -> None:
    settings = dataclasses.replace(quick_evaluation(), protocols=(PERFUSED,))
    paper = [record(person, 0, 6, "average", rmse=value) for person, value in (("anna", 20.0), ("ben", 24.0))]
    text = report(paper, [], settings, None)
    assert "RMSE (10 mL/100g/min), all levels" in text
    assert "| average | 2.20 (0.28) |" in text
    with_lesions = [dataclasses.replace(r, figures={**r.figures, "lesions": 0.5}) for r in paper]
    assert "RMSE (10 mL/100g/min)" not in report(with_lesions, [], settings, None)
