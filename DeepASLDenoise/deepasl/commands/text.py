"""Results, inspections and folders of series as plain text for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from deepasl.acquisition.parameters import SPECS, Parameter
from deepasl.findings import Finding, Severity
from deepasl.inspection import Inspection
from deepasl.quality.metrics import rmse
from deepasl.readers.dicom import DicomSeries, ScannerMap
from deepasl.results import Result
from deepasl.series import FloatArray, Role
from deepasl.writers.derivatives import PICTURE, REPORT, Written
from deepasl.writers.provenance import RESEARCH_USE


def result_text(result: Result, written: Written) -> str:
    """The figures of a run, what is doubtful, and where its files are."""
    return "\n".join(
        [
            *_statistics_table(result),
            *_quality_line(result),
            "",
            f"{result.model.title} on {result.model.provider} ({result.model.provider_reason})",
            *_told(result.findings, (Severity.ERROR, Severity.WARNING)),
            f"{sum(f.severity is Severity.NOTE for f in result.findings)} notes are in the report.",
            "",
            f"Maps:    {written.folder}",
            f"Report:  {written.folder / REPORT}",
            f"Picture: {written.folder / PICTURE}" if not written.left_out else f"Picture: none; {written.left_out}",
            RESEARCH_USE,
        ]
    )


def truth_text(result: Result, true_cbf: FloatArray) -> str:
    """How far the maps of a phantom are from its true blood flow ``[k, j, i]``, mL/100g/min."""
    maps = {"conventional": result.conventional.cbf, "denoised": result.denoised.cbf}
    errors = [f"{kind} {rmse(cbf, true_cbf, result.mask):.1f}" for kind, cbf in maps.items() if cbf is not None]
    return f"Error (RMSE) against the true CBF of the phantom: {', '.join(errors)} {result.statistics_unit}."


def inspection_text(inspection: Inspection) -> str:
    """What was understood of a scan, as a page."""
    signal = inspection.signal_percent
    return "\n".join(
        [
            f"{inspection.name}: {inspection.geometry.describe()}, {_count(len(inspection.roles), 'volume')}",
            "",
            f"Volumes: {roles_text(inspection.roles)}",
            *(f"  because {evidence}" for evidence in inspection.role_evidence),
            f"M0: {inspection.m0 or 'none'}",
            "dM/M0 of grey matter: " + ("not known" if math.isnan(signal) else f"{signal:.2f} %"),
            "",
            "Parameters:",
            *(_parameter_line(name, parameter) for name, parameter in inspection.acquisition),
            "",
            *_told(inspection.findings, tuple(reversed(Severity))),
        ]
    )


def volumes_text(inspection: Inspection) -> str:
    """A row for each volume: what it was taken for, when it was acquired, how bright it is, what becomes of it."""
    lines = [f"{'volume':>6}  {'role':<8} {'PLD, s':>7} {'mean in brain':>14}  use"]
    for use in inspection.volumes:
        delay = "" if use.delay is None else f"{use.delay:.4g}"
        signal = "" if inspection.signal is None else f"{inspection.signal[use.index]:.5g}"
        what = use.reason if use.used else f"left out: {use.reason}"
        lines.append(f"{use.index:>6}  {use.role.value:<8} {delay:>7} {signal:>14}  {what}")
    return "\n".join(lines)


def series_text(found: Sequence[DicomSeries], chosen: DicomSeries) -> str:
    """The series of a folder, and which of them was read."""
    lines = ["Series in this folder:"]
    for series in found:
        number = "-" if series.number is None else str(series.number)
        mark = ">" if series.uid == chosen.uid else " "
        kind = str(series.verdict.kind) if series.modality == "MR" else series.modality
        lines.append(f"{mark} {number:>5}  {kind:<13} {series.images:>5} images  {series.description}")
    return "\n".join(lines)


def scanner_maps_text(compared: Sequence[tuple[ScannerMap, float]]) -> str:
    """Maps the scanner made, each with its correlation with the computed map in the brain."""
    lines = []
    for scanner, correlation in compared:
        likeness = "on another grid, not compared"
        if not math.isnan(correlation):
            likeness = f"correlation with control minus label in the brain {correlation:.2f}"
        lines.append(f"Map of the scanner: {scanner.title}, {scanner.kind} ({scanner.unit}); {likeness}")
    return "\n".join(lines)


def roles_text(roles: tuple[Role, ...]) -> str:
    """Roles as runs: ``5 m0scan, 15 x (label, control)``."""
    pairs = [tuple(r.value for r in roles[t : t + 2]) for t in range(len(roles))]
    words: list[str] = []
    t = 0
    while t < len(roles):
        repeats = 1
        alternates = len(pairs[t]) == 2 and pairs[t][0] != pairs[t][1]
        while alternates and t + 2 * repeats < len(roles) and pairs[t + 2 * repeats] == pairs[t]:
            repeats += 1
        if alternates and repeats > 1:
            words.append(f"{repeats} x ({', '.join(pairs[t])})")
            t += 2 * repeats
            continue
        run = len(list(next(group for _, group in groupby(roles[t:]))))
        words.append(f"{run} {roles[t].value}")
        t += run
    return ", ".join(words)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")


def _statistics_table(result: Result) -> Iterator[str]:
    measure = "CBF" if result.m0 is not None else "deltam"
    yield f"{measure} in {result.statistics_unit}       conventional       denoised"
    by_region = {(s.region, s.map): s for s in result.statistics}
    for region in dict.fromkeys(s.region for s in result.statistics):
        columns = [by_region[region, kind] for kind in ("conventional", "denoised")]
        figures = "".join(f"{f'{s.mean:.1f} (SD {s.standard_deviation:.1f})':>17}" for s in columns)
        yield f"{region:<16}{figures}   in {columns[0].voxels} voxels"


def _quality_line(result: Result) -> Iterator[str]:
    """The figures of the scan that are known; what they mean is among the findings."""
    if result.quality is None:
        return
    scan = result.quality[0]
    figures = (
        ("temporal SNR of a pair", scan.tsnr, "{:.2f}"),
        ("spatial CoV of grey matter", 100.0 * scan.spatial_cov, "{:.0f} %"),
        ("quality evaluation index", scan.qei, "{:.2f}"),
        ("mean framewise displacement", scan.mean_displacement, "{:.2f} mm"),
        ("pairs dropped", 100.0 * scan.dropped_share, "{:.0f} %"),
    )
    known = [f"{name} {form.format(value)}" for name, value, form in figures if not math.isnan(value)]
    if known:
        yield f"Quality of the scan: {', '.join(known)}"


def _parameter_line(name: str, parameter: Parameter[Any]) -> str:
    spec = SPECS[name]
    if not parameter.known:
        return f"  {spec.title}: not known"
    value = parameter.require()
    told = _range_text(value) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else str(value)
    unit = f" {spec.unit}" if spec.unit else ""
    return f"  {spec.title}: {told}{unit}  [{parameter.source}: {parameter.origin}]"


def _range_text(values: tuple[float, ...]) -> str:
    if len(set(values)) == 1:
        return f"{values[0]:g}"
    return f"{min(values):g} to {max(values):g} ({len(values)} values)"


def _told(findings: tuple[Finding, ...], severities: tuple[Severity, ...]) -> Iterator[str]:
    for finding in findings:
        if finding.severity in severities:
            yield f"{finding.severity.value.upper()}: {finding.message}"
