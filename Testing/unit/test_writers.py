"""What a run leaves on disk: whole BIDS derivatives with their provenance, or nothing."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deepasl.denoising.denoiser import Denoiser
from deepasl.errors import DeepASLError, OutputError
from deepasl.images import read_image
from deepasl.pipeline import process
from deepasl.progress import run
from deepasl.results import PerfusionMaps, Result
from deepasl.series import AslSeries
from deepasl.writers.derivatives import ResultExistsError, require_writable, write_result
from phantom_scans import snapshot


@pytest.fixture(scope="module")
def result(series: AslSeries, denoiser: Denoiser) -> Result:
    return replace(run(process(series, denoiser)), name="sub-01_ses-2_task-rest_asl")


def draw(result: Result, path: Path) -> None:
    path.write_bytes(b"picture of " + result.name.encode())


def draw_badly(result: Result, path: Path) -> None:
    raise DeepASLError("there is no OpenGL library")


def test_maps_are_written_by_their_bids_names_with_voxels_and_grid_kept(result: Result, tmp_path: Path) -> None:
    written = write_result(result, tmp_path / "out", picture=draw)
    stem = tmp_path / "out" / "sub-01" / "ses-2" / "perf" / "sub-01_ses-2_task-rest_desc-"
    maps = {
        "conventional_deltam": result.conventional.deltam,
        "conventional_cbf": result.conventional.cbf,
        "denoised_deltam": result.denoised.deltam,
        "denoised_cbf": result.denoised.cbf,
        "removed_deltam": result.removed,
        "brain_mask": result.mask,
    }
    for name, array in maps.items():
        image = read_image(f"{stem}{name}.nii.gz")
        assert array is not None
        np.testing.assert_array_equal(image.volumes[0], array.astype(np.float32))
        assert image.geometry.matches(result.geometry)
        assert Path(f"{stem}{name}.json").is_file()
    assert {path.name for path in written.files} >= {"report.html", "comparison.png", "dataset_description.json"}
    assert written.left_out == ""


def test_sidecars_hold_units_constants_model_and_software(result: Result, tmp_path: Path) -> None:
    write_result(result, tmp_path)
    (path,) = tmp_path.rglob("*desc-denoised_cbf.json")
    sidecar = json.loads(path.read_text())
    assert sidecar["Units"] == "mL/100g/min"
    assert sidecar["Parameters"]["t1_blood"]["value"] == 1.65
    assert sidecar["Parameters"]["labeling_duration"] == {
        "value": 1.8,
        "unit": "s",
        "source": "file",
        "origin": "phantom",
    }
    assert len(sidecar["Model"]["SHA256"]) == 64
    assert sidecar["Model"]["Provider"] == "CPUExecutionProvider"
    assert {"deepasl", "numpy", "SimpleITK", "onnxruntime"} <= set(sidecar["Software"])
    assert sidecar["ControlLabelPairs"][0] == [1, 2]
    assert "Research use only" in sidecar["Notice"]


def test_figures_are_written_as_a_table_for_spreadsheets(result: Result, tmp_path: Path) -> None:
    unknown = replace(result.statistics[0], coefficient_of_variation=float("nan"))
    write_result(replace(result, statistics=(unknown, *result.statistics[1:])), tmp_path)
    (path,) = tmp_path.rglob("*_desc-regions_statistics.csv")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["region"], row["map"]) for row in rows] == [(s.region, s.map) for s in result.statistics]
    assert rows[0]["coefficient_of_variation"] == "n/a"
    for row, figures in zip(rows, result.statistics, strict=True):
        assert float(row["mean"]) == pytest.approx(figures.mean, rel=1e-5)
        assert int(row["voxels"]) == figures.voxels
        assert row["unit"] == "mL/100g/min"
    assert json.loads(path.with_suffix(".json").read_text())["Units"] == "mL/100g/min"


def test_a_plain_name_becomes_a_subject(result: Result, tmp_path: Path) -> None:
    write_result(replace(result, name="my scan (4D)"), tmp_path)
    assert (tmp_path / "sub-myscan4D" / "perf" / "sub-myscan4D_desc-conventional_cbf.nii.gz").is_file()


def test_an_existing_result_is_kept_unless_forced(result: Result, tmp_path: Path) -> None:
    write_result(result, tmp_path)
    before = snapshot(tmp_path)
    with pytest.raises(ResultExistsError, match="--force"):
        write_result(result, tmp_path)
    assert snapshot(tmp_path) == before
    write_result(result, tmp_path, force=True, picture=draw)
    assert (tmp_path / "comparison.png").is_file()


def test_a_replaced_result_leaves_nothing_of_the_former(result: Result, tmp_path: Path) -> None:
    write_result(result, tmp_path, picture=draw)
    without_flow = replace(
        result,
        conventional=PerfusionMaps(result.conventional.deltam, None),
        denoised=PerfusionMaps(result.denoised.deltam, None),
        statistics_unit="a.u.",
    )
    write_result(without_flow, tmp_path, force=True)
    assert not list(tmp_path.rglob("*_cbf.*"))
    assert not (tmp_path / "comparison.png").exists()


def test_a_picture_that_cannot_be_drawn_is_left_out_with_the_reason(result: Result, tmp_path: Path) -> None:
    written = write_result(result, tmp_path, picture=draw_badly)
    assert "no OpenGL" in written.left_out
    assert (tmp_path / "report.html").is_file()
    assert not (tmp_path / "comparison.png").exists()


def test_a_failure_half_way_leaves_nothing(result: Result, tmp_path: Path) -> None:
    def full_disk(result: Result, path: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left"):
        write_result(result, tmp_path, picture=full_disk)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_is_no_folder_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written to"):
        require_writable(tmp_path / "file" / "out", "sub-01_asl", force=False)


def test_trying_whether_a_folder_can_be_written_to_leaves_no_trace(tmp_path: Path) -> None:
    require_writable(tmp_path / "new" / "deep", "sub-01_asl", force=False)
    assert list(tmp_path.iterdir()) == []
