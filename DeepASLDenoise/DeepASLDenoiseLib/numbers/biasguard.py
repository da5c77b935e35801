"""What the bias guard of a table says, in words and color."""

from __future__ import annotations

import html
from collections.abc import Iterator

from DeepASLDenoiseLib.nodes import Node
from DeepASLDenoiseLib.translation import tr as _

GOOD, BAD = "#2a9d57", "#d64533"
"""Green and red that stand out from a light and from a dark window."""

BULLET = "&#9679;"


def keptText() -> str:
    """The verdict in the table where denoising left a mean as it was."""
    return str(_("kept"))


def changedText() -> str:
    """The verdict in the table where it did not."""
    return str(_("CHANGED"))


def guardText(table: Node | None) -> str:
    """The verdicts of a table of `tables.statisticsTable` as rich text; empty without a table."""
    if table is None:
        return ""
    rows = list(_rows(table))
    changed = [_sentence(row, table.GetColumnUnitLabel("Mean")) for row in rows if row["BiasGuard"] == changedText()]
    if not changed:
        judged = {row["Region"] for row in rows if row["BiasGuard"]}
        text = _("Bias guard: denoising kept the mean of every region ({regions}).")
        return _colored(text.format(regions=", ".join(sorted(judged))), GOOD)
    advice = _(
        "Compare the maps before relying on either. Noise has no mean, so denoising should leave that of a region as "
        "it is; but grey and white matter are found on the noisy conventional map, which makes their change look "
        "larger than it is when few pairs are averaged."
    )
    return "<br>".join([*(_colored(sentence, BAD) for sentence in changed), html.escape(advice)])


def _sentence(row: dict[str, str], unit: str) -> str:
    text = _("Bias guard: {map} changes the mean of {region} by {change} {unit} ({percent} %).")
    return text.format(
        map=row["Map"],
        region=row["Region"],
        change=_signed(row["Change"]),
        percent=_signed(row["ChangePercent"]),
        unit=unit,
    )


def _rows(table: Node) -> Iterator[dict[str, str]]:
    columns = table.GetTable()
    names = [columns.GetColumnName(n) for n in range(columns.GetNumberOfColumns())]
    for row in range(columns.GetNumberOfRows()):
        yield {name: columns.GetValueByName(row, name).ToString() for name in names}


def _signed(number: str) -> str:
    return f"{float(number):+g}"


def _colored(text: str, color: str) -> str:
    return f'<span style="color:{color}">{BULLET}</span> {html.escape(text)}'
