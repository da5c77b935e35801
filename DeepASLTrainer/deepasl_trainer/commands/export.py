"""Write the best checkpoint of a training as an ONNX file with its card and registry entry, once it is checked."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import torch

from deepasl.denoising.denoiser import Denoiser
from deepasl.denoising.registry import find_model, own_folder
from deepasl.readers import read_scan
from deepasl.series import AslSeries
from deepasl_trainer.evaluation.network_methods import load_network
from deepasl_trainer.evaluation.settings import read_evaluation_settings
from deepasl_trainer.experiments.held_out import read_held_out
from deepasl_trainer.release.card import Exported, model_card
from deepasl_trainer.release.check import ExportCheck, check_export
from deepasl_trainer.release.onnx_export import Precision, onnx_bytes
from deepasl_trainer.release.publishing import (
    file_properties,
    identity,
    publish,
    registry_entry,
    require_own_name,
    require_registry,
)
from deepasl_trainer.release.registry_metrics import check_metrics, registry_metrics
from deepasl_trainer.training.layers import DenoisingNetwork
from deepasl_trainer.training.runs import read_run
from deepasl_trainer.training.training import BEST, load_module


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("training", type=Path, metavar="RUN", help="folder of the training")
    parser.add_argument(
        "--models",
        type=Path,
        default=own_folder(),
        metavar="DIR",
        help="folder of the registry (default: %(default)s, whose networks DeepASL lists beside its own)",
    )
    parser.add_argument("--id", metavar="NAME", help="what it is called (default: as its configuration says)")
    parser.add_argument(
        "--evaluation", type=Path, metavar="DIR", help="output of deepasl-train evaluate on this training"
    )
    parser.add_argument(
        "--config", default="evaluation", help="what it was evaluated with: TOML file or name (default: evaluation)"
    )
    parser.add_argument(
        "--data-scan",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="real scans to check the ONNX file on; of those that were evaluated, the card has the figures",
    )
    parser.add_argument(
        "--precision", choices=get_args(Precision), default="float32", help="of weights and sums (default: float32)"
    )


def run(options: argparse.Namespace) -> Path:
    """Export the best checkpoint of a training: ONNX file, card and registry entry, once the file is checked.

    Returns:
        The ONNX file.

    Raises:
        OutputError: If the folder cannot be written.
        InputError: If it would take the name of a network that comes along.
        DeepASLError: If something cannot be read, or the ONNX file does not give what PyTorch gives. Nothing is written
            then.
    """
    require_registry(options.models)
    training = read_run(options.training)
    name = identity(training, options.precision, options.id)
    if options.models == own_folder():
        require_own_name(name)
    method = load_network(str(options.training), torch.device("cpu"))
    network = load_module(options.training / BEST).network
    held_out = None
    if options.evaluation is not None:
        held_out = read_held_out(
            options.evaluation, read_evaluation_settings(options.config), method, options.data_scan
        )
    scans = [read_scan(file) for file in options.data_scan]

    metrics = registry_metrics(method.seen or (), held_out)
    content = onnx_bytes(network, file_properties(name, training, network, metrics), options.precision)
    entry = registry_entry(name, training, network, content, metrics)
    check = check_as_users_get_it(network, entry, content, scans, options.precision)
    entry["metrics"]["export_check"] = check_metrics(check)
    publish(options.models, entry, content, model_card(Exported(name, training, network, content, check, held_out)))
    return Path(options.models / name.file)


def check_as_users_get_it(
    network: DenoisingNetwork,
    entry: Mapping[str, Any],
    content: bytes,
    scans: Sequence[AslSeries],
    precision: Precision,
) -> ExportCheck:
    """Check a network in a registry that lasts as long as the check.

    Raises:
        DeepASLError: See `deepasl_trainer.release.check.check_export`.
    """
    with tempfile.TemporaryDirectory() as folder:
        publish(Path(folder), entry, content, card="")
        denoiser = Denoiser(find_model(entry["id"], [Path(folder)]), "cpu")
        return check_export(network, denoiser, scans, precision)
