"""How the networks of the paper's experiments are judged on the people left out: synthetic scans and real ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from deepasl.quality.metrics import ccc, psnr, rmse
from deepasl_trainer.evaluation.baselines import AVERAGE, average
from deepasl_trainer.evaluation.judging import CCC, PSNR, RMSE
from deepasl_trainer.evaluation.network_methods import NetworkMethod
from deepasl_trainer.evaluation.records import Condition, Record
from deepasl_trainer.evaluation.scoring import Candidate, all_protocols, candidates, current, score
from deepasl_trainer.evaluation.settings import EvaluationSettings
from deepasl_trainer.invivo.held_out import HeldOutImage, held_out_images
from deepasl_trainer.invivo.scans import InVivoScan
from deepasl_trainer.invivo.settings import InVivoSettings, Reference
from deepasl_trainer.synthetic.noise import MeasuredNoise

IN_VIVO: Mapping[Reference, str] = {
    "mean-of-all": "in vivo, against the mean of all pairs",
    "halves": "in vivo, against the other half of the pairs",
}
"""What tables call the two protocols."""

SCHEME = 1
"""Raised when figures of real scans are computed in another way, so that those of before are computed again."""


class Examination(Protocol):
    """Averaging and a network, on people that the network has not seen."""

    @property
    def protocols(self) -> tuple[str, ...]:
        """Names of what is measured, a table for each."""
        ...

    def missing(self, network: NetworkMethod, people: Sequence[str], kept: Sequence[Record]) -> Iterator[Record]:
        """Figures that are not kept yet, one by one."""
        ...

    def current(self, network: NetworkMethod, people: Sequence[str], kept: Sequence[Record]) -> list[Record]:
        """Those of the kept figures that belong to these weights and people."""
        ...


class SyntheticExamination:
    """Whole simulated scans, of which the truth is known."""

    def __init__(self, files: Mapping[str, Path], settings: EvaluationSettings, measured: MeasuredNoise) -> None:
        """Args: files: Label maps by person. settings: The protocols. measured: The measured noise."""
        self._files, self._settings, self._measured = files, settings, measured

    @property
    def protocols(self) -> tuple[str, ...]:
        """See `Examination`."""
        return tuple(protocol.name for protocol in all_protocols(self._settings))

    def missing(self, network: NetworkMethod, people: Sequence[str], kept: Sequence[Record]) -> Iterator[Record]:
        """See `Examination`."""
        methods = candidates(self._settings, [network])
        files = [self._files[name] for name in people]
        return (scored.record for scored in score(files, self._settings, methods, self._measured, kept))

    def current(self, network: NetworkMethod, people: Sequence[str], kept: Sequence[Record]) -> list[Record]:
        """See `Examination`."""
        return current(kept, self._settings, candidates(self._settings, [network]), people)


class InVivoExamination:
    """Real scans with fewer pairs, against both references: that of the paper, and disjoint halves."""

    def __init__(self, people: Mapping[str, Sequence[InVivoScan]], settings: InVivoSettings, seed: int) -> None:
        """Args: people: Scans by person. settings: The levels. seed: Of the choice of pairs."""
        self._people, self._settings, self._seed = people, settings, seed

    @property
    def protocols(self) -> tuple[str, ...]:
        """See `Examination`."""
        return tuple(IN_VIVO.values())

    def missing(self, network: NetworkMethod, people: Sequence[str], kept: Sequence[Record]) -> Iterator[Record]:
        """See `Examination`."""
        done = {(record.condition, record.method, record.version) for record in kept}
        for condition, image in self._images(people):
            for candidate in _averaging_and(network):
                key = (condition, candidate.name, self._version(candidate))
                if key not in done:
                    done.add(key)
                    yield self._judged(condition, image, candidate)

    def current(self, network: NetworkMethod, people: Sequence[str], kept: Sequence[Record]) -> list[Record]:
        """See `Examination`."""
        wanted = {(candidate.name, self._version(candidate)) for candidate in _averaging_and(network)}
        by_key = {
            (record.condition, record.method): record
            for record in kept
            if (record.method, record.version) in wanted and record.condition.person in people
        }
        return list(by_key.values())

    def _images(self, people: Sequence[str]) -> Iterator[tuple[Condition, HeldOutImage]]:
        for reference, protocol in IN_VIVO.items():
            settings = replace(self._settings, reference=reference)
            for name in people:
                for number, scan in enumerate(self._people[name]):
                    for image in held_out_images([scan], settings, self._seed):
                        yield Condition(protocol, name, number, len(image.noisy.control)), image

    def _judged(self, condition: Condition, image: HeldOutImage, candidate: Candidate) -> Record:
        """PSNR of the difference image (dB; the peak is the largest value of the reference), RMSE and CCC of flow."""
        restored, reference, where = candidate.method(image.noisy), image.reference.deltam, image.judged
        cbf, reference_cbf = restored * image.cbf_per_percent, reference * image.cbf_per_percent
        figures = {
            PSNR: psnr(restored, reference, where),
            RMSE: rmse(cbf, reference_cbf, where),
            CCC: ccc(cbf, reference_cbf, where),
        }
        noise = image.noisy.noise_percent
        return Record(condition, candidate.name, self._version(candidate), noise, figures)

    def _version(self, candidate: Candidate) -> str:
        content = repr((SCHEME, self._seed, self._settings.fractions, candidate.version))
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def _averaging_and(network: NetworkMethod) -> tuple[Candidate, Candidate]:
    return Candidate(AVERAGE, "", average), Candidate(network.name, network.version, network.method)
