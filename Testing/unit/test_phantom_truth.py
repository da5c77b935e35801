"""Several synthetic people in one BIDS data set, and beside it what is true of them."""

import json
from pathlib import Path

import numpy as np
import pytest

from deepasl.calibration.m0 import m0_map
from deepasl.errors import OutputError
from deepasl.images import read_image
from deepasl.phantom import (
    Artifacts,
    Lesion,
    Pose,
    Protocol,
    Subject,
    Transit,
    acquire,
    lesion_mask,
    make_subject,
    true_deltam,
    with_separate_m0,
    write_bids,
    write_truth,
)
from deepasl.readers import read_scan
from deepasl.series import Role

PROTOCOL = Protocol(pairs=1, m0_volumes=2)


@pytest.fixture(scope="module")
def ill(subject: Subject) -> Subject:
    return make_subject(subject.tissue, transit=Transit(), lesions=[Lesion((30.0, 20.0, 31.0), 14.0, 0.4)])


def units(path: Path) -> str:
    return json.loads(path.read_text(encoding="utf-8"))["Units"]


def test_several_people_share_a_data_set(subject: Subject, tmp_path: Path):
    scan = acquire(subject, PROTOCOL, noise_sd=1.0, seed=0)
    for name in ("01", "02", "01"):
        write_bids(scan, tmp_path, name)
    assert (tmp_path / "participants.tsv").read_text().split() == ["participant_id", "sub-01", "sub-02"]
    assert {path.name for path in tmp_path.glob("sub-*")} == {"sub-01", "sub-02"}
    assert (tmp_path / "README").is_file()


def test_the_words_of_an_existing_data_set_stay(subject: Subject, tmp_path: Path):
    (tmp_path / "dataset_description.json").write_text('{"Name": "mine", "BIDSVersion": "1.8.0"}')
    (tmp_path / "README.md").write_text("mine")
    write_bids(acquire(subject, PROTOCOL, noise_sd=1.0, seed=0), tmp_path)
    assert json.loads((tmp_path / "dataset_description.json").read_text())["Name"] == "mine"
    assert not (tmp_path / "README").exists()


def test_a_separate_m0_scan_is_found_again_and_calibrates_the_same(subject: Subject, tmp_path: Path):
    protocol = Protocol(pairs=1, m0_volumes=2, repetition_time=4.0)
    whole = acquire(subject, protocol, noise_sd=1.0, seed=0)
    read = read_scan(write_bids(with_separate_m0(whole), tmp_path, "01"))
    assert Role.M0SCAN not in read.roles
    assert read.m0scan is not None
    np.testing.assert_array_equal(read.m0scan.volumes, whole.volumes[:2])
    assert json.loads((tmp_path / "sub-01/perf/sub-01_asl.json").read_text())["M0Type"] == "Separate"
    t1 = {"t1_tissue": 1.607}
    maps = [
        m0_map(s, s.acquisition.with_values(whole.acquisition.labeling_duration.source, "", **t1))[0]
        for s in (whole, read)
    ]
    assert maps[0] is not None
    assert maps[1] is not None
    np.testing.assert_allclose(maps[1].volume, maps[0].volume, rtol=1e-6)
    assert maps[1].recovery > 1.0


def test_every_map_of_the_truth_is_the_truth_with_its_unit(ill: Subject, tmp_path: Path):
    perf = write_truth(ill, PROTOCOL, tmp_path, "01")
    assert perf == tmp_path / "derivatives" / "truth" / "sub-01" / "perf"
    assert ill.transit is not None
    expected = {
        "desc-truth_cbf": (ill.cbf, "mL/100g/min"),
        "desc-truth_att": (ill.transit.att, "s"),
        "desc-truth_T1map": (ill.transit.t1, "s"),
        "desc-truth_deltam": (true_deltam(ill, PROTOCOL), "arbitrary"),
        "desc-truth_M0map": (ill.m0, "arbitrary"),
        "label-GM_probseg": (ill.tissue.grey, "1"),
        "label-WM_probseg": (ill.tissue.white, "1"),
        "label-CSF_probseg": (ill.tissue.csf, "1"),
        "desc-brain_mask": (ill.mask, "1"),
        "desc-lesion1_mask": (lesion_mask(ill.tissue.geometry, ill.lesions[0]), "1"),
    }
    assert {path.name for path in perf.glob("*.nii.gz")} == {f"sub-01_{suffix}.nii.gz" for suffix in expected}
    for suffix, (array, unit) in expected.items():
        image = read_image(perf / f"sub-01_{suffix}.nii.gz")
        np.testing.assert_array_equal(image.volumes[0], array.astype(np.float32))
        assert image.geometry.matches(ill.tissue.geometry)
        assert units(perf / f"sub-01_{suffix}.json") == unit
    lesion = json.loads((perf / "sub-01_desc-lesion1_mask.json").read_text())["Lesion"]
    assert (lesion["radius_mm"], lesion["factor"]) == (14.0, 0.4)
    derivative = json.loads((tmp_path / "derivatives" / "truth" / "dataset_description.json").read_text())
    assert derivative["DatasetType"] == "derivative"


def test_without_transit_times_there_is_no_map_of_them(subject: Subject, tmp_path: Path):
    perf = write_truth(subject, PROTOCOL, tmp_path)
    assert not list(perf.glob("*_att.*"))
    assert not list(perf.glob("*_T1map.*"))


def test_motion_and_drift_of_every_volume_are_told(subject: Subject, tmp_path: Path):
    poses = (Pose(), Pose((0.1, 0.2, -0.3), (0.0, 1.5, 0.0)), Pose(), Pose())
    perf = write_truth(subject, PROTOCOL, tmp_path, "01", artifacts=Artifacts(drift=0.03, poses=poses))
    header, *rows = (perf / "sub-01_desc-truth_timeseries.tsv").read_text().splitlines()
    assert header.split("\t") == ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z", "signal_gain"]
    table = np.array([[float(value) for value in row.split("\t")] for row in rows])
    assert table.shape == (4, 7)
    np.testing.assert_allclose(table[1], [0.1, 0.2, -0.3, 0.0, 1.5, 0.0, 1.01])
    np.testing.assert_allclose(table[[0, 3]], [[0.0] * 6 + [1.0], [0.0] * 6 + [1.03]])
    about = json.loads((perf / "sub-01_desc-truth_timeseries.json").read_text())
    assert (about["trans_x"]["Units"], about["rot_z"]["Units"]) == ("mm", "deg")


def test_a_truth_that_cannot_be_written_is_reported(subject: Subject, tmp_path: Path):
    (tmp_path / "derivatives").write_text("a file, not a folder")
    with pytest.raises(OutputError, match="cannot be written"):
        write_truth(subject, PROTOCOL, tmp_path)
    with pytest.raises(OutputError, match="letters and digits"):
        write_truth(subject, PROTOCOL, tmp_path, "0_1")
