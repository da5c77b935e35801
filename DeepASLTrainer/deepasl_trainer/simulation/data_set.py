"""Write synthetic people as a BIDS data set, with what is true of each of them in its derivatives."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from deepasl.errors import InputError, OutputError
from deepasl.phantom import with_separate_m0, write_bids, write_truth
from deepasl.phantom.truth import TRUTH_FOLDER
from deepasl_trainer.simulation.people import (
    Candidate,
    Simulated,
    built_in_people,
    people_of_label_maps,
    simulate_person,
)
from deepasl_trainer.simulation.settings import SimulationSettings, read_simulation_settings
from deepasl_trainer.synthetic.noise import read_measured_noise

SETTINGS_FILE = TRUTH_FOLDER / "simulation.json"
"""What the data set was made with."""

MAPS_OF_TRUTH = 12
"""About how many maps the truth has; for the room it takes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="the new data set")
    parser.add_argument("--anatomies", type=Path, metavar="DIR", help="label maps, one per person (default: built-in)")
    parser.add_argument(
        "--config", default="simulation", help="TOML file, or the name of one that comes along: simulation (default)"
    )
    parser.add_argument("--people", type=int, metavar="N", help="how many people")
    parser.add_argument("--noise", type=Path, metavar="FILE", help="synthetic_common_vars.mat (default: even noise)")


def run(options: argparse.Namespace) -> Path:
    """Simulate with a progress bar; the folder of the data set.

    Raises:
        DeepASLError: See `simulate`.
    """
    settings = read_simulation_settings(options.config)
    with tqdm(desc="Simulating", unit="person") as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return simulate(
            options.output,
            settings,
            people=options.people,
            anatomies=options.anatomies,
            noise=options.noise,
            report=show,
        )


def simulate(
    output: Path,
    settings: SimulationSettings,
    *,
    people: int | None = None,
    anatomies: Path | None = None,
    noise: Path | None = None,
    report: Callable[[int, int], object] = lambda done, total: None,
) -> Path:
    """Write a data set of synthetic people; all of it, or nothing.

    Args:
        output: The folder of the data set; new or empty.
        settings: What is drawn.
        people: How many; None for as many as the settings say, or as there are label maps.
        anatomies: A folder of FreeSurfer-like label maps; None for built-in brains.
        noise: The ``synthetic_common_vars.mat`` of the authors of DeepASL; None for the same noise everywhere.
        report: Told how many people are done, and of how many.

    Returns:
        `output`.

    Raises:
        InputError: If there are no such people, or something cannot be read.
        OutputError: If the folder holds something already, or cannot be written to.
    """
    if people is not None and people < 1:
        raise InputError(f"{people} people cannot be simulated", remedy="Ask for at least one (--people).")
    measured = None if noise is None else read_measured_noise(noise)
    chosen = (
        built_in_people(people or settings.people, settings)
        if anatomies is None
        else people_of_label_maps(anatomies, people, settings)
    )
    with _new_folder(output) as folder:
        for done, candidate in enumerate(chosen):
            report(done, len(chosen))
            _write_person(candidate, simulate_person(candidate, settings, measured), settings, folder)
        _write_settings(settings, folder)
        report(len(chosen), len(chosen))
    return output


def _write_person(candidate: Candidate, simulated: Simulated, settings: SimulationSettings, folder: Path) -> None:
    _require_room(simulated, folder)
    series = simulated.series
    write_bids(with_separate_m0(series) if settings.protocol.separate_m0 else series, folder, candidate.label)
    write_truth(simulated.subject, simulated.protocol, folder, candidate.label, artifacts=simulated.artifacts)


def _write_settings(settings: SimulationSettings, folder: Path) -> None:
    content = json.dumps(dataclasses.asdict(settings), indent=2)
    (folder / SETTINGS_FILE).write_text(content + "\n", encoding="utf-8")


def _require_room(simulated: Simulated, folder: Path) -> None:
    """Refuse to begin with a person for whom there is no room: noise hardly compresses."""
    series = simulated.series
    needed = series.volumes.nbytes + MAPS_OF_TRUTH * series.volumes[0].nbytes
    if (free := shutil.disk_usage(folder).free) < needed:
        raise OutputError(
            f"the disk is full: a person takes up to {needed / 1e6:.0f} MB, and {free / 1e6:.0f} MB are left",
            where=folder.parent,
            remedy="Make room, or choose another folder.",
        )


@contextmanager
def _new_folder(output: Path) -> Iterator[Path]:
    """A folder that takes the place of `output` when everything in it is whole, and disappears otherwise.

    Raises:
        OutputError: If `output` holds something, or cannot be written.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise OutputError("there is something already", where=output, remedy="Name a new or an empty folder.")
    place = output.resolve()
    staging = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        staging.mkdir(parents=True)
        yield staging
        if place.exists():
            place.rmdir()
        staging.rename(place)
    except OSError as error:
        raise OutputError(
            f"the data set cannot be written ({error.strerror})", where=output, remedy="Check the disk and its rights."
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
