"""Every number of a training on real scans that one on synthetic scans does not have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Reference = Literal["halves", "mean-of-all"]
"""What stands for the truth: see `deepasl_trainer.invivo.references`."""

LARGEST_TURN = 45.0
"""Beyond it a turn is a quarter turn and a smaller one the other way round."""


@dataclass(frozen=True)
class InVivoSettings:
    """How examples are made of measured pairs. How scans are cut is said by `PatchSettings`.

    Attributes:
        reference: ``"halves"``: some pairs of one half of the scan against the mean of the other half.
            ``"mean-of-all"``: some pairs against the mean of all, as in the DeepASL paper; input and reference then
            share noise, which flatters every method.
        fractions: Noise levels: the part of the pairs of one half (or of all) that is averaged.
        smoothing_fwhm: Gaussian smoothing of control and label images beforehand, mm; 4 in the paper, 0 for none.
        turn_degrees: Largest turn of a scan in plane when it is laid anew; at most 45.
        mirror_share: Fraction of the examples that are mirrored left to right.
        seed: Of how scans are laid.
    """

    reference: Reference = "halves"
    fractions: tuple[float, ...] = (0.2, 0.4, 0.6, 0.8)
    smoothing_fwhm: float = 0.0
    turn_degrees: float = 20.0
    mirror_share: float = 0.5
    seed: int = 20180917

    def __post_init__(self) -> None:
        if not self.fractions or not all(0.0 < fraction <= 1.0 for fraction in self.fractions):
            raise ValueError(f"fractions of the pairs lie above 0 and up to 1, not {self.fractions}")
        if not self.smoothing_fwhm >= 0.0:
            raise ValueError(f"a smoothing of {self.smoothing_fwhm:g} mm cannot be")
        if not 0.0 <= self.turn_degrees <= LARGEST_TURN:
            raise ValueError(f"turns go up to {LARGEST_TURN:g} degrees, not {self.turn_degrees:g}")
        if not 0.0 <= self.mirror_share <= 1.0:
            raise ValueError(f"{self.mirror_share:g} is no share of the examples")
