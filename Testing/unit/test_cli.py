"""The command line: a scan in, maps out; every mistake of a user ends in one sentence and nothing written."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from deepasl.cli import main
from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.images import read_image, write_image
from deepasl.phantom import Subject
from deepasl.series import AslSeries
from phantom_scans import edit_sidecar


def test_run_writes_maps_and_report(bids_scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["run", str(bids_scan), "-o", str(out), "--provider", "cpu"]) == 0
    assert (out / "report.html").stat().st_size > 10_000
    assert len(list(out.rglob("*_cbf.nii.gz"))) == 2
    told = capsys.readouterr().out
    assert "grey matter" in told
    assert str(out / "report.html") in told
    assert "Research use only" in told


def test_run_takes_a_plain_image_with_parameters_and_m0(series: AslSeries, tmp_path: Path) -> None:
    scan, m0 = tmp_path / "scan.nrrd", tmp_path / "m0.nrrd"
    write_image(scan, series.volumes[1:], series.geometry)
    write_image(m0, series.volumes[0], series.geometry)
    parameters = ["--pld", "1.8", "--labeling-duration", "1.8", "--labeling-type", "PCASL"]
    parameters += ["--field-strength", "3", "--m0-tr", "6"]
    assert main(["run", str(scan), "--m0", str(m0), *parameters, "--output", str(tmp_path / "out")]) == 0
    (path,) = (tmp_path / "out").rglob("*desc-conventional_cbf.json")
    sidecar = json.loads(path.read_text())
    assert sidecar["Parameters"]["post_labeling_delay"]["source"] == "user"
    assert "m0.nrrd" in sidecar["M0"]["Origin"]


def test_inspect_tells_what_was_understood(bids_scan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(bids_scan)]) == 0
    told = capsys.readouterr().out
    assert "1 m0scan, 6 x (control, label)" in told
    assert "Labeling duration: 1.8 s  [file: sub-phantom_asl.json: LabelingDuration]" in told


def test_inspect_tells_what_becomes_of_each_volume(bids_scan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(bids_scan), "--volumes", "--pairs", "5"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.split("mean in brain  use\n")[1].splitlines()]
    assert len(rows) == 13
    assert rows[0][:2] == ["0", "m0scan"]
    assert rows[1][:3] == ["1", "control", "1.8"]
    assert rows[1][4:] == ["pair", "1"]
    assert float(rows[1][3]) > float(rows[2][3]) > 0
    assert " ".join(rows[12][4:]) == "left out: only 5 pairs are averaged"


def test_inspect_as_json_has_roles_parameters_and_warnings(bids_scan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit_sidecar(bids_scan, PostLabelingDelay=1800, BackgroundSuppression="Yes")
    assert main(["inspect", str(bids_scan), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["roles"][:3] == ["m0scan", "control", "label"]
    assert data["volumes"][2]["reason"] == "pair 1"
    assert data["parameters"]["labeling_duration"]["unit"] == "s"
    by_code = {w["code"]: w for w in data["warnings"]}
    assert by_code["post-labeling-delay-milliseconds"]["severity"] == "error"
    assert by_code["truth-as-word"]["severity"] == "note"


def test_inspect_goes_on_where_run_stops(series: AslSeries, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scan = tmp_path / "scan.nii.gz"
    write_image(scan, np.zeros_like(series.volumes), series.geometry)
    assert main(["inspect", str(scan), "--roles", "m0scan,control-label", "--json"]) == 0
    assert "stop" in {w["code"] for w in json.loads(capsys.readouterr().out)["warnings"]}


def test_swap_turns_perfusion_round(bids_scan: Path, tmp_path: Path) -> None:
    for name, arguments in (("plain", []), ("swapped", ["--swap"])):
        assert main(["run", str(bids_scan), "--output", str(tmp_path / name), *arguments]) == 0
    plain, swapped = (
        read_image(next((tmp_path / name).rglob("*conventional_cbf.nii.gz"))).volumes for name in ("plain", "swapped")
    )
    np.testing.assert_allclose(swapped, -plain, atol=1e-3)


def test_models_are_listed_with_what_they_see(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    told = capsys.readouterr().out
    assert "deepasl-guided (default)" in told
    assert "sees 1 slice;" in told


def broken_scans(scan: Path) -> dict[str, tuple[list[str], str]]:
    """Ways to spoil a scan or a call: arguments and what the user is told."""
    return {
        "missing file": ([str(scan.with_name("none_asl.nii.gz"))], "no such file"),
        "truncated gzip": ([str(scan)], "damaged, incomplete"),
        "3D image": ([str(scan)], "one volume"),
        "rows of the context file": ([str(scan)], "12 rows for 13 volumes"),
        "not a number": ([str(scan)], "not numbers"),
        "PLD in ms": ([str(scan)], "looks like milliseconds"),
        "TR 0": ([str(scan)], "is 0 s"),
        "PLD missing": ([str(scan)], "Post-labeling delay"),
        "zero M0": ([str(scan)], "zero everywhere"),
        "M0 on another grid": ([str(scan), "--m0", str(scan.with_name("m0.nii.gz"))], "another grid"),
        "unknown model": ([str(scan), "--model", "none"], "no model called 'none'"),
        "too many pairs": ([str(scan), "--pairs", "40"], "the scan has 6"),
        "unknown role": ([str(scan), "--roles", "tagged"], "no role"),
        "invalid JSON": ([str(scan)], "not valid JSON"),
    }


def spoil(kind: str, scan: Path) -> None:
    image = read_image(scan)
    context = scan.with_name("sub-phantom_aslcontext.tsv")
    volumes = image.volumes.copy()
    if kind == "truncated gzip":
        scan.write_bytes(scan.read_bytes()[:20_000])
    elif kind == "3D image":
        context.unlink()
        write_image(scan, volumes[0], image.geometry)
    elif kind == "rows of the context file":
        context.write_text("\n".join(context.read_text().splitlines()[:-1]))
    elif kind == "not a number":
        volumes[3, 2, 1, 0] = np.inf
        with pytest.raises(InputError, match="not numbers"):  # found when the written file is looked over
            write_image(scan, volumes, image.geometry)
    elif kind == "PLD in ms":
        edit_sidecar(scan, PostLabelingDelay=1800)
    elif kind == "TR 0":
        edit_sidecar(scan, RepetitionTimePreparation=0)
    elif kind == "PLD missing":
        edit_sidecar(scan, PostLabelingDelay=None)
    elif kind == "zero M0":
        volumes[0] = 0
        write_image(scan, volumes, image.geometry)
    elif kind == "M0 on another grid":
        context.write_text(context.read_text().replace("m0scan", "n/a"))
        write_image(scan.with_name("m0.nii.gz"), np.ones((5, 6, 7), np.float32), Geometry((5, 6, 7)))
    elif kind == "invalid JSON":
        scan.with_name("sub-phantom_asl.json").write_text("{")


@pytest.mark.parametrize("kind", broken_scans(Path("scan")))
def test_bad_input_ends_in_one_sentence_and_nothing_written(
    bids_scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    arguments, told = broken_scans(bids_scan)[kind]
    spoil(kind, bids_scan)
    out = tmp_path / "out"
    assert main(["run", *arguments, "--output", str(out)]) == 1
    captured = capsys.readouterr()
    assert told in captured.err
    assert captured.err.startswith("deepasl: ")
    assert "Traceback" not in captured.err
    assert captured.err.count("\n") == 1
    assert not out.exists()


def test_an_existing_result_is_refused_before_the_work(
    bids_scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.html").write_text("mine")
    assert main(["run", str(bids_scan), "--output", str(out)]) == 1
    assert "--force" in capsys.readouterr().err
    assert (out / "report.html").read_text() == "mine"
    assert main(["run", str(bids_scan), "--output", str(out), "--force"]) == 0


def test_an_output_that_cannot_be_made_is_refused(
    bids_scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["run", str(bids_scan), "--output", str(tmp_path / "file" / "out")]) == 1
    assert "cannot be written to" in capsys.readouterr().err


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    from deepasl.errors import InputError

    with pytest.raises(InputError):
        main(["run", str(tmp_path / "none.nii.gz"), "--output", str(tmp_path / "out"), "--debug"])


def test_a_reader_who_has_read_enough_is_no_error() -> None:
    command = [sys.executable, "-c", "import sys; from deepasl.cli import main; sys.exit(main(['models']))"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
    assert process.returncode == 0
    assert told == b""


def test_wrong_usage_has_exit_code_2() -> None:
    with pytest.raises(SystemExit) as stop:
        main(["run"])
    assert stop.value.code == 2


def test_the_demo_prints_where_its_files_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--output", str(tmp_path / "demo"), "--provider", "cpu"]) == 0
    told = capsys.readouterr().out
    report = tmp_path / "demo" / "maps" / "report.html"
    assert str(report) in told
    assert report.is_file()
    assert main(["demo", "--output", str(tmp_path / "demo"), "--provider", "cpu"]) == 0


def test_every_step_of_the_command_line_is_in_the_provenance(bids_scan: Path, tmp_path: Path) -> None:
    steps = ["--motion-correction", "--outliers", "robust", "--smooth", "5", "--m0-smoothing", "median"]
    steps += ["--uncertainty", "--hematocrit", "0.36", "--model", "deepasl-paper"]
    assert main(["run", str(bids_scan), *steps, "--output", str(tmp_path / "out")]) == 0
    (path,) = (tmp_path / "out").rglob("*desc-denoised_cbferror.json")
    sidecar = json.loads(path.read_text())
    assert sidecar["Units"] == "mL/100g/min"
    settings = sidecar["Settings"]
    assert settings["m0"]["smoothing"] == "median"
    assert (settings["motion_correction"], settings["outliers"], settings["smoothing_fwhm"]) == (True, "robust", 5.0)
    assert sidecar["Parameters"]["t1_blood"]["source"] == "computed"
    (table,) = (tmp_path / "out").rglob("*_desc-confounds_timeseries.tsv")
    assert len(table.read_text().splitlines()) == 1 + 13


def test_tissue_and_labels_are_files_beside_the_scan(
    bids_scan: Path, subject: Subject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {name: tmp_path / f"{name}.nii.gz" for name in ("grey", "white", "labels")}
    write_image(files["grey"], subject.tissue.grey, subject.tissue.geometry)
    write_image(files["white"], subject.tissue.white, subject.tissue.geometry)
    write_image(files["labels"], subject.mask.astype(np.uint8), subject.tissue.geometry)
    (tmp_path / "names.tsv").write_text("index\tname\n1\twhole brain\n")
    beside = ["--grey-probability", str(files["grey"]), "--white-probability", str(files["white"])]
    beside += ["--labels", str(files["labels"]), "--label-names", str(tmp_path / "names.tsv")]
    wanted = ["run", str(bids_scan), "--model", "deepasl-paper", "--partial-volume-correction"]
    assert main([*wanted, *beside, "--output", str(tmp_path / "out")]) == 0
    assert "quality evaluation index" in capsys.readouterr().out
    (table,) = (tmp_path / "out").rglob("*_desc-labels_statistics.tsv")
    assert table.read_text().splitlines()[1].startswith("whole brain\tconventional\t")
    assert main([*wanted, "--output", str(tmp_path / "other")]) == 1
    assert "how much of each voxel is grey and white matter" in capsys.readouterr().err
    assert main([*wanted, *beside[:2], "--output", str(tmp_path / "other")]) == 1
    assert "--white-probability" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()
