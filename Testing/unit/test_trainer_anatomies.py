from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from trainer_cases import CSF_LABEL, GREY_LABEL, SCALP_LABEL, WHITE_LABEL, write_label_map

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.images import write_image
from deepasl_trainer.people.anatomies import CSF, GREY, WHITE, axial_grid, find_people, read_person, tissue_maps


def write_balls(file: Path) -> None:
    """A ball of white matter in CSF, a grey ball on the LEFT only, scalp around; stored as FreeSurfer stores it."""
    labels = np.full((60, 60, 60), SCALP_LABEL, dtype=np.int32)
    labels[10:50, 10:50, 10:50] = CSF_LABEL
    z, y, x = np.indices(labels.shape) - 29.5
    labels[z**2 + y**2 + x**2 < 19.0**2] = WHITE_LABEL
    labels[z**2 + y**2 + (x - 10.0) ** 2 < 8.0**2] = GREY_LABEL
    geometry = Geometry((60, 60, 60), (1.0, 1.0, 1.0), (-30.0, -30.0, -30.0))
    write_image(file, labels, geometry)
    sagittal = sitk.DICOMOrient(sitk.ReadImage(str(file)), "PIR")
    sitk.WriteImage(sagittal, str(file))


@pytest.mark.parametrize("voxel", [(2.7, 2.7, 5.0), (1.0, 1.0, 1.0), (4.0, 3.0, 6.5)])
@pytest.mark.parametrize("tilt", [(0.0, 0.0, 0.0), (8.0, -6.0, 10.0)])
def test_partial_volumes_conserve_the_volume_of_each_tissue(
    tmp_path: Path, voxel: tuple[float, float, float], tilt: tuple[float, float, float]
) -> None:
    write_balls(tmp_path / "balls.nii.gz")
    person = read_person(tmp_path / "balls.nii.gz")
    grid = axial_grid(person, voxel, margin=20.0, tilt_degrees=tilt)
    maps = tissue_maps(person, grid)
    for kind, fraction in ((GREY, maps.grey), (WHITE, maps.white)):
        volume = float(fraction.sum()) * float(np.prod(voxel))
        assert volume == pytest.approx(np.count_nonzero(person.tissue == kind), rel=0.03)


def test_left_stays_left_and_up_stays_up_when_resampled_from_sagittal_slices(tmp_path: Path) -> None:
    write_balls(tmp_path / "balls.nii.gz")
    person = read_person(tmp_path / "balls.nii.gz")
    maps = tissue_maps(person, axial_grid(person, (2.0, 2.0, 3.0)))
    k, j, i = (float(v) for v in np.argwhere(maps.grey > 0.5).mean(axis=0))
    x, y, z = (maps.geometry.ijk_to_lps() @ [i, j, k, 1.0])[:3]
    assert (x, y, z) == pytest.approx((9.5, -0.5, -0.5), abs=1.0)
    assert maps.geometry.ijk_to_lps()[0, 0] > 0


def test_scalp_is_not_brain(tmp_path: Path) -> None:
    write_balls(tmp_path / "balls.nii.gz")
    person = read_person(tmp_path / "balls.nii.gz")
    assert np.count_nonzero(person.tissue) == 40**3
    assert np.count_nonzero(person.tissue == CSF) > 40**3 / 2


def test_fractions_of_a_voxel_never_exceed_one(tmp_path: Path) -> None:
    write_label_map(tmp_path / "one.nii.gz", 4.0)
    person = read_person(tmp_path / "one.nii.gz")
    maps = tissue_maps(person, axial_grid(person, (5.0, 5.0, 7.0), tilt_degrees=(10.0, 0.0, 5.0)))
    total = maps.grey + maps.white + maps.csf
    assert total.max() <= 1.0 + 1e-6
    assert 0.0 < total.mean() < 1.0


def test_grid_sides_are_multiples_of_the_patch(tmp_path: Path) -> None:
    write_balls(tmp_path / "balls.nii.gz")
    grid = axial_grid(read_person(tmp_path / "balls.nii.gz"), (2.0, 2.0, 3.0), multiple=40, offset=(1.0, -1.0, 0.0))
    assert grid.shape[1] % 40 == 0
    assert grid.shape[2] % 40 == 0


def test_empty_folder_of_people_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no label maps"):
        find_people(tmp_path)


def test_image_without_grey_matter_is_refused(tmp_path: Path) -> None:
    write_image(tmp_path / "t1.nii.gz", np.full((8, 8, 8), 700.0), Geometry((8, 8, 8)))
    with pytest.raises(InputError, match="no grey or no white matter"):
        read_person(tmp_path / "t1.nii.gz")


def test_real_label_maps_have_the_volume_of_a_brain(shared_data: Path) -> None:
    person = read_person(shared_data / "anatomies" / "labels_15.nii.gz")
    maps = tissue_maps(person, axial_grid(person, (2.7, 2.7, 5.0)))
    litres = float((maps.grey + maps.white).sum()) * 2.7 * 2.7 * 5.0 / 1e6
    assert litres == pytest.approx(np.isin(person.tissue, (GREY, WHITE)).sum() / 1e6, rel=0.01)
    assert 0.8 < litres < 1.6
