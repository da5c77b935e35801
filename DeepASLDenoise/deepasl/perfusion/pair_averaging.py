"""The mean of the differences of a scan by a rule for outliers, and which of its volumes it leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from deepasl.findings import Finding
from deepasl.perfusion.differences import Differences
from deepasl.perfusion.outliers import OutlierRule, average
from deepasl.progress import Job
from deepasl.results import BoolArray
from deepasl.run_record import DroppedVolumes
from deepasl.series import AslSeries, FloatArray, Role


@dataclass(frozen=True)
class Averaging:
    """How difference images become their mean.

    Attributes:
        rule: What is done about outliers.
        mask: The brain, ``[k, j, i]`` bool.
        grey, white: Tissue that images are judged by, ``[k, j, i]`` bool.
    """

    rule: OutlierRule
    mask: BoolArray
    grey: BoolArray
    white: BoolArray

    def of(self, differences: Differences, series: AslSeries, where: str = "") -> Job[Differences]:
        """The differences that the rule keeps, with their mean.

        Where some are dropped, those that are kept are moved together in their array: of a long scan there is no room
        for them twice. `differences` are not to be used afterwards.

        Args:
            differences: Of all pairs of a scan, or of one of its delays.
            series: That scan, reduced to that delay.
            where: Said before each finding, such as "At 1.5 s: "; empty for a scan at one delay.
        """
        if self.rule is OutlierRule.NONE:
            return differences
        averaged = yield from average(differences.volumes, self.mask, self.grey, self.white, self.rule)
        sources: Sequence[tuple[int, ...]] = differences.pairs or [(t,) for t in series.indices(Role.DELTAM)]
        return Differences(
            volumes=_moved_together(differences.volumes, averaged.kept),
            mean=averaged.mean,
            pairs=tuple(differences.pairs[row] for row in averaged.kept) if differences.pairs else (),
            dropped=tuple(DroppedVolumes(sources[each.index], each.reason) for each in averaged.dropped),
            findings=tuple(_placed(finding, where) for finding in averaged.findings),
        )


def _moved_together(images: FloatArray, kept: Sequence[int]) -> FloatArray:
    """Some of the images, in ascending order, at the beginning of the same array."""
    for place, row in enumerate(kept):
        if place != row:
            images[place] = images[row]
    return images[: len(kept)]


def _placed(finding: Finding, where: str) -> Finding:
    return replace(finding, message=where + finding.message) if where else finding
