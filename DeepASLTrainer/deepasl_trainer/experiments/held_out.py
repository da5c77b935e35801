"""What an evaluation found of one network, on people it does not know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deepasl.errors import InputError
from deepasl_trainer.evaluation.halves import HALVES, NULL_SCANS, current_real_scans
from deepasl_trainer.evaluation.network_methods import NetworkMethod, require_unseen
from deepasl_trainer.evaluation.records import (
    Record,
    people_of,
    read_records,
    select,
)
from deepasl_trainer.evaluation.scoring import all_protocols, candidates, current, number_of_scores
from deepasl_trainer.evaluation.settings import EvaluationSettings, ProtocolSettings

REAL_SCANS = (HALVES, NULL_SCANS)


@dataclass(frozen=True)
class HeldOut:
    """Figures of a network and of the classical methods beside it.

    Attributes:
        settings: The protocols they come from.
        network: What the network is called in the records.
        records: The figures, of this network and the classical methods alone, of these protocols alone.
        on_scans: Their figures on real scans: see `deepasl_trainer.evaluation.halves`.
    """

    settings: EvaluationSettings
    network: str
    records: tuple[Record, ...]
    on_scans: tuple[Record, ...] = ()

    @property
    def people(self) -> tuple[str, ...]:
        """Whose simulated scans were evaluated on."""
        return people_of(self.records)

    def null_protocols(self) -> tuple[ProtocolSettings, ...]:
        """Those in which nothing flows."""
        return tuple(
            protocol for protocol in self.settings.protocols if not any(protocol.grey_cbf + protocol.white_cbf)
        )


def read_held_out(
    folder: Path, settings: EvaluationSettings, network: NetworkMethod, scans: Sequence[Path] = ()
) -> HeldOut:
    """The figures of a network that an evaluation left in a folder.

    Args:
        folder: Where the evaluation kept its figures.
        settings: What was evaluated. Figures of other protocols, or of other weights, do not count.
        network: The network.
        scans: Real scans; the figures of those that were evaluated count too.

    Raises:
        InputError: If there are none, the evaluation is not finished, or the network knows the people.
    """
    kept, methods = read_records(folder), candidates(settings, [network])
    simulated = [protocol.name for protocol in all_protocols(settings)]
    people = people_of(one for one in select(kept, method=network.name) if one.condition.protocol in simulated)
    require_unseen([network], people)
    records = current(kept, settings, methods, people)
    if not select(records, method=network.name):
        raise InputError(
            f"the evaluation holds no figures of {network.name} as it is now",
            where=folder,
            remedy="Evaluate it with deepasl-train evaluate, and name the same --config here.",
        )
    if len(records) < (whole := number_of_scores(settings, methods, len(people))):
        raise InputError(
            f"the evaluation is not finished: {len(records)} of {whole} figures are there",
            where=folder,
            remedy="Run deepasl-train evaluate again: it goes on where it was stopped.",
        )
    on_scans = [one for name in REAL_SCANS for one in current_real_scans(scans, name, methods, kept)]
    return HeldOut(settings, network.name, tuple(records), tuple(on_scans))
