"""The brain mask: on the phantom against the truth, on every real scan against what a brain is."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from deepasl.brain.masking import brain_mask, reference_image
from deepasl.images import read_image
from deepasl.phantom import Protocol, Subject, default_anatomy, make_subject, true_deltam
from deepasl.phantom.fields import ras_coordinates, receive_field
from deepasl.readers import series_from_arrays
from deepasl.results import BoolArray
from deepasl.series import Role


def dice(a: BoolArray, b: BoolArray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def millilitres(mask: BoolArray, spacing: tuple[float, float, float]) -> float:
    return float(mask.sum() * np.prod(spacing) / 1000.0)


def test_the_mask_covers_the_phantom_brain(subject: Subject) -> None:
    mask = brain_mask(subject.m0, subject.tissue.geometry)
    assert dice(mask, subject.mask) > 0.93


def test_noise_and_receive_bias_hardly_move_the_mask(subject: Subject) -> None:
    noisy = subject.m0 + np.random.default_rng(0).normal(0, 30, subject.m0.shape).astype(np.float32)
    tilted = noisy * np.linspace(0.8, 1.2, noisy.shape[2], dtype=np.float32)
    assert dice(brain_mask(tilted, subject.tissue.geometry), subject.mask) > 0.9


def test_most_of_the_muscle_on_the_temples_is_left_out_though_it_is_brighter_than_otsus_threshold() -> None:
    person = make_subject(default_anatomy(), receive_bias=0.3)
    geometry = person.tissue.geometry
    away = ndimage.distance_transform_edt(~person.mask, sampling=geometry.spacing[::-1])
    muscle = (away > 0.0) & (away <= 12.0) & (np.abs(ras_coordinates(geometry)[0]) > 40.0)
    volume = np.where(muscle, 440.0 * receive_field(geometry, 0.3), np.where(person.mask, person.m0, 0.0))
    mask = brain_mask(volume.astype(np.float32), geometry)
    assert (mask & muscle).sum() < 0.5 * muscle.sum()
    assert dice(mask, person.mask) > 0.94


def test_a_subtracted_scan_alone_gives_a_coarse_mask(subject: Subject) -> None:
    rng = np.random.default_rng(1)
    deltam = true_deltam(subject, Protocol()) + rng.normal(0, 2, subject.m0.shape) * (subject.m0 > 100)
    geometry = subject.tissue.geometry
    alone = series_from_arrays("scan", deltam[None].astype(np.float32), geometry, roles=[Role.DELTAM])
    assert dice(brain_mask(reference_image(alone), geometry), subject.mask) > 0.8


def test_dark_ventricles_that_the_first_and_the_last_slice_cut_are_part_of_the_brain(subject: Subject) -> None:
    geometry = subject.tissue.geometry
    middle = np.hypot(*ras_coordinates(geometry)[:2]) < 12.0
    hollow = np.where(middle, np.float32(0.0), subject.m0)
    whole = brain_mask(subject.m0, geometry)
    np.testing.assert_array_equal(brain_mask(hollow, geometry)[5:9], whole[5:9])
    assert (whole & middle)[5:9].any()


def test_an_image_without_contrast_has_no_brain(subject: Subject) -> None:
    assert not brain_mask(np.zeros_like(subject.m0), subject.tissue.geometry).any()


@pytest.mark.parametrize(
    ("scan", "m0_volumes", "low", "high"),
    [
        ("bids/ds000240/sub-01/perf/sub-01_asl.nii.gz", 5, 1000, 1700),
        ("bids/ds000240/sub-01/perf/sub-01_task-restEyesOpen_asl.nii.gz", 5, 1000, 1700),
        ("nifti/mpld_6pld_8rep.nii.gz", 96, 1000, 2100),
    ],
)
def test_the_mask_has_the_size_of_a_brain(shared_data: Path, scan: str, m0_volumes: int, low: int, high: int) -> None:
    image = read_image(shared_data / scan)
    mask = brain_mask(image.volumes[:m0_volumes].mean(axis=0), image.geometry)
    assert low < millilitres(mask, image.geometry.spacing) < high


@pytest.mark.parametrize(
    ("series", "low", "high"),
    [
        ("siemens-ve11/pcasl2d", 1000, 1700),
        ("siemens-ve11/pcasl2d_m0", 1000, 1700),
        ("siemens-ve11/pasl2d", 1000, 1700),
        ("siemens-ve11/pcasl3d", 1000, 1800),
        ("siemens-xa30/25_asl_2d_tra", 900, 1700),
        ("philips-classic/1903", 1200, 1700),
    ],
)
def test_the_mask_holds_on_dicom_scans(shared_data: Path, tmp_path: Path, series: str, low: int, high: int) -> None:
    image = read_image(converted(shared_data / "dicom" / series, tmp_path))
    volume = image.volumes[0]
    mask = brain_mask(volume, image.geometry)
    assert low < millilitres(mask, image.geometry.spacing) < high
    inside, outside = volume[mask].mean(), volume[~mask].mean()
    assert inside > 3 * outside
    middle = mask[mask.shape[0] // 2]
    assert 0.1 < middle.mean() < 0.6


def converted(folder: Path, target: Path) -> Path:
    """The first volume series that dcm2niix makes of a DICOM folder."""
    pytest.importorskip("dcm2niix", reason="dcm2niix is not installed")
    command = [sys.executable, "-m", "dcm2niix", "-z", "y", "-b", "n", "-f", "scan", "-o", str(target), str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    images = sorted(target.glob("*.nii.gz"))
    assert images, json.dumps([path.name for path in target.iterdir()])
    return images[0]
