import logging
from pathlib import Path

import numpy as np
import pytest
from invivo_cases import STILL, write_again, write_person

from deepasl.errors import InputError
from deepasl.images import read_image, write_image
from deepasl_trainer.invivo.scans import read_people
from deepasl_trainer.people.bids import BidsPerson, find_bids_people
from deepasl_trainer.people.folds import leave_one_out
from deepasl_trainer.people.split import split_people
from phantom_scans import edit_sidecar


def empty_scan(folder: Path, place: str) -> Path:
    file = folder / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    return file


def test_all_sessions_and_runs_of_a_person_stay_together(tmp_path: Path) -> None:
    one = empty_scan(tmp_path, "sub-01/ses-1/perf/sub-01_ses-1_run-1_asl.nii.gz")
    two = empty_scan(tmp_path, "sub-01/ses-1/perf/sub-01_ses-1_run-2_asl.nii.gz")
    three = empty_scan(tmp_path, "sub-01/ses-2/perf/sub-01_ses-2_asl.nii")
    other = empty_scan(tmp_path, "sub-02/perf/sub-02_asl.nii.gz")
    assert find_bids_people(tmp_path) == (BidsPerson("sub-01", (one, two, three)), BidsPerson("sub-02", (other,)))


def test_m0_scans_other_images_and_derivatives_are_no_asl_scans(tmp_path: Path) -> None:
    scan = empty_scan(tmp_path, "sub-01/perf/sub-01_asl.nii.gz")
    empty_scan(tmp_path, "sub-01/perf/sub-01_m0scan.nii.gz")
    empty_scan(tmp_path, "sub-02/anat/sub-02_T1w.nii.gz")
    empty_scan(tmp_path, "derivatives/deepasl/sub-03/perf/sub-03_asl.nii.gz")
    assert find_bids_people(tmp_path) == (BidsPerson("sub-01", (scan,)),)


def test_an_empty_or_absent_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no ASL scan"):
        find_bids_people(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        find_bids_people(tmp_path / "absent")


def test_everybody_is_tested_on_once_and_by_nobody_who_knows_them() -> None:
    names = ("sub-01", "sub-02", "sub-03", "sub-04")
    folds = [split_people(names, fold) for fold in leave_one_out(names, validation=1)]
    assert [fold.test for fold in folds] == [(name,) for name in names]
    assert sorted(fold.validation[0] for fold in folds) == sorted(names)
    for fold in folds:
        groups = [*fold.training, *fold.validation, *fold.test]
        assert sorted(groups) == sorted(names)


def test_leaving_one_out_of_two_leaves_one_to_train_on() -> None:
    assert [split_people(("a", "b"), fold).training for fold in leave_one_out(("a", "b"))] == [("b",), ("a",)]


@pytest.mark.parametrize(
    ("names", "validation", "said"),
    [(("sub-01",), 0, "only sub-01"), ((), 0, "nobody"), (("a", "b"), 1, "only 2 people")],
)
def test_too_few_people_to_leave_one_out_are_refused(names: tuple[str, ...], validation: int, said: str) -> None:
    with pytest.raises(InputError, match=said):
        leave_one_out(names, validation)


def test_scans_that_cannot_be_used_are_left_out_by_name_and_the_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_person(tmp_path, "01", pairs=4)
    write_person(tmp_path, "02", pairs=1)
    without_delay = write_person(tmp_path, "03", pairs=2)
    edit_sidecar(without_delay, PostLabelingDelay=None)
    with_nan = write_again(write_person(tmp_path, "04", pairs=2), "2")
    spoil_with_nan(with_nan)
    suppressed_without_m0(write_person(tmp_path, "05", pairs=2))
    only_controls(write_person(tmp_path, "06", pairs=2))
    with caplog.at_level(logging.WARNING):
        usable = read_people(find_bids_people(tmp_path), STILL)
    assert {name: [scan.name for scan in scans] for name, scans in usable.items()} == {
        "sub-01": ["sub-01_asl"],
        "sub-04": ["sub-04_asl"],
    }
    told = [record.getMessage() for record in caplog.records if "is left out" in record.getMessage()]
    for number, reason in {
        "02": "too few pairs of control and label (1; 2 are needed)",
        "03": "no blood flow can be computed without it",
        "04_run-2": "not numbers",
        "05": "no usable M0",
        "06": "no pair of control and label",
    }.items():
        (message,) = (one for one in told if one.startswith(f"sub-{number}_asl.nii.gz"))
        assert reason in message
        assert "\n" not in message
    assert len(told) == 5


def test_a_data_set_without_a_usable_scan_is_refused(tmp_path: Path) -> None:
    write_person(tmp_path, "01", pairs=1)
    with pytest.raises(InputError, match="none of the scans of sub-01 can be used"):
        read_people(find_bids_people(tmp_path), STILL)


def test_an_m0_in_another_unit_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    scan = write_person(tmp_path, "01", pairs=3)
    image = read_image(scan)
    image.volumes[0] *= 1e-6
    write_image(scan, image.volumes, image.geometry)
    with pytest.raises(InputError):
        read_people(find_bids_people(tmp_path), STILL)
    assert "another unit" in caplog.text


def test_the_real_data_set_is_one_person_with_two_scans(shared_data: Path) -> None:
    people = find_bids_people(shared_data / "bids" / "ds000240")
    scans = read_people(people, STILL)
    assert {name: [scan.name for scan in of] for name, of in scans.items()} == {
        "sub-01": ["sub-01_asl", "sub-01_task-restEyesOpen_asl"]
    }
    assert all(len(scan.observation.control) == 15 for scan in scans["sub-01"])
    with pytest.raises(InputError, match="several scans of one person count once"):
        leave_one_out(tuple(scans))


def spoil_with_nan(scan: Path) -> None:
    image = read_image(scan)
    image.volumes[2, 5, 20, 20] = np.nan
    with pytest.raises(InputError, match="not numbers"):  # found when the written file is looked over
        write_image(scan, image.volumes, image.geometry)


def suppressed_without_m0(scan: Path) -> None:
    """Without its M0 volume, and with controls that cannot stand in for it."""
    context = scan.with_name(scan.name.replace(".nii.gz", "context.tsv"))
    context.write_text(context.read_text().replace("m0scan", "n/a"))
    edit_sidecar(scan, M0Type="Absent", BackgroundSuppression=True)


def only_controls(scan: Path) -> None:
    context = scan.with_name(scan.name.replace(".nii.gz", "context.tsv"))
    context.write_text(context.read_text().replace("label", "control"))
