"""Tissue of a scan from a T1-weighted image: a phantom with scalp, receive field, noise and another pose."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.images import Image
from deepasl.motion.rigid import matrix_of
from deepasl.phantom import Subject, default_anatomy
from deepasl.phantom.fields import receive_field
from deepasl.progress import run
from deepasl.results import BoolArray
from deepasl.series import FloatArray
from deepasl.tissue.anatomy import tissue_of_anatomy
from deepasl.tissue.classes import fitted_mixture, tissues_by_brightness, without_receive_field
from deepasl.tissue.maps import TissueProbability
from deepasl.tissue.voxel_averaging import averaged_onto
from phantom_scans import COARSE

FINE = Geometry(shape=(80, 110, 110), spacing=(2.0, 2.0, 2.0), origin=(-109.0, -109.0, -79.0))
BRIGHTNESS = {"grey": 600.0, "white": 1000.0, "csf": 220.0}
"""Of a magnetization-prepared gradient echo."""

HEAD_MOTION = np.array([4.0, -3.0, 5.0, 3.0, -4.0, 2.0])
"""Between both scans: mm and degrees."""


@pytest.fixture(scope="module")
def tissue() -> dict[str, FloatArray]:
    maps = default_anatomy(FINE)
    return {name: getattr(maps, name) for name in BRIGHTNESS}


def scalp_around(tissue: dict[str, FloatArray]) -> BoolArray:
    away = ndimage.distance_transform_edt(sum(tissue.values()) < 0.5, sampling=2.0)
    scalp: BoolArray = (away > 4.0) & (away < 12.0)
    return scalp


@pytest.fixture(scope="module")
def head(tissue: dict[str, FloatArray]) -> FloatArray:
    """The brain in a dark skull and a bright scalp."""
    image = np.asarray(sum(BRIGHTNESS[name] * share for name, share in tissue.items()), dtype=np.float32)
    image[scalp_around(tissue)] = 1100.0
    noise = np.random.default_rng(0).normal(0.0, 30.0, image.shape)
    return np.maximum(image * receive_field(FINE, 0.5) + noise, 0.0).astype(np.float32)


def moved(image: FloatArray, motion: np.ndarray) -> Image:
    """The image of somebody who had moved, in the header's eyes."""
    matrix = matrix_of(motion, COARSE) @ FINE.ijk_to_lps()
    origin = tuple(float(v) for v in matrix[:3, 3])
    direction = tuple(float(v) for v in (matrix[:3, :3] / FINE.spacing).ravel())
    return Image(image[None], replace(FINE, origin=origin, direction=direction), 3)


@pytest.fixture(scope="module")
def found(head: FloatArray, subject: Subject) -> TissueProbability:
    return run(tissue_of_anatomy(moved(head, HEAD_MOTION), subject.m0, COARSE, subject.mask, "T1w.nii.gz"))


def test_partial_volumes_come_from_the_fine_image_wherever_the_head_was(
    found: TissueProbability, subject: Subject
) -> None:
    for name, least in (("grey", 0.93), ("white", 0.95), ("csf", 0.8)):
        truth, share = getattr(subject.tissue, name)[subject.mask], getattr(found, name)[subject.mask]
        assert np.corrcoef(share, truth)[0, 1] > least
        assert share.mean() == pytest.approx(truth.mean(), abs=0.03)


def test_scalp_is_no_tissue(found: TissueProbability, tissue: dict[str, FloatArray], subject: Subject) -> None:
    scalp = averaged_onto(scalp_around(tissue).astype(np.float32)[None], FINE, COARSE)[0] > 0.5
    assert (scalp & ~subject.mask).sum() > 500
    assert (found.grey + found.white)[scalp & ~subject.mask].mean() < 0.02


def test_the_tissues_of_a_voxel_add_up_to_one(found: TissueProbability, subject: Subject) -> None:
    inside = ndimage.binary_erosion(subject.mask, iterations=2)
    total = (found.grey + found.white + found.csf)[inside]
    assert total.max() < 1.001
    assert total.mean() > 0.98


def test_what_was_done_is_told(found: TissueProbability) -> None:
    assert "T1w.nii.gz" in found.origin
    assert "aligned by" in found.origin


def test_an_image_of_something_else_is_refused(subject: Subject) -> None:
    noise = np.random.default_rng(1).normal(100.0, 10.0, FINE.shape).astype(np.float32)
    with pytest.raises(InputError, match="could not be aligned"):
        run(tissue_of_anatomy(moved(noise, HEAD_MOTION), subject.m0, COARSE, subject.mask, "noise.nii.gz"))


def test_an_image_of_half_a_brain_is_refused(head: FloatArray, subject: Subject) -> None:
    half = Image(head[None, :, :60], replace(FINE, shape=(80, 60, 110)), 3)
    with pytest.raises(InputError, match="shows only"):
        run(tissue_of_anatomy(half, subject.m0, COARSE, subject.mask, "T1w.nii.gz"))


def test_two_volumes_are_refused(head: FloatArray, subject: Subject) -> None:
    twice = Image(np.stack([head, head]), FINE, 4)
    with pytest.raises(InputError, match="one volume"):
        run(tissue_of_anatomy(twice, subject.m0, COARSE, subject.mask, "T1w.nii.gz"))


def brain_of(tissue: dict[str, FloatArray]) -> BoolArray:
    brain: BoolArray = sum(tissue.values()) > 0.9
    return brain


def test_the_receive_field_is_taken_out(tissue: dict[str, FloatArray], head: FloatArray) -> None:
    brain, white = brain_of(tissue), tissue["white"] > 0.99
    flat = without_receive_field(head, brain, FINE)
    before, after = (image[white].std() / image[white].mean() for image in (head, flat))
    assert before > 0.08
    assert after < 0.65 * before


def test_a_mixture_finds_the_brightness_of_its_tissues() -> None:
    rng = np.random.default_rng(5)
    values = np.concatenate([rng.normal(m, s, n) for m, s, n in ((220, 60, 2000), (600, 50, 5000), (1000, 40, 4000))])
    mixture = fitted_mixture(values)
    np.testing.assert_allclose(mixture.means, (220, 600, 1000), atol=8)
    np.testing.assert_allclose(mixture.deviations, (60, 50, 40), atol=6)
    np.testing.assert_allclose(mixture.shares, (2 / 11, 5 / 11, 4 / 11, 0, 0), atol=0.04)


def test_an_image_of_one_tissue_is_refused() -> None:
    volume = np.random.default_rng(6).normal(600.0, 50.0, (20, 20, 20)).astype(np.float32)
    with pytest.raises(InputError, match="does not tell"):
        tissues_by_brightness(volume, np.ones(volume.shape, dtype=bool))


def test_an_empty_or_flat_brain_is_refused() -> None:
    flat = np.ones((4, 4, 4), dtype=np.float32)
    for mask in (flat > 0, flat > 1):
        with pytest.raises(InputError, match="no brain"):
            tissues_by_brightness(flat, mask)


def test_a_mixed_voxel_is_shared_between_its_tissues() -> None:
    rng = np.random.default_rng(3)
    share = rng.uniform(0.0, 1.0, 8000)
    grey_of_csf, white_of_grey = share[:3000], share[3000:6000]
    truth = np.concatenate([220.0 + 380.0 * grey_of_csf, 600.0 + 400.0 * white_of_grey])
    pure = np.repeat([220.0, 600.0, 1000.0], 6000)
    image = np.concatenate([truth, pure]) + rng.normal(0.0, 25.0, 24000)
    shares = tissues_by_brightness(image.astype(np.float32)[:, None, None], np.ones((24000, 1, 1), dtype=bool))
    grey, white, csf = shares[:, :, 0, 0]
    assert np.abs(grey[:3000] - grey_of_csf).mean() < 0.08
    assert np.abs(csf[:3000] - (1.0 - grey_of_csf)).mean() < 0.08
    assert np.abs(white[3000:6000] - white_of_grey).mean() < 0.08
    assert csf[6000:12000].mean() > 0.95
    np.testing.assert_allclose(grey + white + csf, 1.0, atol=1e-5)


def test_wasted_brains_are_found_in_their_csf() -> None:
    rng = np.random.default_rng(8)
    values = np.concatenate([rng.normal(m, 50, n) for m, n in ((220, 12000), (600, 9000), (1000, 6000))])
    np.testing.assert_allclose(fitted_mixture(values).means, (220, 600, 1000), atol=15)
