"""Experiments of seconds, for the tests of ``deepasl-train table``."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from trainer_cases import write_noise, write_people

from deepasl_trainer.cli import main
from deepasl_trainer.evaluation.settings import ProtocolSettings, read_evaluation_settings
from deepasl_trainer.invivo.settings import InVivoSettings
from deepasl_trainer.training.settings import FitSettings, GridSettings, Settings, read_settings

VOXEL = (6.0, 6.0, 8.0)
PAIRS = (4, 8)
SHORTEST = FitSettings(
    epochs=2,
    epoch_patches=16,
    batch_size=8,
    learning_rate=5e-3,
    schedule="constant",
    gradient_clip=0.0,
    precision="32-true",
    seed=1,
)


def tiny_synthetic() -> Settings:
    """The paper's experiment with a network, scans and a schedule of seconds."""
    paper = read_settings("paper-short")
    assert paper.scans is not None
    return dataclasses.replace(
        paper,
        model=dataclasses.replace(paper.model, filters=4, depth=2),
        scans=dataclasses.replace(paper.scans, grids=(GridSettings(VOXEL, 2),)),
        patches=dataclasses.replace(paper.patches, count=16, validation_count=8),
        fit=SHORTEST,
    )


def tiny_in_vivo() -> Settings:
    """The same for real scans."""
    paper = read_settings("paper-in-vivo")
    return dataclasses.replace(
        paper,
        model=dataclasses.replace(paper.model, filters=4, depth=2),
        patches=dataclasses.replace(paper.patches, count=16),
        fit=dataclasses.replace(SHORTEST, epochs=1),
        invivo=InVivoSettings(reference="mean-of-all", smoothing_fwhm=0.0),
    )


def tiny_rival() -> Settings:
    """The dilated network with few filters."""
    dilated = read_settings("dilated")
    return dataclasses.replace(dilated, model=dataclasses.replace(dilated.model, filters=4))


def write_toml(file: Path, settings: object) -> Path:
    """A dataclass as a TOML file that gives it back."""
    tables = {name: part for name, part in vars(settings).items() if part is not None}
    file.write_text("".join(f"{name} = {_as_toml(part)}\n" for name, part in tables.items()), encoding="utf-8")
    return file


def write_synthetic_experiment(folder: Path, people: int = 3) -> Path:
    """Label maps, noise and configurations; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_people(folder, people)
    write_noise(folder / "noise.mat")
    write_toml(folder / "tiny.toml", tiny_synthetic())
    write_toml(folder / "rival.toml", tiny_rival())
    evaluation = read_evaluation_settings("paper-evaluation")
    (protocol,) = evaluation.protocols
    write_toml(folder / "evaluation.toml", dataclasses.replace(evaluation, protocols=(_short(protocol),)))
    return folder


def run_table(folder: Path, output: str, *options: str) -> int:
    """The command on a folder of `write_synthetic_experiment`, one lambda and the rival unless others are named."""
    lambdas = [] if "--lambdas" in options else ["--lambdas", "0.2"]
    files = {
        "--config": "tiny.toml",
        "--noise": "noise.mat",
        "--baseline": "rival.toml",
        "--evaluation": "evaluation.toml",
    }
    named = [part for option, file in files.items() if option not in options for part in (option, str(folder / file))]
    people = ["--anatomies", str(folder), *named, "--folds", "3"]
    return main(["table", *people, *lambdas, "--accelerator", "cpu", *options, "--output", str(folder / output)])


def _short(protocol: ProtocolSettings) -> ProtocolSettings:
    return dataclasses.replace(protocol, voxels=(VOXEL,), pairs=PAIRS)


def _as_toml(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_as_toml(one) for one in value) + "]"
    if dataclasses.is_dataclass(value):
        parts = {name: part for name, part in vars(value).items() if part is not None}
        return "{ " + ", ".join(f"{name} = {_as_toml(part)}" for name, part in parts.items()) + " }"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value).replace("'", '"')
