"""Is one method better than the others, or could it be chance? Paired tests on the same scans."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import wilcoxon
from statsmodels.stats.multitest import multipletests

from deepasl_trainer.evaluation.figure_kinds import kind_of
from deepasl_trainer.evaluation.records import Record, figures_of, methods_of, select

UNIT = "one scan of one person with one number of pairs"
"""What the tests take for independent of each other. Scans of one person are not, quite: see `caveat`."""

LEAST_UNITS = 6
"""Below this many units no signed-rank test can reach p < 0.05, whatever the figures are."""

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Comparison:
    """A method against the reference method, in one figure.

    Attributes:
        figure, method, reference: Which.
        units: Number of pairs of figures: see `UNIT`.
        people: Number of people they come from.
        gain: Mean of how much more merit the reference has, in the unit of the figure; above 0 it is better.
        better_in: Number of people for whom the reference is better on average.
        p: Wilcoxon's signed-rank test, two-sided; NaN with fewer than `LEAST_UNITS` units.
        p_holm: The same, corrected by Holm's method for all comparisons made together.
    """

    figure: str
    method: str
    reference: str
    units: int
    people: int
    gain: float
    better_in: int
    p: float
    p_holm: float

    @property
    def is_significant(self) -> bool:
        """Whether chance is an unlikely reason after correction."""
        return self.p_holm < SIGNIFICANT


def compare(records: Sequence[Record], reference: str) -> tuple[Comparison, ...]:
    """The reference method against every other one in every figure, on the scans that both have.

    Args:
        records: Of one protocol.
        reference: The method that all others are compared with.
    """
    mine = select(records, method=reference)
    found = [
        comparison
        for figure in figures_of(mine)
        for method in methods_of(records)
        if method != reference and (comparison := _compared(mine, select(records, method=method), figure)) is not None
    ]
    tested = [comparison for comparison in found if not np.isnan(comparison.p)]
    if not tested:
        return tuple(found)
    _, corrected, _, _ = multipletests([comparison.p for comparison in tested], method="holm")
    holm = {(one.figure, one.method): float(p) for one, p in zip(tested, corrected, strict=True)}
    return tuple(replace(one, p_holm=holm.get((one.figure, one.method), float("nan"))) for one in found)


def caveat(people: int) -> str:
    """How far the tests can be trusted with so many people, in words.

    Units of one person are alike. A sign test that takes people for units cannot give less than 2^(1 - people).
    """
    smallest = 2.0 ** (1 - people)
    words = f"Units are {UNIT}; those of one person are not independent, so p is too small"
    if smallest > SIGNIFICANT:
        return (
            f"{words}. With {people} {'person' if people == 1 else 'people'} no test over people can reach "
            f"p < {SIGNIFICANT:g} (the smallest possible is {smallest:g}): the tests say that scans differ, not that "
            "people do."
        )
    return f"{words}. A test over the {people} people alone could reach p = {smallest:.2g}."


def _compared(mine: Iterable[Record], others: Iterable[Record], figure: str) -> Comparison | None:
    merit = kind_of(figure).merit
    by_condition = {record.condition: record for record in others if figure in record.figures}
    pairs = [
        (record, by_condition[record.condition])
        for record in mine
        if figure in record.figures and record.condition in by_condition
    ]
    if not pairs:
        return None
    gains = np.array([merit(a.figures[figure]) - merit(b.figures[figure]) for a, b in pairs])
    names = np.array([a.condition.person for a, _ in pairs])
    by_person = [float(gains[names == name].mean()) for name in dict.fromkeys(names.tolist())]
    return Comparison(
        figure=figure,
        method=pairs[0][1].method,
        reference=pairs[0][0].method,
        units=len(gains),
        people=len(by_person),
        gain=float(gains.mean()),
        better_in=sum(gain > 0.0 for gain in by_person),
        p=_signed_rank(gains),
        p_holm=float("nan"),
    )


def _signed_rank(gains: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    if len(gains) < LEAST_UNITS:
        return float("nan")
    if not gains.any():
        return 1.0
    return float(wilcoxon(gains, zero_method="zsplit").pvalue)
