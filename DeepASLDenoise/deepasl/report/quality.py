"""The quality figures of the report: each with its unit, for both maps."""

from __future__ import annotations

from typing import Any

from deepasl.results import Result
from deepasl.writers.provenance import quality_as_data

FIGURES = (
    ("tsnr", "Temporal SNR of a pair", "grey matter, median", 1.0, "", 2),
    ("spatial_cov", "Spatial coefficient of variation", "grey matter", 100.0, "%", 0),
    ("spatial_cov_of_noise", "... of which by noise", "grey matter", 100.0, "%", 0),
    ("negative_grey_fraction", "Negative flow", "grey matter", 100.0, "%", 1),
    ("negative_brain_fraction", "Negative flow after smoothing", "brain", 100.0, "%", 1),
    ("qei", "Quality evaluation index", "0 to 1; needs anatomical tissue", 1.0, "", 2),
    ("grey_white_ratio", "Grey over white matter", "needs anatomical tissue", 1.0, "", 2),
    ("signal_percent", "Difference signal", "grey matter, of M0", 1.0, "%", 2),
    ("mean_displacement", "Framewise displacement, mean", "control and label", 1.0, "mm", 2),
    ("max_displacement", "Framewise displacement, largest", "control and label", 1.0, "mm", 2),
    ("dropped_share", "Pairs dropped as outliers", "of all", 100.0, "%", 0),
)
"""Field of `QualityIndices`, title, where or of what, factor, unit, digits."""


def quality_data(result: Result) -> dict[str, Any] | None:
    """What the page shows; None for maps read back from a file or a scene."""
    known = quality_as_data(result.quality)
    if known is None:
        return None
    return {
        "conventional": known["Conventional"],
        "denoised": known["Denoised"],
        "figures": [
            {"field": field, "title": title, "where": where, "factor": factor, "unit": unit, "digits": digits}
            for field, title, where, factor, unit, digits in FIGURES
        ],
    }
