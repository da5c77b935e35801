"""An exported network beside the one that was trained: do users get the same blood flow?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from deepasl.denoising.denoiser import Denoiser, from_percent, to_fraction, to_percent
from deepasl.denoising.network_input import stack_slices
from deepasl.errors import InputError, ModelError
from deepasl.geometry import Geometry
from deepasl.phantom import Protocol, acquire, default_anatomy, make_subject
from deepasl.pipeline import process
from deepasl.progress import run
from deepasl.quantification.blood_flow import blood_flow
from deepasl.results import CBF_UNIT, Result
from deepasl.series import AslSeries, FloatArray
from deepasl_trainer.release.onnx_export import Precision
from deepasl_trainer.training.layers import DenoisingNetwork

TOLERANCES: Mapping[Precision, float] = {"float32": 0.01, "float16": 0.1}
"""Largest difference of CBF allowed, mL/100g/min."""

PHANTOM_GRID = Geometry(shape=(13, 59, 45), spacing=(4.0, 4.0, 8.0), origin=(-86.0, -114.0, -46.0))
"""Odd in all directions."""

PHANTOM_NOISE = 0.005
"""SD of the noise of one image, of M0 of grey matter."""


@dataclass(frozen=True)
class Difference:
    """What came of one scan.

    Attributes:
        scan: Its name.
        largest: Largest difference of CBF in the brain, mL/100g/min.
    """

    scan: str
    largest: float


@dataclass(frozen=True)
class ExportCheck:
    """What came of the comparison.

    Attributes:
        precision: That of the exported network.
        differences: Of every scan, the phantom first.
    """

    precision: Precision
    differences: tuple[Difference, ...]

    @property
    def tolerance(self) -> float:
        """The largest difference allowed, mL/100g/min."""
        return TOLERANCES[self.precision]


def check_export(
    network: DenoisingNetwork, denoiser: Denoiser, scans: Sequence[AslSeries], precision: Precision
) -> ExportCheck:
    """Compare on the phantom and on real scans, on the CPU.

    Args:
        network: As it was trained.
        denoiser: As users get it.
        scans: The real scans, with M0.
        precision: That of the exported network.

    Raises:
        ModelError: If CBF differs by more than `TOLERANCES` allows.
        DeepASLError: If a scan cannot be quantified.
    """
    every = (phantom_scan(), *scans)
    check = ExportCheck(precision, tuple(Difference(one.name, cbf_difference(network, denoiser, one)) for one in every))
    for difference in check.differences:
        if not difference.largest <= check.tolerance:
            raise ModelError(
                f"with the exported network ({precision}), CBF differs by {difference.largest:.2g} {CBF_UNIT} from that"
                f" with PyTorch on {difference.scan}; {check.tolerance:g} are allowed",
                remedy="Nothing was exported." + (" Export in float32." if precision == "float16" else ""),
            )
    return check


def cbf_difference(network: DenoisingNetwork, denoiser: Denoiser, series: AslSeries) -> float:
    """Largest difference of CBF in the brain between the pipeline of DeepASL and PyTorch, mL/100g/min.

    Raises:
        InputError: If the scan has no M0, so that there is no CBF.
        DeepASLError: If the pipeline cannot process it.
    """
    result = run(process(series, denoiser))
    expected = blood_flow(_denoised_by(network, result), result.m0, result.mask, result.acquisition)
    if expected is None or result.denoised.cbf is None:
        raise InputError("CBF cannot be compared on a scan without M0", where=series.origin, remedy="Name one with M0.")
    return float(np.abs(result.denoised.cbf - expected).max())


def phantom_scan() -> AslSeries:
    """Six noisy pairs of the built-in brain."""
    subject = make_subject(default_anatomy(PHANTOM_GRID), regional_sd=0.1, receive_bias=0.2, seed=1)
    noise = PHANTOM_NOISE * float(subject.m0[subject.mask].mean())
    return acquire(subject, Protocol(pairs=6), noise_sd=noise, seed=2)


def _denoised_by(network: DenoisingNetwork, result: Result) -> FloatArray:
    """The difference image less the noise that PyTorch sees in it, scanner units."""
    scale, deltam = result.model.scale, result.conventional.deltam
    percent = to_percent(deltam, scale)
    fraction = None if result.m0 is None else to_fraction(np.where(result.mask, result.m0.volume, np.float32(0)), scale)
    with torch.inference_mode():
        noise = [
            network(torch.from_numpy(stack_slices(percent, fraction, network.spec, [k]))).numpy()[0, 0]
            for k in range(len(deltam))
        ]
    return deltam - from_percent(np.stack(noise), scale)
