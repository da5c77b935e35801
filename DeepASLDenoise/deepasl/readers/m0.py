"""M0 as the user gives it: another image, or another scale."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deepasl.findings import note
from deepasl.images import read_image
from deepasl.series import AslSeries, M0Scan, Role


def read_m0(path: Path) -> M0Scan:
    """A separate M0 image.

    Raises:
        InputError: If it cannot be read.
    """
    image = read_image(path)
    return M0Scan(image.volumes, image.geometry, path.name)


def with_m0_times(series: AslSeries, factor: float) -> AslSeries:
    """The same series with its M0 images, included or separate, multiplied by `factor`."""
    volumes = series.volumes.copy()
    volumes[list(series.indices(Role.M0SCAN))] *= factor
    scan = series.m0scan
    return replace(
        series, volumes=volumes, m0scan=None if scan is None else replace(scan, volumes=scan.volumes * factor)
    )


def with_given_m0_scale(series: AslSeries, factor: float) -> AslSeries:
    """The same, told as the word of the user."""
    told = note("m0-scale-given", f"M0 was multiplied by {factor:g}, as given by the user.")
    return replace(with_m0_times(series, factor), findings=(*series.findings, told))
