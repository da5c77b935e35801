"""The networks that come along, and those a user trained: what each takes, where it holds, if its file is intact."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Sequence, Set
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from deepasl.denoising.network_input import InputSpec
from deepasl.errors import ModelError

logger = logging.getLogger(__name__)

REGISTRY_FILE = "models.json"

OWN_MODELS = "DEEPASL_MODELS"
"""Environment variable that names the folder of a user's own networks."""

PERCENT_OF_MEAN_M0 = "percent-of-mean-m0"
"""The only intensity scaling there is: 100 x dM / mean(M0 in the brain)."""

DEFAULT_MODEL = "deepasl-guided"


@dataclass(frozen=True)
class Domain:
    """The images a network was trained on. Outside these ranges (ends included) nothing is known about it.

    Attributes:
        in_plane_mm: In-plane voxel size.
        slice_mm: Slice thickness plus gap.
        noise_percent: Noise SD of the difference image in percent of mean M0.
        signal_percent: Mean difference signal of grey matter in percent of mean M0.
    """

    in_plane_mm: tuple[float, float]
    slice_mm: tuple[float, float]
    noise_percent: tuple[float, float]
    signal_percent: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class ModelInput(InputSpec):
    """What a network takes: its channels, their unit, and how far it looks within a slice.

    Attributes:
        scaling: How intensities are scaled.
        receptive_field: Width in voxels of the largest neighbourhood that reaches one output voxel.
        patch_size: Side in voxels of the patches it was trained on.

    Raises:
        ValueError: If there is no such input.
    """

    scaling: str
    receptive_field: int
    patch_size: int

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scaling != PERCENT_OF_MEAN_M0:
            raise ValueError(f"the scaling {self.scaling!r} is unknown")
        if self.receptive_field < 1 or self.patch_size < 1:
            raise ValueError(f"receptive field {self.receptive_field} and patch size {self.patch_size} cannot be")


@dataclass(frozen=True)
class ModelEntry:
    """One network of a registry.

    It takes float32 ``[n, input.channels, height, width]`` and returns float32 ``[n, 1, height, width]``, the noise it
    sees in the middle slice; n, height and width may have any length. See `deepasl.denoising.network_input`.

    Attributes:
        id: Short name, e.g. ``"deepasl-paper"``.
        title: What users read.
        path: The ONNX file.
        sha256: Its checksum.
        input: What it takes.
        domain: Where it may be trusted.
        licence: SPDX identifier.
        card: The model card, Markdown.
        metrics: Held-out figures, as the card has them.
    """

    id: str
    title: str
    path: Path
    sha256: str
    input: ModelInput
    domain: Domain
    licence: str
    card: Path
    metrics: dict[str, Any] = field(default_factory=dict)


def default_folders() -> tuple[Path, ...]:
    """Where a registry may lie: beside the package, in an installed Slicer extension, in a source tree."""
    package = Path(__file__).resolve().parents[1]
    return (package / "models", package.parent / "Resources" / "Models", package.parents[1] / "models")


def own_folder() -> Path:
    """Where users keep the networks they trained: that of `OWN_MODELS`, else ``.deepasl/models`` at home."""
    named = os.environ.get(OWN_MODELS)
    if named:
        return Path(named)
    try:
        return Path.home() / ".deepasl" / "models"
    except RuntimeError:  # There is no home, as in a container that runs under any number.
        return Path(".deepasl", "models")


def load_registry(folders: Sequence[Path] | None = None) -> tuple[ModelEntry, ...]:
    """All networks of the first registry found, and unless folders are named also those a user trained.

    Args:
        folders: Where to look, in this order. If None, in `default_folders`, and besides in `own_folder`.

    Raises:
        ModelError: If there is no registry, or it cannot be understood.
    """
    if folders is None:
        shipped = load_registry(default_folders())
        return shipped + _own({entry.id for entry in shipped})
    for folder in folders:
        file = folder / REGISTRY_FILE
        if file.is_file():
            return _parse(file)
    raise ModelError(
        f"no model registry ({REGISTRY_FILE}) in " + ", ".join(str(folder) for folder in folders),
        remedy="Install DeepASL again, or name the folder that holds the models.",
    )


def find_model(model_id: str, folders: Sequence[Path] | None = None) -> ModelEntry:
    """The network called `model_id`.

    Raises:
        ModelError: If no network has this name.
    """
    entries = load_registry(folders)
    for entry in entries:
        if entry.id == model_id:
            return entry
    raise ModelError(
        f"there is no model called {model_id!r}",
        remedy="Available: " + ", ".join(entry.id for entry in entries) + ".",
    )


def models_without_m0(entry: ModelEntry) -> tuple[str, ...]:
    """The ids of the networks beside `entry` that can do without M0, in the order of the registry.

    Raises:
        ModelError: As `load_registry`.
    """
    installed = load_registry()
    beside = installed if entry in installed else load_registry([entry.path.parent, *default_folders()])
    return tuple(other.id for other in beside if not other.input.m0)


def read_verified(entry: ModelEntry) -> bytes:
    """The bytes of a network's ONNX file, once they match its checksum.

    Raises:
        ModelError: If the file is absent or differs from what was released.
    """
    try:
        content = entry.path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"the file of model {entry.id!r} cannot be read ({error.strerror})",
            where=entry.path,
            remedy="Install DeepASL again to restore it, or export the network again.",
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != entry.sha256:
        raise ModelError(
            f"the file of model {entry.id!r} is damaged: its SHA-256 is {found[:12]}..., not {entry.sha256[:12]}...",
            where=entry.path,
            remedy="Install DeepASL again to restore it, or export the network again.",
        )
    return content


def _own(taken: Set[str]) -> tuple[ModelEntry, ...]:
    """The networks a user trained. What is wrong with them is no reason to do without those that come along."""
    file = own_folder() / REGISTRY_FILE
    if not os.access(file, os.R_OK):
        return ()
    try:
        entries = _parse(file)
    except ModelError as error:
        logger.warning("%s", error)
        return ()
    for entry in entries:
        if entry.id in taken:
            logger.warning("%s: %r is left out, a network that comes along is called so: rename it.", file, entry.id)
    return tuple(entry for entry in entries if entry.id not in taken)


def _parse(file: Path) -> tuple[ModelEntry, ...]:
    try:
        models = json.loads(file.read_text(encoding="utf-8"))["models"]
        entries = tuple(_entry(model, file.parent) for model in models)
    except KeyError as error:
        raise _unreadable(file, f"{error} is missing") from error
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise _unreadable(file, str(error)) from error
    ids = [entry.id for entry in entries]
    if len(set(ids)) < len(ids):
        raise _unreadable(file, "two models have the same id")
    return entries


def _unreadable(file: Path, reason: str) -> ModelError:
    return ModelError(
        f"the model registry cannot be understood ({reason})",
        where=file,
        remedy="Install DeepASL again to restore it, or export the network again.",
    )


def _entry(model: dict[str, Any], folder: Path) -> ModelEntry:
    return ModelEntry(
        id=str(model["id"]),
        title=model["title"],
        path=folder / model["file"],
        sha256=str(model["sha256"]),
        input=_input(model),
        domain=_domain(model),
        licence=model["licence"],
        card=folder / model["card"],
        metrics=model.get("metrics", {}),
    )


def _input(model: dict[str, Any]) -> ModelInput:
    given, kinds = model["input"], get_type_hints(ModelInput)
    if {name: type(value) for name, value in given.items()} != kinds:
        wanted = ", ".join(f"{name} ({kind.__name__})" for name, kind in kinds.items())
        raise ValueError(f"the input of model {model['id']!r} must have {wanted} and nothing else")
    try:
        return ModelInput(**given)
    except ValueError as error:
        raise ValueError(f"the input of model {model['id']!r}: {error}") from error


def _domain(model: dict[str, Any]) -> Domain:
    domain = {name: (float(low), float(high)) for name, (low, high) in model["domain"].items()}
    names = [each.name for each in fields(Domain)]
    if set(domain) != set(names):
        raise ValueError(f"the domain of model {model['id']!r} must have {', '.join(names)} and nothing else")
    if any(low > high for low, high in domain.values()):
        raise ValueError(f"an empty range in the domain of model {model['id']!r}")
    return Domain(**domain)
