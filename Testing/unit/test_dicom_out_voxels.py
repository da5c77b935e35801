"""Written maps hold every voxel where it was, whichever program reads them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from dicom_readback import READERS_OF_PARAMETRIC_MAPS, READERS_OF_SERIES, on_grid
from example_result import AXIAL_LPS, AXIAL_RAS, CORONAL, OBLIQUE_RAS, SHAPE, example_result

from deepasl.geometry import Geometry
from deepasl.results import PerfusionMaps, Result
from deepasl.writers.dicom import Form, write_dicom

SAGITTAL = Geometry(SHAPE, (4.0, 3.0, 6.0), (10.0, -20.0, 30.0), (0, 0, 1, 1, 0, 0, 0, -1, 0))

# Turned about all three axes, and slices that run against the cross product of rows and columns.
TURN, TILT = np.radians(11.0), np.radians(-17.0)
DOUBLY_OBLIQUE = Geometry(
    SHAPE,
    (3.1, 3.3, 6.6),
    (41.25, 60.0, -33.3),
    tuple(
        (
            np.array([[np.cos(TURN), -np.sin(TURN), 0], [np.sin(TURN), np.cos(TURN), 0], [0, 0, 1]])
            @ np.array([[1, 0, 0], [0, np.cos(TILT), -np.sin(TILT)], [0, np.sin(TILT), np.cos(TILT)]])
            @ np.diag([-1.0, -1.0, -1.0])
        ).ravel()
    ),
)

GRIDS = {
    "axial": AXIAL_LPS,
    "axial from NIfTI": AXIAL_RAS,
    "oblique": OBLIQUE_RAS,
    "coronal": CORONAL,
    "sagittal": SAGITTAL,
    "doubly oblique": DOUBLY_OBLIQUE,
}


def with_noise_everywhere(geometry: Geometry) -> Result:
    """A result in which no two voxels are alike, and many are negative."""
    result = example_result(geometry)
    conventional, denoised = np.random.default_rng(5).normal(30, 60, (2, *SHAPE)).astype(np.float32)
    return replace(
        result,
        conventional=PerfusionMaps(result.conventional.deltam, conventional),
        denoised=PerfusionMaps(result.denoised.deltam, denoised),
    )


def cbf(result: Result, name: str) -> np.ndarray:
    values = {"conventional": result.conventional, "denoised": result.denoised}[name].cbf
    assert values is not None
    return values


@pytest.mark.parametrize("reader", READERS_OF_SERIES.values(), ids=READERS_OF_SERIES)
@pytest.mark.parametrize("geometry", GRIDS.values(), ids=GRIDS)
def test_every_reader_finds_every_voxel_of_the_series_in_its_place(geometry, reader, tmp_path: Path) -> None:
    result = with_noise_everywhere(geometry)
    write_dicom(result, tmp_path, forms=[Form.SERIES])
    for name in ("conventional", "denoised"):
        folder = tmp_path / "mr-series" / name
        step = float(pydicom.dcmread(folder / "0001.dcm").RescaleSlope)
        read = on_grid(reader(folder), geometry)
        # Half a step, and what float32 readers lose on the way.
        assert np.abs(read - cbf(result, name)).max() <= 0.5 * step + 1e-4


@pytest.mark.parametrize("reader", READERS_OF_PARAMETRIC_MAPS.values(), ids=READERS_OF_PARAMETRIC_MAPS)
@pytest.mark.parametrize("geometry", GRIDS.values(), ids=GRIDS)
def test_every_reader_finds_the_computed_values_themselves_in_the_parametric_map(geometry, reader, tmp_path) -> None:
    result = with_noise_everywhere(geometry)
    write_dicom(result, tmp_path, forms=[Form.PARAMETRIC_MAP])
    for name in ("conventional", "denoised"):
        read = on_grid(reader(tmp_path / "parametric-map" / name), geometry)
        np.testing.assert_array_equal(read, cbf(result, name))


@pytest.mark.parametrize("geometry", GRIDS.values(), ids=GRIDS)
def test_high_flow_on_the_right_stays_on_the_right(geometry: Geometry, tmp_path: Path) -> None:
    k, j, i = np.indices(SHAPE)
    x = (geometry.ijk_to_lps() @ np.stack([v.ravel() for v in (i, j, k, np.ones_like(i))]))[0].reshape(SHAPE)
    middle = float(np.median(x))
    one_sided = np.where(x < middle, 80.0, 20.0).astype(np.float32)  # LPS: the patient's right has the smaller x
    result = with_noise_everywhere(geometry)
    result = replace(result, denoised=PerfusionMaps(result.denoised.deltam, one_sided))
    write_dicom(result, tmp_path, forms=[Form.SERIES])
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path / "mr-series" / "denoised"))
    image = sitk.ReadImage(names)
    columns, rows, slices = image.GetSize()
    places = [(c, r, s) for c in range(columns) for r in range(rows) for s in range(slices)]
    on_the_right = [image.GetPixel(*at) for at in places if image.TransformIndexToPhysicalPoint(at)[0] < middle - 0.1]
    assert on_the_right
    assert min(on_the_right) == pytest.approx(80.0)


@pytest.mark.parametrize("geometry", [AXIAL_LPS, AXIAL_RAS, OBLIQUE_RAS], ids=["LPS", "RAS", "oblique"])
def test_axial_slices_show_the_face_on_top_and_the_right_on_the_left(geometry: Geometry, tmp_path: Path) -> None:
    write_dicom(with_noise_everywhere(geometry), tmp_path, forms=[Form.SERIES])
    slices = [pydicom.dcmread(path) for path in sorted((tmp_path / "mr-series" / "denoised").glob("*.dcm"))]
    across, down = np.reshape(slices[0].ImageOrientationPatient, (2, 3)).astype(float)
    assert across[0] > 0.9  # to the patient's left
    assert down[1] > 0.9  # to the back
    assert [each.InstanceNumber for each in slices] == [1, 2, 3, 4, 5, 6]
    assert np.diff([float(each.ImagePositionPatient[2]) for each in slices]).min() > 5.0  # from the feet upwards


def test_stored_integers_give_the_same_blood_flow_by_rescale_and_by_real_world_map(tmp_path: Path) -> None:
    write_dicom(with_noise_everywhere(AXIAL_LPS), tmp_path, forms=[Form.SERIES])
    for path in tmp_path.rglob("*.dcm"):
        image = pydicom.dcmread(path)
        (mapping,) = image.RealWorldValueMappingSequence
        assert mapping.RealWorldValueSlope == float(image.RescaleSlope)
        assert mapping.RealWorldValueIntercept == float(image.RescaleIntercept) == 0
        stored = image.pixel_array
        assert mapping.RealWorldValueFirstValueMapped <= stored.min() < 0 < stored.max()
        assert stored.max() <= mapping.RealWorldValueLastValueMapped


def test_both_maps_share_one_step_and_one_window_so_that_they_can_be_compared(tmp_path: Path) -> None:
    write_dicom(example_result(), tmp_path)
    images = [pydicom.dcmread(path, stop_before_pixels=True) for path in (tmp_path / "mr-series").rglob("*.dcm")]
    assert len({(str(i.RescaleSlope), str(i.WindowCenter), str(i.WindowWidth)) for i in images}) == 1
    assert float(images[0].WindowCenter) - float(images[0].WindowWidth) / 2 == 0
