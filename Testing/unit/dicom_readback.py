"""Independent readers of what was written: each returns a volume and its grid, as that program understands them."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from deepasl.geometry import Geometry
from deepasl.images import Image, read_image


def program(name: str) -> str:
    """The path of a program; the test skips where it is not installed."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:/usr/bin:/usr/local/bin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def by_pydicom(folder: Path) -> Image:
    """Single-frame images, put together from their own positions."""
    slices = [pydicom.dcmread(path) for path in folder.glob("*.dcm")]
    across, down = np.reshape(slices[0].ImageOrientationPatient, (2, 3)).astype(float)
    normal = np.cross(across, down)
    slices.sort(key=lambda each: float(np.dot(normal, np.array(each.ImagePositionPatient, dtype=float))))
    positions = np.array([each.ImagePositionPatient for each in slices], dtype=float)
    volume = np.stack([each.pixel_array * float(each.RescaleSlope) + float(each.RescaleIntercept) for each in slices])
    rows, columns = (float(value) for value in slices[0].PixelSpacing)
    step = (positions[-1] - positions[0]) / (len(slices) - 1)
    direction = np.column_stack([across, down, step / np.linalg.norm(step)])
    spacing = (columns, rows, float(np.linalg.norm(step)))
    geometry = Geometry(volume.shape, spacing, tuple(positions[0]), tuple(direction.ravel()))
    return Image(volume[None].astype(np.float32), geometry, 3)


def by_simpleitk(folder: Path) -> Image:
    """The series as ITK's GDCM reader sorts and scales it."""
    reader = sitk.ImageSeriesReader()
    (series,) = reader.GetGDCMSeriesIDs(str(folder))
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), series))
    return _from_sitk(reader.Execute())


def by_dcm2niix(folder: Path) -> Image:
    """The series as dcm2niix converts it."""
    out = folder.parent / f"{folder.name}-nifti"
    out.mkdir()
    subprocess.run(
        [program("dcm2niix"), "-b", "n", "-z", "y", "-f", "map", "-o", str(out), str(folder)],
        check=True,
        capture_output=True,
    )
    (image,) = out.glob("*.nii.gz")
    return read_image(image)


def by_highdicom(folder: Path) -> Image:
    """A Parametric Map as highdicom reads it, real-world values applied."""
    import highdicom as hd

    (path,) = folder.glob("*.dcm")
    volume = hd.pm.ParametricMap.from_file(path).get_volume(apply_real_world_transform=True, dtype=np.float64)
    to_lps = np.asarray(volume.affine) @ np.array([[0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
    spacing = np.linalg.norm(to_lps[:3, :3], axis=0)
    geometry = Geometry(
        volume.array.shape, tuple(spacing), tuple(to_lps[:3, 3]), tuple((to_lps[:3, :3] / spacing).ravel())
    )
    return Image(volume.array[None].astype(np.float32), geometry, 3)


def by_dcmqi(folder: Path) -> Image:
    """A Parametric Map as dcmqi (DCMTK) converts it, the way Slicer's QuantitativeReporting loads it."""
    (path,) = folder.glob("*.dcm")
    out = folder.parent / f"{folder.name}-nrrd"
    out.mkdir()
    command = [program("paramap2itkimage"), "--inputDICOM", str(path), "--outputDirectory", str(out)]
    subprocess.run(command, check=True, capture_output=True)
    (image,) = out.glob("*.nrrd")
    return _from_sitk(sitk.ReadImage(str(image)))


READERS_OF_SERIES: dict[str, Callable[[Path], Image]] = {
    "pydicom": by_pydicom,
    "SimpleITK": by_simpleitk,
    "dcm2niix": by_dcm2niix,
}
READERS_OF_PARAMETRIC_MAPS: dict[str, Callable[[Path], Image]] = {"highdicom": by_highdicom, "dcmqi": by_dcmqi}


def on_grid(image: Image, grid: Geometry) -> NDArray[np.float32]:
    """The voxels of `image` at the places of the voxels of `grid`; fails unless both grids have the same voxels.

    Readers may order rows and slices as they like, as long as every voxel lies where it was.
    """
    shape = image.volumes.shape[1:]
    k, j, i = np.indices(shape).reshape(3, -1)
    places = image.geometry.ijk_to_lps() @ np.stack([i, j, k, np.ones_like(i)])
    indices = np.linalg.inv(grid.ijk_to_lps()) @ places
    nearest = np.rint(indices[:3]).astype(int)
    apart = np.abs((indices[:3] - nearest).T * grid.spacing).max()
    assert apart < 1e-3, f"voxels lie {apart} mm from those of the grid"
    found = np.full(grid.shape, np.nan, dtype=np.float32)
    found[tuple(nearest[::-1])] = image.volumes[0].ravel()
    return found


def _from_sitk(image: sitk.Image) -> Image:
    array = sitk.GetArrayFromImage(image).astype(np.float32)
    geometry = Geometry(array.shape, image.GetSpacing(), image.GetOrigin(), image.GetDirection())
    return Image(array[None], geometry, 3)
