"""What a scanner gives of a person, and nothing that only a simulation knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from deepasl.denoising.denoiser import from_percent, to_percent
from deepasl.geometry import Geometry
from deepasl.perfusion.differences import noise_of_mean
from deepasl.progress import run
from deepasl.results import BoolArray
from deepasl.series import FloatArray, mean_in, mean_volume


@dataclass(frozen=True)
class Observation:
    """A scan as a denoising method gets it. Intensities in scanner units.

    Attributes:
        control, label: Volumes of the pairs ``[n, k, j, i]``.
        m0: Measured M0 ``[k, j, i]``.
        brain: Brain ``[k, j, i]``.
        geometry: The grid.
    """

    control: FloatArray
    label: FloatArray
    m0: FloatArray
    brain: BoolArray
    geometry: Geometry

    @cached_property
    def mean_m0(self) -> float:
        """Mean M0 of the brain: the unit of all that methods return is 1 % of it."""
        return mean_in(self.m0, self.brain)

    @cached_property
    def deltam(self) -> FloatArray:
        """Mean of control minus label ``[k, j, i]``, percent of mean M0."""
        return self.to_percent(mean_volume(self.control - self.label))

    @cached_property
    def noise_percent(self) -> float:
        """SD of the noise of `deltam` in the brain, told from the spread of the pairs; percent of mean M0."""
        return 100.0 * run(noise_of_mean(self.control - self.label, self.brain)) / self.mean_m0

    @property
    def m0_fraction(self) -> FloatArray:
        """M0 ``[k, j, i]`` divided by its mean in the brain; 0 outside."""
        return np.where(self.brain, self.m0 / np.float32(self.mean_m0), np.float32(0.0))

    def first(self, pairs: int) -> Observation:
        """The scan that ends after its first so many pairs."""
        if pairs > len(self.control):
            raise ValueError(f"{pairs} pairs of a scan with {len(self.control)}")
        return replace(self, control=self.control[:pairs], label=self.label[:pairs])

    def to_percent(self, deltam: FloatArray) -> FloatArray:
        """A difference image in scanner units, in percent of mean M0."""
        return to_percent(deltam, self.mean_m0)

    def from_percent(self, deltam: FloatArray) -> FloatArray:
        """The inverse of `to_percent`."""
        return from_percent(deltam, self.mean_m0)
