"""What the figures of an evaluation mean: how they are called, written and compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deepasl.results import CBF_UNIT
from deepasl_trainer.evaluation.halves import GREY_CHANGE, UNSELECTED_GREY_CHANGE
from deepasl_trainer.evaluation.judging import (
    CCC,
    GREY_BIAS,
    LESIONS,
    NULL,
    PSNR,
    RMSE,
    SSIM,
    WHITE_BIAS,
    lesion_figure,
)


@dataclass(frozen=True)
class FigureKind:
    """A kind of figure.

    Attributes:
        title: Heading of a column.
        decimals: Digits after the point.
        value: What is averaged: the figure itself, or its size where a mean of both signs would hide it.
        merit: How good a value is: larger is better.
    """

    title: str
    decimals: int
    value: Callable[[float], float]
    merit: Callable[[float], float]


def _itself(value: float) -> float:
    return value


def _less_is_better(value: float) -> float:
    return -value


def _zero_is_best(value: float) -> float:
    return -abs(value)


def _one_is_best(value: float) -> float:
    return -abs(value - 1.0)


_LESIONS = FigureKind("lesion contrast", 2, _itself, _one_is_best)

KINDS: dict[str, FigureKind] = {
    PSNR: FigureKind("PSNR (dB)", 1, _itself, _itself),
    SSIM: FigureKind("SSIM", 2, _itself, _itself),
    RMSE: FigureKind(f"RMSE ({CBF_UNIT})", 1, _itself, _less_is_better),
    CCC: FigureKind("CCC", 2, _itself, _itself),
    GREY_BIAS: FigureKind("abs. bias GM", 1, abs, _zero_is_best),
    WHITE_BIAS: FigureKind("abs. bias WM", 1, abs, _zero_is_best),
    LESIONS: _LESIONS,
    UNSELECTED_GREY_CHANGE: FigureKind("change of GM told from the other half (%)", 1, _itself, _zero_is_best),
    GREY_CHANGE: FigureKind("change of GM, all pairs (%)", 1, _itself, _zero_is_best),
    NULL: FigureKind(f"mean abs. CBF ({CBF_UNIT})", 2, _itself, _less_is_better),
}
"""All but the lesions of one factor, which `kind_of` knows."""


def kind_of(figure: str) -> FigureKind:
    """The kind of a figure by its name."""
    if figure.startswith(f"{LESIONS} "):
        factor = float(figure.removeprefix(lesion_figure(0.0)[:-1]))
        title = f"{'hypo' if factor < 1.0 else 'hyper'}perfused x{factor:g}"
        return FigureKind(title, _LESIONS.decimals, _LESIONS.value, _LESIONS.merit)
    return KINDS[figure]
