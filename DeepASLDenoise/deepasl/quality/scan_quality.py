"""The quality figures of a run, and what they mean."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from deepasl.perfusion.outliers import OutlierRule
from deepasl.preparation import Prepared
from deepasl.quality.indices import UNKNOWN, QualityIndices, quality_indices
from deepasl.results import PerfusionMaps
from deepasl.series import Role
from deepasl.settings import Settings


def quality_of(
    conventional: PerfusionMaps, denoised: PerfusionMaps, ready: Prepared, settings: Settings
) -> tuple[QualityIndices, QualityIndices]:
    """Figures of the conventional and of the denoised map; those of noise, motion and outliers are of the scan alone.

    Args:
        conventional: Maps before the network.
        denoised: Maps after it.
        ready: The scan.
        settings: What the user chose.
    """
    # After MP-PCA the scatter of the pairs no longer tells the noise.
    differences = ready.differences.volumes if ready.delays is None and not ready.mppca else None
    share = _dropped_share(ready) if settings.outliers is OutlierRule.SCORE else UNKNOWN
    indices = partial(
        quality_indices,
        mask=ready.mask,
        grey=ready.grey,
        white=ready.white,
        geometry=ready.series.geometry,
        tissue=ready.tissue,
    )
    before = indices(
        conventional,
        differences=differences,
        signal_percent=ready.signal_percent,
        displacement=_displacement(ready),
        dropped_share=share,
    )
    return before, indices(denoised)


def _displacement(ready: Prepared) -> NDArray[np.float64] | None:
    """Framewise displacement of control and label volumes, mm; None where motion was not looked for."""
    if ready.motion is None:
        return None
    imaged = [t for t, role in enumerate(ready.series.roles) if role in (Role.CONTROL, Role.LABEL)]
    return ready.motion.framewise_displacement[imaged]


def _dropped_share(ready: Prepared) -> float:
    dropped = len(ready.differences.dropped)
    averaged = ready.differences.pairs or ready.series.indices(Role.DELTAM)
    total = len(averaged) + (dropped if ready.differences.pairs else 0)
    return dropped / total if total else UNKNOWN
