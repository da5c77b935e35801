"""The folder of a training: what is known of it, written there and read back by evaluation and export."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepasl.denoising.registry import Domain
from deepasl.errors import InputError, OutputError
from deepasl_trainer.training.settings import Settings, settings_from

RUN_FILE = "run.json"


@dataclass(frozen=True)
class Run:
    """What is to be known of a training.

    Attributes:
        settings: All numbers.
        training: Names of the people trained on.
        patches: Number of training patches.
        domain: What the network saw.
        epochs, steps: How far the training went.
        minutes: Wall time of training, over all resumptions.
        machine: Processor and software.
        command: How it was started.
        before: The training whose weights it started with, in words; empty if it started with random ones.
        seen: Names of the people whom that training, or those before it, trained on.
    """

    settings: Settings
    training: tuple[str, ...]
    patches: int
    domain: Domain
    epochs: int
    steps: int
    minutes: float
    machine: str
    command: str
    before: str = ""
    seen: tuple[str, ...] = ()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is never seen half written.

    Raises:
        OutputError: If it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise OutputError(
            f"it cannot be written ({error.strerror})", where=path, remedy="Check the disk and its rights."
        ) from error


def write_run(run: Run, folder: Path) -> None:
    """Keep what is known of a training in its folder."""
    _write_json(folder / RUN_FILE, dataclasses.asdict(run))


def read_run(folder: Path) -> Run:
    """What is known of the training in a folder.

    Raises:
        InputError: If there is none.
    """
    table = _read_json(folder / RUN_FILE, "Train with deepasl-train fit first.")
    try:
        return Run(
            **{
                **table,
                "settings": settings_from(table["settings"], str(folder / RUN_FILE)),
                "training": tuple(table["training"]),
                "domain": Domain(**{name: tuple(ends) for name, ends in table["domain"].items()}),
                "seen": tuple(table.get("seen", ())),
            }
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"the record of the training is incomplete ({error})", where=folder / RUN_FILE) from error


def require_unseen(earlier: Run, settings: Settings) -> None:
    """Refuse to start from a training that saw people who are now kept out.

    Raises:
        InputError: Naming them.
    """
    kept_out = settings.people.validation + settings.people.test
    if known := [name for name in kept_out if name in (*earlier.training, *earlier.seen)]:
        raise InputError(
            f"the training to start from has seen {', '.join(known)}",
            remedy="Keep the same people out, or start with random weights.",
        )


def summary(run: Run) -> str:
    """How long it trained, in words, what came before included."""
    fit = run.settings.fit
    length = f"{run.epochs} epochs of {fit.epoch_patches:,} patches, {run.steps:,} steps"
    words = f"{length}, learning rate up to {fit.learning_rate:g}, {run.minutes:.0f} minutes on {run.machine}"
    return f"{words}, after {run.before}" if run.before else words


def describe_machine() -> str:
    """Processor, cores and versions, in words."""
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    processor = f"{torch.cuda.get_device_name()}, " if torch.cuda.is_available() else ""
    capability = torch.backends.cpu.get_cpu_capability()
    return f"{processor}{cores} CPU cores ({platform.machine()}, {capability}), PyTorch {torch.__version__}"


def _write_json(path: Path, content: Any) -> None:
    write_atomically(path, (json.dumps(content, indent=1) + "\n").encode())


def _read_json(path: Path, remedy: str) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"it cannot be read ({error})", where=path, remedy=remedy) from error
