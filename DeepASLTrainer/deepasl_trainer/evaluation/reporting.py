"""The files that an evaluation leaves beside its figures: tables, pictures, and the report that holds them together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from deepasl_trainer.evaluation.baselines import AVERAGE, GAUSSIAN
from deepasl_trainer.evaluation.example_maps import read_examples
from deepasl_trainer.evaluation.figures import bland_altman_figure, curves_figure, maps_figure
from deepasl_trainer.evaluation.records import Record, methods_of, people_of, select
from deepasl_trainer.evaluation.settings import EvaluationSettings
from deepasl_trainer.evaluation.tables import long_csv, report, summary_csv
from deepasl_trainer.training.runs import write_atomically

REPORT_FILE = "report.md"
LONG_FILE, SUMMARY_FILE = "figures.csv", "summary.csv"
PICTURES_FOLDER = "pictures"

CLASSICAL_SHOWN = (AVERAGE, GAUSSIAN)
"""Of the methods without training, those on the pictures of maps."""


def write_report(
    records: Sequence[Record],
    on_scans: Sequence[Record],
    settings: EvaluationSettings,
    reference: str | None,
    folder: Path,
) -> None:
    """Write everything.

    Args:
        records: Figures of simulated scans.
        on_scans: Figures of real scans.
        settings: The evaluation.
        reference: The network that all other methods are tested against; None if there is none.
        folder: Where to, the kept maps lie there too.

    Raises:
        OutputError: If something cannot be written.
    """
    everything = [*records, *on_scans]
    write_atomically(folder / LONG_FILE, long_csv(everything).encode())
    write_atomically(folder / SUMMARY_FILE, summary_csv(everything).encode())
    pictures = "\n\n".join(f"![{title}]({name})" for title, name in _pictures(records, settings, folder))
    tables = report(records, on_scans, settings, reference)
    write_atomically(folder / REPORT_FILE, f"{tables}\n{pictures}\n".encode())


def _pictures(records: Sequence[Record], settings: EvaluationSettings, folder: Path) -> Iterator[tuple[str, str]]:
    """Draw them; title and file of each."""
    methods = methods_of(select(records, protocol=settings.protocols[0].name))
    examples = read_examples(folder, people_of(records), methods)
    if examples:
        name = f"{PICTURES_FOLDER}/bland-altman.png"
        bland_altman_figure(examples, methods, folder / name)
        yield "Bland-Altman", name
        classical = settings.baselines.methods
        shown = [method for method in methods if method in CLASSICAL_SHOWN or method not in classical]
        for example in examples:
            name = f"{PICTURES_FOLDER}/maps-{example.person}.png"
            maps_figure(example, shown, folder / name)
            yield f"Maps of {example.person}", name
    steps = {step.name for curve in settings.curves for step in settings.protocols_of(curve)}
    if on_curves := [record for record in records if record.condition.protocol in steps]:
        name = f"{PICTURES_FOLDER}/curves.png"
        curves_figure(on_curves, settings, folder / name)
        yield "Out of the domain", name
