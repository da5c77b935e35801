"""Real scans, made ready for training by the same steps that make them ready for use."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from deepasl.acquisition.parameters import Acquisition
from deepasl.denoising.denoiser import require_scale
from deepasl.errors import AcquisitionError, DeepASLError, InputError
from deepasl.findings import obstacles
from deepasl.perfusion.smoothing import smoothed
from deepasl.pipeline import DEFAULT_SETTINGS, Prepared, prepare
from deepasl.progress import Clock, run
from deepasl.quantification.blood_flow import blood_flow
from deepasl.readers import read_scan
from deepasl.results import BoolArray, M0Map
from deepasl.series import FloatArray
from deepasl_trainer.evaluation.observation import Observation
from deepasl_trainer.invivo.references import LEAST_PAIRS
from deepasl_trainer.invivo.settings import InVivoSettings
from deepasl_trainer.people.bids import BidsPerson

logger = logging.getLogger(__name__)

STRONGEST_PERCENT = 60_000.0
"""A difference this much above M0 is no scan in one unit; it is also as much as half precision holds."""


@dataclass(frozen=True)
class InVivoScan:
    """A scan of a person with all its pairs.

    Attributes:
        person: Who was scanned, e.g. ``"sub-01"``.
        name: Which scan, e.g. ``"sub-01_run-2_asl"``.
        observation: Its pairs, recovered M0 and brain; control and label smoothed if asked for.
        m0: Where that M0 comes from. Without an M0 scan it is the mean control image, whose noise is in the pairs too:
            for a network that sees M0, halves are then not quite independent of the input.
        acquisition: Its parameters, defaults filled in.
        grey, white: Tissue told from perfusion, ``[k, j, i]`` bool: see `deepasl.tissue.from_perfusion`.
        signal_percent: Mean dM of grey matter in percent of mean M0.
    """

    person: str
    name: str
    observation: Observation
    m0: M0Map
    acquisition: Acquisition
    grey: BoolArray
    white: BoolArray
    signal_percent: float

    def pairs_percent(self) -> FloatArray:
        """Control minus label of each pair ``[p, k, j, i]``, percent of mean M0."""
        return self.observation.to_percent(self.observation.control - self.observation.label)

    def cbf_per_percent(self) -> FloatArray:
        """CBF in mL/100g/min of a signal of 1 % of mean M0, ``[k, j, i]``; 0 outside the brain."""
        return cbf_of_one_percent(self, self.observation.m0, self.observation.brain)


def cbf_of_one_percent(scan: InVivoScan, m0: FloatArray, brain: BoolArray) -> FloatArray:
    """`InVivoScan.cbf_per_percent` with M0 and brain laid anew.

    `deepasl.quantification.blood_flow` of a signal of 1 % everywhere: CBF is proportional to the difference image, with
    a factor that M0 gives every voxel, and slice timing every slice.

    Args:
        scan: The scan, for its parameters and its mean M0.
        m0: M0 ``[k, j, i]``, scanner units.
        brain: Where to compute ``[k, j, i]``.
    """
    one_percent = scan.observation.from_percent(np.ones_like(m0))
    cbf = blood_flow(one_percent, replace(scan.m0, volume=m0), brain, scan.acquisition)
    assert cbf is not None  # there is M0
    return cbf


def read_people(people: Iterable[BidsPerson], settings: InVivoSettings) -> Mapping[str, tuple[InVivoScan, ...]]:
    """All usable scans of everybody who has one, by the person's name. A scan that is not is left out with a warning.

    Raises:
        InputError: If no scan can be used.
    """
    scans = {person.name: _usable(person, settings) for person in people}
    usable = {name: of_person for name, of_person in scans.items() if of_person}
    if not usable:
        raise InputError(
            f"none of the scans of {', '.join(scans) or 'nobody'} can be used",
            remedy="Control-label pairs with M0 are needed; the warnings say what is wrong with each scan.",
        )
    return usable


def read_invivo_scan(file: Path | str, person: str, settings: InVivoSettings) -> InVivoScan:
    """Read and prepare one scan.

    Raises:
        AcquisitionError: If blood flow cannot be computed from its parameters.
        InputError: If it cannot be read, or lacks M0 or a second pair.
    """
    ready = run(prepare(read_scan(file), DEFAULT_SETTINGS, Clock()))
    if ready.delays is not None:
        raise InputError("it has several post-labeling delays, and networks are trained on images of one", where=file)
    if ready.m0 is None:
        raise InputError("it has no usable M0, which scale and CBF depend on", where=file)
    if stopping := obstacles(ready.findings, with_m0=True):
        raise AcquisitionError(stopping[0].message, where=file)
    if (count := len(ready.differences.pairs)) < LEAST_PAIRS:
        raise InputError(f"it has too few pairs of control and label ({count}; {LEAST_PAIRS} are needed)", where=file)
    scan = InVivoScan(
        person=person,
        name=ready.series.name,
        observation=_observation(ready, ready.m0, settings.smoothing_fwhm),
        m0=ready.m0,
        acquisition=ready.acquisition,
        grey=ready.grey,
        white=ready.white,
        signal_percent=ready.signal_percent,
    )
    _require_one_unit(scan, file)
    return scan


def _usable(person: BidsPerson, settings: InVivoSettings) -> tuple[InVivoScan, ...]:
    scans = []
    for file in person.scans:
        try:
            scans.append(read_invivo_scan(file, person.name, settings))
        except DeepASLError as error:
            logger.warning("%s is left out: %s.", file.name, error.what.rstrip("."))
    return tuple(scans)


def _observation(ready: Prepared, m0: M0Map, fwhm: float) -> Observation:
    geometry = ready.series.geometry
    controls, labels = (list(indices) for indices in zip(*ready.differences.pairs, strict=True))
    return Observation(
        control=smoothed(ready.series.volumes[controls], fwhm, geometry),
        label=smoothed(ready.series.volumes[labels], fwhm, geometry),
        m0=m0.volume,
        brain=ready.mask,
        geometry=geometry,
    )


def _require_one_unit(scan: InVivoScan, file: Path | str) -> None:
    require_scale(scan.observation.mean_m0)
    strongest = float(np.abs(scan.pairs_percent()).max())
    if not strongest < STRONGEST_PERCENT:
        raise InputError(f"its difference images reach {strongest:.0f} % of M0, which is in another unit", where=file)
