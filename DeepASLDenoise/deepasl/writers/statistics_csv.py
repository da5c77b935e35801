"""The figures of a result as tables, comma-separated for spreadsheets and tab-separated as in BIDS."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, fields

from deepasl.results import RegionStatistics, Result

NOT_AVAILABLE = "n/a"
"""What stands for a figure that is not known, as in BIDS tables."""

COLUMNS = (*(field.name for field in fields(RegionStatistics)), "unit")
"""The last column is the unit of mean, standard deviation and median."""


def statistics_csv(result: Result) -> str:
    """A row for each region and map, under a header; decimal points, commas between columns."""
    return _table(result.statistics, result.statistics_unit, ",")


def label_statistics_tsv(result: Result) -> str:
    """The same for the regions of a label image, tabs between columns."""
    return _table(result.label_statistics, result.statistics_unit, "\t")


def _table(rows: Sequence[RegionStatistics], unit: str, separator: str) -> str:
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n", delimiter=separator)
    writer.writeheader()
    for row in rows:
        figures = {name: _text(value) for name, value in asdict(row).items()}
        writer.writerow(figures | {"unit": unit})
    return table.getvalue()


def _text(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else NOT_AVAILABLE
    return str(value)
