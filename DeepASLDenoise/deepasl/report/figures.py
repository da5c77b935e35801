"""The figures of the report as JSON: signal of each volume, histograms of both maps, their agreement."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepasl.labeling.volume_use import signal_range
from deepasl.quality.bland_altman import bland_altman, differences, thinned
from deepasl.results import BoolArray, Result
from deepasl.run_record import HeadMotion, RunRecord
from deepasl.series import FloatArray, Role

BINS = 48
"""Of a histogram: bars of 2 to 4 mL/100g/min over the usual range."""

SHOWN_PERCENTILES = (0.5, 99.5)
"""The part of the noisier map that a histogram shows; beyond are few voxels, and vessels among them."""

MOST_POINTS = 1200
"""Of the Bland-Altman plot: more hide each other."""


def figures_data(result: Result) -> dict[str, Any]:
    """What the page draws beside the maps; None for a figure that cannot be drawn."""
    record = result.record
    return {
        "signal": None if record is None else _signal(result, record),
        "motion": None if record is None or record.motion is None else _motion(result, record.motion),
        "histograms": _histograms(result),
        "agreement": _agreement(result),
    }


def shown_maps(result: Result) -> tuple[FloatArray, FloatArray]:
    """The conventional and the denoised map that figures are of: CBF, or deltam without M0."""
    before, after = result.conventional, result.denoised
    if before.cbf is None or after.cbf is None:
        return before.deltam, after.deltam
    return before.cbf, after.cbf


def _signal(result: Result, record: RunRecord) -> dict[str, Any]:
    low, high = signal_range(record.volume_signal, result.roles)
    return {"values": _rounded(record.volume_signal), "range": [low, high]}


def _motion(result: Result, motion: HeadMotion) -> dict[str, Any] | None:
    """Where the head was in the volumes that show it; None if there are none."""
    volumes = [t for t, role in enumerate(result.roles) if role in (Role.CONTROL, Role.LABEL, Role.M0SCAN)]
    columns = [_rounded(column) for column in motion.parameters.T]
    if not volumes:
        return None
    return {
        "volumes": volumes,
        "shift": columns[:3],
        "rotation": columns[3:],
        "displacement": _rounded(motion.framewise_displacement),
        "corrected": motion.corrected,
    }


def _histograms(result: Result) -> list[dict[str, Any]]:
    """Share of voxels in percent for each bin of both maps, in every tissue that was found, or in the brain."""
    tissues = {"grey matter": result.grey_matter, "white matter": result.white_matter}
    found = {name: region for name, region in tissues.items() if region.any()}
    return [_histogram(name, region, result) for name, region in (found or {"brain": result.mask}).items()]


def _histogram(name: str, region: BoolArray, result: Result) -> dict[str, Any]:
    values = [volume[region].astype(np.float64) for volume in shown_maps(result)]
    values = [each[np.isfinite(each)] for each in values]
    low, high = np.percentile(np.concatenate(values), SHOWN_PERCENTILES) if len(values[0]) else (0.0, 1.0)
    edges = np.linspace(low, high if high > low else low + 1.0, BINS + 1)
    shares = [100.0 * np.histogram(each, edges)[0] / max(len(each), 1) for each in values]
    return {
        "region": name,
        "range": [float(edges[0]), float(edges[-1])],
        "conventional": _rounded(shares[0]),
        "denoised": _rounded(shares[1]),
    }


def _agreement(result: Result) -> dict[str, Any] | None:
    """Bland-Altman of denoised and conventional map in grey matter, or in the brain where none was found."""
    name, region = ("grey matter", result.grey_matter) if result.grey_matter.any() else ("brain", result.mask)
    before, after = shown_maps(result)
    region = region & np.isfinite(before) & np.isfinite(after)
    if np.count_nonzero(region) < 2:
        return None
    figures = bland_altman(after, before, region)
    points = thinned(differences(after, before, region), MOST_POINTS)
    return {
        "region": name,
        "voxels": figures.voxels,
        "shown": len(points.mean),
        "bias": figures.mean_difference,
        "lower": figures.lower,
        "upper": figures.upper,
        "mean": _rounded(points.mean),
        "difference": _rounded(points.difference),
    }


def _rounded(values: NDArray[np.float64]) -> list[float]:
    """Five digits: more than a figure can show."""
    return [float(f"{value:.5g}") for value in values]
