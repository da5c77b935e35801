"""The table of acquisition parameters: value, unit and source of each; the user types over the value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import qt

from deepasl.acquisition.parameters import SPECS, Acquisition, Parameter
from deepasl.findings import Finding, Severity
from DeepASLDenoiseLib.scans.acquisitiontext import expected, formatParameter
from DeepASLDenoiseLib.translation import tr as _

VALUE_COLUMN = 1

PADDING = 8
"""Height of a row beyond that of its letters, pixels."""

COMMAND_LINE_HINT = re.compile(r" ?\((?:command line: )?--[^)]*\)")

Marks = Mapping[str, Sequence[Finding]]
"""What is doubtful, by field of `Acquisition`, errors first."""


class AcquisitionTable:
    """Fills a `QTableWidget` and tells of edits. A doubtful value has a sign beside it, and says why in its tooltip.

    Args:
        table: The widget.
        onEdit: Called with field and text when the user has changed a value.
    """

    def __init__(self, table: qt.QTableWidget, onEdit: Callable[[str, str], object]) -> None:
        self._table = table
        self._onEdit = onEdit
        self._fields = tuple(SPECS)
        table.setColumnCount(4)
        table.setHorizontalHeaderLabels([_("Parameter"), _("Value"), _("Unit"), _("Source")])
        table.setRowCount(len(self._fields))
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + PADDING)
        # Values of each volume can be long: they get the width that is left.
        table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        table.horizontalHeader().setSectionResizeMode(VALUE_COLUMN, qt.QHeaderView.Stretch)
        table.connect("itemChanged(QTableWidgetItem*)", self._onItemChanged)

    def show(self, acquisition: Acquisition, marks: Marks) -> None:
        """Show these values, with a sign at those that `marks` says something about."""
        wasBlocked = self._table.blockSignals(True)
        for row, (field, parameter) in enumerate(acquisition):
            self._showRow(row, field, parameter, marks.get(field, ()))
        self._table.blockSignals(wasBlocked)

    def _showRow(self, row: int, field: str, parameter: Parameter[Any], doubts: Sequence[Finding]) -> None:
        spec = SPECS[field]
        source = parameter.source.value if parameter.known and parameter.source is not None else ""
        texts = (spec.title, formatParameter(parameter), spec.unit, source)
        tip = tipText(field, parameter, doubts)
        for column, text in enumerate(texts):
            item = qt.QTableWidgetItem(text)
            item.setToolTip(tip)
            if column != VALUE_COLUMN:
                item.setFlags(qt.Qt.ItemIsEnabled)
            elif doubts:
                item.setIcon(self._sign(doubts[0].severity))
            self._table.setItem(row, column, item)

    def _sign(self, severity: Severity) -> qt.QIcon:
        """The sign of the desktop's own style: it is seen on light and on dark ground."""
        style = self._table.style()
        signs = {Severity.ERROR: qt.QStyle.SP_MessageBoxCritical, Severity.WARNING: qt.QStyle.SP_MessageBoxWarning}
        return style.standardIcon(signs.get(severity, qt.QStyle.SP_MessageBoxInformation))

    def _onItemChanged(self, item: qt.QTableWidgetItem) -> None:
        if item.column() == VALUE_COLUMN:
            self._onEdit(self._fields[item.row()], item.text())


def tipText(field: str, parameter: Parameter[Any], doubts: Sequence[Finding] = ()) -> str:
    """What is doubtful of a parameter, what it means, what is usual, where it came from, and how to type it."""
    spec = SPECS[field]
    lines = [*(forDesktop(finding.message) for finding in doubts), spec.meaning]
    if spec.usual is not None:
        usual = _("Usual: {low:g} to {high:g} {unit}")
        lines.append(usual.format(low=spec.usual[0], high=spec.usual[1], unit=spec.unit).rstrip())
    if parameter.known and parameter.origin:
        lines.append(_("From: {origin}").format(origin=parameter.origin))
    lines.append(_("Double-click the value to type {expected}.").format(expected=expected(field)))
    return "\n".join(lines)


def marksText(marks: Marks) -> str:
    """Errors and warnings, each once, one below the other."""
    serious = (f for findings in marks.values() for f in findings if f.severity is not Severity.NOTE)
    return "\n".join(dict.fromkeys(forDesktop(finding.message) for finding in serious))


def forDesktop(message: str) -> str:
    """A message without the options of the command line."""
    return COMMAND_LINE_HINT.sub("", message)
