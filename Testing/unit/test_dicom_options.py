"""What may be said about DICOM maps on the command line, and what stops a run before anything is written."""

import json
import logging
import sys
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from deepasl.cli import main
from deepasl.images import read_image, write_image
from deepasl.phantom import Protocol, acquire, default_anatomy, make_subject
from deepasl.readers.dicom import find_series, read_dicom_folder
from deepasl.series import AslSeries
from deepasl.writers.derivatives import ResultExistsError
from deepasl.writers.dicom import ready_export
from phantom_scans import COARSE, edit_sidecar, snapshot
from synthetic_dicom import PATIENT, siemens_header, write_slices

PROTOCOL = {"tSequenceFileName": "x\\ep2d_pcasl", "sWipMemBlock.adFree[2]": 1.8e6, "sWipMemBlock.adFree[3]": 98}
SMALL_NETWORK = ["--model", "deepasl-paper", "--provider", "cpu"]


@pytest.fixture(scope="module")
def person() -> AslSeries:
    return acquire(make_subject(default_anatomy(COARSE)), Protocol(pairs=3), noise_sd=1.0, seed=5)


@pytest.fixture(scope="module")
def scanned(person: AslSeries, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pairs as DICOM, and their M0 as a series of its own."""
    place = tmp_path_factory.mktemp("dicom")
    pairs = list(person.volumes[1:])
    write_slices(place / "5", pairs, person.geometry, siemens_header(PROTOCOL), lambda t: {"AcquisitionNumber": t + 1})
    m0 = siemens_header(PROTOCOL, SeriesNumber=6, SeriesInstanceUID="1.2.3.6")
    m0 = {**m0, "SeriesDescription": "asl_m0"}
    write_slices(place / "6", [person.volumes[0]], person.geometry, m0)
    return place


def series_of(file: Path) -> set[str]:
    """The source series a map names."""
    return {item.SeriesInstanceUID for item in pydicom.dcmread(file).ReferencedSeriesSequence}


def dicom_files(out: Path) -> list[Path]:
    return sorted((out / "dicom").rglob("*.dcm"))


def refused(arguments: list[object], out: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What the user is told; one line, and nothing may have come or gone."""
    before = snapshot(out) if out.exists() else None
    assert main(["run", *map(str, arguments), "--output", str(out), *SMALL_NETWORK]) == 1
    told = capsys.readouterr().err
    assert told.startswith("deepasl: ")
    assert told.count("\n") == 1
    assert (snapshot(out) if out.exists() else None) == before
    return told


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--dicom", "--dicom-source", "nowhere"], "nowhere: there is no such file or folder"),
        (["--dicom", "--patient-birth-date", "31.1.1970"], "birth date of the patient is no date YYYYMMDD"),
        (["--dicom", "--patient-birth-date", "19700231"], "birth date of the patient is no date YYYYMMDD"),
        (["--dicom", "--patient-sex", "X"], "none of F, M and O"),
        (["--dicom", "--patient-name", "Doe\\Jane"], "the name of the patient"),
        (["--dicom", "--patient-id", "1" * 65], "the identifier of the patient"),
        (["--dicom", "--patient-name", "Doe^Jane", "--deidentify"], "--patient-name and --deidentify contradict"),
        (["--patient-id", "P1"], "--patient-id is for maps as DICOM"),
        (["--deidentify"], "--deidentify is for maps as DICOM"),
        (["--dicom-form", "mr-series"], "--dicom-form is for maps as DICOM"),
        (["--dicom-source", "nowhere"], "--dicom-source is for maps as DICOM"),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is_written(
    options: list[str], told: str, bids_scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refused([bids_scan, *options], tmp_path / "out", capsys)
    assert told in message
    assert not (tmp_path / "out").exists()


def test_without_highdicom_nothing_is_written_unless_the_series_alone_is_asked_for(
    bids_scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "highdicom", None)
    assert "highdicom" in refused([bids_scan, "--dicom"], tmp_path / "out", capsys)
    run = ["run", str(bids_scan), "--dicom", "--dicom-form", "mr-series", "--output", str(tmp_path / "out")]
    assert main([*run, *SMALL_NETWORK]) == 0
    assert {path.name for path in (tmp_path / "out" / "dicom").iterdir()} == {"mr-series"}


def test_maps_that_are_there_stop_the_run_although_the_rest_is_not(
    bids_scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "out" / "dicom" / "mr-series" / "denoised" / "0001.dcm"
    old.parent.mkdir(parents=True)
    old.write_text("mine")
    assert "--force" in refused([bids_scan, "--dicom"], tmp_path / "out", capsys)
    with pytest.raises(ResultExistsError):  # before there is a result
        ready_export(read_image(bids_scan).geometry, tmp_path / "out" / "dicom")


def test_the_files_of_another_scan_are_refused(
    scanned: Path, bids_scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = read_image(bids_scan)
    x, y, z = image.geometry.origin
    write_image(bids_scan, image.volumes, replace(image.geometry, origin=(x, y, z + 500)))
    told = refused([bids_scan, "--dicom", "--dicom-source", scanned], tmp_path / "out", capsys)
    assert "lie elsewhere" in told


def test_without_m0_there_is_no_blood_flow_and_nothing_is_written(
    bids_scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    context = bids_scan.with_name("sub-phantom_aslcontext.tsv")
    context.write_text(context.read_text().replace("m0scan", "n/a"))
    # Nor do control images with suppressed background stand in for it.
    edit_sidecar(bids_scan, M0Type="Absent", BackgroundSuppression=True)
    assert "no CBF to write as DICOM" in refused([bids_scan, "--dicom"], tmp_path / "out", capsys)


def test_the_maps_of_an_image_file_name_the_patient_that_was_given(bids_scan: Path, tmp_path: Path) -> None:
    patient = ["--patient-name", "Doe^Jane", "--patient-id", "P1"]
    patient += ["--patient-birth-date", "19700131", "--patient-sex", "F"]
    run = ["run", str(bids_scan), "--dicom", *patient, "--output", str(tmp_path / "out")]
    assert main([*run, *SMALL_NETWORK]) == 0
    for file in dicom_files(tmp_path / "out"):
        said = pydicom.dcmread(file, stop_before_pixels=True)
        assert (said.PatientName, said.PatientID, said.PatientBirthDate, said.PatientSex) == (
            "Doe^Jane",
            "P1",
            "19700131",
            "F",
        )
    for path in (tmp_path / "out").rglob("*"):
        assert "doe" not in path.relative_to(tmp_path).as_posix().lower()
        if path.suffix in (".json", ".html", ".csv"):
            assert "Jane" not in path.read_text()


def test_the_files_of_the_scan_and_of_its_m0_are_the_sources(scanned: Path, tmp_path: Path) -> None:
    assert main(["run", str(scanned), "--dicom", "--output", str(tmp_path / "out"), *SMALL_NETWORK]) == 0
    uids = {series.uid for series in find_series(scanned)}
    assert len(uids) == 2
    for file in dicom_files(tmp_path / "out"):
        assert series_of(file) == uids
        assert pydicom.dcmread(file).PatientName == PATIENT


def test_no_log_names_the_patient(scanned: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        assert main(["run", str(scanned), "--dicom", "--debug", "--output", str(tmp_path / "out"), *SMALL_NETWORK]) == 0
    assert not any(part.lower() in caplog.text.lower() for part in PATIENT.split("^"))


def test_an_m0_image_of_the_user_takes_the_place_of_the_m0_series(
    scanned: Path, person: AslSeries, tmp_path: Path
) -> None:
    # The reader turns rows and slices into the order of the headers; so must M0 be.
    series = read_dicom_folder(scanned)
    assert series.m0scan is not None
    write_image(tmp_path / "m0.nii.gz", series.m0scan.volumes[0], series.m0scan.geometry)
    run = ["run", str(scanned), "--m0", str(tmp_path / "m0.nii.gz"), "--dicom", "--output", str(tmp_path / "out")]
    assert main([*run, *SMALL_NETWORK]) == 0
    (uid,) = {uid for file in dicom_files(tmp_path / "out") for uid in series_of(file)}
    assert uid == next(series.uid for series in find_series(scanned) if series.number == 5)


def test_a_converted_scan_joins_the_study_it_came_from(scanned: Path, tmp_path: Path) -> None:
    bids = tmp_path / "bids"
    assert main(["convert", str(scanned), str(bids), "--background-suppression", "no"]) == 0
    image = bids / "sub-01" / "perf" / "sub-01_asl.nii.gz"
    sources = ["--dicom", "--dicom-source", str(scanned / "5")]
    assert main(["run", str(image), *sources, "--output", str(tmp_path / "out"), *SMALL_NETWORK]) == 0
    before = pydicom.dcmread(next((scanned / "5").iterdir()))
    for file in dicom_files(tmp_path / "out"):
        said = pydicom.dcmread(file)
        assert said.StudyInstanceUID == before.StudyInstanceUID
        assert said.FrameOfReferenceUID == before.FrameOfReferenceUID


def test_deidentified_maps_name_nobody(scanned: Path, tmp_path: Path) -> None:
    run = ["run", str(scanned), "--dicom", "--deidentify", "--output", str(tmp_path / "out")]
    assert main([*run, *SMALL_NETWORK]) == 0
    for file in dicom_files(tmp_path / "out"):
        said = pydicom.dcmread(file)
        assert said.PatientIdentityRemoved == "YES"
        assert PATIENT.split("^")[0].encode() not in file.read_bytes()


def test_options_that_are_not_for_a_folder_are_refused(
    scanned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused([scanned, "--dicom", "--dicom-source", scanned], tmp_path / "out", capsys)
    assert "this is a DICOM folder" in told
    told = refused([scanned, "--dicom", "--patient-name", "Doe^Jane"], tmp_path / "out", capsys)
    assert "the DICOM files name a patient" in told
    assert "Doe" not in told


def test_a_folder_of_several_scans_is_refused_as_a_source_in_words_that_help(
    bids_scan: Path, person: AslSeries, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (5, 8):
        header = {**siemens_header(PROTOCOL), "SeriesNumber": number, "SeriesInstanceUID": f"1.2.3.{number}"}
        write_slices(tmp_path / "scans" / str(number), [person.volumes[1]], person.geometry, header)
    told = refused([bids_scan, "--dicom", "--dicom-source", tmp_path / "scans"], tmp_path / "out", capsys)
    assert "2 ASL series" in told
    assert "--series" not in told


def test_a_form_is_one_of_two(bids_scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["run", str(bids_scan), "--dicom", "--dicom-form", "jpeg", "--output", str(tmp_path)])
    assert stop.value.code == 2
    assert "mr-series" in capsys.readouterr().err.splitlines()[-1]


def signal_percent(scan: Path, capsys: pytest.CaptureFixture[str], *options: object) -> float:
    assert main(["inspect", str(scan), *map(str, options), "--json"]) == 0
    percent: float = json.loads(capsys.readouterr().out)["signal_percent_of_m0"]
    return percent


def test_the_scale_the_user_gives_is_that_of_the_m0_image_the_user_gives(
    scanned: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    m0 = read_dicom_folder(scanned).m0scan
    assert m0 is not None
    write_image(tmp_path / "m0.nii.gz", m0.volumes[0] / 10, m0.geometry)
    own = ["--m0", tmp_path / "m0.nii.gz", "--m0-tr", "6"]
    told = signal_percent(scanned, capsys, "--m0-tr", "6")
    assert signal_percent(scanned, capsys, *own, "--m0-scale", "10") == pytest.approx(told, rel=1e-3)
