"""Table 1 of the DeepASL paper with our figures beside the published ones, in Markdown and as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deepasl_trainer.evaluation.baselines import AVERAGE
from deepasl_trainer.evaluation.comparison import compare
from deepasl_trainer.evaluation.figure_kinds import kind_of
from deepasl_trainer.evaluation.judging import CCC, PSNR, RMSE
from deepasl_trainer.evaluation.records import Record, methods_of, people_of, select, summarise
from deepasl_trainer.evaluation.tables import comparison_table, markdown_table, summary_csv
from deepasl_trainer.experiments.examinations import IN_VIVO
from deepasl_trainer.experiments.plan import LAMBDA, Training
from deepasl_trainer.training.runs import write_atomically
from deepasl_trainer.training.settings import FitSettings

MARKDOWN_FILE, CSV_FILE = "table.md", "table.csv"

FIGURES = (PSNR, RMSE, CCC)
"""Those of Table 1."""


@dataclass(frozen=True)
class Published:
    """Means in Table 1 of Ulas et al., DeepASL, MICCAI 2018. The unit of its RMSE is not stated."""

    psnr: float
    rmse: float
    ccc: float


PAPER_SYNTHETIC: Mapping[str, Published] = {
    AVERAGE: Published(20.3, 2.20, 0.88),
    "dilated": Published(25.2, 1.48, 0.93),
    "lambda-0.2": Published(28.0, 1.33, 0.95),
    "lambda-0.5": Published(26.9, 1.40, 0.95),
    "lambda-0.7": Published(25.6, 1.51, 0.94),
    "lambda-1": Published(25.3, 1.49, 0.93),
}

PAPER_IN_VIVO: Mapping[str, Published] = {
    AVERAGE: Published(23.6, 1.49, 0.85),
    "dilated": Published(24.2, 1.41, 0.87),
    "lambda-0.2": Published(25.1, 1.37, 0.88),
}

PUBLISHED: Mapping[str, Mapping[str, Published]] = {
    "paper, synthetic": PAPER_SYNTHETIC,
    IN_VIVO["mean-of-all"]: PAPER_IN_VIVO,
}
"""By protocol: the first is that of configs/paper-evaluation.toml. The paper has no others."""

CAVEAT = (
    "Columns of the paper are for orientation alone. Its RMSE fits a unit of 10 mL/100g/min, which is inferred, not "
    "stated. The peak of its PSNR is not stated either; ours is the largest value of the reference in the brain. "
    "People and scanner differ."
)

NOTES: Mapping[str, Sequence[str]] = {
    IN_VIVO["mean-of-all"]: (
        "The reference is the mean of all pairs, those of the noisy image among them, as in the paper: the two share "
        "noise, which flatters every method.",
    ),
    IN_VIVO["halves"]: (
        "The reference is the mean of the half of the pairs that no method gets; it is noisy itself, and no "
        "method can be closer to it than its noise. The paper has no such figures.",
    ),
}
"""What is to be known of a protocol."""


def write_table(
    title: str, trainings: Sequence[Training], protocols: Sequence[str], records: Sequence[Record], folder: Path
) -> Path:
    """Write `MARKDOWN_FILE` and `CSV_FILE`; the path of the first.

    Args:
        title: Of the experiment.
        trainings: All that are to be, finished or not.
        protocols: What is measured, a table for each.
        records: Figures so far.
        folder: Where to.

    Raises:
        OutputError: If they cannot be written.
    """
    write_atomically(folder / MARKDOWN_FILE, _markdown(title, trainings, protocols, records).encode())
    write_atomically(folder / CSV_FILE, summary_csv(records).encode())
    return folder / MARKDOWN_FILE


def _markdown(title: str, trainings: Sequence[Training], protocols: Sequence[str], records: Sequence[Record]) -> str:
    parts = [f"# {title}", _what_was_done(trainings), _what_is_missing(trainings)]
    for protocol in protocols:
        parts += [f"## {protocol[:1].upper()}{protocol[1:]}", *_section(protocol, trainings, records)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _what_was_done(trainings: Sequence[Training]) -> str:
    fit = trainings[0].settings.fit
    folds = {training.fold: training.settings.people for training in trainings}
    people = sum(len(fold.test) for fold in folds.values())
    runs = [run for training in trainings if (run := training.run) is not None]
    machines = "; ".join(sorted({run.machine for run in runs}))
    time = f" Training so far: {sum(run.minutes for run in runs):.0f} minutes on {machines}." if runs else ""
    return (
        f"{people} people in {len(folds)} folds; nobody is judged by a network that was trained or chosen on them. "
        f"Each network: {_schedule(fit)}.{time} Mean (SD over people) of all noise levels; the levels of a person "
        "are averaged first."
    )


def _schedule(fit: FitSettings) -> str:
    seen = fit.epochs * fit.epoch_patches
    return (
        f"{fit.epochs} epochs of {fit.epoch_patches:,} patches ({seen:,} in all; the paper: 3,600,000) in steps of "
        f"{fit.batch_size}, learning rate {fit.learning_rate:g} ({fit.schedule})"
    )


def _what_is_missing(trainings: Sequence[Training]) -> str:
    """The folds of each network that are not finished; empty when nothing is missing."""
    missing: dict[str, list[str]] = {}
    for training in trainings:
        if not training.is_finished:
            missing.setdefault(training.network, []).append(str(training.fold))
    if not missing:
        return ""
    networks = "; ".join(f"{name}: fold {', '.join(folds)}" for name, folds in missing.items())
    count = sum(map(len, missing.values()))
    return (
        f"**Not finished: {count} of {len(trainings)} trainings are missing ({networks}).** "
        "The rows cover as many people as they say."
    )


def _section(protocol: str, trainings: Sequence[Training], records: Sequence[Record]) -> list[str]:
    beside = PUBLISHED.get(protocol, {})
    of_protocol = [_of_table(record) for record in select(records, protocol=protocol)]
    networks = tuple(dict.fromkeys(training.network for training in trainings))
    everybody = {name for training in trainings for name in training.settings.people.test}
    head = ["method", "people", *(kind_of(figure).title for figure in FIGURES)]
    rows = [[name, *_row(select(of_protocol, method=name), len(everybody))] for name in (AVERAGE, *networks)]
    if beside:
        head += ["paper: PSNR (dB)", "paper: RMSE", "paper: CCC"]
        rows = [[*row, *_published_cells(beside.get(row[0]))] for row in rows]
    notes = [*NOTES.get(protocol, ()), *([CAVEAT] if beside else [])]
    return [markdown_table(head, rows), *notes, *_tests(of_protocol, networks)]


def _row(records: Sequence[Record], everybody: int) -> list[str]:
    there = len(people_of(records))
    count = str(there) if there == everybody else f"{there} of {everybody}"
    return [count, *(_cell(records, figure) for figure in FIGURES)]


def _cell(records: Sequence[Record], figure: str) -> str:
    summary, decimals = summarise(records, figure), kind_of(figure).decimals
    if summary is None:
        return "-"
    mean = f"{summary.mean:.{decimals}f}"
    return mean if summary.people == 1 else f"{mean} ({summary.sd:.{decimals}f})"


def _published_cells(figures: Published | None) -> list[str]:
    if figures is None:
        return ["-"] * len(FIGURES)
    return [f"{figures.psnr:.1f}", f"{figures.rmse:.2f}", f"{figures.ccc:.2f}"]


def _tests(records: Sequence[Record], networks: Sequence[str]) -> list[str]:
    """The first network with a lambda against all other methods, on the people that both were judged on."""
    tested = next((name for name in networks if name.startswith(LAMBDA)), None)
    if tested is None or tested not in methods_of(records):
        return []
    return [f"### {tested} against the others", comparison_table(compare(records, tested))]


def _of_table(record: Record) -> Record:
    return replace(record, figures={name: value for name, value in record.figures.items() if name in FIGURES})
