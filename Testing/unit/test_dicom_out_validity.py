"""Written files obey the standard, as dciodvfy (dicom3tools) judges them against its tables of every attribute."""

import subprocess
from pathlib import Path

import pydicom
import pytest
from dicom_readback import program
from dicom_scans import study_header, write_enhanced, write_mosaics, write_slices
from example_result import AXIAL_LPS, OBLIQUE_RAS, example_result

from deepasl.writers.dicom import Patient, write_dicom

EXPECTED = (
    # Rescale is no part of the MR Image IOD: a Standard Extended SOP Class, which PS3.4 allows.
    "Non-identity Modality LUT Module",
    "</RescaleIntercept(0028,1052)> - Attribute is not present in standard DICOM IOD",
    "</RescaleSlope(0028,1053)> - Attribute is not present in standard DICOM IOD",
    "</RescaleType(0028,1054)> - Attribute is not present in standard DICOM IOD",
    "this is a Standard Extended SOP Class",
    # A derived pixel contrast of Parametric Maps that the tables of the validator lack.
    "Unrecognized defined term = <QUANTITY>",
    # DICOMDIR needs what a study may leave out, such as a date that was removed.
    "would be needed to build DICOMDIR",
)


def complaints(path: Path) -> list[str]:
    told = subprocess.run([program("dciodvfy"), "-new", str(path)], capture_output=True, text=True, check=False)
    lines = [line for line in (told.stdout + told.stderr).splitlines() if line.startswith(("Error", "Warning"))]
    return [line for line in lines if not any(expected in line for expected in EXPECTED)]


def require_valid(files: tuple[Path, ...]) -> None:
    for path in files:
        if path.name == "0001.dcm":
            assert complaints(path) == [], path


def test_the_validator_finds_what_is_wrong(tmp_path: Path) -> None:
    path, *_ = write_dicom(example_result(), tmp_path)
    image = pydicom.dcmread(path)
    del image.ScanningSequence
    image.PatientSex = "X"
    image.save_as(path)
    told = " ".join(complaints(path))
    assert "ScanningSequence" in told
    assert "PatientSex" in told.replace("'", "").replace("Patient Sex", "PatientSex")


@pytest.mark.parametrize("deidentify", [False, True], ids=["named", "deidentified"])
def test_maps_of_single_slices_are_valid(deidentify: bool, tmp_path: Path) -> None:
    source = write_slices(tmp_path / "scan", AXIAL_LPS, 2, study_header(PatientBirthDate="19500228"))
    require_valid(write_dicom(example_result(), tmp_path / "out", source=source, deidentify=deidentify))


@pytest.mark.parametrize("deidentify", [False, True], ids=["named", "deidentified"])
def test_maps_of_an_enhanced_image_are_valid(deidentify: bool, tmp_path: Path) -> None:
    header = study_header(PatientBirthDate="19500228")
    source = write_enhanced(tmp_path / "scan", OBLIQUE_RAS, 2, header)
    require_valid(write_dicom(example_result(OBLIQUE_RAS), tmp_path / "out", source=source, deidentify=deidentify))


def test_maps_of_mosaics_are_valid(tmp_path: Path) -> None:
    source = write_mosaics(tmp_path / "scan", 2, study_header(PatientBirthDate="19500228"))
    require_valid(write_dicom(example_result(), tmp_path / "out", source=source))


@pytest.mark.parametrize("patient", [None, Patient("Doe^Jane", "P1", "19700101", "F")], ids=["unknown", "given"])
def test_maps_of_a_scan_from_elsewhere_are_valid(patient: Patient | None, tmp_path: Path) -> None:
    require_valid(write_dicom(example_result(OBLIQUE_RAS), tmp_path, patient=patient))
