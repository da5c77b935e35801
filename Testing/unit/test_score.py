"""SCORE: images with artifacts go, and no others. The differences are of phantoms, so every artifact is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from deepasl.perfusion.score import score
from deepasl.progress import run
from deepasl.results import BoolArray
from deepasl.series import FloatArray

SHAPE = (6, 40, 40)
NOISE = 2.0


@pytest.fixture
def grey() -> BoolArray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[:, 4:36, 4:20] = True
    return mask


@pytest.fixture
def white() -> BoolArray:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[:, 4:36, 20:36] = True
    return mask


def clean(grey: BoolArray, white: BoolArray, images: int = 30, seed: int = 0) -> FloatArray:
    """Differences of a still brain: flow of 6 in grey and 2 in white matter, and noise.

    By chance the mean of grey matter of one image in 80 is as far off as that of an outlier; with seed 2 none is.
    """
    noise = np.random.default_rng(seed).normal(0.0, NOISE, (images, *SHAPE))
    return (noise + 6.0 * grey + 2.0 * white).astype(np.float32)


def stripes(amplitude: float) -> NDArray[np.float64]:
    """An artifact of mean zero in each tissue: what a head moved between label and control leaves."""
    rows = np.where(np.arange(SHAPE[1]) % 2, amplitude, -amplitude)
    return np.broadcast_to(rows[:, None], SHAPE)


@pytest.mark.parametrize("images", [3, 10, 30])
def test_of_a_clean_scan_no_image_contaminates(images: int, grey: BoolArray, white: BoolArray) -> None:
    assert not run(score(clean(grey, white, images), grey, white)).contaminating


def test_a_clean_scan_of_thirty_keeps_every_image(grey: BoolArray, white: BoolArray) -> None:
    assert run(score(clean(grey, white, seed=2), grey, white)).images == frozenset()


def test_one_bad_image_of_thirty_goes_alone(grey: BoolArray, white: BoolArray) -> None:
    differences = clean(grey, white, seed=2)
    differences[29] += stripes(120.0)
    rejected = run(score(differences, grey, white))
    assert not rejected.far
    assert list(rejected.contaminating) == [29]


def test_two_bad_images_go_and_no_third(grey: BoolArray, white: BoolArray) -> None:
    differences = clean(grey, white, seed=2)
    differences[3] += stripes(120.0)
    differences[20] += stripes(240.0)
    assert run(score(differences, grey, white)).contaminating.keys() == {3, 20}


def test_an_artifact_of_grey_matter_alone_is_found_without_white_matter(grey: BoolArray) -> None:
    differences = clean(grey, np.zeros_like(grey), seed=2)
    differences[7] += stripes(120.0)
    assert run(score(differences, grey, np.zeros_like(grey))).contaminating.keys() == {7}


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(("away", "goes"), [(2.4, False), (2.6, True)])
def test_a_mean_of_grey_matter_further_than_two_and_a_half_sd_goes(
    away: float, goes: bool, sign: float, grey: BoolArray
) -> None:
    # The median is 0 and the MAD 0.675, so the SD is 1.
    means = sign * np.array([-1.0, -0.675, -0.675, -0.3, 0.0, 0.3, 0.675, 0.675, away])
    differences = np.broadcast_to(means[:, None, None, None], (9, *SHAPE)).astype(np.float32)
    rejected = run(score(differences, grey, np.zeros_like(grey)))
    assert (8 in rejected.far) is goes
    if goes:
        assert rejected.far == {8: pytest.approx(away)}


def test_an_image_unlike_others_that_are_all_the_same_goes(grey: BoolArray, white: BoolArray) -> None:
    differences = np.ones((5, *SHAPE), dtype=np.float32)
    differences[2] = 1.5
    assert run(score(differences, grey, white)).far == {2: np.inf}


def test_voxels_that_are_no_numbers_are_not_looked_at(grey: BoolArray, white: BoolArray) -> None:
    differences = clean(grey, white, seed=2)
    differences[29] += stripes(120.0)
    differences[4, :, 4:6] = np.nan
    differences[9, 0] = np.inf
    assert run(score(differences, grey, white)).contaminating.keys() == {29}


def test_the_scale_and_the_order_of_the_images_do_not_matter(grey: BoolArray, white: BoolArray) -> None:
    differences = clean(grey, white, seed=2)
    differences[29] += stripes(120.0)
    assert run(score(1e-6 * differences[::-1], grey, white)).images == frozenset({0})


def test_one_image_is_always_left(grey: BoolArray, white: BoolArray) -> None:
    differences = np.stack([stripes(2.0**n) for n in range(6)]).astype(np.float32)
    assert len(run(score(differences, grey, white)).images) < 6
