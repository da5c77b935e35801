"""Columns of table nodes, and the text of a table as programs for tables read it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import vtk

from deepasl.errors import OutputError
from DeepASLDenoiseLib.nodes import Node

DIGITS = 4
"""Significant digits of a figure: noise leaves no meaning to more."""


@dataclass(frozen=True)
class Column:
    """A column of a table node.

    Attributes:
        name: By which scripts find it; never translated.
        title: What users read above it.
        description: What they read when they point at it.
        values: Texts, counts or figures, one for each row.
        unit: Of the figures; empty for none.
    """

    name: str
    title: str
    description: str
    values: Sequence[str] | Sequence[int] | Sequence[float]
    unit: str = ""


def fillTable(node: Node, columns: Sequence[Column]) -> None:
    """Let a table node have these columns and no others; users can read but not change them."""
    wasModifying = node.StartModify()
    node.RemoveAllColumns()
    for column in columns:
        node.AddColumn(_array(column))
        node.SetColumnTitle(column.name, column.title)
        node.SetColumnDescription(column.name, column.description)
        if column.unit:
            node.SetColumnUnitLabel(column.name, column.unit)
    node.SetUseColumnTitleAsColumnHeader(True)
    node.SetLocked(True)
    node.EndModify(wasModifying)


def tableText(node: Node, delimiter: str = "\t") -> str:
    """A table node as text: a line of titles with units, then a line for each row; decimal points, no rounding.

    What is not a number is left empty.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    table = node.GetTable()
    columns = [table.GetColumn(n) for n in range(table.GetNumberOfColumns())]
    writer.writerow([_title(node, column.GetName()) for column in columns])
    for row in range(table.GetNumberOfRows()):
        writer.writerow([_cell(column.GetValue(row)) for column in columns])
    return text.getvalue()


def writeCsv(node: Node, path: Path | str) -> None:
    """Write a table node as CSV (comma, decimal point, UTF-8); a file that is there is replaced once all is written.

    Raises:
        OutputError: If the file cannot be written.
    """
    path = Path(path)
    unfinished = path.with_name(f"{path.name}.part")
    try:
        unfinished.write_text(tableText(node, ","), encoding="utf-8", newline="\n")
        unfinished.replace(path)
    except OSError as error:
        raise OutputError(
            f"the table cannot be written ({error.strerror})", where=path, remedy="Choose another folder."
        ) from error


def _array(column: Column) -> Node:
    values = list(column.values)
    if all(isinstance(value, str) for value in values):
        array = vtk.vtkStringArray()
    elif all(isinstance(value, int) for value in values):
        array = vtk.vtkIntArray()
    else:
        array = vtk.vtkDoubleArray()
        values = [_rounded(float(value)) for value in values]
    array.SetName(column.name)
    for value in values:
        array.InsertNextValue(value)
    return array


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _title(node: Node, name: str) -> str:
    title, unit = node.GetColumnTitle(name) or name, node.GetColumnUnitLabel(name)
    return f"{title} ({unit})" if unit else title


def _cell(value: str | float) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    return str(value)
