"""Image files: voxels and geometry survive, damage is refused."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from deepasl.errors import InputError, OutputError
from deepasl.geometry import Geometry
from deepasl.images import read_image, write_image

OBLIQUE = Geometry((3, 4, 5), (2.0, 2.5, 6.0), (-31.0, 17.0, 4.5), (0.8, -0.6, 0.0, 0.6, 0.8, 0.0, 0.0, 0.0, 1.0))


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
@pytest.mark.parametrize("shape", [(3, 4, 5), (6, 3, 4, 5)])
def test_voxels_and_oblique_geometry_survive_a_file(tmp_path: Path, suffix: str, shape: tuple[int, ...]) -> None:
    voxels = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    write_image(tmp_path / f"a{suffix}", voxels, OBLIQUE)
    read = read_image(tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(read.volumes.reshape(shape), voxels)
    assert read.dimension == len(shape)
    assert read.geometry.matches(OBLIQUE, tolerance=1e-4)


def test_components_of_a_vector_image_are_volumes(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).normal(size=(7, 3, 4, 5)).astype(np.float32)
    vector = sitk.Compose([sitk.GetImageFromArray(frame) for frame in frames])
    sitk.WriteImage(vector, str(tmp_path / "sequence.seq.nrrd"))
    np.testing.assert_array_equal(read_image(tmp_path / "sequence.seq.nrrd").volumes, frames)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd"])
def test_a_file_cut_in_the_middle_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"cut{suffix}"
    write_image(path, np.random.default_rng(0).normal(size=(4, 12, 20, 20)).astype(np.float32), Geometry((12, 20, 20)))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="damaged, incomplete"):
        read_image(path)


def test_a_gzip_file_with_a_whole_stream_of_too_few_bytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "short.nii.gz"
    write_image(path, np.ones((4, 12, 20, 20), np.float32), Geometry((12, 20, 20)))
    content = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(content[: len(content) // 2]))
    with pytest.raises(InputError, match="damaged, incomplete"):
        read_image(path)


@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_nan_voxels_that_the_reader_would_turn_into_zeros_are_refused(
    tmp_path: Path, suffix: str, big_endian: bool
) -> None:
    path = tmp_path / "nan.nii"
    voxels = np.ones((4, 12, 20, 20), np.float32)
    write_image(path, voxels, Geometry((12, 20, 20)))
    content = bytearray(path.read_bytes())
    content[352 + 4 * (2 * 4800 + 5) : 352 + 4 * (2 * 4800 + 6)] = np.float32(np.nan).tobytes()
    if big_endian:
        content = to_big_endian(bytes(content))
    (tmp_path / f"bad{suffix}").write_bytes(gzip.compress(content) if suffix == ".nii.gz" else content)
    with pytest.raises(InputError, match=r"1 voxels are not numbers .* first in volume 2"):
        read_image(tmp_path / f"bad{suffix}")


def to_big_endian(content: bytes) -> bytearray:
    """A little-endian float32 NIfTI-1 file with every field that is used here in the other byte order."""
    swapped = bytearray(content)
    fields = [
        (0, "i4", 1),
        (40, "i2", 8),
        (70, "i2", 2),
        (76, "f4", 8),
        (108, "f4", 3),
        (252, "i2", 2),
        (256, "f4", 18),
    ]
    for offset, kind, count in fields:
        end = offset + count * np.dtype(kind).itemsize
        swapped[offset:end] = np.frombuffer(content[offset:end], "<" + kind).astype(">" + kind).tobytes()
    swapped[352:] = np.frombuffer(content[352:], "<f4").astype(">f4").tobytes()
    return swapped


def test_a_missing_file_and_a_text_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_image(tmp_path / "none.nii.gz")
    (tmp_path / "text.nii.gz").write_text("not an image")
    with pytest.raises(InputError, match="not an image"):
        read_image(tmp_path / "text.nii.gz")


def test_writing_into_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        write_image(tmp_path / "none" / "a.nii.gz", np.ones((3, 4, 5), np.float32), OBLIQUE)


def test_axes_of_one_element_are_left_out(shared_data: Path) -> None:
    image = read_image(shared_data / "priors" / "hrgt_icbm_2009a_nls_3t.nii.gz")
    assert image.volumes.shape == (7, 189, 233, 197)
