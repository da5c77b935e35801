"""``deepasl-train evaluate`` from label maps to a report, stopped and gone on with."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import pytest
from finished_trainings import write_training
from invivo_cases import write_person
from trainer_cases import write_noise, write_people

from deepasl.errors import InputError
from deepasl.images import read_image
from deepasl_trainer.commands import evaluate as evaluate_command
from deepasl_trainer.evaluation.records import RECORDS_FILE, read_records

CONFIG = """
seed = 3
people = ["person_3"]

[baselines]
methods = ["Gaussian"]
gaussian_fwhm = 8.0
nlm_patch = 3
nlm_reach = 3
nlm_strength = 0.8
tv_weight = 1.0
wavelet = "db2"
mppca_radius = 1

[[protocols]]
name = "coarse"
scans = 1
voxels = [[6.0, 6.0, 8.0]]
pairs = [2, 4]
labeling_duration = [1.8, 1.8]
pld = [1.6, 1.8]
grey_cbf = [60.0, 70.0]
white_cbf = [20.0, 20.0]
image_noise = [0.5, 0.5]
lesions = { each = 1, factors = [0.4, 1.8], radius = [9.0, 10.0], apart = 6.0 }

[[curves]]
name = "factor on M0"
base = "coarse"
vary = "m0_scale"
values = [0.5, 2.0]
pairs = 2
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """People, noise, a configuration, a network that knows all but person_3, and a real scan."""
    folder = tmp_path_factory.mktemp("evaluation")
    (folder / "labels").mkdir()
    write_people(folder / "labels", 3)
    write_noise(folder / "noise.mat")
    (folder / "config.toml").write_text(CONFIG)
    write_training(folder / "net", "guided")
    write_person(folder / "scans", "01", pairs=4)
    return folder


def run(folder: Path, *more: str) -> Path:
    parser = argparse.ArgumentParser()
    evaluate_command.add_arguments(parser)
    places = ["--anatomies", "labels", "--noise", "noise.mat", "--output", "out", "--config", "config.toml"]
    paths = [str(folder / word) if not word.startswith("--") else word for word in places]
    return evaluate_command.run(parser.parse_args([str(folder / "net"), *paths, *more]))


@pytest.fixture(scope="module")
def report(folder: Path) -> Path:
    return run(folder, "--scans", str(folder / "scans/sub-01/perf/sub-01_asl.nii.gz"))


def test_report_holds_every_protocol_curve_and_scan(report: Path) -> None:
    text = report.read_text()
    for heading in ("## coarse", "## factor on M0: coarse, 2 pairs", "## Real scans, half against half"):
        assert heading in text
    for row in ("| 4 (0.35 %) | net |", "| 2 | net |", "| sub-01_asl | 2 | net |"):
        assert row in text


def test_pictures_that_the_report_names_are_there(report: Path) -> None:
    names = [line.split("(")[1].rstrip(")") for line in report.read_text().splitlines() if line.startswith("![")]
    assert names == ["pictures/bland-altman.png", "pictures/maps-person_3.png", "pictures/curves.png"]
    for name in names:
        assert (report.parent / name).read_bytes().startswith(b"\x89PNG")


def test_long_form_has_every_figure_of_every_method(report: Path) -> None:
    with (report.parent / "figures.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    psnr = {(row["protocol"], row["pairs"], row["method"]) for row in rows if row["figure"] == "psnr"}
    levels = [("coarse", "2"), ("coarse", "4"), ("factor on M0 0.5", "2"), ("factor on M0 2", "2")]
    assert psnr == {(*level, method) for level in levels for method in ("average", "Gaussian", "net")}


def test_maps_to_look_at_are_in_the_unit_of_flow(report: Path) -> None:
    truth = read_image(report.parent / "maps" / "person_3_truth.nii.gz").volumes[0]
    assert 60.0 < truth.max() < 2.0 * 70.0
    regions = read_image(report.parent / "maps" / "person_3_regions.nii.gz").volumes[0]
    assert set(regions.ravel().tolist()) == {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}


def test_an_evaluation_goes_on_where_it_was_stopped(report: Path, folder: Path) -> None:
    file = report.parent / RECORDS_FILE
    lines = file.read_bytes().splitlines(keepends=True)
    before = read_records(report.parent)
    file.write_bytes(b"".join(lines[:-4])[:-30])
    run(folder, "--scans", str(folder / "scans/sub-01/perf/sub-01_asl.nii.gz"))
    after = read_records(report.parent)
    assert {(r.condition, r.method): r.figures for r in after} == {(r.condition, r.method): r.figures for r in before}
    assert len(after) == len(before)


def test_finished_figures_are_left_alone(report: Path, folder: Path) -> None:
    content = (report.parent / RECORDS_FILE).read_bytes()
    run(folder, "--scans", str(folder / "scans/sub-01/perf/sub-01_asl.nii.gz"))
    assert (report.parent / RECORDS_FILE).read_bytes() == content


def test_people_the_network_knows_are_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="person_2"):
        run(folder, "--people", "person_2")
    with pytest.raises(InputError, match="person_1"):
        run(folder, "--people", "person_1", "--choosing")


def test_people_who_are_not_there_are_named(folder: Path) -> None:
    with pytest.raises(InputError, match="no label map of nobody"):
        run(folder, "--people", "nobody")
