"""The figures of an evaluation as tables: Markdown to read, CSV to compute with."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from deepasl.results import CBF_UNIT
from deepasl_trainer.evaluation.comparison import LEAST_UNITS, Comparison, caveat, compare
from deepasl_trainer.evaluation.figure_kinds import kind_of
from deepasl_trainer.evaluation.judging import NULL, RMSE
from deepasl_trainer.evaluation.records import (
    Record,
    Summary,
    figures_of,
    levels_of,
    methods_of,
    people_of,
    select,
    summarise,
)
from deepasl_trainer.evaluation.settings import EvaluationSettings

POOLED = "all"
"""What stands for the number of pairs where levels are pooled."""

TESTS = (
    "Tests: gain says how much better a method is than another; figures for which less is better have their sign "
    "turned, bias and lesion contrast count by their distance from 0 and 1. Wilcoxon's signed-rank test, two-sided; "
    "Holm's correction over all tests of a protocol."
)


def long_csv(records: Iterable[Record]) -> str:
    """Every figure on a line of its own."""
    rows: list[Sequence[object]] = [
        ("protocol", "person", "scan", "pairs", "noise_percent", "method", "figure", "value")
    ]
    for record in records:
        one = record.condition
        start = (one.protocol, one.person, one.scan, one.pairs, f"{record.noise_percent:.4g}", record.method)
        rows += [(*start, figure, f"{value:.6g}") for figure, value in record.figures.items()]
    return _csv(rows)


def summary_csv(records: Sequence[Record]) -> str:
    """Mean and SD over people of every figure, for each level and all of them pooled.

    Biases are means of their size, as in the tables; the long form has their signs.
    """
    rows: list[Sequence[object]] = [("protocol", "pairs", "method", "figure", "mean", "sd", "people")]
    for protocol, pairs, method, chosen in _groups(records):
        for figure in figures_of(chosen):
            if (summary := _summary(chosen, figure)) is not None:
                numbers = (f"{summary.mean:.6g}", f"{summary.sd:.6g}", summary.people)
                rows.append((protocol, pairs, method, figure, *numbers))
    return _csv(rows)


def report(
    records: Sequence[Record], on_scans: Sequence[Record], settings: EvaluationSettings, reference: str | None
) -> str:
    """All tables in Markdown.

    Args:
        records: The figures of simulated scans.
        on_scans: Those of real scans.
        settings: The evaluation they come from.
        reference: The method that all others are tested against; None for no tests.
    """
    people = people_of(records)
    parts = [
        "# Evaluation",
        f"Simulated scans of {', '.join(people)}. Mean (SD over people; scans of a person are "
        "averaged first). PSNR and SSIM: of the difference image; the peak is its largest true value in the brain. "
        f"RMSE, CCC (Lin), bias in pure tissue outside lesions: of CBF, {CBF_UNIT}; the mean of the size of the bias "
        "of every scan. Lesion contrast: the part that is left of it (1 is all). Mean abs. CBF: what is left of a scan "
        "without any perfusion.",
        *([f"{TESTS} {caveat(len(people))}"] if reference is not None else []),
    ]
    for protocol in settings.protocols:
        if chosen := select(records, protocol=protocol.name):
            parts += [f"## {protocol.name}", protocol_table(chosen), *_without_lesions(chosen)]
            if reference is not None:
                parts += _tests(compare(chosen, reference))
    for curve in settings.curves:
        names = [protocol.name for protocol in settings.protocols_of(curve)]
        if chosen := [record for record in records if record.condition.protocol in names]:
            parts += [f"## {curve.name}: {curve.base}, {curve.pairs} pairs", curve_table(chosen, curve.values, names)]
    for name in dict.fromkeys(record.condition.protocol for record in on_scans):
        parts += [f"## {name[:1].upper()}{name[1:]}", scans_table(select(on_scans, protocol=name))]
    return "\n\n".join(parts) + "\n"


def scans_table(records: Sequence[Record]) -> str:
    """Every real scan and method of one protocol: no means, a scan is a scanner and a protocol of its own."""
    figures = figures_of(records)
    head = ["scan", "pairs", "method", *(kind_of(figure).title for figure in figures)]
    rows = [
        [record.condition.person, str(record.condition.pairs), record.method, *(_cell([record], f) for f in figures)]
        for record in records
    ]
    return markdown_table(head, rows)


def protocol_table(records: Sequence[Record]) -> str:
    """Every level and method of one protocol, then all levels pooled."""
    figures = figures_of(records)
    head = ["pairs (noise SD)", "method", *(kind_of(figure).title for figure in figures)]
    rows = []
    for _, pairs, method, chosen in _groups(records):
        rows.append([_level(pairs, chosen), method, *(_cell(chosen, figure) for figure in figures)])
    return markdown_table(head, rows)


def curve_table(records: Sequence[Record], values: Sequence[float], protocols: Sequence[str]) -> str:
    """Every step of a curve: `values` and the names of the protocols they belong to."""
    figures = figures_of(records)
    head = ["value", "method", *(kind_of(figure).title for figure in figures)]
    rows = []
    for value, protocol in zip(values, protocols, strict=True):
        step = select(records, protocol=protocol)
        for method in methods_of(step):
            chosen = select(step, method=method)
            rows.append([f"{value:g}", method, *(_cell(chosen, figure) for figure in figures)])
    return markdown_table(head, rows)


def comparison_table(comparisons: Sequence[Comparison]) -> str:
    """The tests of one method against the others."""
    reference = comparisons[0].reference
    head = ["figure", "against", f"gain of {reference}", "people with a gain", "units", "p", "p (Holm)"]
    rows = [
        [
            kind_of(one.figure).title,
            one.method,
            f"{one.gain:+.{kind_of(one.figure).decimals + 1}f}",
            f"{one.better_in} of {one.people}",
            str(one.units),
            _p(one.p),
            _p(one.p_holm),
        ]
        for one in comparisons
    ]
    return markdown_table(head, rows)


def _tests(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """The tests, where there are scans enough for one."""
    if not comparisons:
        return
    units = max(comparison.units for comparison in comparisons)
    yield comparison_table(comparisons) if units >= LEAST_UNITS else f"Too few scans ({units}) for tests."


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def _without_lesions(records: Sequence[Record]) -> Iterator[str]:
    """RMSE as the paper has it, where scans are like those of the paper: without lesions, with perfusion."""
    figures = figures_of(records)
    if RMSE not in figures or NULL in figures or any(figure.startswith("lesions") for figure in figures):
        return
    rows = []
    for method in methods_of(records):
        summary = _summary(select(records, method=method), RMSE)
        if summary is not None:
            rows.append([method, _words(Summary(summary.mean / 10.0, summary.sd / 10.0, summary.people), 2)])
    yield markdown_table(["method", f"RMSE (10 {CBF_UNIT}), all levels"], rows)
    yield (
        "In this unit the RMSE of Table 1 of the DeepASL paper can be understood (averaging 2.20); the paper does not "
        "state it, and its people and the peak of its PSNR are others."
    )


def _groups(records: Sequence[Record]) -> Iterator[tuple[str, str, str, list[Record]]]:
    """Protocol, level and method with their records; after the levels of a protocol all of them pooled."""
    for protocol in dict.fromkeys(record.condition.protocol for record in records):
        levels = levels_of(select(records, protocol=protocol))
        for pairs in (*levels, None) if len(levels) > 1 else levels:
            chosen = select(records, protocol=protocol, pairs=pairs)
            for method in methods_of(chosen):
                yield protocol, POOLED if pairs is None else str(pairs), method, select(chosen, method=method)


def _level(pairs: str, records: Sequence[Record]) -> str:
    noise = sum(record.noise_percent for record in records) / len(records)
    return pairs if pairs == POOLED else f"{pairs} ({noise:.2f} %)"


def _summary(records: Sequence[Record], figure: str) -> Summary | None:
    return summarise(records, figure, kind_of(figure).value)


def _cell(records: Sequence[Record], figure: str) -> str:
    summary = _summary(records, figure)
    if summary is None:
        return ""
    return _words(summary, kind_of(figure).decimals)


def _words(summary: Summary, decimals: int) -> str:
    mean = f"{summary.mean:.{decimals}f}"
    return mean if summary.people == 1 else f"{mean} ({summary.sd:.{decimals}f})"


def _p(value: float) -> str:
    return "too few" if value != value else ("< 0.001" if value < 0.001 else f"{value:.3f}")


def _csv(rows: Iterable[Sequence[object]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()
