"""The table of volumes: number, role, delay, signal, and what becomes of each. Fast for hundreds of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import qt
from numpy.typing import NDArray

from deepasl.labeling.volume_use import VolumeUse
from DeepASLDenoiseLib.translation import tr as _

PADDING = 6
"""Height of a row beyond that of its letters, pixels."""


class VolumeTable:
    """Fills a `QTableWidget`; rows are volumes. Only cells that changed are written.

    Args:
        table: The widget.
    """

    def __init__(self, table: qt.QTableWidget) -> None:
        self._table = table
        self._shown: list[tuple[str, ...]] = []
        table.setColumnCount(5)
        table.setHorizontalHeaderLabels([_("Volume"), _("Role"), _("PLD (s)"), _("Signal"), _("Used")])
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + PADDING)
        header = table.horizontalHeader()
        header.setResizeContentsPrecision(0)  # widths by what is visible: hundreds of rows stay fast
        header.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        header.setStretchLastSection(True)

    def show(self, uses: Sequence[VolumeUse], signal: NDArray[np.float64]) -> None:
        """Show these volumes.

        Args:
            uses: What becomes of each.
            signal: Their mean in the brain, ``[t]``.
        """
        rows = [rowTexts(use, value) for use, value in zip(uses, signal, strict=True)]
        wasBlocked = self._table.blockSignals(True)
        self._table.setRowCount(len(rows))
        del self._shown[len(rows) :]
        for number, texts in enumerate(rows):
            before = self._shown[number] if number < len(self._shown) else ("",) * len(texts)
            for column, text in enumerate(texts):
                if number >= len(self._shown) or text != before[column]:
                    self._write(number, column, text)
        self._shown = rows
        self._table.blockSignals(wasBlocked)

    def selected(self) -> list[int]:
        """The numbers of the selected volumes."""
        rows = self._table.selectionModel().selectedRows()
        return sorted(index.row() for index in rows)

    def _write(self, row: int, column: int, text: str) -> None:
        item = self._table.item(row, column)
        if item is None:
            item = qt.QTableWidgetItem()
            item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable)
            self._table.setItem(row, column, item)
        item.setText(text)
        item.setToolTip(text)


def rowTexts(use: VolumeUse, signal: float) -> tuple[str, ...]:
    """What a row says."""
    delay = "" if use.delay is None else f"{use.delay:g}"
    used = use.reason if use.used else _("no: {reason}").format(reason=use.reason)
    return (str(use.index), use.role.value, delay, f"{signal:.4g}", used)
