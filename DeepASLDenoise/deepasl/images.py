"""Reading and writing images through SimpleITK: the only place that knows file formats."""

from __future__ import annotations

import logging
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from deepasl.errors import InputError, OutputError
from deepasl.geometry import Geometry
from deepasl.nifti_integrity import require_intact
from deepasl.series import FloatArray

logger = logging.getLogger(__name__)

IMAGE_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")


@dataclass(frozen=True)
class Image:
    """An image file in memory.

    Attributes:
        volumes: ``[t, k, j, i]`` float32; t is 1 for a 3D image. Unsigned and integer voxels are converted, so
            that a subtraction cannot wrap around.
        geometry: The grid of every volume.
        dimension: 3 or 4, as in the file.
    """

    volumes: FloatArray
    geometry: Geometry
    dimension: int


def read_image(path: Path | str) -> Image:
    """Read a 3D or 4D image (NIfTI, NRRD, MetaImage); the components of a vector image become volumes.

    Raises:
        InputError: If the file is absent, damaged, not an image, or neither 3D nor 4D.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError("there is no such file", where=file, remedy="Check the path.")
    try:
        require_intact(file)
        image = sitk.ReadImage(str(file))
    except (RuntimeError, EOFError, OSError, zlib.error) as error:
        logger.debug("%s cannot be read: %s", file, error)
        raise InputError(
            "the file cannot be read: it is damaged, incomplete, or not an image",
            where=file,
            remedy="Copy or convert it again; NIfTI, NRRD and MetaImage are understood.",
        ) from error
    if image.GetNumberOfComponentsPerPixel() > 1:
        image = _components_to_volumes(image, file)
    image = _drop_single_axes(image)
    dimension = image.GetDimension()
    if dimension not in (3, 4):
        raise InputError(f"the image has {dimension} dimensions; 3 or 4 are needed", where=file)
    array = sitk.GetArrayViewFromImage(image).astype(np.float32)
    volumes = array if dimension == 4 else array[None]
    return Image(volumes, _spatial_geometry(image, volumes.shape[1:]), dimension)


def write_image(path: Path | str, array: NDArray[np.generic], geometry: Geometry) -> None:
    """Write a 3D ``[k, j, i]`` or 4D ``[t, k, j, i]`` array on `geometry`; the suffix of `path` chooses the format.

    bool arrays are written as uint8, everything else as float32.

    Raises:
        OutputError: If the file cannot be written, or not as a whole.
    """
    voxels = array.astype(np.uint8 if array.dtype == np.bool_ else np.float32)
    volumes = [_spatial_image(volume, geometry) for volume in (voxels if array.ndim == 4 else voxels[None])]
    image = sitk.JoinSeries(volumes) if array.ndim == 4 else volumes[0]
    try:
        sitk.WriteImage(image, str(path), useCompression=True)
    except RuntimeError as error:
        raise OutputError("the image cannot be written", where=path, remedy="Check the disk and its rights.") from error
    try:
        # A full disk cuts compressed images off without a word.
        require_intact(Path(path))
    except (RuntimeError, EOFError, OSError, zlib.error) as error:
        remedy = "Make room on the disk."
        raise OutputError("the image could not be written as a whole", where=path, remedy=remedy) from error


def to_sitk(volume: NDArray[np.generic], geometry: Geometry) -> sitk.Image:
    """A SimpleITK image of one volume ``[k, j, i]``, for its filters."""
    voxels = volume.astype(np.uint8) if volume.dtype == np.bool_ else volume
    return _spatial_image(voxels, geometry)


def _spatial_image(volume: NDArray[np.generic], geometry: Geometry) -> sitk.Image:
    image = sitk.GetImageFromArray(volume)
    image.SetSpacing(geometry.spacing)
    image.SetOrigin(geometry.origin)
    image.SetDirection(geometry.direction)
    return image


def _spatial_geometry(image: sitk.Image, shape: tuple[int, ...]) -> Geometry:
    dimension = image.GetDimension()
    direction = np.reshape(image.GetDirection(), (dimension, dimension))[:3, :3]
    k, j, i = shape
    sx, sy, sz = image.GetSpacing()[:3]
    ox, oy, oz = image.GetOrigin()[:3]
    return Geometry((k, j, i), (sx, sy, sz), (ox, oy, oz), tuple(float(v) for v in direction.ravel()))


def _components_to_volumes(image: sitk.Image, file: Path) -> sitk.Image:
    """Slicer writes sequences as vector images: one component for each time point."""
    if image.GetDimension() != 3:
        raise InputError("the image has both time points and vector components", where=file)
    count = image.GetNumberOfComponentsPerPixel()
    return sitk.JoinSeries([sitk.VectorIndexSelectionCast(image, n) for n in range(count)])


def _drop_single_axes(image: sitk.Image) -> sitk.Image:
    """Some converters write ``x y z 1 t``: leave out the axes beyond the third that have one element."""
    size = list(image.GetSize())
    while len(size) > 4 and 1 in size[3:]:
        axis = 3 + size[3:].index(1)
        kept = [0 if a == axis else n for a, n in enumerate(size)]
        image = sitk.Extract(image, kept, [0] * len(size), sitk.ExtractImageFilter.DIRECTIONCOLLAPSETOSUBMATRIX)
        size.pop(axis)
    return image
