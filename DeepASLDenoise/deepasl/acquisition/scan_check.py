"""What is known of a scan before any image is computed: which volumes are used, how it was acquired, what is amiss."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deepasl.acquisition.checks import check
from deepasl.acquisition.defaults import complete
from deepasl.acquisition.parameters import Acquisition
from deepasl.errors import AcquisitionError
from deepasl.findings import Finding, obstacles
from deepasl.labeling.delays import require_delay_of_each_volume, with_one_delay
from deepasl.progress import Clock, Job, Progress
from deepasl.quantification.multidelay import has_several_delays
from deepasl.series import AslSeries
from deepasl.settings import Settings
from deepasl.side_images import SideImages
from deepasl.tissue.finding import require_tissue


@dataclass(frozen=True)
class CheckedScan:
    """A scan whose acquisition was looked at.

    Attributes:
        series: The scan; where one of several post-labeling delays was chosen, reduced to it.
        acquisition: Its parameters, defaults filled in.
        several_delays: Whether flow and transit time are fitted to several delays.
        findings: What the reader noticed, and what is to be said about the parameters, errors included.
    """

    series: AslSeries
    acquisition: Acquisition
    several_delays: bool
    findings: tuple[Finding, ...]


def check_scan(series: AslSeries, settings: Settings, clock: Clock, beside: SideImages) -> Job[CheckedScan]:
    """Look at the acquisition of a scan.

    Args:
        series: The scan as read.
        settings: What the user chose.
        clock: Of the run.
        beside: Images of the same head.

    Raises:
        AcquisitionError: If a scan has several post-labeling delays and none of them is that which was chosen, or if
            delays or slice timing are not those of its volumes and slices.
        InputError: If an image is missing that a step needs.
    """
    yield Progress("Checking the acquisition", 0, 1)
    with clock.stage("check"):
        require_tissue(settings, beside, series)
        require_delay_of_each_volume(series)
        several_delays = settings.pld is None and has_several_delays(series)
        series = series if several_delays else with_one_delay(series, settings.pld)
        acquisition, noticed = complete(series.acquisition)
        _require_timing_of_each_slice(series)
    return CheckedScan(series, acquisition, several_delays, (*series.findings, *noticed, *check(acquisition)))


def require_possible(series: AslSeries, findings: Iterable[Finding], *, with_m0: bool) -> None:
    """Stop at what has to be settled first.

    Args:
        series: The scan.
        findings: What was noticed about it.
        with_m0: Whether there is an M0 image, so that flow can be computed.

    Raises:
        AcquisitionError: If parameters are impossible, or missing where flow can be computed.
    """
    if stopping := obstacles(findings, with_m0=with_m0):
        raise AcquisitionError(" ".join(finding.message for finding in stopping), where=series.origin)


def _require_timing_of_each_slice(series: AslSeries) -> None:
    timing, slices = series.acquisition.slice_timing.value, series.geometry.shape[0]
    if timing is not None and len(timing) != slices:
        raise AcquisitionError(
            f"SliceTiming has {len(timing)} values for {slices} slices",
            where=series.origin,
            remedy="Correct the sidecar: one delay for each slice.",
        )
