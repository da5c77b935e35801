"""ASL scans from a DICOM browser into the scene, and their maps out again as DICOM."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from subprocess import CalledProcessError
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
import slicer
import slicer.util

from conftest import phantomResult
from deepasl.errors import InputError, OutputError
from deepasl.findings import Severity
from deepasl.phantom import Protocol, acquire, default_anatomy, make_subject
from deepasl.progress import run
from deepasl.readers.dicom import SeriesKind, find_series
from deepasl.series import AslSeries, Role
from deepasl.writers.dicom import Patient
from DeepASLDenoiseLib.dicom.export import exportDicom, exportedFiles, sourceFiles
from DeepASLDenoiseLib.dicom.files import cameAsDicom, filesOf
from DeepASLDenoiseLib.dicom.offers import SURE, UNSURE, offersOf
from DeepASLDenoiseLib.dicom.packages import CONVERTER, PARAMETRIC_MAPS, Tool, ensureTool
from DeepASLDenoiseLib.dicom.scene import (
    SeveralScansError,
    addDicomScan,
    companionsOf,
    readingFolder,
    scannerMapsOf,
    withScaleSettled,
)
from DeepASLDenoiseLib.nodes import readGeometry, readVolumes
from DeepASLDenoiseLib.pictures.headless import startApplication
from DeepASLDenoiseLib.runs.export import exportResult
from DeepASLDenoiseLib.runs.inscene import allResults
from DeepASLDenoiseLib.runs.resultnodes import addResult
from DeepASLDenoiseLib.scans.inputs import loadScan, readSeries
from DeepASLDenoiseLib.software.dependencies import InstallationDeclinedError
from DeepASLDenoiseLib.software.installplan import InstallationError
from dicom_database import FolderDatabase, dicomLib
from phantom_scans import COARSE
from saved_scenes import saved
from synthetic_dicom import PATIENT, ge_header, ge_volume, mr_header, siemens_header, tilted, write_slices

pytestmark = pytest.mark.mrml

REPOSITORY = Path(__file__).resolve().parents[2]

PCASL = {
    "tSequenceFileName": '"%CustomerSeq%\\\\ep2d_pcasl_ve11c"',
    "sWipMemBlock.adFree[2]": 1500000,
    "sWipMemBlock.adFree[3]": 82,
}

STUDY = "1.2.3.4711"


@pytest.fixture(scope="module")
def person() -> AslSeries:
    """Six pairs of a synthetic person on a tilted grid, after one M0 volume."""
    return acquire(make_subject(default_anatomy(tilted(COARSE))), Protocol(pairs=6), noise_sd=1.0, seed=3)


def series(number: int) -> dict[str, object]:
    """What tells a series of the study from the others."""
    return {"SeriesNumber": number, "SeriesInstanceUID": f"{STUDY}.{number}", "StudyInstanceUID": STUDY}


def acquired(t: int) -> dict[str, object]:
    return {"AcquisitionNumber": t + 1}


@pytest.fixture(scope="module")
def study(person, tmp_path_factory) -> Path:
    """Synthetic files of a study: an ASL scan, its M0 scan, and an anatomical scan."""
    folder = tmp_path_factory.mktemp("study")
    m0, pairs = person.volumes[:1], person.volumes[1:]
    write_slices(folder / "asl", pairs, person.geometry, siemens_header(PCASL, **series(5)), acquired)
    header = {**siemens_header(PCASL, **series(6)), "SeriesDescription": "asl_m0"}
    write_slices(folder / "m0", m0, person.geometry, header)
    header = mr_header(Manufacturer="SIEMENS", SeriesDescription="t1_mprage", **series(2))
    write_slices(folder / "t1", m0, person.geometry, header)
    return folder


@pytest.fixture
def scene(monkeypatch):
    application = startApplication()
    monkeypatch.setattr(slicer, "mrmlScene", application.scene, raising=False)
    application.scene.AddNewNodeByClass("vtkMRMLSubjectHierarchyNode")
    return application.scene


@pytest.fixture
def told(monkeypatch) -> list[str]:
    """What users were told in dialogs."""
    texts: list[str] = []
    monkeypatch.setattr(slicer.util, "errorDisplay", lambda text, windowTitle: texts.append(text), raising=False)
    return texts


@pytest.fixture
def module(monkeypatch):
    """The file of the plugin as Slicer loads it."""
    monkeypatch.setitem(sys.modules, "DICOMLib", dicomLib())
    spec = importlib.util.spec_from_file_location(
        "DeepASLDICOMPlugin", REPOSITORY / "DeepASLDenoise" / "DeepASLDICOMPlugin.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def plugin(module, scene, told):
    return module.DeepASLDICOMPluginClass()


def database(monkeypatch, *folders: Path) -> FolderDatabase:
    """Slicer's DICOM database with these folders in it."""
    filled = FolderDatabase(*folders)
    monkeypatch.setattr(slicer, "dicomDatabase", filled, raising=False)
    return filled


def copied(folder: Path, target: Path) -> list[Path]:
    target.mkdir(parents=True)
    for file in sorted(folder.iterdir()):
        (target / file.name).write_bytes(file.read_bytes())
    return sorted(target.iterdir())


def test_slicer_finds_the_plugin_and_lists_no_module(module, monkeypatch):
    monkeypatch.setattr(slicer, "modules", SimpleNamespace(), raising=False)
    parent = SimpleNamespace()
    module.DeepASLDICOMPlugin(parent)
    assert parent.hidden
    assert slicer.modules.dicomPlugins == {"DeepASLDICOMPlugin": module.DeepASLDICOMPluginClass}


def test_only_the_asl_scan_of_a_study_is_offered(plugin, study, monkeypatch):
    files = database(monkeypatch, study).series()
    (loadable,) = plugin.examineForImport(files)
    assert loadable.selected
    assert loadable.confidence == SURE > 1.05  # the most that Slicer's own plugins claim
    assert loadable.name == "5: asl - ASL scan, PCASL, 12 volumes"
    assert "Siemens, by: pulse sequence ep2d_pcasl_ve11c" in loadable.tooltip
    assert "labeling duration 1.5088 s, post-labeling delay 1.5 s" in loadable.tooltip
    assert "M0: series 6 (asl_m0)" in loadable.tooltip
    assert loadable.warning == ""
    assert sorted(loadable.files) == [str(file) for file in sorted((study / "asl").iterdir())]


def test_a_series_is_examined_once(plugin, study, monkeypatch):
    files = database(monkeypatch, study).series()
    assert plugin.examineForImport(files) == plugin.examineForImport(files)


def test_ct_and_files_that_are_no_dicom_are_not_offered(tmp_path):
    (tmp_path / "note.txt").write_text("no image")
    assert offersOf([tmp_path / "note.txt"], list) == ()
    assert offersOf([], list) == ()


def test_a_scan_that_is_only_called_asl_is_offered_but_not_chosen(study, tmp_path):
    files = copied(study / "asl", tmp_path / "asl")
    for file in files:
        header = pydicom.dcmread(file)
        del header[0x00291020]
        header.save_as(file)
    (offer,) = offersOf(files, list)
    assert offer.confidence == UNSURE < 0.5  # what Slicer's plugin for volumes claims
    assert not offer.chosen
    assert "Only its name says that it is ASL." in offer.warning


def test_a_damaged_scan_is_offered_with_a_warning_and_not_chosen(study, tmp_path):
    files = copied(study / "asl", tmp_path / "asl")
    files[40].write_bytes(files[40].read_bytes()[:-1500])
    (offer,) = offersOf(files, list)
    assert "1 of 144 files are cut off" in offer.warning
    assert not offer.chosen


@pytest.mark.data
def test_what_the_headers_do_not_hold_is_a_warning(shared_data, monkeypatch):
    folder = shared_data / "dicom" / "philips-classic"
    (scan,) = (series for series in find_series(folder) if series.verdict.kind is SeriesKind.ASL)
    others = [[*series.files] for series in find_series(folder) if series.uid != scan.uid]
    (offer,) = offersOf(scan.files, lambda: others)
    assert offer.chosen
    assert offer.name == "1903: WIP SOURCE - 3DpCASL - ASL scan, PCASL, 6 volumes"
    assert "6 volumes: 3 x (control, label)" in offer.tooltip
    assert "Maps of the scanner: series 1901 (3DpCASL): subtracted" in offer.tooltip
    assert "Post-labeling delay" in offer.warning
    assert "Labeling duration" in offer.warning


def test_a_scan_from_the_database_is_the_scan_from_the_folder(plugin, scene, study, told, monkeypatch):
    files = database(monkeypatch, study).series()
    (loadable,) = plugin.examineForImport(files)
    node, other = plugin.load(loadable), loadScan(scene, study)
    assert told == []
    one, two = readSeries(node), readSeries(other)
    assert np.array_equal(one.volumes, two.volumes)
    assert one.geometry == two.geometry
    assert one.roles == two.roles
    assert one.roles.count(Role.CONTROL) == one.roles.count(Role.LABEL) == 6
    assert one.acquisition == two.acquisition
    assert np.array_equal(one.m0scan.volumes, two.m0scan.volumes)
    assert filesOf(node, slicer.dicomDatabase) == filesOf(other, None)


def test_m0_lies_in_the_study_of_the_scan(plugin, scene, study, monkeypatch):
    (loadable,) = plugin.examineForImport(database(monkeypatch, study).series())
    node = plugin.load(loadable)
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    (m0,) = companionsOf(node)
    parent = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node))
    assert hierarchy.GetItemName(parent) == "a study"
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(m0)) == parent


def test_a_scan_that_cannot_be_read_is_told_and_the_scene_stays(plugin, scene, study, told, tmp_path, monkeypatch):
    files = copied(study / "asl", tmp_path / "asl")
    (loadable,) = plugin.examineForImport(database(monkeypatch, tmp_path).series())
    files[40].unlink()
    before = scene.GetNumberOfNodes()
    assert plugin.load(loadable) is None
    assert "are missing" in told[0]
    assert scene.GetNumberOfNodes() == before


def test_a_scene_that_fails_halfway_stays_as_it_was(plugin, scene, study, told, monkeypatch):
    (loadable,) = plugin.examineForImport(database(monkeypatch, study).series())

    def fail(loadable, node):
        raise OutputError("no more room")

    monkeypatch.setattr(plugin, "addSeriesInSubjectHierarchy", fail)
    before = scene.GetNumberOfNodes()
    assert plugin.load(loadable) is None
    assert told == ["no more room."]
    assert scene.GetNumberOfNodes() == before


def test_without_the_converter_the_user_is_told_how_to_get_it(plugin, scene, study, told, tmp_path, monkeypatch):
    (loadable,) = plugin.examineForImport(database(monkeypatch, study).series())
    monkeypatch.setitem(sys.modules, "dcm2niix", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    before = scene.GetNumberOfNodes()
    assert plugin.load(loadable) is None
    (text,) = told
    assert text.startswith("dcm2niix is not installed.")
    assert 'slicer.util.pip_install("dcm2niix' in text
    assert scene.GetNumberOfNodes() == before


class Pip:
    """Installs by doing what it is given; fails as pip does where that raises."""

    def __init__(self, effect=lambda: None):
        self.effect = effect
        self.asked: list[list[str]] = []

    def install(self, arguments):
        self.asked.append(arguments)
        self.effect()


def test_a_package_is_installed_only_when_the_user_agrees(tmp_path):
    there = tmp_path / "package"
    tool = Tool("thing>=1", "thing", "It does things.", 2, there.exists)
    pip = Pip(there.touch)
    with pytest.raises(InstallationDeclinedError, match="thing is not installed"):
        ensureTool(tool, ask=lambda tool: False, installer=pip)
    assert pip.asked == []
    asked = []
    ensureTool(tool, ask=lambda tool: asked.append(tool.question) or True, installer=pip)
    assert pip.asked == [["thing>=1"]]
    assert "thing (2 MB)" in asked[0]
    ensureTool(tool, ask=lambda tool: False, installer=pip)  # it is there: nobody is asked
    assert len(pip.asked) == 1


def test_a_package_that_did_not_come_is_told(tmp_path):
    def fail():
        raise CalledProcessError(1, "pip")

    tool = Tool("thing>=1", "thing", "It does things.", 2, (tmp_path / "package").exists)
    with pytest.raises(InstallationError, match="could not be installed"):
        ensureTool(tool, ask=lambda tool: True, installer=Pip(fail))
    with pytest.raises(InstallationError, match="not there after the installation"):
        ensureTool(tool, ask=lambda tool: True, installer=Pip())


def test_slicer_and_pip_ask_for_the_same_versions():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    extra = project["project"]["optional-dependencies"]["dicom"]
    assert {CONVERTER.requirement, PARAMETRIC_MAPS.requirement} < set(extra)


@pytest.mark.data
def test_a_folder_with_several_scans_names_them_and_one_can_be_chosen(scene, shared_data):
    folder = shared_data / "dicom" / "siemens-ve11"
    before = scene.GetNumberOfNodes()
    with pytest.raises(SeveralScansError, match=r"3 ASL scans.*pasl_2d.*pcasl_2d.*pcasl_3d") as several:
        loadScan(scene, folder)
    assert "command line" not in str(several.value)
    assert scene.GetNumberOfNodes() == before
    uid = next(scan.uid for scan in several.value.scans if scan.description == "pcasl_3d")
    node = addDicomScan(scene, run(readingFolder(folder, uid)), folder)
    assert readSeries(node).roles.count(Role.M0SCAN) == 1
    assert len(filesOf(node, None)) == 18


def test_a_folder_without_any_scan_says_what_it_should_hold(scene, tmp_path):
    with pytest.raises(InputError, match=r"NIfTI.*DICOM files"):
        loadScan(scene, tmp_path)


def test_a_converted_image_beside_its_dicom_files_is_what_is_loaded(scene, study, demoScan, tmp_path):
    copied(study / "asl", tmp_path / "scan" / "dicom")
    (tmp_path / "scan" / demoScan.name).write_bytes(demoScan.read_bytes())
    node = loadScan(scene, tmp_path / "scan")
    assert not cameAsDicom(node)


def test_what_is_wrong_in_a_folder_is_told_without_the_command_line(scene, study, tmp_path):
    copied(study / "t1", tmp_path / "t1")
    with pytest.raises(InputError, match="no ASL series") as told:
        loadScan(scene, tmp_path / "t1")
    assert "command line" not in str(told.value)


@pytest.mark.data
def test_maps_of_the_scanner_come_along_and_into_the_report(scene, shared_data, tmp_path):
    node = loadScan(scene, shared_data / "dicom" / "siemens-xa30")
    subtracted, relative = scannerMapsOf(node)
    assert (subtracted.kind, relative.kind) == (SeriesKind.SUBTRACTED, SeriesKind.RELATIVE_CBF)
    assert relative.number == 28
    assert relative.geometry.matches(readSeries(node).geometry)
    assert all("by the scanner" in each.GetName() for each in companionsOf(node))
    nodes = addResult(scene, phantomResult(COARSE), node)
    exportResult(nodes, tmp_path)
    assert len(list(tmp_path.rglob("*relcbf.nii.gz"))) == 1


def test_a_doubtful_scale_is_asked_for_and_never_guessed(person, tmp_path, scene):
    """GE without the number of excitations, which the scale of its subtracted image depends on."""
    deltam = (person.volumes_of(Role.CONTROL) - person.volumes_of(Role.LABEL)).mean(axis=0)
    write_slices(tmp_path, [96 * deltam, person.volumes[0]], person.geometry, ge_header(excitations=None), ge_volume)
    scan = run(readingFolder(tmp_path))
    doubts: list[str] = []
    opened = withScaleSettled(scan, doubts.append)  # answers with None
    (left,) = [finding for finding in opened.series.findings if finding.code == "scale-doubtful"]
    assert left.severity is Severity.ERROR
    assert left.message.endswith("Load the scan again to be asked again.")
    assert np.array_equal(opened.series.volumes, scan.series.volumes)
    assert "number of excitations" in doubts[0]
    assert "--" not in doubts[0]
    node = addDicomScan(scene, withScaleSettled(scan, lambda doubt: 96.0), tmp_path)
    series = readSeries(node)
    assert "scale-doubtful" not in {finding.code for finding in series.findings}
    assert "m0-scale-given" in {finding.code for finding in series.findings}
    assert np.allclose(series.volumes_of(Role.M0SCAN), 96.0 * scan.series.volumes_of(Role.M0SCAN))


@pytest.fixture
def loaded(scene, study):
    """The result of a scan that was read from a folder."""
    node = loadScan(scene, study)
    result = replace(phantomResult(readSeries(node).geometry), name=node.GetName())
    return addResult(scene, result, node)


def test_maps_join_the_study_of_their_scan_and_name_all_its_files(loaded, study, tmp_path):
    files = exportDicom(loaded, tmp_path)
    assert exportedFiles(tmp_path) == tuple(sorted(files))
    first = pydicom.dcmread(files[0])
    assert first.StudyInstanceUID == STUDY
    assert str(first.PatientName) == PATIENT
    named = {item.SeriesInstanceUID for item in first.ReferencedSeriesSequence}
    assert named == {f"{STUDY}.5", f"{STUDY}.6"}  # ASL and M0
    assert {file.parents[1].name for file in files} == {"mr-series"}


def test_the_voxels_are_those_of_the_scene(loaded, tmp_path):
    files = [file for file in exportDicom(loaded, tmp_path) if file.parent.name == "denoised"]
    volumes, _grid = readVolumes(loaded.denoised)
    images = [pydicom.dcmread(file) for file in files]
    assert len(images) == len(volumes[0])
    slope = float(images[0].RescaleSlope)
    for image in images:
        k = np.linalg.inv(readGeometry(loaded.denoised).ijk_to_lps()) @ [*map(float, image.ImagePositionPatient), 1]
        stored = image.pixel_array * slope + float(image.RescaleIntercept)
        assert np.abs(np.sort(stored.ravel()) - np.sort(volumes[0][round(k[2])].ravel())).max() <= slope


def test_sources_are_found_in_the_database_when_their_folder_is_gone(loaded, study, scene, monkeypatch, tmp_path):
    loaded.input.SetAttribute("DeepASL.DicomFolder", str(tmp_path / "gone"))
    with pytest.raises(InputError, match="144 of 144 DICOM files of this scan are gone"):
        sourceFiles(loaded)
    database(monkeypatch, study)
    assert len(sourceFiles(loaded)) == 144 + 12


def test_a_scene_opened_again_finds_the_sources(loaded, scene, tmp_path):
    other = saved(scene, tmp_path / "scene.mrml")
    (opened,) = allResults(other.scene)
    assert sourceFiles(opened) == sourceFiles(loaded)


def test_a_scan_that_did_not_come_as_dicom_needs_a_patient_or_nobody(scene, phantom, tmp_path):
    nodes = addResult(scene, phantom)
    with pytest.raises(InputError, match="did not come as DICOM"):
        exportDicom(nodes, tmp_path / "refused")
    assert not (tmp_path / "refused").exists()
    named = pydicom.dcmread(exportDicom(nodes, tmp_path / "typed", patient=Patient("Muster^Erika", "4711"))[0])
    assert (str(named.PatientName), named.PatientID) == ("Muster^Erika", "4711")
    nobody = pydicom.dcmread(exportDicom(nodes, tmp_path / "nobody", deidentify=True)[0])
    assert nobody.PatientIdentityRemoved == "YES"


def test_maps_without_the_person_hold_nothing_of_the_person(loaded, tmp_path):
    files = exportDicom(loaded, tmp_path, deidentify=True)
    content = b"".join(file.read_bytes() for file in files)
    assert not any(part.encode() in content for part in re.findall(r"\w+", PATIENT))
    assert STUDY.encode() not in content


def test_maps_that_are_there_stay_unless_they_may_be_replaced(loaded, tmp_path):
    before = {file: file.read_bytes() for file in exportDicom(loaded, tmp_path)}
    with pytest.raises(OutputError, match=r"there already\. Choose another folder, or allow to replace them"):
        exportDicom(loaded, tmp_path)
    assert {file: file.read_bytes() for file in exportedFiles(tmp_path)} == before
    exportDicom(loaded, tmp_path, replace=True)
    assert {file: file.read_bytes() for file in exportedFiles(tmp_path)} != before


def test_no_folder_is_said(loaded):
    with pytest.raises(InputError, match="no folder is chosen"):
        exportDicom(loaded, " ")
    assert exportedFiles("") == ()
