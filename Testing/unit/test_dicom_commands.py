"""``deepasl run | inspect | convert`` on a folder of (synthetic) DICOM files."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deepasl.acquisition.parameters import Acquisition, LabelingType, Source
from deepasl.cli import main
from deepasl.errors import AcquisitionError, OutputError
from deepasl.images import read_image
from deepasl.phantom import Protocol, acquire, default_anatomy, make_subject, write_bids
from deepasl.readers import read_scan
from deepasl.series import AslSeries, M0Scan, Role
from deepasl.writers.bids_dataset import Destination, sidecar, write_bids_scan
from phantom_scans import COARSE, snapshot
from synthetic_dicom import PATIENT, mr_header, philips_label, write_slices

TIMES = ["--pld", "1.8", "--labeling-duration", "1.8"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic Philips scan (M0 pair and four pairs) and the subtraction of its scanner."""
    person = acquire(make_subject(default_anatomy(COARSE)), Protocol(pairs=4), noise_sd=1.0, seed=5)
    place = tmp_path_factory.mktemp("dicom") / "ZSCHOPAU XENIA"
    bright = person.volumes[0] * 1.5
    volumes = [bright, bright - 3, *person.volumes[1:]]
    header = mr_header(Manufacturer="Philips", ProtocolName="SOURCE pCASL", SeriesDescription="SOURCE pCASL")
    write_slices(place / "5", volumes, person.geometry, header, philips_label)
    deltam = (person.volumes[1::2] - person.volumes[2::2]).mean(axis=0)
    made = mr_header(
        Manufacturer="Philips",
        ProtocolName="pCASL",
        SeriesDescription="pCASL",
        SeriesNumber=4,
        SeriesInstanceUID="1.2.3.4.5",
        ImageType=["ORIGINAL", "PRIMARY", "PERFUSION_FFE", "PERFUSION", "FFE"],
    )
    write_slices(place / "4", [deltam], person.geometry, made, scale=0.01)
    return place


def test_inspect_names_the_series_and_the_map_of_the_scanner(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(folder), *TIMES]) == 0
    told = capsys.readouterr().out
    assert "> " in told
    assert "2 m0scan, 4 x (control, label)" in told
    assert "(2005,1429) MR Image Label Type of each volume" in told
    assert "Map of the scanner: series 4 (pCASL), subtracted (a.u.); correlation" in told
    assert not any(part in told for part in PATIENT.split("^"))


def test_inspect_as_json_has_series_and_maps(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(folder), *TIMES, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [(s["number"], s["kind"], s["read"]) for s in data["series"]] == [(4, "subtracted", False), (5, "ASL", True)]
    assert data["scanner_maps"][0]["correlation"] > 0.99
    assert data["parameters"]["labeling_duration"]["source"] == "user"


def test_run_asks_for_what_the_header_does_not_hold(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(folder), "--output", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert "--pld" in told
    assert "--labeling-duration" in told
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_run_keeps_the_map_of_the_scanner_and_no_name(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["run", str(folder), *TIMES, "--output", str(out), "--provider", "cpu", "--dicom"]) == 0
    (image,) = out.rglob("*_desc-scanner4_deltam.nii.gz")
    about = json.loads(image.with_name(image.name.replace(".nii.gz", ".json")).read_text())
    assert about["CorrelationWithConventional"] > 0.99
    assert about["Units"] == "a.u."
    own = read_image(next(out.rglob("*_desc-conventional_deltam.nii.gz")))
    assert read_image(image).geometry.matches(own.geometry)
    assert len(list((out / "dicom").rglob("*.dcm"))) > 2
    told = capsys.readouterr().out
    assert "correlation with control minus label in the brain" in told
    for part in PATIENT.split("^"):
        assert part not in told
        for path in out.rglob("*"):
            assert part.lower() not in path.relative_to(out).as_posix().lower()
            if path.suffix in (".json", ".html", ".csv"):
                assert part.lower() not in path.read_text().lower()


def test_the_scale_of_m0_is_the_users_to_say(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    percent = []
    for scale in ([], ["--m0-scale", "10"]):
        assert main(["inspect", str(folder), *TIMES, *scale, "--json"]) == 0
        percent.append(json.loads(capsys.readouterr().out)["signal_percent_of_m0"])
    assert percent[0] == pytest.approx(10 * percent[1], rel=0.02)


def test_convert_makes_a_data_set_that_reads_back_the_same(folder: Path, tmp_path: Path) -> None:
    bids = tmp_path / "bids"
    assert main(["convert", str(folder), str(bids), *TIMES, "--participant", "07"]) == 0
    image = bids / "sub-07" / "perf" / "sub-07_asl.nii.gz"
    converted, original = read_scan(image), read_scan(folder)
    np.testing.assert_array_equal(converted.volumes, original.volumes)
    assert converted.geometry.matches(original.geometry)
    assert converted.roles == original.roles
    assert converted.acquisition.labeling_type.value is LabelingType.PCASL
    assert set(converted.acquisition.post_labeling_delay.require()) == {0.0, 1.8}
    assert converted.acquisition.background_suppression.value is False
    assert not [f for f in converted.findings if f.code == "fields-missing"]
    assert (bids / "participants.tsv").read_text().splitlines() == ["participant_id", "sub-07"]
    assert not list(bids.glob(".deepasl-*"))


def test_convert_asks_for_what_the_standard_requires(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", str(folder), str(tmp_path / "bids")]) == 1
    assert "PostLabelingDelay (--pld), LabelingDuration (--labeling-duration)" in capsys.readouterr().err
    assert not (tmp_path / "bids").exists()


def test_convert_replaces_nothing_unasked_and_adds_participants(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    convert = ["convert", str(folder), str(tmp_path / "bids"), *TIMES]
    assert main(convert) == 0
    before = snapshot(tmp_path / "bids")
    assert main(convert) == 1
    assert "--force" in capsys.readouterr().err
    assert snapshot(tmp_path / "bids") == before
    assert main([*convert, "--force"]) == 0
    assert main([*convert, "--participant", "02", "--acq", "x"]) == 0
    assert (tmp_path / "bids" / "sub-02" / "perf" / "sub-02_acq-x_asl.nii.gz").is_file()
    assert (tmp_path / "bids" / "participants.tsv").read_text().split() == ["participant_id", "sub-01", "sub-02"]


def test_convert_is_for_folders(bids_scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(bids_scan), str(tmp_path / "bids")]) == 1
    assert "no folder" in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--sidecar", "a.json"], ["--context", "a.tsv"]])
def test_options_of_image_files_are_refused_for_folders(
    folder: Path, capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    assert main(["inspect", str(folder), *option]) == 1
    assert "this is a folder" in capsys.readouterr().err


def test_a_series_number_is_refused_for_an_image_file(bids_scan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(bids_scan), "--series", "3"]) == 1
    assert "DICOM folders" in capsys.readouterr().err


def acquisition_2d_pasl() -> Acquisition:
    return Acquisition().with_values(
        Source.DICOM,
        "header",
        labeling_type=LabelingType.PASL,
        post_labeling_delay=(2.0,),
        bolus_cutoff_delay=0.8,
        magnetic_field_strength=3.0,
        readout="2D",
        slice_timing=tuple(0.05 * k for k in range(12)),
        repetition_time=3.1,
        m0_repetition_time=10.0,
        background_suppression=False,
    )


def with_separate_m0(series: AslSeries) -> AslSeries:
    roles = series.roles[1:]
    m0 = M0Scan(series.volumes[:1], series.geometry, "m0")
    return replace(series, volumes=series.volumes[1:], roles=roles, m0scan=m0, acquisition=acquisition_2d_pasl())


def test_a_scan_that_replaces_another_leaves_no_m0_of_it_behind(series: AslSeries, tmp_path: Path) -> None:
    place = Destination(tmp_path, "01")
    image = write_bids_scan(with_separate_m0(series), {"EchoTime": 0.014}, place)
    assert list(image.parent.glob("*_m0scan.*"))
    acquisition = series.acquisition.with_values(Source.DICOM, "header", readout="3D")
    write_bids_scan(replace(series, acquisition=acquisition), {"EchoTime": 0.014}, place, force=True)
    assert not list(image.parent.glob("*_m0scan.*"))
    assert read_scan(image).m0scan is None


def test_the_sidecar_of_pasl_says_how_the_bolus_was_cut_off(series: AslSeries) -> None:
    fields = sidecar(with_separate_m0(series), {"EchoTime": 0.014})
    assert fields["BolusCutOffFlag"] is True
    assert fields["BolusCutOffDelayTime"] == 0.8
    assert "LabelingDuration" not in fields
    assert fields["M0Type"] == "Separate"
    assert fields["PostLabelingDelay"] == 2.0
    assert fields["TotalAcquiredPairs"] == 6
    assert len(fields["SliceTiming"]) == 12


def test_a_separate_m0_scan_is_written_with_its_own_repetition_time(series: AslSeries, tmp_path: Path) -> None:
    image = write_bids_scan(with_separate_m0(series), {"EchoTime": 0.014}, Destination(tmp_path, "01"))
    read = read_scan(image)
    assert read.m0scan is not None
    assert read.acquisition.m0_repetition_time.value == 10.0
    assert read.acquisition.repetition_time.value == 3.1
    assert Role.M0SCAN not in read.roles


def test_a_data_set_without_echo_time_is_refused(series: AslSeries, tmp_path: Path) -> None:
    with pytest.raises(AcquisitionError, match="EchoTime"):
        write_bids_scan(with_separate_m0(series), {}, Destination(tmp_path, "01"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("label", ["Doe Jane", "a_b", ""])
def test_a_label_of_a_participant_has_letters_and_digits_only(series: AslSeries, tmp_path: Path, label: str) -> None:
    with pytest.raises(OutputError, match="letters and digits"):
        write_bids_scan(with_separate_m0(series), {"EchoTime": 0.014}, Destination(tmp_path, label))


def test_the_bids_validator_finds_no_error(folder: Path, series: AslSeries, tmp_path: Path) -> None:
    validator = shutil.which("bids-validator-deno")
    if validator is None:
        pytest.skip("bids-validator-deno is not installed")
    assert main(["convert", str(folder), str(tmp_path / "bids"), *TIMES]) == 0
    write_bids_scan(with_separate_m0(series), {"EchoTime": 0.014}, Destination(tmp_path / "bids", "02"))
    write_bids(series, tmp_path / "bids", "03")
    ended = subprocess.run([validator, "--json", str(tmp_path / "bids")], capture_output=True, text=True, check=False)
    issues = json.loads(ended.stdout)["issues"]["issues"]
    assert [i for i in issues if i["severity"] == "error"] == []
