"""Maps name the images they were computed from: slice by slice where the files tell, never those of another scan."""

from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from dicom_scans import study_header, write_enhanced, write_mosaics, write_slices
from example_result import AXIAL_LPS, AXIAL_RAS, CORONAL, SHAPE, example_result

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.writers.dicom import Form, Patient, write_dicom

SLICES, VOLUMES = SHAPE[0], 3


def references(image: pydicom.Dataset) -> list[tuple[str, object]]:
    return [(item.ReferencedSOPInstanceUID, item.get("ReferencedFrameNumber")) for item in image.SourceImageSequence]


def heights(paths: list[Path]) -> dict[str, float]:
    """Where the slice of each file lies, by instance."""
    images = [pydicom.dcmread(path, stop_before_pixels=True) for path in paths]
    return {image.SOPInstanceUID: float(image.ImagePositionPatient[2]) for image in images}


def test_a_slice_names_the_slices_of_all_volumes_at_its_place(tmp_path: Path) -> None:
    source = write_slices(tmp_path / "scan", AXIAL_LPS, VOLUMES, study_header())
    height_of = heights(source)
    files = write_dicom(example_result(), tmp_path / "out", source=tmp_path / "scan", forms=[Form.SERIES])
    for path in files:
        image = pydicom.dcmread(path, stop_before_pixels=True)
        named = references(image)
        assert len(named) == VOLUMES
        assert {height_of[uid] for uid, _ in named} == {float(image.ImagePositionPatient[2])}
        (series,) = image.ReferencedSeriesSequence
        assert [item.ReferencedSOPInstanceUID for item in series.ReferencedInstanceSequence] == [u for u, _ in named]
        assert {item.PurposeOfReferenceCodeSequence[0].CodeValue for item in image.SourceImageSequence} == {"121322"}


def test_frames_of_the_parametric_map_name_the_slices_at_their_place(tmp_path: Path) -> None:
    source = write_slices(tmp_path / "scan", AXIAL_LPS, VOLUMES, study_header())
    height_of = heights(source)
    path, _ = write_dicom(example_result(), tmp_path / "out", source=source, forms=[Form.PARAMETRIC_MAP])
    image = pydicom.dcmread(path, stop_before_pixels=True)
    for frame in image.PerFrameFunctionalGroupsSequence:
        (derivation,) = frame.DerivationImageSequence
        named = {height_of[uid] for uid, _ in references(derivation)}
        assert named == {float(frame.PlanePositionSequence[0].ImagePositionPatient[2])}
    (series,) = image.ReferencedSeriesSequence
    assert {item.ReferencedSOPInstanceUID for item in series.ReferencedInstanceSequence} == set(height_of)


def test_a_slice_names_its_frames_of_an_enhanced_image(tmp_path: Path) -> None:
    source = write_enhanced(tmp_path / "scan", AXIAL_LPS, VOLUMES, study_header())
    files = write_dicom(example_result(), tmp_path / "out", source=source, forms=[Form.SERIES])
    for plane, path in enumerate(sorted(files)[:SLICES]):
        ((_, frames),) = references(pydicom.dcmread(path, stop_before_pixels=True))
        assert list(frames) == [plane + 1 + volume * SLICES for volume in range(VOLUMES)]


def test_a_slice_of_a_flipped_grid_names_the_slices_at_its_place_in_the_patient(tmp_path: Path) -> None:
    flipped = replace(AXIAL_LPS, origin=(0.0, 0.0, 30.0), direction=(1, 0, 0, 0, 1, 0, 0, 0, -1))
    height_of = heights(source := write_slices(tmp_path / "scan", AXIAL_LPS, 1, study_header()))
    for path in write_dicom(example_result(flipped), tmp_path / "out", source=source, forms=[Form.SERIES]):
        image = pydicom.dcmread(path, stop_before_pixels=True)
        ((uid, _),) = references(image)
        assert height_of[uid] == float(image.ImagePositionPatient[2])


def test_every_slice_names_all_mosaics_because_each_holds_it(tmp_path: Path) -> None:
    source = write_mosaics(tmp_path / "scan", 4, study_header())
    for path in write_dicom(example_result(), tmp_path / "out", source=tmp_path / "scan", forms=[Form.SERIES]):
        assert len(references(pydicom.dcmread(path, stop_before_pixels=True))) == len(source)


def test_a_separate_m0_scan_of_the_study_is_named_too(tmp_path: Path) -> None:
    header = study_header()
    scan = write_slices(tmp_path / "asl", AXIAL_LPS, 1, header)
    header.SeriesInstanceUID, header.SeriesNumber = pydicom.uid.generate_uid(), 13
    m0 = write_slices(tmp_path / "m0", AXIAL_LPS, 1, header)
    path, *_ = write_dicom(example_result(), tmp_path / "out", source=[*scan, *m0])
    image = pydicom.dcmread(path, stop_before_pixels=True)
    assert len(image.ReferencedSeriesSequence) == 2
    assert image.SeriesNumber == 1201  # that of the ASL scan


def test_a_grid_resampled_to_another_plane_names_the_whole_scan(tmp_path: Path) -> None:
    source = write_slices(tmp_path / "scan", AXIAL_LPS, 1, study_header())
    path, *_ = write_dicom(example_result(CORONAL), tmp_path / "out", source=source)
    assert len(references(pydicom.dcmread(path, stop_before_pixels=True))) == SLICES


def refuse(match: str, tmp_path: Path, source: object, grid: Geometry = AXIAL_LPS, **options: object) -> str:
    """The message of the refusal; nothing may have been written."""
    with pytest.raises(InputError, match=match) as caught:
        write_dicom(example_result(grid), tmp_path / "out", source=source, **options)
    assert not list((tmp_path / "out").rglob("*")) if (tmp_path / "out").exists() else True
    return str(caught.value)


def test_files_of_two_patients_are_refused_without_naming_them(tmp_path: Path) -> None:
    header = study_header()
    one = write_slices(tmp_path / "one", AXIAL_LPS, 1, header)
    header.PatientID = "PID-4712-X"
    two = write_slices(tmp_path / "two", AXIAL_LPS, 1, header)
    message = refuse("more than one patient", tmp_path, [*one, *two])
    assert "PID" not in message
    assert "ller" not in message


def test_files_of_two_studies_are_refused(tmp_path: Path) -> None:
    one = write_slices(tmp_path / "one", AXIAL_LPS, 1, study_header())
    two = write_slices(tmp_path / "two", AXIAL_LPS, 1, study_header())
    refuse("more than one study", tmp_path, [*one, *two])


def test_a_folder_of_two_asl_scans_is_refused_because_nobody_said_which_was_processed(tmp_path: Path) -> None:
    header = study_header()
    write_slices(tmp_path / "scan" / "a", AXIAL_LPS, 1, header)
    header.SeriesInstanceUID = pydicom.uid.generate_uid()
    write_slices(tmp_path / "scan" / "b", AXIAL_LPS, 1, header)
    refuse("2 ASL series", tmp_path, tmp_path / "scan")


def test_slices_that_lie_elsewhere_are_refused_as_those_of_another_scan(tmp_path: Path) -> None:
    source = write_slices(tmp_path / "scan", replace(AXIAL_LPS, origin=(0.0, 0.0, 300.0)), 1, study_header())
    refuse("lie elsewhere", tmp_path, source)


def test_what_is_no_dicom_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scan.nii").write_bytes(b"n+1" * 200)
    refuse("header cannot be read", tmp_path, tmp_path / "scan.nii")


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refuse("no DICOM image", tmp_path, tmp_path / "empty")


def test_a_file_that_does_not_tell_its_study_is_refused(tmp_path: Path) -> None:
    header = study_header()
    del header.StudyInstanceUID
    (path,) = write_mosaics(tmp_path / "scan", 1, header)
    refuse("lacks StudyInstanceUID", tmp_path, path)


def test_a_patient_beside_dicom_files_is_refused(tmp_path: Path) -> None:
    source = write_slices(tmp_path / "scan", AXIAL_LPS, 1, study_header())
    refuse("both DICOM files and a patient", tmp_path, source, patient=Patient("Doe^Jane"))


def test_the_scan_of_another_geometry_in_the_same_place_is_taken(tmp_path: Path) -> None:
    """Converters flip rows; only places in the patient count."""
    grid = replace(AXIAL_RAS, origin=(51.0, 63.0, 0.0))
    source = write_slices(tmp_path / "scan", AXIAL_LPS, 1, study_header())
    assert write_dicom(example_result(grid), tmp_path / "out", source=source, forms=[Form.SERIES])
