"""The part of a model card that says what a network does, as an evaluation measured it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from deepasl_trainer.evaluation.baselines import AVERAGE, GAUSSIAN, NLM
from deepasl_trainer.evaluation.halves import HALVES, NULL_SCANS
from deepasl_trainer.evaluation.records import Record, select
from deepasl_trainer.evaluation.settings import CurveSettings, ProtocolSettings
from deepasl_trainer.evaluation.tables import curve_table, protocol_table, scans_table
from deepasl_trainer.experiments.held_out import HeldOut
from deepasl_trainer.release.card_training import between, voxel_sizes

BESIDE = (AVERAGE, GAUSSIAN, NLM)
"""The methods shown beside the network, where they were evaluated."""

MINE = "**this network**"

REAL_SCANS = {
    HALVES: "CBF of one half of the pairs, denoised, against the average of the other half, mean of both ways round; "
    "the noise of that half is in all figures. Change of GM: of its mean CBF.",
    NULL_SCANS: "All pairs of scans of objects in which nothing flows.",
}
"""What their tables hold."""


def figures_section(held_out: HeldOut) -> str:
    """What was measured: every protocol, then the curves."""
    settings = held_out.settings
    parts = [
        *(_protocol(held_out, protocol) for protocol in settings.protocols),
        *(_curve(held_out, curve) for curve in settings.curves),
        *_real_scans(held_out),
    ]
    tables = "\n\n".join(parts)
    return f"""
## Held-out figures

Simulated scans of people it was neither trained nor chosen on: {", ".join(held_out.people)}. Mean (SD over people;
scans of a person are averaged first). "Gaussian" is the average smoothed in 3D with
{settings.baselines.gaussian_fwhm:g} mm FWHM.

- PSNR, SSIM: of the difference image; the peak is its largest true value in the brain.
- RMSE, CCC (Lin's concordance), bias (size of that of each scan, in pure tissue outside lesions): of CBF, mL/100g/min.
- Lesion contrast: the part of it that is left (1: all, 0: none).
- Mean abs. CBF: what is left of a scan without any perfusion (0 is best).

{tables}
"""


def _protocol(held_out: HeldOut, protocol: ProtocolSettings) -> str:
    records = _shown(held_out, select(held_out.records, protocol=protocol.name))
    return f"### {protocol.name}\n\n{_conditions(protocol)}\n\n{protocol_table(records)}"


def _curve(held_out: HeldOut, curve: CurveSettings) -> str:
    names = [protocol.name for protocol in held_out.settings.protocols_of(curve)]
    records = _shown(held_out, (record for record in held_out.records if record.condition.protocol in names))
    table = curve_table(records, curve.values, names)
    return f'### {curve.name}\n\n"{curve.base}" with {curve.pairs} pairs and other values.\n\n{table}'


def _real_scans(held_out: HeldOut) -> Iterator[str]:
    for protocol, words in REAL_SCANS.items():
        if records := _shown(held_out, select(held_out.on_scans, protocol=protocol)):
            yield f"### {protocol}\n\n{words}\n\n{scans_table(records)}"


def _shown(held_out: HeldOut, records: Iterable[Record]) -> list[Record]:
    """Those of the methods that a card shows; the network goes by the name a card gives it."""
    names = {name: name for name in BESIDE} | {held_out.network: MINE}
    return [replace(record, method=names[record.method]) for record in records if record.method in names]


def _conditions(protocol: ProtocolSettings) -> str:
    scans = "One scan" if protocol.scans == 1 else f"{protocol.scans} scans"
    flow = f"flow {between(protocol.grey_cbf)} in grey and {between(protocol.white_cbf)} mL/100g/min in white matter"
    flow = flow if any(protocol.grey_cbf + protocol.white_cbf) else "no perfusion"
    return (
        f"{scans} of each person; voxels of {voxel_sizes(protocol.voxels)}; pCASL, labeling duration "
        f"{between(protocol.labeling_duration)} s, PLD {between(protocol.pld)} s; {flow}; "
        f"{_noise(protocol)}{_lesions(protocol)}."
    )


def _noise(protocol: ProtocolSettings) -> str:
    correlated = f", correlated over {protocol.noise_fwhm:g} mm" if protocol.noise_fwhm else ""
    if protocol.image_noise is None:
        return f"noise as measured x {protocol.measured_scale:g}{correlated}"
    shape = f"shaped as measured in {protocol.measured_share:.0%} of scans" if protocol.measured_share else "even"
    return f"noise of one image {between(protocol.image_noise)} % of mean M0, {shape}{correlated}"


def _lesions(protocol: ProtocolSettings) -> str:
    if (lesions := protocol.lesions) is None:
        return ""
    factors = " and ".join(f"x{factor:g}" for factor in lesions.factors)
    radius = between(lesions.radius)
    return f"; lesions of flow {factors} ({lesions.each} of each), radius {radius} mm, without a trace in M0"
