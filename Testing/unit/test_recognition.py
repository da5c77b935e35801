"""Telling an ASL scan from other images by name, companions and header."""

from pathlib import Path

import numpy as np
import pytest

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.images import write_image
from deepasl.readers.recognition import asl_evidence, scans_in, the_scan_in, volume_count

GRID = Geometry(shape=(3, 4, 5))


def image(path: Path, volumes: int = 4) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    array = np.zeros((volumes, *GRID.shape), np.float32)
    write_image(path, array if volumes > 1 else array[0], GRID)
    return path


@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd"])
def test_volumes_are_counted_in_the_header(tmp_path: Path, suffix: str) -> None:
    assert volume_count(image(tmp_path / f"a{suffix}", 4)) == 4
    assert volume_count(image(tmp_path / f"b{suffix}", 1)) == 1


def test_a_damaged_file_has_no_volumes(tmp_path: Path) -> None:
    (tmp_path / "asl.nii.gz").write_bytes(b"\x1f\x8b broken")
    assert volume_count(tmp_path / "asl.nii.gz") == 0
    assert asl_evidence(tmp_path / "asl.nii.gz") == ""


@pytest.mark.parametrize("name", ["sub-01_asl", "pCASL 3T", "2D-PASL_run1", "scan.pcasl.v2", "T\u00e4st_asl"])
def test_a_name_that_says_asl_is_evidence(tmp_path: Path, name: str) -> None:
    assert asl_evidence(image(tmp_path / f"{name}.nii.gz")) == "its name"


@pytest.mark.parametrize("name", ["bold", "Oslasla", "basler", "m0scan", "aslan"])
def test_other_names_are_none(tmp_path: Path, name: str) -> None:
    assert asl_evidence(image(tmp_path / f"{name}.nii.gz")) == ""


def test_a_single_volume_is_no_scan_by_its_name_alone(tmp_path: Path) -> None:
    assert asl_evidence(image(tmp_path / "asl_cbf.nii.gz", 1)) == ""


def test_a_context_file_is_evidence_for_a_single_volume_too(tmp_path: Path) -> None:
    scan = image(tmp_path / "sub-01_asl.nii.gz", 1)
    (tmp_path / "sub-01_aslcontext.tsv").write_text("volume_type\ndeltam\n")
    assert asl_evidence(scan) == "context file sub-01_aslcontext.tsv"


def test_a_sidecar_with_a_labeling_type_is_evidence(tmp_path: Path) -> None:
    scan = image(tmp_path / "series7.nii.gz")
    (tmp_path / "series7.json").write_text('{"ArterialLabelingType": "PCASL"}')
    assert asl_evidence(scan) == "ArterialLabelingType in series7.json"


def test_the_inversion_time_of_an_anatomical_scan_is_none(tmp_path: Path) -> None:
    scan = image(tmp_path / "mp2rage.nii.gz", 2)
    (tmp_path / "mp2rage.json").write_text('{"InversionTime": 0.9}')
    assert asl_evidence(scan) == ""


def test_a_folder_with_one_scan_gives_it_whatever_else_lies_there(bids_scan: Path) -> None:
    image(bids_scan.parents[1] / "func" / "sub-x_bold.nii.gz")
    image(bids_scan.parents[1] / "anat" / "sub-x_T1w.nii.gz", 1)
    assert the_scan_in(bids_scan.parents[2]) == bids_scan


def test_several_scans_are_named_so_that_one_can_be_chosen(tmp_path: Path) -> None:
    for name in ("run 1_asl.nii.gz", "more/Gr\u00f6\u00dfe_asl.nrrd"):
        image(tmp_path / name)
    with pytest.raises(InputError, match="2 ASL scans") as told:
        the_scan_in(tmp_path)
    assert "run 1_asl.nii.gz" in str(told.value)
    assert str(Path("more/Gr\u00f6\u00dfe_asl.nrrd")) in str(told.value)


def test_many_scans_are_not_all_named(tmp_path: Path) -> None:
    for run in range(12):
        image(tmp_path / f"run{run:02}_asl.nii")
    with pytest.raises(InputError, match=r"run07_asl\.nii and 4 more"):
        the_scan_in(tmp_path)


def test_a_series_nothing_is_known_of_is_taken_where_it_is_the_only_one(tmp_path: Path) -> None:
    only = image(tmp_path / "series 12.nii.gz")
    image(tmp_path / "t1.nii.gz", 1)
    assert scans_in(tmp_path) == (only,)


def test_a_folder_without_a_scan_says_what_it_should_hold(tmp_path: Path) -> None:
    image(tmp_path / "t1.nii.gz", 1)
    with pytest.raises(InputError, match=r"no ASL scan in this folder.*NIfTI"):
        the_scan_in(tmp_path)
