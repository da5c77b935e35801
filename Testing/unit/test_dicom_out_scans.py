"""Maps of real scans of three scanners lie on these scans, to the voxel, and join their studies."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_readback import by_dcm2niix, by_dcmqi, by_simpleitk, on_grid
from example_result import example_result
from test_dicom_out_validity import complaints

from deepasl.readers.dicom import SeriesKind, find_series, find_series_in, read_dicom_folder
from deepasl.results import PerfusionMaps, Result
from deepasl.series import AslSeries
from deepasl.writers.dicom import Form, write_dicom

SCANS = {
    "Siemens mosaics, oblique": ("siemens-ve11/pcasl3d", None),
    "Siemens XA enhanced": ("siemens-xa30/25_asl_2d_tra", None),
    "Philips single slices, doubly oblique": ("philips-classic/1903", None),
    "Philips enhanced": ("philips-enhanced", 1903),
}


def result_on(series: AslSeries) -> Result:
    """A result on the grid of a scan, whose blood flow is made of one of its volumes: no voxel like its neighbor."""
    volume = series.volumes[-1]
    conventional = (100.0 * volume / volume.max() - 10.0).astype(np.float32)
    denoised = (0.5 * conventional).astype(np.float32)
    zero = np.zeros_like(volume)
    return replace(
        example_result(),
        geometry=series.geometry,
        conventional=PerfusionMaps(zero, conventional),
        denoised=PerfusionMaps(zero, denoised),
        mask=np.ones(volume.shape, bool),
    )


def asl_files(folder: Path, number: int | None) -> tuple[Path, ...]:
    found = [s for s in find_series(folder) if number in (None, s.number) and s.verdict.kind is SeriesKind.ASL]
    assert len(found) == 1
    return found[0].files


@pytest.mark.data
@pytest.mark.parametrize(("name", "number"), SCANS.values(), ids=SCANS)
def test_maps_of_a_real_scan_lie_on_it_and_are_valid(name: str, number: int | None, shared_data, tmp_path) -> None:
    folder = shared_data / "dicom" / name
    source = asl_files(folder, number)
    result = result_on(read_dicom_folder(folder, series=number))
    files = write_dicom(result, tmp_path, source=source)

    first = pydicom.dcmread(source[0], stop_before_pixels=True)
    for path in files:
        image = pydicom.dcmread(path, stop_before_pixels=True)
        for keyword in ("PatientID", "StudyInstanceUID", "StudyDate", "FrameOfReferenceUID"):
            assert image[keyword].value == first[keyword].value
        (referenced,) = image.ReferencedSeriesSequence
        assert referenced.SeriesInstanceUID == first.SeriesInstanceUID
    for form in Form:
        told = complaints(tmp_path / form.value / "denoised" / "0001.dcm")
        # The name of these patients, "ANON", has no family name in it; it is carried over as it is.
        assert [line for line in told if "Retired Person Name form" not in line] == []

    expected = result.conventional.cbf
    step = float(pydicom.dcmread(tmp_path / "mr-series" / "conventional" / "0001.dcm").RescaleSlope)
    for reader in (by_simpleitk, by_dcm2niix):
        read = on_grid(reader(tmp_path / "mr-series" / "conventional"), result.geometry)
        assert np.abs(read - expected).max() <= 0.5 * step + 1e-4
    exact = on_grid(by_dcmqi(tmp_path / "parametric-map" / "conventional"), result.geometry)
    np.testing.assert_array_equal(exact, expected)


@pytest.mark.data
def test_every_pixel_of_a_map_lies_on_the_pixel_of_the_scan_it_came_from(shared_data: Path, tmp_path: Path) -> None:
    """Pixel by pixel against the scanner's own files, with no converter between them."""
    folder = shared_data / "dicom" / "philips-classic" / "1903"
    series = read_dicom_folder(folder)
    volume = series.volumes[-1]
    scale = 100.0 / float(volume.max())
    result = replace(result_on(series), denoised=PerfusionMaps(volume, (scale * volume).astype(np.float32)))
    source = asl_files(folder, None)
    write_dicom(result, tmp_path, source=source, forms=[Form.SERIES])
    scanned = {str(image.SOPInstanceUID): image for image in map(pydicom.dcmread, source)}
    for path in sorted((tmp_path / "mr-series" / "denoised").glob("*.dcm")):
        mapped = pydicom.dcmread(path)
        flow = mapped.pixel_array * float(mapped.RescaleSlope)
        originals = [scanned[item.ReferencedSOPInstanceUID] for item in mapped.SourceImageSequence]
        assert len(originals) == len(series.volumes)
        for original in originals:
            for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
                np.testing.assert_allclose(
                    np.array(mapped[keyword].value, float), np.array(original[keyword].value, float), atol=1e-3
                )
        # The volume this map was made of is among them: rows, columns and sides agree.
        alike = [np.corrcoef(flow.ravel(), original.pixel_array.ravel())[0, 1] for original in originals]
        assert max(alike) > 0.99999


@pytest.mark.data
def test_our_maps_are_not_taken_for_a_scan_when_the_folder_is_read_again(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "dicom" / "siemens-xa30" / "25_asl_2d_tra"
    source = asl_files(folder, None)
    ours = write_dicom(result_on(read_dicom_folder(folder)), tmp_path, source=source)
    found = find_series_in([*source, *ours])
    assert [series.number for series in found if series.verdict.kind is SeriesKind.ASL] == [25]
