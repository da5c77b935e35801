"""What was done to a scan before the network, in the sentences of a methods section."""

from __future__ import annotations

from collections.abc import Iterator

from deepasl.perfusion.outliers import OutlierRule
from deepasl.results import Result
from deepasl.run_record import HeadMotion, RunRecord
from deepasl.series import Role


def preparation_sentences(result: Result) -> Iterator[str]:
    """Every step that this run took before the network, in order; ``[@key]`` cites."""
    record = result.record
    if record is not None and record.motion is not None:
        yield _motion(record.motion, result)
    if record is not None and record.mppca:
        yield "Control and label images were denoised together by MP-PCA [@veraart]."
    if result.smoothing_fwhm:
        yield f"Images were smoothed with a Gaussian of {result.smoothing_fwhm:g} mm (FWHM)."
    yield _averaging(result)
    if record is not None and record.settings.outliers is not OutlierRule.NONE:
        yield _outliers(record)


def _motion(motion: HeadMotion, result: Result) -> str:
    imaged = [t for t, role in enumerate(result.roles) if role in (Role.CONTROL, Role.LABEL)]
    displacements = motion.framewise_displacement[imaged]
    told = "" if not imaged else f" (mean framewise displacement [@power] {displacements.mean():.2f} mm)"
    if not motion.corrected:
        return f"The head kept still{told}, so that no image was resampled for motion."
    return (
        f"Rigid head motion{told} was found between control and label images by least squares, without what alternates "
        "with labeling [@wang], and between these and M0 by the correlation ratio [@roche]; each volume was resampled "
        "once, with B-splines of fifth order."
    )


def _outliers(record: RunRecord) -> str:
    if record.settings.outliers is OutlierRule.ROBUST:
        return "The average was a robust one, an M-estimate in each voxel with Tukey's biweight [@maumet]."
    count = len(record.dropped)
    left = "None was" if not count else "One had been" if count == 1 else f"{count} had been"
    return f"{left} left out as an outlier by SCORE [@dolui]."


def _averaging(result: Result) -> str:
    if result.pairs:
        pairs = "pair was" if len(result.pairs) == 1 else "pairs were"
        by_delay = ", by delay" if result.conventional.att is not None else ""
        return f"{len(result.pairs)} control-label {pairs} subtracted and averaged{by_delay} (ΔM)."
    count = result.roles.count(Role.DELTAM)
    if count > 1:
        return f"The scan came subtracted; its {count} difference images were averaged (ΔM)."
    return "The scan came subtracted: one difference image (ΔM)."
