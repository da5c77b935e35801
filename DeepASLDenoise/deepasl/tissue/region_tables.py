"""Figures of maps in the regions of a label image: an atlas, a segmentation, or what somebody drew."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.images import Image
from deepasl.motion.rigid import AT_REST
from deepasl.quality.metrics import region_statistics
from deepasl.results import BoolArray, RegionStatistics
from deepasl.series import FloatArray
from deepasl.tissue.voxel_averaging import points_in_slice

BACKGROUND = 0
"""What BIDS and all label images call no region."""


def statistics_of_labels(
    maps: Mapping[str, FloatArray], labels: FloatArray, names: Mapping[int, str], mask: BoolArray
) -> tuple[RegionStatistics, ...]:
    """Figures of every map in every region, region by region.

    Args:
        maps: By name, such as ``"conventional"``; each ``[k, j, i]``.
        labels: Whole numbers ``[k, j, i]`` on the grid of the maps; `BACKGROUND` is no region.
        names: Of the labels; one without a name is called by its number. Regions without a voxel in the brain are left
            out.
        mask: The brain: voxels outside have no value.

    Returns:
        In the order of the labels.
    """
    inside = np.where(mask, labels, BACKGROUND).astype(np.int64)
    present = [int(label) for label in np.unique(inside) if label != BACKGROUND]
    return tuple(
        region_statistics(values, inside == label, region=names.get(label, f"label {label}"), map=name)
        for label in present
        for name, values in maps.items()
    )


def labels_onto(image: Image, geometry: Geometry, where: Path | str = "") -> FloatArray:
    """A label image on another grid: every voxel gets the label that fills most of it.

    Args:
        image: One volume of whole numbers, finer or coarser.
        geometry: The grid of the result.
        where: Its file, for messages.

    Returns:
        ``[k, j, i]`` float32; `BACKGROUND` beyond the image.

    Raises:
        InputError: If it is no label image.
    """
    labels = _require_labels(image, where)
    last = np.reshape(image.geometry.shape, (3, 1)) - 1
    result = np.empty(geometry.shape, dtype=np.float32)
    for k in range(geometry.shape[0]):
        index, samples = points_in_slice(k, image.geometry, geometry, AT_REST)
        nearest = np.rint(index).astype(np.intp)
        seen = ((nearest >= 0) & (nearest <= last)).all(axis=0)
        found = np.where(seen, labels[tuple(np.clip(nearest, 0, last))], BACKGROUND)
        result[k] = _most_frequent(found.reshape(samples, -1)).reshape(geometry.shape[1:])
    return result


def read_names(path: Path) -> dict[int, str]:
    """Names of labels: a BIDS lookup table (``*_dseg.tsv``, columns index and name), or JSON ``{"17": "Hippocampus"}``.

    Raises:
        InputError: If the file cannot be read as one of the two.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".json":
            return {int(label): str(name) for label, name in json.loads(text).items()}
        rows = csv.DictReader(text.splitlines(), delimiter="\t")
        return {int(row["index"]): row["name"] for row in rows}
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "the names of the labels cannot be read",
            where=path,
            remedy="Give a tab-separated table with the columns index and name, or JSON with a name for each number.",
        ) from error


def _require_labels(image: Image, where: Path | str) -> FloatArray:
    """The one volume, if it holds labels."""
    labels: FloatArray = image.volumes[0]
    if (
        len(image.volumes) != 1
        or not np.isfinite(labels).all()
        or (labels != np.rint(labels)).any()
        or labels.min() < 0
    ):
        raise InputError(
            "this is no label image: one volume of whole numbers, 0 for no region, is needed",
            where=where,
            remedy="Give a segmentation or an atlas that was resampled to the nearest neighbor.",
        )
    return labels


def _most_frequent(samples: FloatArray) -> FloatArray:
    """The most frequent value of each column ``[sample, n]``; the smallest of several."""
    ordered = np.sort(samples, axis=0)
    best: FloatArray = ordered[0]
    most, run = np.zeros(len(best)), np.zeros(len(best))
    for previous, value in zip(np.concatenate([ordered[:1], ordered[:-1]]), ordered, strict=True):
        run = np.where(value == previous, run + 1.0, 1.0)
        best, most = np.where(run > most, value, best), np.maximum(run, most)
    return best
