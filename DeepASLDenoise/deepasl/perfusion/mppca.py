"""Principal components of a series that are no more than noise, taken away: MP-PCA.

In a small neighborhood the images of a series differ in a few ways only; noise differs in as many ways as there are
images. Which principal components are noise is told by the law of Marchenko and Pastur, without a parameter: Veraart et
al., NeuroImage 2016;142:394-406. Every voxel is the mean over the neighborhoods it lies in, those of fewer components
counting more: Manjon et al., PLoS ONE 2013;8(9):e73021.

What is as weak as noise is taken for noise: on phantoms three quarters or more of the contrast of small lesions was
left with noise of 0.3 % of M0 in each image, about half with noise of 1 %. The error of the mean difference of 6 to 40
pairs fell to 0.3 to 0.85 of what it was; means of hundreds of pairs gain nothing.

It is written here rather than taken from dipy, which gives the same for series shorter than a neighborhood has voxels
(that is a test): `dipy.denoise.localpca.mppca` is one long call, which cannot be divided without computing parts of it
several times; it sets negative results to 0, has no number for voxels at the edge of the field of view, and for longer
series takes the law the wrong way round.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from deepasl.errors import InputError
from deepasl.progress import Job, Progress
from deepasl.results import BoolArray
from deepasl.series import FloatArray

RADIUS = 1
"""Neighborhoods are 3 voxels wide: with 5 and 7, as is usual for smaller voxels, the error of the difference image was
up to a fifth larger on phantoms, and less was left of lesions."""

FEWEST_VOLUMES = 6
"""In fewer, noise cannot be told from what the images have in common."""

IMAGES_PER_STEP = 20_000
"""As many neighborhoods are taken at once as hold so many small images together: less than 0.2 s."""

DENOISING = "Taking away noise components"


def denoise_mppca(volumes: FloatArray, mask: BoolArray) -> Job[FloatArray]:
    """Take noise out of control and label images, before they are subtracted.

    Control and label images are given together, M0 images are not: they are of another brightness and too few. The law
    holds for noise that is independent between voxels: images that were interpolated or smoothed before have none such,
    and less is taken away.

    Args:
        volumes: Control and label images in any order, ``[t, k, j, i]``; not changed.
        mask: Where to denoise, ``[k, j, i]``; neighborhoods reach a little beyond it.

    Yields:
        Progress after each few neighborhoods.

    Returns:
        The images, denoised in `mask`, as they were outside of it.

    Raises:
        InputError: If there are fewer than `FEWEST_VOLUMES`.
    """
    if len(volumes) < FEWEST_VOLUMES:
        raise InputError(
            f"MP-PCA cannot tell noise from signal in {len(volumes)} control and label images",
            remedy=f"Leave MP-PCA out; it needs at least {FEWEST_VOLUMES} images, better 20.",
        )
    neighborhoods = _neighborhoods(mask)
    # Only voxels of neighborhoods are kept twice: a series may be large.
    used, members_of_all = np.unique(neighborhoods, return_inverse=True)
    members_of_all = members_of_all.reshape(neighborhoods.shape)
    size = max(1, IMAGES_PER_STEP // len(volumes))
    batches = [members_of_all[start : start + size] for start in range(0, len(members_of_all), size)]
    result = volumes.astype(np.float32)
    flat = result.reshape(len(volumes), -1)
    series = np.ascontiguousarray(flat[:, used].T)
    total, weight = np.zeros_like(series), np.zeros(len(series), dtype=np.float32)
    for done, members in enumerate(batches, start=1):
        # In double precision: differences by perfusion are a thousandth of the signal, components go with its square.
        signal, confidence = _without_noise(series[members].astype(np.float64))
        # No voxel is twice at one place of the neighborhoods of a batch, so that nothing is overwritten.
        for place, voxels in enumerate(members.T):
            total[voxels] += confidence[:, None] * signal[:, place]
            weight[voxels] += confidence
        yield Progress(DENOISING, done, len(batches))
    inside = mask.ravel()[used]
    flat[:, used[inside]] = (total[inside] / weight[inside, None]).T
    return result


def _neighborhoods(mask: BoolArray) -> NDArray[np.intp]:
    """The flat indices of the voxels of boxes around each voxel of the mask, ``[box, voxel]``.

    Boxes are moved inwards where the grid ends, and are as thin as a grid of one slice.
    """
    shape = np.array(mask.shape)
    reach = np.minimum(RADIUS, (shape - 1) // 2)
    centers = np.unique(np.clip(np.argwhere(mask), reach, shape - 1 - reach), axis=0)
    offsets = np.array(list(itertools.product(*(range(-r, r + 1) for r in reach))))
    k, j, i = np.moveaxis(centers[:, None] + offsets, -1, 0)
    members: NDArray[np.intp] = np.ravel_multi_index((k, j, i), mask.shape)
    return members


def _without_noise(boxes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Boxes ``[b, voxel, t]`` without their noise components, and the weight of each, ``[b]``."""
    mean = boxes.mean(axis=1, keepdims=True)
    varying = boxes - mean
    voxels, volumes = varying.shape[1:]
    # The fewer of both are decomposed; what is left of each component is the same.
    tall = varying if voxels >= volumes else varying.transpose(0, 2, 1)
    samples = tall.shape[1]
    power, directions = np.linalg.eigh(tall.transpose(0, 2, 1) @ tall / samples)
    # The mean took one: without it, so many components are more than rounding.
    independent = min(volumes, voxels - 1)
    kept = power >= _highest_of_noise(power[:, -independent:], samples)[:, None]
    directions = directions * kept[:, None, :]
    signal = tall @ directions @ directions.transpose(0, 2, 1)
    if tall is not varying:
        signal = signal.transpose(0, 2, 1)
    return mean + signal, 1.0 / (1.0 + kept.sum(axis=1))


def _highest_of_noise(power: NDArray[np.float64], samples: int) -> NDArray[np.float64]:
    """Where the spectrum of noise ends.

    The smallest eigenvalues are noise as long as they lie as close together as the law has it for noise of their mean
    (Veraart et al. 2016, equations 11 and 12); its upper end follows from the variance they have.

    Args:
        power: Eigenvalues, ascending, ``[b, n]``.
        samples: How many each is the mean square of.
    """
    some = np.maximum(power, 0.0)  # below it only by rounding
    count = np.arange(1, some.shape[1] + 1)
    variance = np.cumsum(some, axis=1) / count
    is_noise = some - some[:, :1] <= 4.0 * np.sqrt(count / samples) * variance
    last = some.shape[1] - 1 - np.argmax(is_noise[:, ::-1], axis=1)
    edge = (1.0 + np.sqrt(power.shape[1] / samples)) ** 2
    highest: NDArray[np.float64] = edge * np.take_along_axis(variance, last[:, None], axis=1)[:, 0]
    return highest
