"""All files of an export, or none; nothing that is there is lost unasked."""

import sys
from pathlib import Path

import pytest
from example_result import SHAPE, example_result

from deepasl.errors import OutputError
from deepasl.results import PerfusionMaps
from deepasl.writers.derivatives import ResultExistsError
from deepasl.writers.dicom import Form, write_dicom, writing
from phantom_scans import snapshot


def below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_files_lie_where_they_are_said_to_and_no_path_names_the_scan(tmp_path: Path) -> None:
    files = write_dicom(example_result(name="sub-Mueller_asl"), tmp_path / "new" / "out")
    expected = [
        f"mr-series/{name}/{n:04d}.dcm" for name in ("conventional", "denoised") for n in range(1, SHAPE[0] + 1)
    ]
    expected += [f"parametric-map/{name}/0001.dcm" for name in ("conventional", "denoised")]
    assert [path.relative_to(tmp_path / "new" / "out").as_posix() for path in files] == expected
    assert below(tmp_path / "new" / "out") == sorted(expected)


def test_only_the_forms_that_were_asked_for_are_written(tmp_path: Path) -> None:
    write_dicom(example_result(), tmp_path, forms=[Form.SERIES])
    assert {path.split("/")[0] for path in below(tmp_path)} == {"mr-series"}


def test_existing_maps_are_kept_unless_they_may_be_replaced(tmp_path: Path) -> None:
    write_dicom(example_result(), tmp_path)
    before = snapshot(tmp_path)
    with pytest.raises(ResultExistsError, match="there already"):
        write_dicom(example_result(), tmp_path)
    assert snapshot(tmp_path) == before
    write_dicom(example_result(), tmp_path, force=True)
    assert snapshot(tmp_path).keys() == before.keys()
    assert snapshot(tmp_path) != before


def test_replaced_maps_leave_no_slice_of_the_former_behind(tmp_path: Path) -> None:
    write_dicom(example_result(), tmp_path)
    stale = tmp_path / "mr-series" / "denoised" / "0099.dcm"
    stale.write_bytes(b"a slice of a taller map")
    write_dicom(example_result(), tmp_path, force=True)
    assert not stale.exists()


def test_what_else_lies_in_the_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("report")
    write_dicom(example_result(), tmp_path)
    write_dicom(example_result(), tmp_path, force=True)
    assert (tmp_path / "report.html").read_text() == "report"


def test_a_disk_that_fills_up_half_way_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_dicom(example_result(), tmp_path)
    before = snapshot(tmp_path)
    save, room = writing._save, iter(range(9))

    def save_until_full(staging: Path, place: Path, image: object) -> Path:
        if next(room, None) is None:
            raise OSError(28, "No space left on device")
        return save(staging, place, image)

    monkeypatch.setattr(writing, "_save", save_until_full)
    with pytest.raises(OutputError, match="No space left"):
        write_dicom(example_result(), tmp_path, force=True)
    assert snapshot(tmp_path) == before


def test_a_place_that_is_no_folder_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write_dicom(example_result(), tmp_path / "file" / "out", forms=[Form.SERIES])


def test_without_m0_there_is_no_blood_flow_to_write(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no CBF"):
        write_dicom(example_result(with_m0=False), tmp_path / "out")
    assert below(tmp_path) == []


def test_without_highdicom_the_series_can_still_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "highdicom", None)
    with pytest.raises(OutputError, match="highdicom"):
        write_dicom(example_result(), tmp_path)
    assert below(tmp_path) == []
    assert write_dicom(example_result(), tmp_path, forms=[Form.SERIES])


def test_maps_without_any_flow_can_be_written(tmp_path: Path) -> None:
    result = example_result()
    nothing = PerfusionMaps(result.removed * 0, result.removed * 0)
    assert write_dicom(example_result(conventional=nothing, denoised=nothing), tmp_path)
