"""Control minus label: the perfusion-weighted image, and how noisy it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepasl.errors import InputError
from deepasl.findings import Finding, note, warning
from deepasl.labeling.delays import delays_by_volume
from deepasl.labeling.roles import pair_up
from deepasl.perfusion.pair_scatter import mean_and_sd
from deepasl.perfusion.smoothing import smoothed
from deepasl.progress import Job, Progress, batches
from deepasl.results import BoolArray
from deepasl.run_record import DroppedVolumes
from deepasl.series import AslSeries, FloatArray, Role, mean_volume

STAGE = "Subtracting label from control"


@dataclass(frozen=True)
class Differences:
    """Difference images of one scan.

    Attributes:
        volumes: Control minus label, one for each pair, ``[p, k, j, i]`` float32, scanner units.
        mean: Their mean, the perfusion-weighted image dM, ``[k, j, i]``. Negative values stay negative.
        pairs: The (control, label) volume indices; empty for an already subtracted scan.
        dropped: Pairs and subtracted volumes that were left out as outliers; they are in none of the above.
        findings: What is to be said about them.
    """

    volumes: FloatArray
    mean: FloatArray
    pairs: tuple[tuple[int, int], ...]
    dropped: tuple[DroppedVolumes, ...] = ()
    findings: tuple[Finding, ...] = ()


def choose_pairs(series: AslSeries, count: int | None) -> tuple[tuple[tuple[int, int], ...], tuple[Finding, ...]]:
    """The pairs to average, and what was left out.

    Args:
        series: The scan, reduced to one post-labeling delay.
        count: Take only the first so many, as a shorter scan would have; None for all.

    Returns:
        (control, label) volume indices; none for an already subtracted scan.

    Raises:
        InputError: If there are fewer pairs than asked for.
    """
    pairs = pair_up(series.roles, delays_by_volume(series))
    paired = {t for pair in pairs for t in pair}
    alone = [t for role in (Role.CONTROL, Role.LABEL) for t in series.indices(role) if t not in paired]
    findings = []
    if pairs and alone:
        listed = ", ".join(str(t) for t in sorted(alone))
        findings.append(
            warning("unpaired", f"Volume(s) {listed} have no partner and are left out; was the scan aborted?")
        )
    if pairs and count is not None:
        if not 1 <= count <= len(pairs):
            raise InputError(
                f"{count} pairs were asked for, and the scan has {len(pairs)}",
                where=series.origin,
                remedy=f"Choose 1 to {len(pairs)}.",
            )
        findings.append(note("pairs-chosen", f"{count} of {len(pairs)} pairs are averaged, as chosen."))
        pairs = pairs[:count]
    return pairs, tuple(findings)


def subtract(series: AslSeries, pairs: Sequence[tuple[int, int]], smoothing_fwhm: float = 0.0) -> Job[Differences]:
    """The difference of each pair; the deltam volumes themselves where the scan is already subtracted.

    Args:
        series: The scan.
        pairs: (control, label) volume indices.
        smoothing_fwhm: Gaussian smoothing of every image, mm; 0 for none.

    Yields:
        Progress in images, before each few of them.

    Raises:
        InputError: If there is nothing to subtract and nothing subtracted, or the smoothing cannot be.
    """
    subtracted = series.indices(Role.DELTAM)
    count = len(pairs or subtracted)
    if not count:
        raise InputError(
            "the scan holds no pair of control and label, and no subtracted volume (deltam)",
            where=series.origin,
            remedy="Check the roles of its volumes (deepasl inspect).",
        )
    differences = np.empty((count, *series.geometry.shape), dtype=np.float32)
    for batch in batches(count, differences[0].size):
        yield Progress(STAGE, batch.start, count)
        # One after the other, so that they are not there twice.
        for row in batch:
            image = _difference(series.volumes, *pairs[row]) if pairs else series.volumes[subtracted[row]]
            differences[row] = smoothed(image, smoothing_fwhm, series.geometry)
    yield Progress(STAGE, count, count)
    return Differences(differences, mean_volume(differences), tuple(pairs))


def _difference(volumes: FloatArray, control: int, label: int) -> FloatArray:
    difference: FloatArray = volumes[control] - volumes[label]
    return difference


def noise_of_mean(differences: FloatArray, mask: BoolArray) -> Job[float]:
    """Noise SD of the mean difference image in the brain, scanner units.

    The SD over pairs in each voxel, divided by the square root of their number; its median over the mask, which
    a few moving voxels do not raise. NaN for a single pair or an empty mask.
    """
    count = len(differences)
    if count < 2 or not mask.any():
        return float("nan")
    _, spread = yield from mean_and_sd(differences, mask)
    return float(np.median(spread) / np.sqrt(count))
