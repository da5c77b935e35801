"""Signals at several post-labeling delays, and what each tells of CBF and of the arterial transit time (ATT).

The model is that of `deepasl.quantification.kinetics`, by which `deepasl.quantification.transit_fit` fits maps. Here it
is looked up in tables, so that patches are drawn on any device.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from deepasl.acquisition.parameters import LabelingType
from deepasl.quantification.buxton import PARTITION_COEFFICIENT
from deepasl.quantification.label_timing import LabelModel, LabelTiming
from deepasl_trainer.synthetic.flow import smooth_field
from deepasl_trainer.synthetic.random_draws import log_uniform, uniform
from deepasl_trainer.training.settings import ArrivalSettings

STEP = 0.005
"""Between the transit times of the tables, s."""

LONGEST = 6.0
"""End of the tables, s."""

RIDGE = 0.2
"""Where signals err as much as they are, ATT errs by no more than 1 / `RIDGE` s: where no delay tells it, a fit would
err without bounds, and the search of `deepasl.quantification.transit_fit` has bounds."""


@dataclass(frozen=True)
class DelayTables:
    """Signal and slope of the signal by ATT.

    Attributes:
        signal: dM / M0 at each delay for a CBF of 1 mL/100g/min ``[p, a]``, a transit times of `STEP` from 0.
        slope: Its change with ATT, 1/s ``[p, a]``.
    """

    signal: Tensor
    slope: Tensor

    def at(self, att: Tensor) -> tuple[Tensor, Tensor]:
        """Signal and slope at transit times ``[n, ...]`` in s, each ``[n, p, ...]``."""
        place = (att / STEP).clamp(0.0, self.signal.shape[1] - 1.001)
        below = place.long()
        beyond = place - below
        both = [(1.0 - beyond) * table[:, below] + beyond * table[:, below + 1] for table in (self.signal, self.slope)]
        signal, slope = (values.movedim(0, 1) for values in both)
        return signal, slope


def delay_tables(settings: ArrivalSettings, device: torch.device | str) -> DelayTables:
    """The tables of a protocol."""
    timing = LabelTiming(settings.delays, (settings.labeling_duration,) * len(settings.delays))
    model = LabelModel(
        labeling_type=LabelingType.PCASL,
        t1_blood=settings.t1_blood,
        t1_tissue=settings.t1_blood,
        labeling_efficiency=settings.labeling_efficiency,
        partition_coefficient=PARTITION_COEFFICIENT,
    )
    signal = model.signal(np.arange(0.0, LONGEST, STEP), timing)
    tables = (signal, np.gradient(signal, STEP, axis=1))
    return DelayTables(*(torch.from_numpy(table).float().to(device) for table in tables))


def draw_att(tissue: Tensor, voxel: Tensor, settings: ArrivalSettings, generator: torch.Generator) -> Tensor:
    """Transit times of people ``[n, s, h, w]``, s.

    Args:
        tissue: Partial volumes of grey matter, white matter and CSF ``[n, 3, s, h, w]``.
        voxel: Voxel size (i, j, k) in mm ``[n, 3]``.
        settings: What is drawn.
        generator: The source of randomness.
    """
    count = len(tissue)
    grey, white = (uniform(range_, (count, 1, 1, 1), generator) for range_ in (settings.grey_att, settings.white_att))
    share = tissue[:, 0] / (tissue[:, 0] + tissue[:, 1]).clamp(min=0.01)
    sd = uniform(settings.regional_sd, (count, 1, 1, 1), generator)
    fwhm = log_uniform(settings.regional_fwhm, (count,), generator)
    att = white + (grey - white) * share + sd * smooth_field(share, voxel, fwhm, generator)
    return att.clamp(min=0.0)


@dataclass(frozen=True)
class Sampling:
    """What is seen of flow, and what a fit makes of it: `p` delays.

    Attributes:
        per_flow: dM / M0 for a CBF of 1 mL/100g/min ``[m, p, s, h, w]``, or of a shape that is broadcast to it.
        cbf: What a dM / M0 of 1 at each delay adds to CBF in the middle slice ``[m, p, h, w]``, mL/100g/min, or of a
            shape that is broadcast to it.
        moment: The same of CBF times transit time, mL/100g/min times s; None at one delay.
        att: Transit times in the middle slice ``[m, h, w]``, s; None at one delay.
    """

    per_flow: Tensor
    cbf: Tensor
    moment: Tensor | None = None
    att: Tensor | None = None


def at_one_delay(gain: Tensor) -> Sampling:
    """All of the label has arrived: CBF is proportional to the signal by the `gain` of each slice ``[m, s]``."""
    middle = gain.shape[1] // 2
    return Sampling(1.0 / gain[:, None, :, None, None], gain[:, middle, None, None, None])


def at_delays(att: Tensor, settings: ArrivalSettings) -> Sampling:
    """The label arrives at transit times `att` ``[m, s, h, w]``, s."""
    tables = delay_tables(settings, att.device)
    signal, slope = tables.at(att)
    middle = att.shape[1] // 2
    cbf, moment = fit_weights(signal[:, :, middle], slope[:, :, middle])
    return Sampling(signal, cbf, moment, att[:, middle])


def fit_weights(signal: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
    """What dM / M0 at each delay adds to the CBF of a least-squares fit, and to its ATT times that CBF, to first order.

    Args:
        signal: dM / M0 for a CBF of 1 mL/100g/min ``[n, p, h, w]``.
        slope: Its change with ATT, 1/s, of the same shape.

    Returns:
        mL/100g/min, and mL/100g/min times s, for a dM / M0 of 1, each ``[n, p, h, w]``. Of a noise-free signal the
        first adds up to its CBF and the second to 0.
    """
    power, shared = (signal**2).sum(dim=1, keepdim=True), (signal * slope).sum(dim=1, keepdim=True)
    steep = (slope**2).sum(dim=1, keepdim=True) + power * RIDGE**2
    determinant = (power * steep - shared**2).clamp(min=torch.finfo(signal.dtype).tiny)
    return (steep * signal - shared * slope) / determinant, (power * slope - shared * signal) / determinant
