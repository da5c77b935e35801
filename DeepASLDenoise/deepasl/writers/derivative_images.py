"""The images of the derivatives: every map of a result with its BIDS suffix and what its sidecar says of it alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from deepasl.results import CBF_UNIT, PerfusionMaps, Result


@dataclass(frozen=True)
class DerivativeImage:
    """One image of the derivatives.

    Attributes:
        suffix: Of its file name, ``desc-<label>_<suffix>``.
        array: ``[k, j, i]``.
        units: Of its values.
        description: What it is, in words.
    """

    suffix: str
    array: NDArray[Any]
    units: str
    description: str


def derivative_images(result: Result) -> Iterator[DerivativeImage]:
    """Every image of the derivatives that was computed."""
    yield from _maps_of("conventional", result.conventional, "mean over pairs")
    yield from _maps_of("denoised", result.denoised, "mean over pairs, denoised by the network")
    yield DerivativeImage(
        "desc-removed_deltam",
        result.removed,
        "arbitrary",
        "What the network removed: conventional minus denoised difference image, scanner units",
    )
    yield DerivativeImage("desc-brain_mask", result.mask, "1", "Voxels in which CBF was computed")


def _maps_of(kind: str, maps: PerfusionMaps, made: str) -> Iterator[DerivativeImage]:
    """One kind of map; what a run does not have is left out."""
    outside = "; 0 outside the brain mask"
    each = (
        ("deltam", maps.deltam, "arbitrary", f"Control minus label, {made}, scanner units"),
        ("cbf", maps.cbf, CBF_UNIT, f"Cerebral blood flow from the {kind} difference image{outside}"),
        ("cbfgrey", maps.cbf_grey, CBF_UNIT, f"Cerebral blood flow of pure grey matter{outside}"),
        ("cbfwhite", maps.cbf_white, CBF_UNIT, f"Cerebral blood flow of pure white matter{outside}"),
        ("att", maps.att, "s", f"Arterial transit time; 0 where no blood is seen to arrive{outside}"),
        ("cbferror", maps.cbf_error, CBF_UNIT, f"Standard error of the cerebral blood flow{outside}"),
        ("atterror", maps.att_error, "s", f"Standard error of the arterial transit time{outside}"),
        ("fiterror", maps.fit_error, "arbitrary", f"Root mean square of what the model leaves of the signals{outside}"),
    )
    for suffix, array, units, description in each:
        if array is not None:
            yield DerivativeImage(f"desc-{kind}_{suffix}", array, units, description)
