"""How many true values lie within one standard error: of the mean of the pairs, and of what the networks make of it.

Simulated people with lesions, as networks are judged on. 68 % is what a standard error promises. Needs the training
extra, label maps (--anatomies) and the measured noise (--noise). The networks were trained with people 1 to 10, and
chosen with 11 and 12.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import machine
import numpy as np

from deepasl.denoising.denoiser import Denoiser
from deepasl.denoising.registry import find_model
from deepasl.progress import run
from deepasl.quality.denoised_uncertainty import denoised_error
from deepasl.quality.uncertainty import standard_error
from deepasl.results import BoolArray
from deepasl.series import FloatArray, mean_volume
from deepasl_trainer.evaluation.cases import Case, build_case
from deepasl_trainer.evaluation.settings import read_evaluation_settings
from deepasl_trainer.people.anatomies import find_people, person_name, read_person
from deepasl_trainer.synthetic.noise import read_measured_noise

SEED = 777
"""Not that of the evaluation: other scans."""

MOST_PAIRS = 30


@dataclass(frozen=True)
class Row:
    """One map of one scan.

    Attributes:
        method: What made it.
        pairs: How many pairs were averaged.
        inside: Which voxels have their true value within one standard error, by region.
        told, true: Root mean square in the brain of the standard errors and of the errors, mL/100g/min.
    """

    method: str
    pairs: int
    inside: dict[str, BoolArray]
    told: float
    true: float


def main() -> None:
    options = _options()
    settings = read_evaluation_settings("evaluation")
    protocol = next(each for each in settings.protocols if each.name == options.protocol)
    protocol = replace(protocol, pairs=(MOST_PAIRS,))
    measured = read_measured_noise(options.noise)
    denoisers = [Denoiser(find_model(name), "cpu") for name in options.models]
    rows: list[Row] = []
    for file in find_people(options.anatomies):
        if person_name(file) in options.people:
            for scan in range(min(options.scans, protocol.scans)):
                case = build_case(read_person(file), protocol, scan, measured, SEED)
                rows += _rows_of(case, options, denoisers)
    print(f"{machine.description()}; {options.protocol}: {', '.join(options.people)}, {options.scans} scan(s) each\n")
    _report(rows)


def _rows_of(case: Case, options: argparse.Namespace, denoisers: list[Denoiser]) -> Iterator[Row]:
    seen = case.patient.observed
    m0 = seen.m0_fraction * np.float32(seen.mean_m0)
    for pairs in sorted({*options.averaged, *options.pairs}):
        part = seen.first(pairs)
        differences = part.control - part.label
        mean = mean_volume(differences)
        if pairs in options.averaged:
            error = run(standard_error(differences, case.brain))
            assert error is not None  # there is more than one pair
            yield _row(case, "mean of the pairs", pairs, mean, error)
        for denoiser in denoisers if pairs in options.pairs else ():
            denoised = run(denoiser.denoise(mean, part.mean_m0, m0))
            found = run(
                denoised_error(differences, mean, denoised, denoiser, part.mean_m0, case.brain, case.geometry, m0)
            )
            assert found is not None
            yield _row(case, denoiser.entry.id, pairs, denoised, found.volume)


def _row(case: Case, method: str, pairs: int, image: FloatArray, error: FloatArray) -> Row:
    off, told = case.cbf(image - case.patient.deltam), case.cbf(error)
    lesions = np.zeros(case.brain.shape, dtype=np.bool_)
    for each in case.lesions:
        lesions |= each.mask & case.brain
    regions = {"grey": case.grey, "white": case.white, "lesions": lesions, "brain": case.brain}
    inside = {name: np.abs(off[region]) < told[region] for name, region in regions.items()}
    return Row(method, pairs, inside, *(float(np.sqrt(np.mean(x[case.brain] ** 2))) for x in (told, off)))


def _report(rows: list[Row]) -> None:
    regions = list(rows[0].inside)
    print(f"{'%':20}{'pairs':>6}" + "".join(f"{name:>9}" for name in regions) + f"{'told':>9}{'true':>9} mL/100g/min")
    for method, pairs in dict.fromkeys((row.method, row.pairs) for row in rows):
        own = [row for row in rows if (row.method, row.pairs) == (method, pairs)]
        print(f"{method:20}{pairs:6}", end="")
        for name in regions:
            print(f"{100.0 * np.concatenate([row.inside[name] for row in own]).mean():9.0f}", end="")
        print(f"{np.mean([row.told for row in own]):9.1f}{np.mean([row.true for row in own]):9.1f}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--anatomies", type=Path, required=True, metavar="DIR", help="label maps, one per person")
    parser.add_argument("--noise", type=Path, required=True, metavar="FILE", help="synthetic_common_vars.mat")
    parser.add_argument("--people", nargs="+", default=["labels_11", "labels_12"], help="default: %(default)s")
    parser.add_argument("--scans", type=int, default=1, help="of each person; default: %(default)s")
    parser.add_argument("--protocol", default="lesions", help="of the evaluation; default: %(default)s")
    parser.add_argument("--models", nargs="*", default=["deepasl-paper", "deepasl-guided"], help="default: %(default)s")
    parser.add_argument("--pairs", type=int, nargs="+", default=[6, 12, 24], help="to denoise; default: %(default)s")
    parser.add_argument("--averaged", type=int, nargs="+", default=[4, 6, 12, 30], help="default: %(default)s")
    return parser.parse_args()


if __name__ == "__main__":
    main()
