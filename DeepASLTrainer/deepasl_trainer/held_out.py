"""What an evaluation found of one network, on people it does not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepasl.errors import InputError
from deepasl_trainer.baselines import AVERAGE, GAUSSIAN
from deepasl_trainer.evaluation_settings import EvaluationSettings, ProtocolSettings
from deepasl_trainer.export_check import ExportCheck
from deepasl_trainer.judging import GREY_BIAS, NULL, WHITE_BIAS
from deepasl_trainer.network_methods import SEEN_PEOPLE, NetworkMethod, require_unseen
from deepasl_trainer.records import (
    Record,
    figures_of,
    levels_of,
    methods_of,
    people_of,
    read_records,
    select,
    summarise,
)
from deepasl_trainer.scoring import candidates, current, number_of_scores

BIASES = (GREY_BIAS, WHITE_BIAS)

BESIDE = (AVERAGE, GAUSSIAN)
"""What every network has to be better than."""


@dataclass(frozen=True)
class HeldOut:
    """Figures of a network and of the classical methods beside it.

    Attributes:
        settings: The protocols they come from.
        network: What the network is called in the records.
        records: The figures, of this network and the classical methods alone, of these protocols alone.
    """

    settings: EvaluationSettings
    network: str
    records: tuple[Record, ...]

    @property
    def people(self) -> tuple[str, ...]:
        """Who was evaluated on."""
        return people_of(self.records)

    def null_protocols(self) -> tuple[ProtocolSettings, ...]:
        """Those in which nothing flows."""
        return tuple(
            protocol for protocol in self.settings.protocols if not any(protocol.grey_cbf + protocol.white_cbf)
        )


def read_held_out(folder: Path, settings: EvaluationSettings, network: NetworkMethod) -> HeldOut:
    """The figures of a network that an evaluation left in a folder.

    Args:
        folder: Where the evaluation kept its figures.
        settings: What was evaluated. Figures of other protocols, or of other weights, do not count.
        network: The network.

    Raises:
        InputError: If there are none, the evaluation is not finished, or the network knows the people.
    """
    kept, methods = read_records(folder), candidates(settings, [network])
    people = people_of(select(kept, method=network.name))
    require_unseen([network], people)
    records = current(kept, settings, methods, people)
    if not select(records, method=network.name):
        raise InputError(
            f"the evaluation holds no figures of {network.name} as it is now",
            where=folder,
            remedy="Evaluate it with deepasl-train evaluate, and name the same --config here.",
        )
    if len(records) < (whole := number_of_scores(settings, len(methods), len(people))):
        raise InputError(
            f"the evaluation is not finished: {len(records)} of {whole} figures are there",
            where=folder,
            remedy="Run deepasl-train evaluate again: it goes on where it was stopped.",
        )
    return HeldOut(settings, network.name, tuple(records))


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


def means(records: Sequence[Record]) -> Mapping[str, float]:
    """All figures of one method by name, their means over people; of biases also the mean of their size."""
    summaries = {name: summarise(records, name) for name in figures_of(records)}
    sizes = {f"abs_{name}": summarise(records, name, abs) for name in BIASES}
    return {name: summary.mean for name, summary in (summaries | sizes).items() if summary is not None}


def _summary(held_out: HeldOut) -> dict[str, Any]:
    deciding = held_out.settings.protocols[0].name
    return {
        "protocol": deciding,
        "people": list(held_out.people),
        "levels": _levels(held_out, deciding),
        NULL: {protocol.name: _levels(held_out, protocol.name) for protocol in held_out.null_protocols()},
    }


def _levels(held_out: HeldOut, protocol: str) -> dict[str, Any]:
    """Means of each method by the number of pairs."""
    records = select(held_out.records, protocol=protocol)
    methods = {name: name for name in methods_of(records) if name in BESIDE} | {"network": held_out.network}
    return {
        f"{pairs} pairs": {
            name: {figure: _short(mean) for figure, mean in means(select(records, pairs=pairs, method=method)).items()}
            for name, method in methods.items()
        }
        for pairs in levels_of(records)
    }


def _short(value: float) -> float:
    return float(f"{value:.4g}")
