"""Damaged, incomplete, mixed and foreign DICOM folders: one clear sentence, and nothing half-loaded."""

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import CTImageStorage, JPEG2000Lossless, JPEGLosslessSV1, RLELossless, generate_uid

from deepasl.cli import main
from deepasl.errors import InputError
from deepasl.findings import Severity
from deepasl.phantom import Protocol, acquire, default_anatomy, make_subject
from deepasl.readers import read_scan
from deepasl.readers.dicom import Request, SeriesKind, find_series, find_series_in, read_dicom
from deepasl.readers.dicom.pixels import _decode, _decode_by_gdcm
from deepasl.series import AslSeries, Role
from phantom_scans import COARSE, snapshot
from synthetic_dicom import PATIENT, mr_header, siemens_header, write_slices

PROTOCOL = {"tSequenceFileName": "x\\ep2d_pcasl", "sWipMemBlock.adFree[2]": 1.8e6, "sWipMemBlock.adFree[3]": 98}

Files = list[Path]


@pytest.fixture(scope="module")
def person() -> AslSeries:
    return acquire(make_subject(default_anatomy(COARSE)), Protocol(pairs=3), noise_sd=1.0, seed=5)


@pytest.fixture
def folder(person: AslSeries, tmp_path: Path) -> Path:
    """A whole scan: M0 and three pairs, 12 slices each, one file for each slice."""
    bright = [person.volumes[0] * 1.5, *person.volumes[1:]]
    header = siemens_header(PROTOCOL)
    write_slices(tmp_path / "scan", bright, person.geometry, header, lambda t: {"AcquisitionNumber": t + 1}, 0.1)
    return tmp_path / "scan"


def images(folder: Path) -> Files:
    return sorted(folder.rglob("*.dcm"))


def change(file: Path, **values: Any) -> None:
    header = dcmread(file)
    for name, value in values.items():
        setattr(header, name, value)
    header.save_as(file)


def test_the_whole_scan_is_read(folder: Path, person: AslSeries) -> None:
    series = read_scan(folder)
    assert series.roles == (Role.M0SCAN, *(Role.CONTROL, Role.LABEL) * 3)
    assert series.volumes.shape == person.volumes.shape


def cut_a_file(folder: Path) -> None:
    file = images(folder)[40]
    file.write_bytes(file.read_bytes()[:-1500])


def cut_a_header(folder: Path) -> None:
    file = images(folder)[40]
    file.write_bytes(file.read_bytes()[:700])


def remove_a_slice(folder: Path) -> None:
    images(folder)[40].unlink()


def remove_a_volume(folder: Path) -> None:
    for file in images(folder)[36:48]:
        file.unlink()


def mix_patients(folder: Path) -> None:
    for file in images(folder)[30:]:
        change(file, PatientName="Roe^Richard", PatientID="0815")


def mix_studies(folder: Path) -> None:
    for file in images(folder)[30:]:
        change(file, StudyInstanceUID="1.2.3.4")


def tilt_a_slice(folder: Path) -> None:
    change(images(folder)[40], ImageOrientationPatient=[0, 1, 0, 0, 0, -1])


def make_it_something_else(folder: Path) -> None:
    for file in images(folder):
        header = dcmread(file)
        del header[0x00291020]
        header.SeriesDescription = header.ProtocolName = "t1_mprage"
        header.save_as(file)


def make_it_ct(folder: Path) -> None:
    for file in images(folder):
        change(file, Modality="CT", SOPClassUID=CTImageStorage)


def empty(folder: Path) -> None:
    for file in images(folder):
        file.unlink()
    (folder / "notes.txt").write_text("no images here")


def forget_where_it_lies(folder: Path) -> None:
    for file in images(folder):
        header = dcmread(file)
        header.ImagePositionPatient = None
        header.save_as(file)


def make_pixels_unreadable(folder: Path) -> None:
    """JPEG 2000 by its name, and nothing of it inside."""
    for file in images(folder):
        header = dcmread(file)
        header.PixelData = encapsulate([b"not pixels" * 40])
        header["PixelData"].is_undefined_length = True
        header.file_meta.TransferSyntaxUID = JPEG2000Lossless
        header.save_as(file)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (cut_a_file, "1 of 84 files are cut off before the end of their pixels"),
        (cut_a_header, "cut off|are missing"),
        (remove_a_slice, "1 of 84 images are missing"),
        (remove_a_volume, "volume 4 is missing"),
        (mix_patients, "more than one patient or study"),
        (mix_studies, "more than one patient or study"),
        (tilt_a_slice, "different grids or are tilted"),
        (make_it_something_else, "no ASL series among the 1 in this folder: series 5"),
        (make_it_ct, "ASL scans are MR images"),
        (empty, "no DICOM image in this folder"),
        (forget_where_it_lies, "does not say where it lies"),
        (make_pixels_unreadable, "could not convert the images|cannot be decoded"),
    ],
)
def test_a_folder_that_is_not_a_whole_scan_is_refused_in_one_sentence_and_nothing_is_written(
    folder: Path, spoil: Callable[[Path], None], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil(folder)
    before, out = snapshot(folder), tmp_path / "out"
    for command in (["run", str(folder), "--dicom", "--output", str(out)], ["convert", str(folder), str(out)]):
        assert main(command) == 1
        said = capsys.readouterr().err
        assert re.search(told, said)
        assert said.count("\n") == 1
        assert said.startswith("deepasl: ")
        assert not any(part in said for part in PATIENT.split("^"))
        assert not out.exists()
    assert snapshot(folder) == before


def test_copies_of_images_are_left_out_and_told(folder: Path, person: AslSeries) -> None:
    for number, file in enumerate(images(folder)[:20]):
        (folder / f"copy{number}.dcm").write_bytes(file.read_bytes())
    series = read_dicom(folder).series
    assert series.volumes.shape == person.volumes.shape
    assert any("20 files are copies" in f.message for f in series.findings)


@pytest.mark.parametrize(
    ("syntax", "plugin", "package"),
    [(RLELossless, "pydicom", "pydicom"), (JPEG2000Lossless, "pylibjpeg", "openjpeg")],
    ids=["RLE", "JPEG 2000"],
)
def test_a_lossless_compressed_series_is_the_same_as_an_uncompressed_one(
    folder: Path, syntax: str, plugin: str, package: str
) -> None:
    pytest.importorskip(package)
    before = read_dicom(folder).series
    for file in images(folder):
        header = dcmread(file)
        header.compress(syntax, encoding_plugin=plugin, generate_instance_uid=False)
        header.save_as(file)
    after = read_dicom(folder).series
    assert find_series(folder)[0].compressed
    assert after.roles == before.roles
    np.testing.assert_array_equal(after.volumes, before.volumes)


def store_as_jpeg(file: Path) -> None:
    """JPEG lossless, process 14, as archives store it: pydicom cannot write it, GDCM can."""
    header = dcmread(file)
    writer = sitk.ImageFileWriter()
    writer.SetImageIO("GDCMImageIO")
    writer.SetUseCompression(True)
    writer.SetCompressor("JPEG")
    coded = file.with_suffix(".coded.dcm")
    writer.SetFileName(str(coded))
    writer.Execute(sitk.GetImageFromArray(header.pixel_array[np.newaxis]))
    jpeg = dcmread(coded)
    coded.unlink()
    header.PixelData = jpeg.PixelData
    header["PixelData"].is_undefined_length = True
    header.file_meta.TransferSyntaxUID = jpeg.file_meta.TransferSyntaxUID
    header.save_as(file)


def test_a_jpeg_compressed_series_is_the_same_as_an_uncompressed_one(folder: Path) -> None:
    before = read_dicom(folder).series
    for file in images(folder):
        store_as_jpeg(file)
    after = read_dicom(folder).series
    assert dcmread(images(folder)[0]).file_meta.TransferSyntaxUID == JPEGLosslessSV1
    assert find_series(folder)[0].compressed
    assert after.roles == before.roles
    np.testing.assert_array_equal(after.volumes, before.volumes)


def test_gdcm_decodes_what_pydicom_alone_cannot(folder: Path) -> None:
    pytest.importorskip("openjpeg")
    file = images(folder)[30]
    (stored,) = _decode(file, [0])
    header = dcmread(file)
    header.compress(JPEG2000Lossless, encoding_plugin="pylibjpeg", generate_instance_uid=False)
    header.save_as(file)
    (decoded,) = _decode_by_gdcm(file, [0])
    # GDCM applies the rescale slope; the comparison of slices wants pixels as they are stored.
    np.testing.assert_array_equal(decoded, stored)


def test_a_compressed_file_that_is_cut_off_is_refused(folder: Path) -> None:
    for file in images(folder):
        header = dcmread(file)
        header.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
        header.save_as(file)
    images(folder)[10].write_bytes(images(folder)[10].read_bytes()[:-400])
    with pytest.raises(InputError, match="cut off"):
        read_dicom(folder)


def test_images_of_another_patient_in_the_folder_are_told_and_not_used(folder: Path, person: AslSeries) -> None:
    other = {**siemens_header(PROTOCOL), "PatientName": "Roe^Richard", "PatientID": "0815", "SeriesNumber": 8}
    other |= {"SeriesInstanceUID": "1.2.3.8", "StudyInstanceUID": "1.2.3.9", "SeriesDescription": "asl_m0"}
    write_slices(folder / "b", [person.volumes[0]], person.geometry, other)
    for file in images(folder / "b"):
        change(file, SOPInstanceUID=generate_uid())
    scan = read_dicom(folder)
    assert scan.series.m0scan is None
    warning = next(f for f in scan.series.findings if f.code == "several-studies")
    assert warning.severity is Severity.WARNING
    assert "2 patients" in warning.message


def test_two_scans_in_a_folder_are_named_and_one_is_chosen_by_its_number(folder: Path, person: AslSeries) -> None:
    other = {**siemens_header(PROTOCOL), "SeriesInstanceUID": "1.2.3.8", "SeriesNumber": 8}
    volumes = list(person.volumes[1:])
    write_slices(folder / "b", volumes, person.geometry, other, lambda t: {"AcquisitionNumber": t + 1})
    with pytest.raises(InputError, match=r"2 ASL series in this folder: series 5 \(asl\).*series 8 \(asl\).*--series"):
        read_dicom(folder)
    assert len(read_dicom(folder, Request(series=8)).series.volumes) == 6
    with pytest.raises(InputError, match="no series 9"):
        read_dicom(folder, Request(series=9))


def test_other_files_in_a_folder_do_no_harm(folder: Path) -> None:
    (folder / "report.pdf").write_bytes(b"%PDF-1.4 nothing")
    (folder / ".hidden.dcm").write_bytes(b"nothing")
    (folder / "DICM").write_bytes(b"\0" * 128 + b"DICM" + b"nonsense" * 20)
    assert [s.images for s in find_series(folder)] == [84]


def test_the_name_of_the_patient_is_nowhere(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    for file in images(folder):
        change(file, SeriesDescription="asl for Zschopau", InstanceCreationTime="0")
    with caplog.at_level(logging.DEBUG):
        scan = read_dicom(folder)
    said = [caplog.text, repr(scan.found), repr(scan.series.findings), scan.series.name, str(scan.series.origin)]
    said += [repr(scan.series.acquisition), repr(scan.header)]
    for part in PATIENT.split("^"):
        assert not any(part.lower() in text.lower() for text in said)


def test_a_list_of_files_is_understood_as_a_folder_is(folder: Path) -> None:
    from_list = find_series_in(images(folder))
    assert from_list == find_series(folder)
    assert from_list[0].verdict.kind is SeriesKind.ASL
    assert from_list[0].verdict.confidence > 0.9


def test_a_name_alone_is_weak_evidence_and_one_image_with_it_is_none(folder: Path, person: AslSeries) -> None:
    header = mr_header(Manufacturer="Somebody", SeriesDescription="my asl", SeriesInstanceUID="1.2.3.11")
    write_slices(folder / "b", [person.volumes[1]], person.geometry, header)
    single = mr_header(Manufacturer="Somebody", SeriesDescription="asl plan", SeriesInstanceUID="1.2.3.12")
    write_slices(folder / "c", [person.volumes[1][:1]], person.geometry, single)
    by_description = {s.description: s.verdict for s in find_series(folder)}
    assert by_description["my asl"].kind is SeriesKind.ASL
    assert by_description["my asl"].confidence == 0.5
    assert by_description["asl plan"].kind is SeriesKind.OTHER


def test_without_the_converter_the_user_is_told_how_to_get_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "dcm2niix", None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match=r"dcm2niix.*deepasl\[dicom\]"):
        read_dicom(folder)


def test_without_pydicom_the_user_is_told_how_to_get_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(InputError, match=r"pydicom.*deepasl\[dicom\]"):
        find_series(folder)
