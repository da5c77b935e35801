"""What the quality figures of a scan mean, in plain words, and what to do next.

Every limit is named here with where it comes from. Few of them are established: where a limit is a convention, that
is said, and the figures are shown for a reader to judge.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from deepasl.acquisition.parameters import Acquisition
from deepasl.findings import Finding, note, warning
from deepasl.quality.indices import QualityIndices

NO_FLOW = 0.25
"""If more of the smoothed brain is negative, no flow is seen. Noise alone gives a half. A convention: in seven
scans of people it was 0.08 at most (of three pairs), and 0.70 in a bottle of water."""

SWAPPED = 0.75
"""More than this cannot be noise either."""

UNEVEN = 0.5
"""Spatial coefficient of variation of grey matter, noise taken out, from which late arrival of blood is suspected.
That it grows with the transit time is shown by Mutsaerts et al., J Cereb Blood Flow Metab 2017;37:3184-3192, who set no
limit. This one is a convention: with the noise of a usual scan, 0.4, it is a measured coefficient of 0.64."""

VASCULAR = 0.67
"""From here on maps are taken to show vessels rather than tissue: the default of ExploreASL (Mutsaerts et al.,
NeuroImage 2020;219:117031) for sorting them."""

RECOMMENDED_DELAY = 2.0
"""Post-labeling delay in s for patients and from 70 years on; 1.8 s for younger healthy adults: white paper, Alsop et
al., Magn Reson Med 2015;73:102-116."""

NOISY = 0.5
"""Noise in a voxel of grey matter as a fraction of its flow, beyond which single voxels tell little: a flow of half the
usual is then less than one SD away. A convention."""

NEGATIVE_GREY = 0.1
"""Fraction of grey matter below 0 that is more than a few voxels of CSF. A convention."""

UNEXPLAINED = 2.0
"""So many times the negative voxels that noise makes are not noise."""

ACCEPTABLE_QEI = 0.53
"""Quality evaluation index below which maps tend to be rated unacceptable. Index and ratings are those of Dolui et al.,
J Magn Reson Imaging 2024;60:2497-2508; the figure is passed on among users of the index, and others take 0.46 to 0.55.
It depends on who rated what: take it for about a half."""

LOW_CONTRAST = 1.5
"""Grey over white matter. Usual are 2 to 4; a convention."""

RESTLESS_MM = 0.5
"""Mean framewise displacement. The limit at which Power et al., NeuroImage 2012;59:2142-2154, leave single volumes out
of functional MRI; for the mean of an ASL scan a convention."""

JUMP_MM = 3.0
"""One displacement as large as a voxel of most ASL scans; a convention."""

MANY_DROPPED = 0.25
"""Fraction of pairs; a convention."""


def verdicts(indices: QualityIndices, acquisition: Acquisition) -> tuple[Finding, ...]:
    """What the figures of a scan mean.

    Args:
        indices: Those of its conventional map. They say nothing about a denoised one.
        acquisition: Its parameters, for advice.

    Returns:
        Warnings, each with what to do. Where there is none, a note that says what was looked at and what was not. Of a
        scan that shows no flow, nothing is said about its flow.
    """
    found = [*_of_rest(indices)]
    if indices.negative_brain_fraction > NO_FLOW:
        return (_no_flow(indices.negative_brain_fraction), *found)
    found = [*_of_arrival(indices, acquisition), *_of_noise(indices), *_of_anatomy(indices), *found]
    return tuple(found) or (_unsuspicious(indices),)


def _no_flow(negative: float) -> Finding:
    if negative > SWAPPED:
        return warning(
            "no-flow",
            f"{100 * negative:.0f} % of the brain has less signal in control than in label images: no blood flow is "
            "seen. Control and label are likely the wrong way round; look at the signal of each volume, and swap them.",
        )
    return warning(
        "no-flow",
        f"No blood flow is seen in this scan: {100 * negative:.0f} % of the brain is negative after smoothing; noise "
        "alone gives 50 %. Do not read the maps as flow. Check the roles of the volumes and that labeling worked "
        "(labeling plane across straight arteries, delay); a phantom has no flow.",
    )


def _of_arrival(indices: QualityIndices, acquisition: Acquisition) -> Iterator[Finding]:
    uneven = _without_noise(indices)
    if not uneven > UNEVEN:
        return
    seen = (
        "and the map shows vessels more than tissue"
        if uneven > VASCULAR
        else "as with bright arteries beside dark areas at the borders of their territories"
    )
    yield warning(
        "late-arrival-suspected",
        f"Late arrival of blood is suspected: flow in grey matter varies by {100 * indices.spatial_cov:.0f} % "
        f"({100 * uneven:.0f} % without noise; taken as unusual from {100 * UNEVEN:.0f} %), {seen}. The later blood "
        "arrives, the more it varies (Mutsaerts 2017): CBF is too high in arteries and too low behind them. "
        f"{_advice_on_delay(acquisition)}",
    )


def _without_noise(indices: QualityIndices) -> float:
    """The spatial coefficient of variation that is not due to noise; NaN where noise is not known."""
    squared = indices.spatial_cov**2 - indices.spatial_cov_of_noise**2
    return math.sqrt(0.0 if squared < 0.0 else squared)


def _advice_on_delay(acquisition: Acquisition) -> str:
    delays = sorted({delay for delay in acquisition.post_labeling_delay.value or () if delay > 0.0})
    if len(delays) > 1:
        return "Look at the map of transit times, and scan with longer delays where they are not reached."
    looked = "Look at the large arteries and the watershed areas on the map; "
    if delays and delays[0] < RECOMMENDED_DELAY:
        return (
            f"{looked}repeat with a delay longer than {delays[0]:g} s ({RECOMMENDED_DELAY:g} s is advised for "
            "patients, Alsop 2015), or with several."
        )
    return f"{looked}repeat with a longer delay, or with several."


def _of_noise(indices: QualityIndices) -> Iterator[Finding]:
    noise = indices.spatial_cov_of_noise
    if noise > NOISY:
        yield warning(
            "noisy",
            f"Noise in a voxel of grey matter is {100 * noise:.0f} % of its flow: read regions, not voxels. "
            f"{(noise / NOISY) ** 2:.1f} times as many pairs would bring it to {100 * NOISY:.0f} %.",
        )
    negative = indices.negative_grey_fraction
    if negative > NEGATIVE_GREY and not negative < UNEXPLAINED * _negative_by_noise(noise):
        yield warning(
            "negative-grey-matter",
            f"{100 * negative:.0f} % of grey matter has a negative flow, more than noise explains: blood that arrives "
            "late, a head that moved, or static tissue that was not subtracted. Look where the negative voxels lie: at "
            "the rim of the head it is motion, in whole territories late arrival.",
        )


def _negative_by_noise(noise: float) -> float:
    """The fraction of an even flow that noise of so many times its size makes negative; 0 where it is not known."""
    return 0.5 * math.erfc(1.0 / (noise * math.sqrt(2.0))) if noise > 0.0 else 0.0


def _of_anatomy(indices: QualityIndices) -> Iterator[Finding]:
    if indices.qei < ACCEPTABLE_QEI:
        yield warning(
            "quality-index-low",
            f"The quality evaluation index is {indices.qei:.2f}; maps below about {ACCEPTABLE_QEI:g} "
            "tend to be rated unacceptable (after Dolui 2024). Look whether the map shows the cortex, and whether the "
            "anatomical image lies on it.",
        )
    if indices.grey_white_ratio < LOW_CONTRAST:
        yield warning(
            "contrast-low",
            f"Grey matter has {indices.grey_white_ratio:.1f} times the flow of white matter; 2 to 4 times is usual. "
            "The anatomical image may not lie on the scan, or the map is blurred: look at both on top of each other.",
        )


def _of_rest(indices: QualityIndices) -> Iterator[Finding]:
    if indices.mean_displacement > RESTLESS_MM or indices.max_displacement > JUMP_MM:
        yield warning(
            "restless",
            f"The head moved by {indices.mean_displacement:.2f} mm from one volume to the next on the average, and by "
            f"{indices.max_displacement:.1f} mm at most (Power 2012 leave volumes beyond {RESTLESS_MM:g} mm out of "
            "functional MRI): realignment cannot mend all of it. Look at the motion in the report; drop outlier pairs, "
            "or repeat the scan.",
        )
    if indices.dropped_share > MANY_DROPPED:
        yield warning(
            "many-dropped",
            f"{100 * indices.dropped_share:.0f} % of the pairs were dropped as outliers. The map rests on the others: "
            "look at the signal of each volume, and repeat the scan if they are few.",
        )


def _unsuspicious(indices: QualityIndices) -> Finding:
    looked_at = {
        "noise": indices.spatial_cov_of_noise,
        "evenness of flow in grey matter": _without_noise(indices),
        "negative flow": indices.negative_grey_fraction,
        "likeness to the anatomy": indices.qei,
        "motion": indices.mean_displacement,
        "outliers": indices.dropped_share,
    }
    known = [name for name, value in looked_at.items() if not math.isnan(value)]
    unknown = [name for name, value in looked_at.items() if math.isnan(value)]
    missing = f" Not known: {', '.join(unknown)}." if unknown else ""
    if not known:
        return note("quality-unknown", f"Nothing can be said about the quality of this scan.{missing}")
    return note("quality-unsuspicious", f"Nothing speaks against this scan in: {', '.join(known)}.{missing}")
