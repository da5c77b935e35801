"""Every method on every simulated scan; what is finished is kept and not computed again."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deepasl.series import FloatArray
from deepasl_trainer.evaluation.baselines import CLASSICAL, Method, baselines
from deepasl_trainer.evaluation.cases import Case, build_case
from deepasl_trainer.evaluation.judging import judge
from deepasl_trainer.evaluation.network_methods import NetworkMethod
from deepasl_trainer.evaluation.records import Condition, Record
from deepasl_trainer.evaluation.settings import EvaluationSettings, ProtocolSettings
from deepasl_trainer.people.anatomies import Person, read_person
from deepasl_trainer.synthetic.averaging import averaged_noise_percent
from deepasl_trainer.synthetic.noise import MeasuredNoise

SCHEME = 2
"""Raised when figures are computed in another way, so that those of before are computed again."""


@dataclass(frozen=True)
class Candidate:
    """A method to judge.

    Attributes:
        name: What tables call it.
        version: Of its parameters or weights.
        method: What it does to a scan.
    """

    name: str
    version: str
    method: Method


@dataclass(frozen=True)
class Scored:
    """What comes of a method on a scan.

    Attributes:
        record: The figures.
        case: The scan.
        cbf: The flow that the method leaves ``[k, j, i]``, mL/100g/min.
    """

    record: Record
    case: Case
    cbf: FloatArray


def candidates(settings: EvaluationSettings, networks: Sequence[NetworkMethod]) -> tuple[Candidate, ...]:
    """The classical methods, then the networks."""
    version = _checksum(dataclasses.replace(settings.baselines, methods=()))
    classical = [Candidate(name, version, method) for name, method in baselines(settings.baselines).items()]
    return (*classical, *(Candidate(network.name, network.version, network.method) for network in networks))


def score(
    files: Iterable[Path],
    settings: EvaluationSettings,
    methods: Sequence[Candidate],
    measured: MeasuredNoise,
    kept: Iterable[Record],
) -> Iterator[Scored]:
    """All figures that are not kept yet, scan by scan.

    Args:
        files: Label maps of the people.
        settings: The protocols.
        methods: What to judge.
        measured: The measured noise.
        kept: Figures of before; those of the same versions are not computed again.
    """
    done = {(record.condition, record.method, record.version) for record in kept}
    for file in files:
        person = read_person(file)
        for protocol in all_protocols(settings):
            for scan in range(protocol.scans):
                wanted = _judged_on(protocol, methods)
                missing = {
                    condition: [m for m in wanted if (condition, m.name, _version(m, protocol, settings)) not in done]
                    for condition in _conditions(person, protocol, scan)
                }
                if any(missing.values()):
                    case = build_case(person, protocol, scan, measured, settings.seed)
                    yield from _scored(case, missing, partial(_version, protocol=protocol, settings=settings))


def current(
    records: Iterable[Record], settings: EvaluationSettings, methods: Sequence[Candidate], people: Iterable[str]
) -> list[Record]:
    """Those kept figures that belong to this evaluation, in its order; of equal ones the last."""
    by_key = {(record.condition, record.method, record.version): record for record in records}
    keys = [
        (Condition(protocol.name, person, scan, pairs), method.name, _version(method, protocol, settings))
        for protocol in all_protocols(settings)
        for person in people
        for scan in range(protocol.scans)
        for pairs in protocol.pairs
        for method in _judged_on(protocol, methods)
    ]
    return [by_key[key] for key in keys if key in by_key]


def all_protocols(settings: EvaluationSettings) -> tuple[ProtocolSettings, ...]:
    """Those of the settings, then those of the curves."""
    steps = [protocol for curve in settings.curves for protocol in settings.protocols_of(curve)]
    return (*settings.protocols, *steps)


def number_of_scores(settings: EvaluationSettings, methods: Sequence[Candidate], people: int) -> int:
    """How many records a whole evaluation has."""
    return people * sum(
        protocol.scans * len(protocol.pairs) * len(_judged_on(protocol, methods))
        for protocol in all_protocols(settings)
    )


def _judged_on(protocol: ProtocolSettings, methods: Sequence[Candidate]) -> list[Candidate]:
    """Averaging, the networks, and those of the classical methods that the protocol wants."""
    left_out = set() if protocol.methods is None else set(CLASSICAL) - set(protocol.methods)
    return [candidate for candidate in methods if candidate.name not in left_out]


def _scored(
    case: Case, missing: Mapping[Condition, Sequence[Candidate]], version_of: Callable[[Candidate], str]
) -> Iterator[Scored]:
    for condition, methods in missing.items():
        noise = float(averaged_noise_percent(case.image_noise, condition.pairs))
        for candidate in methods:
            figures, cbf = judge(case, condition.pairs, candidate.method)
            yield Scored(Record(condition, candidate.name, version_of(candidate), noise, figures), case, cbf)


def _conditions(person: Person, protocol: ProtocolSettings, scan: int) -> tuple[Condition, ...]:
    return tuple(Condition(protocol.name, person.name, scan, pairs) for pairs in protocol.pairs)


def _version(candidate: Candidate, protocol: ProtocolSettings, settings: EvaluationSettings) -> str:
    """Of all that a figure depends on, the label maps and the measured noise apart."""
    scans = dataclasses.replace(protocol, methods=None)
    return _checksum((SCHEME, settings.seed, dataclasses.astuple(scans), candidate.version))


def _checksum(content: object) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()[:16]
