"""The figures of a result as a table for spreadsheets."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import asdict, fields

from deepasl.results import RegionStatistics, Result

NOT_AVAILABLE = "n/a"
"""What stands for a figure that is not known, as in BIDS tables."""

COLUMNS = (*(field.name for field in fields(RegionStatistics)), "unit")
"""The last column is the unit of mean, standard deviation and median."""


def statistics_csv(result: Result) -> str:
    """A row for each region and map, under a header; decimal points, commas between columns."""
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in result.statistics:
        figures = {name: _text(value) for name, value in asdict(row).items()}
        writer.writerow(figures | {"unit": result.statistics_unit})
    return table.getvalue()


def _text(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else NOT_AVAILABLE
    return str(value)
