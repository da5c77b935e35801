"""Small people, noise and settings for the tests of the trainer."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import scipy.io

from deepasl.geometry import Geometry
from deepasl.images import write_image
from deepasl.phantom import default_anatomy
from deepasl_trainer.synthetic.noise import MeasuredNoise, measured_noise
from deepasl_trainer.synthetic.patches import SyntheticPatches, cut_anatomy
from deepasl_trainer.synthetic.placement import PlacedPerson
from deepasl_trainer.synthetic.preparation import Scanner, scans_of
from deepasl_trainer.training.settings import DrawSettings, GridSettings, PeopleSettings, Settings, read_settings

GREY_LABEL, WHITE_LABEL, CSF_LABEL, SCALP_LABEL = 42, 41, 24, 515


def tiny_settings() -> Settings:
    """The default configuration, with a network and a schedule of seconds."""
    full = read_settings("guided")
    assert full.scans is not None
    assert full.draws is not None
    return dataclasses.replace(
        full,
        model=dataclasses.replace(full.model, id="tiny", filters=4, depth=2, slices=3),
        people=PeopleSettings(validation=("person_2",), test=("person_3",)),
        scans=dataclasses.replace(full.scans, grids=(GridSettings((6.0, 6.0, 8.0), 2),)),
        patches=dataclasses.replace(full.patches, count=24, validation_count=8),
        fit=dataclasses.replace(full.fit, epochs=4, epoch_patches=16, batch_size=8, learning_rate=5e-3),
    )


def tiny_draws() -> DrawSettings:
    """What `tiny_settings` draws."""
    draws = tiny_settings().draws
    assert draws is not None
    return draws


def tiny_scanner() -> Scanner:
    """How `tiny_settings` scans."""
    settings = tiny_settings()
    assert settings.scans is not None
    return Scanner(settings.scans, settings.patches, settings.model.slices, dome_noise())


def write_people(folder: Path, count: int = 3) -> None:
    """Label maps of people whose brains differ in size, as FreeSurfer would write them."""
    for number in range(1, count + 1):
        write_label_map(folder / f"person_{number}.nii.gz", 4.0 + 0.2 * number)


def write_label_map(file: Path, voxel: float) -> None:
    """The built-in brain sampled as if its voxels were 4 mm, stored with voxels of another size; scalp around it."""
    sampled = Geometry(shape=(36, 46, 38), spacing=(4.0, 4.0, 4.0), origin=(-74.0, -90.0, -66.0))
    tissue = default_anatomy(sampled)
    parts = np.stack([np.full(sampled.shape, 0.4, dtype=np.float32), tissue.grey, tissue.white, tissue.csf])
    labels = np.array([SCALP_LABEL, GREY_LABEL, WHITE_LABEL, CSF_LABEL])[parts.argmax(axis=0)]
    write_image(file, labels, dataclasses.replace(sampled, spacing=(voxel, voxel, voxel)))


def dome_noise() -> MeasuredNoise:
    """Noise strongest in the middle of the head, as a head coil leaves it: 1 % of M0 there."""
    k, j, i = np.meshgrid(*(np.linspace(-1.0, 1.0, n) for n in (9, 64, 64)), indexing="ij")
    return measured_noise((0.01 * np.exp(-(i**2 + j**2) * 1.2 - 0.1 * k**2)).astype(np.float32))


def write_noise(file: Path) -> None:
    """`dome_noise` in the layout of the file of the authors."""
    sd = dome_noise().sd.transpose(1, 2, 0)
    scipy.io.savemat(file, {"param": {"control_noise_std": sd, "label_noise_std": sd}})


def tiny_scan(folder: Path) -> PlacedPerson:
    """A scan of one of `write_people`."""
    write_people(folder, 1)
    return next(scans_of(folder / "person_1.nii.gz", tiny_scanner()))


def tiny_patches(folder: Path) -> SyntheticPatches:
    """All patches of that scan, and what is drawn on them."""
    settings = tiny_settings()
    return SyntheticPatches(cut_anatomy(tiny_scan(folder), settings.patches, settings.model.slices), tiny_draws())
