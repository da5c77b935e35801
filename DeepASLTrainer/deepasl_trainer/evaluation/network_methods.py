"""Our networks as methods: fresh from a training, or as users get them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from deepasl.denoising.denoiser import Denoiser
from deepasl.denoising.network_input import stack_slices
from deepasl.denoising.registry import REGISTRY_FILE, ModelEntry, find_model, load_registry
from deepasl.errors import InputError, ModelError
from deepasl.progress import run
from deepasl.series import FloatArray
from deepasl_trainer.evaluation.baselines import Method
from deepasl_trainer.evaluation.observation import Observation
from deepasl_trainer.training.layers import DenoisingNetwork
from deepasl_trainer.training.runs import RUN_FILE, read_run
from deepasl_trainer.training.training import BEST, load_module

logger = logging.getLogger(__name__)

BATCH_SLICES = 8

SEEN_PEOPLE = "seen_people"
"""In the metrics of a registry entry: names of all people that the network was trained or chosen on."""


@dataclass(frozen=True)
class NetworkMethod:
    """A network to evaluate.

    Attributes:
        name: What tables call it.
        version: Checksum of its weights.
        method: What it does to a scan.
        seen: Names of the people it was trained or chosen on; None if nobody knows.
        chosen_on: Those of them on whom it was only chosen, as far as that is known.
    """

    name: str
    version: str
    method: Method
    seen: tuple[str, ...] | None
    chosen_on: tuple[str, ...] = ()


def load_network(model: str, device: torch.device) -> NetworkMethod:
    """A network by the folder of its training, the path of a registered ONNX file, or its id in the registry.

    Args:
        model: Which.
        device: Where a network of a training runs; ONNX files run on the CPU, as most users have it.

    Raises:
        DeepASLError: If there is none, or it cannot be loaded.
    """
    path = Path(model)
    if (path / RUN_FILE).is_file():
        return _of_run(path, device)
    if path.suffix == ".onnx":
        return _of_entry(_registered(path))
    if path.is_dir():
        raise ModelError("there is no finished training in this folder", where=path, remedy=f"It needs {RUN_FILE}.")
    return _of_entry(find_model(model))


def load_networks(models: Sequence[str], device: torch.device) -> tuple[NetworkMethod, ...]:
    """Several of them, each with a name of its own.

    Raises:
        InputError: If two have the same name.
        DeepASLError: If one cannot be loaded.
    """
    networks = tuple(load_network(model, device) for model in models)
    names = [network.name for network in networks]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"two networks are called {', '.join(twice)}", remedy="Rename the folder of one training.")
    return networks


def apply_network(scan: Observation, network: DenoisingNetwork, device: torch.device) -> FloatArray:
    """The difference image ``[k, j, i]`` in percent of mean M0, less the noise a network sees in it."""
    slices = range(len(scan.deltam))
    noise = []
    with torch.inference_mode():
        for start in slices[::BATCH_SLICES]:
            stack = stack_slices(scan.deltam, scan.m0_fraction, network.spec, slices[start : start + BATCH_SLICES])
            noise.append(network(torch.from_numpy(stack).to(device))[:, 0].cpu().numpy())
    denoised: FloatArray = scan.deltam - np.concatenate(noise)
    return denoised


def apply_denoiser(scan: Observation, denoiser: Denoiser) -> FloatArray:
    """The same as the pipeline of DeepASL does it."""
    m0 = np.where(scan.brain, scan.m0, np.float32(0.0))
    return scan.to_percent(run(denoiser.denoise(scan.from_percent(scan.deltam), scan.mean_m0, m0)))


def require_unseen(networks: Sequence[NetworkMethod], people: Sequence[str]) -> None:
    """Refuse to evaluate a network on people it knows; a warning where nobody knows whom it knows.

    Raises:
        InputError: Naming them.
    """
    for network in networks:
        if network.seen is None:
            logger.warning("%s does not say whom it was trained on: its figures may flatter it", network.name)
        if known := [name for name in people if name in (network.seen or ())]:
            raise InputError(
                f"{network.name} was trained or chosen on {', '.join(known)}",
                remedy="Name other people (--people).",
            )


def require_untrained(networks: Sequence[NetworkMethod], people: Sequence[str]) -> None:
    """Refuse to evaluate a network on people it was trained on, so that it can be chosen on the others.

    Raises:
        InputError: Naming them.
    """
    require_unseen([_known_from_training(network) for network in networks], people)


def _known_from_training(network: NetworkMethod) -> NetworkMethod:
    if network.seen is None:
        return network
    return replace(network, seen=tuple(name for name in network.seen if name not in network.chosen_on))


def _of_run(folder: Path, device: torch.device) -> NetworkMethod:
    record, checkpoint = read_run(folder), folder / BEST
    network = load_module(checkpoint).network.to(device).eval()
    trained, validation = {*record.training, *record.seen}, {*record.settings.people.validation}
    method = partial(apply_network, network=network, device=device)
    seen, chosen_on = tuple(sorted(trained | validation)), tuple(sorted(validation - trained))
    return NetworkMethod(folder.resolve().name, _checksum(checkpoint), method, seen, chosen_on)


def _of_entry(entry: ModelEntry) -> NetworkMethod:
    seen = entry.metrics.get(SEEN_PEOPLE)
    method = partial(apply_denoiser, denoiser=Denoiser(entry, "cpu"))
    return NetworkMethod(entry.id, entry.sha256, method, None if seen is None else tuple(seen))


def _registered(path: Path) -> ModelEntry:
    for entry in load_registry([path.parent]):
        if entry.path.name == path.name:
            return entry
    raise ModelError(
        "the file is not in the registry beside it, which says what the network takes",
        where=path,
        remedy=f"Add it to {REGISTRY_FILE} with deepasl-train export.",
    )


def _checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
