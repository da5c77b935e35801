"""A network's place in the registry: its entry, its files, and what the ONNX file says of itself."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import deepasl
from deepasl.denoising.registry import PERCENT_OF_MEAN_M0, REGISTRY_FILE, default_folders, load_registry
from deepasl.errors import InputError
from deepasl.writers.provenance import RESEARCH_USE
from deepasl_trainer.release.network_words import OUTPUT_WORDS, describe_input
from deepasl_trainer.release.onnx_export import Precision
from deepasl_trainer.training.layers import DenoisingNetwork
from deepasl_trainer.training.runs import Run, write_atomically

SCHEMA = 1
"""Of `REGISTRY_FILE`."""


@dataclass(frozen=True)
class Identity:
    """The name a network goes by.

    Attributes:
        id: In the registry; its files are called after it.
        title: What users read.
    """

    id: str
    title: str

    @property
    def file(self) -> str:
        """Its ONNX file."""
        return f"{self.id}.onnx"

    @property
    def card(self) -> str:
        """Its model card."""
        return f"{self.id}.md"


def identity(run: Run, precision: Precision, renamed: str | None = None) -> Identity:
    """That of the settings, or another; one of reduced precision says so, and stands beside the other in a registry.

    Raises:
        InputError: If no files can be called so.
    """
    model = run.settings.model
    name = Identity(renamed, f"{model.title} ({renamed})") if renamed else Identity(model.id, model.title)
    if not re.fullmatch(r"[\w.-]+", name.id):
        raise InputError(f"no network can be called {name.id!r}", remedy="Use letters, digits, points and hyphens.")
    if precision == "float32":
        return name
    return Identity(f"{name.id}-{precision}", f"{name.title} ({precision})")


def registry_entry(
    name: Identity, run: Run, network: DenoisingNetwork, content: bytes, metrics: Mapping[str, Any]
) -> dict[str, Any]:
    """What ``models.json`` says of a network: see `deepasl.denoising.registry`.

    Args:
        name: What it is called.
        run: Its training.
        network: The network.
        content: Its ONNX file.
        metrics: Who it knows and what it does: see `deepasl_trainer.release.registry_metrics`.
    """
    return {
        "id": name.id,
        "title": name.title,
        "file": name.file,
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": run.settings.model.licence,
        "card": name.card,
        "input": {"scaling": PERCENT_OF_MEAN_M0, **dataclasses.asdict(network.spec), **_reach(run, network)},
        "domain": _domain(run),
        "metrics": dict(metrics),
    }


def file_properties(name: Identity, run: Run, network: DenoisingNetwork, metrics: Mapping[str, Any]) -> dict[str, str]:
    """What an ONNX file says of itself, so that it can be understood without a registry."""
    return {
        "id": name.id,
        "title": name.title,
        "use": RESEARCH_USE,
        "licence": run.settings.model.licence,
        "deepasl_version": deepasl.__version__,
        "input": describe_input(network.spec),
        "output": OUTPUT_WORDS,
        "scaling": PERCENT_OF_MEAN_M0,
        **{key: json.dumps(value) for key, value in dataclasses.asdict(network.spec).items()},
        **{key: json.dumps(value) for key, value in _reach(run, network).items()},
        "domain": json.dumps(_domain(run)),
        "training_data": "\n".join(run.settings.model.data),
        "metrics": json.dumps(dict(metrics)),
    }


def require_registry(folder: Path) -> None:
    """Refuse a folder whose registry is damaged, before any work is done for it.

    Raises:
        ModelError: If there is a registry that cannot be understood.
    """
    if (folder / REGISTRY_FILE).is_file():
        load_registry([folder])


def require_own_name(name: Identity) -> None:
    """Refuse to call a user's network like one that comes along: which of them made a map must be beyond doubt.

    Raises:
        InputError: If one that comes along has this name.
    """
    if name.id in {entry.id for entry in load_registry(default_folders())}:
        raise InputError(
            f"a network that comes along is called {name.id!r}", remedy="Give yours another name: --id NAME."
        )


def publish(folder: Path, entry: Mapping[str, Any], content: bytes, card: str) -> None:
    """Put a network, its card and its entry into a registry folder; an older one of the same id is replaced.

    Raises:
        ModelError: If the registry that is there cannot be understood; nothing is written then.
        OutputError: If the folder cannot be written.
    """
    require_registry(folder)
    file = folder / REGISTRY_FILE
    models = json.loads(file.read_text(encoding="utf-8"))["models"] if file.is_file() else []
    others = [model for model in models if model["id"] != entry["id"]]
    write_atomically(folder / entry["card"], card.encode())
    write_atomically(folder / entry["file"], content)
    everything = sorted([*others, dict(entry)], key=lambda model: str(model["id"]))
    write_atomically(file, (json.dumps({"schema": SCHEMA, "models": everything}, indent=2) + "\n").encode())
    load_registry([folder])


def _reach(run: Run, network: DenoisingNetwork) -> dict[str, int]:
    return {"receptive_field": network.receptive_field, "patch_size": run.settings.patches.size}


def _domain(run: Run) -> dict[str, list[float]]:
    return {name: [round(end, 3) for end in ends] for name, ends in dataclasses.asdict(run.domain).items()}
