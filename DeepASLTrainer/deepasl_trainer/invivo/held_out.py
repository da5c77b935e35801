"""Whole scans of people a network has not seen, with fewer pairs, and the reference they are scored against."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from deepasl.results import BoolArray
from deepasl.series import FloatArray
from deepasl_trainer.evaluation.observation import Observation
from deepasl_trainer.invivo.references import choose, shuffle
from deepasl_trainer.invivo.scans import InVivoScan
from deepasl_trainer.invivo.settings import InVivoSettings


@dataclass(frozen=True)
class HeldOutImage:
    """One scan at one noise level.

    Attributes:
        scan: The whole scan: person, name, tissue, parameters.
        fraction: The level: see `InVivoSettings.fractions`.
        noisy: The scan as if only the chosen pairs had been acquired; what a method gets.
        reference: The pairs whose mean stands for the truth; `reference.deltam` is that mean in percent of mean M0,
            `reference.noise_percent` the noise that is left in it.
        cbf_per_percent: CBF in mL/100g/min of 1 % of mean M0 ``[k, j, i]``.
        judged: Brain without its top and bottom slice ``[k, j, i]`` bool.
    """

    scan: InVivoScan
    fraction: float
    noisy: Observation
    reference: Observation
    cbf_per_percent: FloatArray
    judged: BoolArray


def held_out_images(scans: Iterable[InVivoScan], settings: InVivoSettings, seed: int) -> Iterator[HeldOutImage]:
    """Every scan at every level, under the protocol that `settings.reference` names.

    All levels of a scan have the same reference, and a higher level holds the pairs of the lower ones. What is drawn
    depends on `seed`, person and scan alone. For both protocols, call it twice.

    Args:
        scans: Scans of the people left out.
        settings: Levels and protocol.
        seed: Of the choice of pairs.
    """
    for scan in scans:
        generator = torch.Generator().manual_seed(zlib.crc32(f"{seed} {scan.person} {scan.name}".encode()))
        count = len(scan.observation.control)
        counts = torch.full((len(settings.fractions),), count)
        ranks = shuffle(counts[:1], count, generator).expand(len(counts), -1)
        averaged, compared = choose(ranks, counts, torch.tensor(settings.fractions), settings.reference)
        cbf_per_percent, judged = scan.cbf_per_percent(), _without_ends(scan.observation.brain)
        for level, fraction in enumerate(settings.fractions):
            noisy, reference = _of_pairs(scan, averaged[level]), _of_pairs(scan, compared[level])
            yield HeldOutImage(scan, fraction, noisy, reference, cbf_per_percent, judged)


def _of_pairs(scan: InVivoScan, chosen: Tensor) -> Observation:
    mask = chosen.numpy()
    return replace(scan.observation, control=scan.observation.control[mask], label=scan.observation.label[mask])


def _without_ends(brain: BoolArray) -> BoolArray:
    inside = np.flatnonzero(brain.any(axis=(1, 2)))
    judged = brain.copy()
    judged[inside[[0, -1]]] = False
    return judged
