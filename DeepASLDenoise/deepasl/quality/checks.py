"""Checks of the maps: scale of the data, domain of the network, and what the network changed."""

from __future__ import annotations

import math
from collections.abc import Sequence

from deepasl.denoising.registry import ModelEntry
from deepasl.findings import Finding, note, warning
from deepasl.geometry import Geometry
from deepasl.results import CBF_UNIT, RegionStatistics

EXPECTED_SIGNAL_PERCENT = (0.3, 1.5)
"""Difference signal of grey matter in percent of M0 over usual delays and perfusion at 3 T."""

TOLERATED_BIAS = 3.0
"""A change of regional mean CBF beyond this, mL/100g/min, ..."""

TOLERATED_BIAS_FRACTION = 0.05
"""... and beyond this fraction of the conventional mean, is a warning."""

BIAS_ADVICE = (
    "compare the maps before relying on either. Removing noise alone leaves the mean of a difference image as it is; "
    "in a fit to several delays, which is not linear, noise itself moves mean CBF. Regions that were chosen on the "
    "noisy conventional map make the change look larger than it is when few pairs are averaged."
)


def check_scale(signal_percent: float) -> tuple[Finding, ...]:
    """Whether grey matter has a difference signal that blood flow can make: scaling slips show here.

    Args:
        signal_percent: Mean dM / M0 of grey matter in percent; NaN if not known.
    """
    low, high = EXPECTED_SIGNAL_PERCENT
    if math.isnan(signal_percent) or low <= signal_percent <= high:
        return ()
    return (
        warning(
            "signal-scale",
            f"The difference signal of grey matter is {signal_percent:.3g} % of M0; {low:g} to {high:g} % is usual. "
            "Either the M0 scan is scaled differently from the ASL scan (some scanners store it divided by 10 or "
            "multiply the subtracted image), or blood arrives late, or control and label are not what they seem. "
            "CBF is off by the same factor.",
        ),
    )


def check_domain(
    model: ModelEntry, geometry: Geometry, *, noise_percent: float, signal_percent: float
) -> tuple[Finding, ...]:
    """Whether a scan resembles what the network was trained on.

    Args:
        model: The network.
        geometry: The grid of the scan.
        noise_percent: Noise SD of its difference image in percent of mean M0; NaN if not known.
        signal_percent: Mean dM / M0 of grey matter in percent; NaN if not known.
    """
    domain = model.domain
    measured = (
        ("in-plane voxel size", max(geometry.spacing[:2]), domain.in_plane_mm, "mm"),
        ("in-plane voxel size", min(geometry.spacing[:2]), domain.in_plane_mm, "mm"),
        ("slice distance", geometry.spacing[2], domain.slice_mm, "mm"),
        ("noise", noise_percent, domain.noise_percent, "% of M0"),
        ("grey-matter signal", signal_percent, domain.signal_percent, "% of M0"),
    )
    outside = {
        f"{name} {value:.3g} {unit} (trained on {low:g} to {high:g})"
        for name, value, (low, high), unit in measured
        if value < low or value > high
    }
    if not outside:
        return ()
    return (
        warning(
            "outside-domain",
            f"The scan lies outside what {model.title} was trained on: {'; '.join(sorted(outside))}. "
            "Nothing is known about its result there: trust the conventional map.",
        ),
    )


def check_bias(statistics: Sequence[RegionStatistics], unit: str) -> tuple[Finding, ...]:
    """Whether the network moved the mean of a region: noise has no mean, so a faithful denoiser keeps it."""
    means = {(s.region, s.map): s.mean for s in statistics if s.voxels}
    findings = []
    for region in dict.fromkeys(s.region for s in statistics):
        before, after = means.get((region, "conventional")), means.get((region, "denoised"))
        if before is None or after is None:
            continue
        told = f"The network changed mean {region} from {before:.3g} to {after:.3g} {unit} ({after - before:+.2g})"
        fraction = abs(after - before) > TOLERATED_BIAS_FRACTION * abs(before)
        if fraction and (abs(after - before) > TOLERATED_BIAS or unit != CBF_UNIT):
            findings.append(warning("bias", f"{told}: {BIAS_ADVICE}"))
        else:
            findings.append(note("bias-small", told + "."))
    return tuple(findings)


def check_m0_voxels(unusable: int, total: int) -> tuple[Finding, ...]:
    """How many brain voxels were left out because M0 is near zero there."""
    if not unusable:
        return ()
    return (
        note("m0-near-zero", f"{unusable} of {total} brain voxels have an M0 near zero and are left out of the mask."),
    )


def check_volume(millilitres: float) -> tuple[Finding, ...]:
    """Whether the mask has the size of a brain."""
    if 600 <= millilitres <= 2200:
        return ()
    return (
        warning(
            "mask-size",
            f"The brain mask holds {millilitres:.0f} mL; a brain has 900 to 1800 mL. The scan covers only a part, "
            "or the mask is wrong: look at it in the report.",
        ),
    )
