"""What written maps say of themselves: whose they are, what they measure, how they came about."""

from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from dicom_scans import PATIENT_NAME, study_header, write_enhanced, write_mosaics, write_slices
from example_result import AXIAL_LPS, OBLIQUE_RAS, example_result
from pydicom.dataset import Dataset

import deepasl
from deepasl.results import Result
from deepasl.writers.dicom import Form, Patient, write_dicom


def written(files: tuple[Path, ...]) -> list[Dataset]:
    return [pydicom.dcmread(path, stop_before_pixels=True) for path in files]


def maps_of(result: Result, folder: Path, **options: object) -> list[Dataset]:
    """The header of the first file of every series: two MR series, two Parametric Maps."""
    return written(tuple(path for path in write_dicom(result, folder, **options) if path.name == "0001.dcm"))


def real_world_map(image: Dataset) -> Dataset:
    group = image.get("SharedFunctionalGroupsSequence", [image])[0]
    (mapping,) = group.RealWorldValueMappingSequence
    return mapping


def test_maps_join_the_patient_and_study_of_the_scan(tmp_path: Path) -> None:
    header = study_header()
    source = write_slices(tmp_path / "scan", AXIAL_LPS, 2, header)
    for image in written(write_dicom(example_result(), tmp_path / "out", source=source)):
        for keyword in (
            "PatientName",
            "PatientID",
            "PatientBirthDate",
            "PatientSex",
            "PatientAge",
            "StudyInstanceUID",
            "StudyDate",
            "StudyTime",
            "StudyID",
            "StudyDescription",
            "AccessionNumber",
            "ReferringPhysicianName",
            "FrameOfReferenceUID",
            "SpecificCharacterSet",
        ):
            assert image[keyword].value == header[keyword].value
        assert str(image.PatientName) == PATIENT_NAME
        assert image.Modality == "MR"
        assert image.SeriesInstanceUID != header.SeriesInstanceUID


def test_names_in_other_scripts_survive(tmp_path: Path) -> None:
    name = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    header = study_header(SpecificCharacterSet=["ISO 2022 IR 6", "ISO 2022 IR 87"], PatientName=name)
    header.ReferringPhysicianName, header.StudyDescription = "", "MR"
    del header.InstitutionName
    source = write_slices(tmp_path / "scan", AXIAL_LPS, 1, header)
    for image in maps_of(example_result(), tmp_path / "out", source=source):
        assert str(image.PatientName) == name


def test_values_a_strict_writer_would_refuse_are_carried_over_as_they_are(tmp_path: Path) -> None:
    """A PACS files by what is there, right or wrong; a corrected identifier would be another patient."""
    with pydicom.config.disable_value_validation():
        header = study_header(PatientID="X" * 70, StudyID="longer than sixteen", AccessionNumber="A" * 20)
        header.PatientBirthDate = "1950"
        source = write_slices(tmp_path / "scan", AXIAL_LPS, 1, header)
    for image in maps_of(example_result(), tmp_path / "out", source=source):
        assert image.PatientID == "X" * 70
        assert image.AccessionNumber == "A" * 20
        assert image.PatientBirthDate == "1950"


def test_optional_attributes_the_scanner_left_empty_are_left_out(tmp_path: Path) -> None:
    """Philips scanners write an empty list of procedures where the standard wants one or none at all."""
    header = study_header(ProcedureCodeSequence=[], PatientAge="", ReferringPhysicianName="")
    source = write_slices(tmp_path / "scan", AXIAL_LPS, 1, header)
    for image in maps_of(example_result(), tmp_path / "out", source=source):
        assert "ProcedureCodeSequence" not in image
        assert "PatientAge" not in image
        assert image.ReferringPhysicianName == ""  # required, but may be empty


def test_numbers_that_are_none_stop_nothing_and_are_quoted_nowhere(tmp_path: Path, recwarn, caplog) -> None:
    """Whatever stands in the place of a number may be a name, typed into the wrong field."""
    source = write_slices(tmp_path / "scan", AXIAL_LPS, 1, study_header(SeriesNumber=77777777))
    for path in source:
        path.write_bytes(path.read_bytes().replace(b"77777777", b"Mueller "))
    recwarn.clear()
    with caplog.at_level("DEBUG"):
        (image, *_) = maps_of(example_result(), tmp_path / "out", source=source)
    assert image.SeriesNumber == 9001  # as if the scan had none
    assert "Mueller" not in caplog.text
    assert not [str(warning.message) for warning in recwarn if "Mueller" in str(warning.message)]


def test_every_map_is_a_series_of_its_own_beside_those_of_the_scanner(tmp_path: Path) -> None:
    source = write_slices(tmp_path / "scan", AXIAL_LPS, 1, study_header())
    images = maps_of(example_result(), tmp_path / "out", source=source)
    assert [image.SeriesNumber for image in images] == [1201, 1202, 1203, 1204]
    assert len({image.SeriesInstanceUID for image in images}) == 4
    assert [image.SeriesDescription for image in images] == [
        "DeepASL CBF conventional - RESEARCH USE ONLY",
        "DeepASL CBF denoised - RESEARCH USE ONLY",
        "DeepASL CBF conventional parametric map - RESEARCH USE ONLY",
        "DeepASL CBF denoised parametric map - RESEARCH USE ONLY",
    ]
    assert all(len(image.SeriesDescription) <= 64 for image in images)


def test_no_identifier_occurs_twice_not_even_in_a_second_export(tmp_path: Path) -> None:
    first = written(write_dicom(example_result(), tmp_path / "first"))
    second = written(write_dicom(example_result(), tmp_path / "second"))
    assert len({image.SOPInstanceUID for image in first + second}) == len(first + second)
    assert not {image.SeriesInstanceUID for image in first} & {image.SeriesInstanceUID for image in second}


def test_the_unit_and_the_quantity_are_the_codes_of_the_standard(tmp_path: Path) -> None:
    for image in maps_of(example_result(), tmp_path):
        mapping = real_world_map(image)
        (unit,) = mapping.MeasurementUnitsCodeSequence
        assert (unit.CodingSchemeDesignator, unit.CodeValue) == ("UCUM", "ml/(100.g)/min")
        said = {item.ConceptNameCodeSequence[0].CodeValue: item for item in mapping.QuantityDefinitionSequence}
        assert said["246205007"].ConceptCodeSequence[0].CodeValue == "126390"  # Absolute Regional Blood Flow
        assert said["370129005"].ConceptCodeSequence[0].CodeValue == "126302"  # by arterial spin labeling
        assert said["363698007"].ConceptCodeSequence[0].CodeValue == "12738006"  # Brain
        assert said["111003"].TextValue == deepasl.__version__


def test_only_the_denoised_map_names_the_network(tmp_path: Path) -> None:
    result = example_result()
    for image in maps_of(result, tmp_path):
        said = {i.ConceptNameCodeSequence[0].CodeValue: i for i in real_world_map(image).QuantityDefinitionSequence}
        *_, program = image.ContributingEquipmentSequence
        denoised = "denoised" in image.SeriesDescription
        assert (result.model.id in said["111001"].TextValue) is denoised
        assert (result.model.sha256 in said["111002"].TextValue) is denoised
        assert (result.model.sha256 in program.ContributionDescription) is denoised


def test_the_derivation_tells_the_constants_the_model_and_the_notice(tmp_path: Path) -> None:
    for image in maps_of(example_result(), tmp_path):
        told = image.DerivationDescription
        assert told.startswith("Research use only. Not a medical device.")
        for part in ("2 control-label pairs", "PLD 1.8 s", "tau 1.8 s", "T1b 1.65 s", "alpha 0.85", "lambda 0.9 mL/g"):
            assert part in told
        assert "[" not in told  # citations refer to a list that is not here
        assert len(told) <= 1024
        assert told.isascii()
        assert image.ImageComments == "RESEARCH USE ONLY. NOT A MEDICAL DEVICE."
        codes = [item.CodeValue for item in image.DerivationCodeSequence]
        assert codes == ["113062", "113049", "129104"]  # subtraction, mean, perfusion analysis


def test_smoothing_and_scans_that_came_subtracted_have_their_codes(tmp_path: Path) -> None:
    result = example_result(smoothing_fwhm=4.0, pairs=())
    for image in maps_of(result, tmp_path):
        assert [item.CodeValue for item in image.DerivationCodeSequence] == ["113088", "113049", "129104"]


def test_a_long_derivation_ends_with_a_whole_sentence(tmp_path: Path) -> None:
    result = example_result()
    long = replace(result, model=replace(result.model, title="A network with a long title " * 12))
    (image, *_) = maps_of(long, tmp_path, forms=[Form.SERIES])
    assert 600 < len(image.DerivationDescription) <= 1024
    assert image.DerivationDescription.endswith(".")


def test_the_name_of_an_m0_file_stays_outside(tmp_path: Path) -> None:
    result = example_result()
    assert result.m0 is not None
    named = replace(result, m0=replace(result.m0, origin="separate M0 scan Mueller_Juergen_m0.nii.gz", volumes=()))
    for image in maps_of(named, tmp_path):
        assert "Juergen" not in str(image)
        assert "a separate scan" in image.DerivationDescription


def test_scanner_and_program_are_told_apart(tmp_path: Path) -> None:
    source = write_slices(tmp_path / "scan", AXIAL_LPS, 1, study_header())
    for image in maps_of(example_result(), tmp_path / "out", source=source):
        scanner, program = image.ContributingEquipmentSequence
        assert scanner.PurposeOfReferenceCodeSequence[0].CodeValue == "109101"
        assert (scanner.Manufacturer, scanner.InstitutionName) == ("Scanner Works", "Krankenhaus Köln")
        assert program.PurposeOfReferenceCodeSequence[0].CodeValue == "109102"
        assert image.Manufacturer == program.Manufacturer == "DeepASL"
        assert f"deepasl {deepasl.__version__}" in program.SoftwareVersions


def test_the_acquisition_is_told_as_the_single_slices_of_the_scan_tell_it(tmp_path: Path) -> None:
    source = write_slices(tmp_path / "scan", AXIAL_LPS, 1, study_header())
    (image, *_) = maps_of(example_result(), tmp_path / "out", source=source)
    assert (image.ScanningSequence, image.SequenceVariant, image.ScanOptions) == ("EP", "SK", "FS")
    assert (image.RepetitionTime, image.EchoTime, image.EchoTrainLength) == (4000, 14, 35)
    assert (image.SliceThickness, image.SpacingBetweenSlices) == (5, 6)  # a gap of 1 mm is no part of the slice
    assert image.PatientPosition == "HFS"


def test_the_acquisition_is_told_as_the_groups_of_an_enhanced_image_tell_it(tmp_path: Path) -> None:
    source = write_enhanced(tmp_path / "scan", AXIAL_LPS, 2, study_header())
    (image, *_) = maps_of(example_result(), tmp_path / "out", source=source)
    assert (image.ScanningSequence, image.SequenceVariant) == (["SE", "EP"], "SK")
    assert (image.RepetitionTime, image.EchoTime, image.EchoTrainLength) == (4000, 12.5, 31)
    assert image.MRAcquisitionType == "2D"


def test_a_scan_from_elsewhere_becomes_a_study_of_its_own_with_the_patient_as_given(tmp_path: Path) -> None:
    patient = Patient("Doe^Jane", "P1", "19700101", "F")
    images = maps_of(example_result(), tmp_path, patient=patient)
    assert len({(image.StudyInstanceUID, image.FrameOfReferenceUID) for image in images}) == 1
    for image in images:
        assert (image.PatientName, image.PatientID) == ("Doe^Jane", "P1")
        assert (image.PatientBirthDate, image.PatientSex) == ("19700101", "F")
        assert "SourceImageSequence" not in image
        assert (len(image.ContributingEquipmentSequence), image.SeriesNumber // 10) == (1, 900)
    assert images[0].RepetitionTime == 5000  # as the maps were computed
    assert images[0].MagneticFieldStrength == 3


def test_without_a_patient_an_identifier_is_made_up_because_a_pacs_needs_one(tmp_path: Path) -> None:
    images = maps_of(example_result(), tmp_path)
    (identifier,) = {image.PatientID for image in images}
    assert identifier.startswith("DEEPASL-")
    assert images[0].PatientName == ""


IDENTIFYING = (
    *("Müller", "Jürgen", "Gruß", "PID-4711-X", "19500229", "076Y", "20260101", "101500", "A99", "S7", "Schädel"),
    *("SN-1", "Krankenhaus", "Köln"),
)


@pytest.mark.parametrize("write_source", ["slices", "mosaics", "enhanced"])
def test_deidentified_maps_tell_nothing_of_the_person_the_place_or_the_day(write_source: str, tmp_path: Path) -> None:
    header = study_header(AcquisitionDate="20260101", AcquisitionTime="101500")
    folder = tmp_path / "scan"
    if write_source == "slices":
        write_slices(folder, AXIAL_LPS, 1, header)
    elif write_source == "mosaics":
        write_mosaics(folder, 2, header)
    else:
        write_enhanced(folder, AXIAL_LPS, 1, header)
    identifiers = {str(each.value) for each in header.iterall() if each.VR == "UI"}
    for path in write_dicom(example_result(), tmp_path / "out", source=folder, deidentify=True):
        image = pydicom.dcmread(path)
        del image[next(keyword for keyword in ("PixelData", "FloatPixelData") if keyword in image)]
        assert not [word for word in IDENTIFYING if word in str(image)]
        assert not identifiers & {str(each.value) for each in image.iterall() if each.VR == "UI"}
        assert "SourceImageSequence" not in str(image)
        days = {str(each.value) for each in image.iterall() if each.VR in ("DA", "DT")} - {"", "None"}
        assert days == {"19000101"}
        assert image.PatientIdentityRemoved == "YES"
        methods = [item.CodeValue for item in image.DeidentificationMethodCodeSequence]
        assert methods == ["113100", "113105"]
        assert image.LongitudinalTemporalInformationModified == "REMOVED"


def test_deidentified_maps_of_one_export_belong_together(tmp_path: Path) -> None:
    source = write_slices(tmp_path / "scan", AXIAL_LPS, 1, study_header())
    images = maps_of(example_result(), tmp_path / "out", source=source, deidentify=True)
    keys = {(image.PatientID, image.StudyInstanceUID, image.FrameOfReferenceUID) for image in images}
    assert len(keys) == 1
    again = maps_of(example_result(), tmp_path / "again", source=source, deidentify=True)
    assert again[0].PatientID != images[0].PatientID


def test_a_patient_as_given_is_left_out_of_deidentified_maps_too(tmp_path: Path) -> None:
    for image in maps_of(example_result(), tmp_path, patient=Patient("Doe^Jane", "P1"), deidentify=True):
        assert "Doe" not in str(image)
        assert image.PatientID.startswith("ANON-")


def test_oblique_maps_need_no_more_than_the_digits_dicom_has(tmp_path: Path) -> None:
    for image in written(write_dicom(example_result(OBLIQUE_RAS), tmp_path, forms=[Form.SERIES])):
        for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceLocation"):
            values = image[keyword].value
            for value in values if isinstance(values, pydicom.multival.MultiValue) else [values]:
                assert len(str(value)) <= 16
