"""Whether M0 and ASL images are on one scale: a doubt that only a person can settle stops quantification."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from deepasl.brain.masking import brain_mask, reference_image
from deepasl.errors import DeepASLError
from deepasl.findings import Finding, error
from deepasl.perfusion.differences import choose_pairs, subtract
from deepasl.progress import run
from deepasl.quality.checks import EXPECTED_SIGNAL_PERCENT
from deepasl.readers.dicom.evidence import Vendor
from deepasl.series import AslSeries, Role, mean_in, mean_volume
from deepasl.tissue.from_perfusion import estimate_tissue

M0_FACTORS: Mapping[Vendor, Mapping[float, str]] = MappingProxyType(
    {
        Vendor.SIEMENS: {10.0: "Siemens sequences may store the M0 scan divided by 10"},
        Vendor.PHILIPS: {10.0: "the M0 scan may be stored in other steps than the ASL scan"},
        Vendor.GE: {32.0: "GE scanners store the subtracted image multiplied by 32 and by the number of excitations"},
        Vendor.OTHER: {10.0: "some scanners store the M0 scan divided by 10"},
    }
)
"""Factors by which M0 is known to be stored too small, with the reason."""


def scale_doubts(series: AslSeries, vendor: Vendor) -> tuple[Finding, ...]:
    """An error if the difference signal cannot be, and a factor known of the vendor would explain it.

    Too large a signal is never blood flow. Too small a signal may be: it is asked about only where M0 came in another
    way than the ASL images.

    Args:
        series: A scan as its headers scale it.
        vendor: Whose scanner.
    """
    percent = signal_percent_of(series)
    low, high = EXPECTED_SIGNAL_PERCENT
    if math.isnan(percent) or low <= percent <= high:
        return ()
    is_apart = series.m0scan is not None or Role.DELTAM in series.roles
    for factor, reason in M0_FACTORS[vendor].items():
        for scale in (factor, 1.0 / factor) if is_apart else (factor,):
            if low <= percent / scale <= high:
                return (_doubt(percent, scale, reason),)
    return ()


def signal_percent_of(series: AslSeries) -> float:
    """Mean difference signal of grey matter in percent of M0 as it is; NaN where there is no M0 or no pair."""
    included = series.volumes_of(Role.M0SCAN)
    scan = series.m0scan.volumes if series.m0scan is not None else included
    if not len(scan):
        return float("nan")
    try:
        mask = brain_mask(reference_image(series), series.geometry)
        pairs, _ = choose_pairs(series, None)
        deltam = run(subtract(series, pairs)).mean
        m0 = mean_volume(scan)
        grey, _ = estimate_tissue(deltam, m0, mask, series.geometry)
    except DeepASLError:
        # What keeps a scan from being subtracted is told by the pipeline.
        return float("nan")
    return 100.0 * mean_in(deltam, grey) / mean_in(m0, mask)


def _doubt(percent: float, scale: float, reason: str) -> Finding:
    low, high = EXPECTED_SIGNAL_PERCENT
    return error(
        "scale-doubtful",
        f"The difference signal of grey matter is {percent:.3g} % of M0, where blood flow makes {low:g} to {high:g} %: "
        f"{reason}. Whether this scan is so cannot be read from it. If M0 has to be multiplied by {scale:g}, say so "
        f"(command line: --m0-scale {scale:g}); if the images are right as they are, say so too "
        "(command line: --m0-scale 1).",
    )
