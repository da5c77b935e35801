"""Left stays left, and slices keep their order, from the scan file to the map file, however the grid lies."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from deepasl.denoising.denoiser import Denoiser
from deepasl.geometry import Geometry
from deepasl.images import read_image
from deepasl.phantom import Lesion, Protocol, acquire, default_anatomy, make_subject, write_bids
from deepasl.pipeline import process
from deepasl.progress import run
from deepasl.readers import read_scan
from deepasl.writers.derivatives import write_result
from phantom_scans import COARSE

LEFT_LESION = (-36.0, 8.0, 24.0)
"""RAS mm: on the patient's left, above the middle."""

MIRRORED = (36.0, 8.0, 24.0)


def turned(degrees_about_x: float, degrees_about_z: float) -> NDArray[np.float64]:
    a, c = np.radians([degrees_about_x, degrees_about_z])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return about_z @ about_x


def around_the_head(axes: NDArray[np.float64]) -> Geometry:
    """The coarse grid with these axes (columns i, j, k in RAS), its centre at the centre of the head."""
    matrix = np.eye(4)
    matrix[:3, :3] = axes * COARSE.spacing
    middle = (np.array(COARSE.shape[::-1]) - 1) / 2
    matrix[:3, 3] = -matrix[:3, :3] @ middle
    return Geometry.from_ijk_to_ras(matrix, COARSE.shape)


GRIDS = {
    "as most scanners store it": around_the_head(np.diag([-1.0, -1.0, 1.0])),
    "left to right": around_the_head(np.diag([1.0, 1.0, 1.0])),
    "slices from the top": around_the_head(np.diag([-1.0, 1.0, -1.0])),
    "oblique": around_the_head(turned(18.0, -12.0)),
    "oblique and mirrored": around_the_head(turned(-15.0, 9.0) @ np.diag([-1.0, 1.0, 1.0])),
}


@pytest.mark.parametrize("name", GRIDS)
def test_a_lesion_on_the_left_is_written_on_the_left(name: str, denoiser: Denoiser, tmp_path: Path) -> None:
    grid = GRIDS[name]
    person = make_subject(default_anatomy(grid), lesions=(Lesion(LEFT_LESION, 16.0, 0.1),))
    scan = write_bids(acquire(person, Protocol(pairs=2), noise_sd=0.0, seed=0), tmp_path / "in")
    write_result(run(process(read_scan(scan), denoiser)), tmp_path / "out")

    for kind in ("conventional", "denoised"):
        (path,) = (tmp_path / "out").rglob(f"*desc-{kind}_cbf.nii.gz")
        image = read_image(path)
        assert image.geometry.matches(grid)
        lesion, mirrored = (mean_around(image.volumes[0], image.geometry, at) for at in (LEFT_LESION, MIRRORED))
        assert lesion < 0.6 * mirrored


def test_conventional_flow_is_written_voxel_by_voxel_where_it_belongs(denoiser: Denoiser, tmp_path: Path) -> None:
    person = make_subject(default_anatomy(GRIDS["oblique"]))
    scan = write_bids(acquire(person, Protocol(pairs=2), noise_sd=0.0, seed=0), tmp_path / "in")
    result = run(process(read_scan(scan), denoiser))
    write_result(result, tmp_path / "out")
    (path,) = (tmp_path / "out").rglob("*desc-conventional_cbf.nii.gz")
    written = read_image(path).volumes[0]
    np.testing.assert_allclose(written[result.mask], person.cbf[result.mask], atol=0.02)


def mean_around(volume: NDArray[np.float32], geometry: Geometry, at: tuple[float, float, float]) -> float:
    """The mean of the voxels within 10 mm of a point in RAS mm."""
    k, j, i = np.indices(geometry.shape)
    points = np.tensordot(geometry.ijk_to_ras()[:3, :3], np.stack([i, j, k]), axes=1)
    points += geometry.ijk_to_ras()[:3, 3][:, None, None, None]
    distance = np.linalg.norm(points - np.array(at)[:, None, None, None], axis=0)
    return float(volume[distance < 10.0].mean())
