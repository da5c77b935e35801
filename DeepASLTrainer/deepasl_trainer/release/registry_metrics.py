"""What the registry says of a network beside what it takes: whom it knows, and its figures in short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from deepasl_trainer.evaluation.baselines import AVERAGE, GAUSSIAN
from deepasl_trainer.evaluation.judging import GREY_BIAS, NULL, WHITE_BIAS
from deepasl_trainer.evaluation.network_methods import SEEN_PEOPLE
from deepasl_trainer.evaluation.records import Record, figures_of, levels_of, methods_of, select, summarise
from deepasl_trainer.experiments.held_out import HeldOut
from deepasl_trainer.release.check import ExportCheck

BIASES = (GREY_BIAS, WHITE_BIAS)

BESIDE = (AVERAGE, GAUSSIAN)
"""The methods whose figures stand beside those of the network."""


def registry_metrics(seen: Sequence[str], held_out: HeldOut | None) -> dict[str, Any]:
    """What the registry says of a network: who it knows, and the figures of the protocol that decides."""
    people = {SEEN_PEOPLE: list(seen)}
    return people if held_out is None else {**people, "held_out": _summary(held_out)}


def check_metrics(check: ExportCheck) -> dict[str, Any]:
    """How far the exported network is from the trained one."""
    return {
        "precision": check.precision,
        "largest_cbf_difference": {one.scan: _short(one.largest) for one in check.differences},
        "tolerance": check.tolerance,
    }


def _summary(held_out: HeldOut) -> dict[str, Any]:
    deciding = held_out.settings.protocols[0].name
    return {
        "protocol": deciding,
        "people": list(held_out.people),
        "levels": _levels(held_out, deciding),
        NULL: {protocol.name: _levels(held_out, protocol.name) for protocol in held_out.null_protocols()},
        "real_scans": {
            name: {
                scan: _methods(held_out, scanned)
                for scan, scanned in _by_scan(select(held_out.on_scans, protocol=name))
            }
            for name in dict.fromkeys(record.condition.protocol for record in held_out.on_scans)
        },
    }


def _levels(held_out: HeldOut, protocol: str) -> dict[str, Any]:
    """Means of each method by the number of pairs."""
    records = select(held_out.records, protocol=protocol)
    return {f"{pairs} pairs": _methods(held_out, select(records, pairs=pairs)) for pairs in levels_of(records)}


def _methods(held_out: HeldOut, records: Sequence[Record]) -> dict[str, dict[str, float]]:
    """Means of each method."""
    methods = {name: name for name in methods_of(records) if name in BESIDE} | {"network": held_out.network}
    return {name: _means(select(records, method=method)) for name, method in methods.items()}


def _means(records: Sequence[Record]) -> dict[str, float]:
    """All figures of one method, their means over people; of biases also the mean of their size."""
    summaries = {name: summarise(records, name) for name in figures_of(records)}
    sizes = {f"abs_{name}": summarise(records, name, abs) for name in BIASES}
    return {name: _short(summary.mean) for name, summary in (summaries | sizes).items() if summary is not None}


def _by_scan(records: Sequence[Record]) -> Iterator[tuple[str, list[Record]]]:
    for scan in dict.fromkeys(record.condition.person for record in records):
        yield scan, [record for record in records if record.condition.person == scan]


def _short(value: float) -> float:
    return float(f"{value:.4g}")
