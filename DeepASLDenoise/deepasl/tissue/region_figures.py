"""Figures of both maps in the tissues of the brain, and in the regions of a label image."""

from __future__ import annotations

from deepasl.preparation import Prepared
from deepasl.quality.metrics import region_statistics
from deepasl.results import PerfusionMaps, RegionStatistics
from deepasl.series import FloatArray
from deepasl.side_images import SideImages
from deepasl.tissue.region_tables import labels_onto, statistics_of_labels

Statistics = tuple[RegionStatistics, ...]


def tissue_statistics(conventional: PerfusionMaps, denoised: PerfusionMaps, ready: Prepared) -> Statistics:
    """Figures of both maps in brain, grey and white matter where these have voxels."""
    regions = {"brain": ready.mask, "grey matter": ready.grey, "white matter": ready.white}
    return tuple(
        region_statistics(values, region, region=name, map=kind)
        for name, region in regions.items()
        if region.any()
        for kind, values in _measured(conventional, denoised).items()
    )


def label_statistics(
    conventional: PerfusionMaps, denoised: PerfusionMaps, ready: Prepared, beside: SideImages
) -> Statistics:
    """The same in every region of a label image; nothing where there is none.

    Raises:
        InputError: If it is no label image.
    """
    labels = beside.labels
    if labels is None:
        return ()
    on_scan = labels_onto(labels.image, ready.series.geometry, labels.origin)
    return statistics_of_labels(_measured(conventional, denoised), on_scan, labels.names, ready.mask)


def _measured(conventional: PerfusionMaps, denoised: PerfusionMaps) -> dict[str, FloatArray]:
    """CBF, or deltam without M0."""
    maps = {"conventional": conventional, "denoised": denoised}
    return {kind: each.deltam if each.cbf is None else each.cbf for kind, each in maps.items()}
