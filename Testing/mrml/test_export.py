"""What the module writes is what the command line writes, before a scene is saved and after it is opened again."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from deepasl.errors import InputError, OutputError
from deepasl.writers.derivatives import write_result
from DeepASLDenoiseLib.pictures.headless import startApplication
from DeepASLDenoiseLib.runs.export import exportResult, reportIn
from DeepASLDenoiseLib.runs.inscene import allResults
from DeepASLDenoiseLib.runs.resultnodes import addResult
from phantom_scans import snapshot
from saved_scenes import saved

pytestmark = pytest.mark.mrml


@pytest.fixture
def application():
    return startApplication()


@pytest.fixture
def nodes(application, phantom):
    return addResult(application.scene, phantom)


def files(folder: Path) -> dict[str, bytes]:
    """Every file but for the minute in which the report was made."""
    found = snapshot(folder)
    head, tail = found["report.html"].split(b'"created":"', 1)
    found["report.html"] = head + tail.split(b'"', 1)[1]
    return found


def test_the_files_are_those_of_the_command_line(nodes, phantom, tmp_path):
    write_result(phantom, tmp_path / "command line")
    written = exportResult(nodes, tmp_path / "module")
    assert files(tmp_path / "module") == files(tmp_path / "command line")
    endings = {path.suffix for path in written.files}
    assert {".gz", ".json", ".csv", ".html"} <= endings
    assert reportIn(tmp_path / "module") == tmp_path / "module" / "report.html"


@pytest.mark.parametrize("name", ["scene.mrml", "bundle.mrb"])
def test_a_scene_opened_again_exports_the_same_files(application, nodes, tmp_path, name):
    exportResult(nodes, tmp_path / "before")
    other = saved(application.scene, tmp_path / name)
    (opened,) = allResults(other.scene)
    exportResult(opened, tmp_path / "after")
    assert files(tmp_path / "after") == files(tmp_path / "before")


def test_a_result_that_is_there_is_kept_unless_it_may_be_replaced(application, nodes, phantom, tmp_path):
    exportResult(nodes, tmp_path)
    before = snapshot(tmp_path)
    other = addResult(application.scene, replace(phantom, model=replace(phantom.model, id="other")))
    with pytest.raises(OutputError, match=r"there already\. Choose another folder, or allow to replace it") as refused:
        exportResult(other, tmp_path)
    assert "--force" not in str(refused.value)
    assert snapshot(tmp_path) == before
    exportResult(other, tmp_path, replace=True)
    (sidecar,) = tmp_path.rglob("*_desc-denoised_cbf.json")
    assert json.loads(sidecar.read_text())["Model"]["Id"] == "other"


def test_spaces_and_letters_beyond_ascii_are_welcome(application, phantom, tmp_path):
    named = addResult(application.scene, replace(phantom, name="Müller's scan 2"))
    exportResult(named, tmp_path / "Klinik für Radiologie" / "Größe ½")
    (cbf,) = tmp_path.rglob("*_desc-denoised_cbf.nii.gz")
    assert cbf.name == "sub-Mllersscan2_desc-denoised_cbf.nii.gz"


def test_no_folder_is_said(nodes):
    with pytest.raises(InputError, match="no folder is chosen"):
        exportResult(nodes, "")
    assert reportIn("") is None


def test_a_place_that_cannot_be_written_to_is_said_and_left_alone(nodes, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="cannot be written to"):
        exportResult(nodes, tmp_path / "file" / "maps")
    assert snapshot(tmp_path) == {"file": b"mine"}


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is read-only for the superuser")
def test_a_read_only_folder_is_said_and_left_alone(nodes, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot be written to"):
        exportResult(nodes, tmp_path)
    assert list(tmp_path.iterdir()) == []
