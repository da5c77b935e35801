"""What a user may choose about a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """The choices of one run; as they stand, those of a plain run.

    Attributes:
        pairs: Average only the first so many pairs, as a shorter scan would have; None for all.
        pld: The post-labeling delay in s to quantify, of several or in place of the file's; None for the only one.
        smoothing_fwhm: Gaussian smoothing of control and label images before the network, mm; 0 for none.
    """

    pairs: int | None = None
    pld: float | None = None
    smoothing_fwhm: float = 0.0


DEFAULT_SETTINGS = Settings()
