"""The table of acquisition parameters: value, unit and source of each; the user types over the value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
from slicer.i18n import tr as _

from deepasl.acquisition import SPECS, Acquisition, Parameter
from DeepASLDenoiseLib.acquisitiontext import formatParameter

VALUE_COLUMN = 1


class AcquisitionTable:
    """Fills a `QTableWidget` and tells of edits.

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
        table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        table.horizontalHeader().setStretchLastSection(True)
        table.connect("itemChanged(QTableWidgetItem*)", self._onItemChanged)

    def show(self, acquisition: Acquisition) -> None:
        """Show these values."""
        wasBlocked = self._table.blockSignals(True)
        for row, (field, parameter) in enumerate(acquisition):
            self._showRow(row, field, parameter)
        self._table.blockSignals(wasBlocked)

    def _showRow(self, row: int, field: str, parameter: Parameter[Any]) -> None:
        spec = SPECS[field]
        source = parameter.source.value if parameter.known and parameter.source is not None else ""
        texts = (spec.title, formatParameter(parameter), spec.unit, source)
        for column, text in enumerate(texts):
            item = qt.QTableWidgetItem(text)
            item.setToolTip(self._tip(field, parameter))
            if column != VALUE_COLUMN:
                item.setFlags(qt.Qt.ItemIsEnabled)
            self._table.setItem(row, column, item)

    @staticmethod
    def _tip(field: str, parameter: Parameter[Any]) -> str:
        spec = SPECS[field]
        lines = [spec.meaning]
        if spec.usual is not None:
            lines.append(
                _("Usual: {low:g} to {high:g} {unit}").format(low=spec.usual[0], high=spec.usual[1], unit=spec.unit)
            )
        if parameter.known and parameter.origin:
            lines.append(_("From: {origin}").format(origin=parameter.origin))
        return "\n".join(lines)

    def _onItemChanged(self, item: qt.QTableWidgetItem) -> None:
        if item.column() == VALUE_COLUMN:
            self._onEdit(self._fields[item.row()], item.text())
