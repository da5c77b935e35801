"""The model card: what a network is for, what it was made from, what it does and where it fails."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import onnxruntime
import torch

import deepasl
from deepasl.results import CBF_UNIT
from deepasl.writers.provenance import RESEARCH_USE
from deepasl_trainer.evaluation.tables import markdown_table
from deepasl_trainer.experiments.held_out import HeldOut
from deepasl_trainer.release.card_figures import figures_section
from deepasl_trainer.release.card_limits import limits_section
from deepasl_trainer.release.card_training import domain_section, training_section
from deepasl_trainer.release.check import ExportCheck
from deepasl_trainer.release.network_words import OUTPUT_WORDS, describe_input, describe_network
from deepasl_trainer.release.publishing import Identity
from deepasl_trainer.training.layers import DenoisingNetwork
from deepasl_trainer.training.runs import Run

UNMEASURED = "**Nothing has been measured of this network.** It was exported without an evaluation."


@dataclass(frozen=True)
class Exported:
    """What a card is about.

    Attributes:
        name: What the network is called.
        run: Its training.
        network: The network.
        content: Its ONNX file.
        check: How far that is from the trained network.
        held_out: What it does on people it does not know; None if nobody measured it.
    """

    name: Identity
    run: Run
    network: DenoisingNetwork
    content: bytes
    check: ExportCheck
    held_out: HeldOut | None


def model_card(exported: Exported) -> str:
    """The card in Markdown."""
    run, held_out = exported.run, exported.held_out
    sections = [
        f"# {exported.name.title} (`{exported.name.id}`)",
        UNMEASURED if held_out is None else "",
        _use(exported),
        domain_section(run),
        training_section(run),
        "" if held_out is None else figures_section(held_out),
        limits_section(run, exported.network.spec, held_out),
        _check(exported.check),
    ]
    return "\n\n".join(section.strip() for section in sections if section) + "\n"


def _use(exported: Exported) -> str:
    network, model = exported.network, exported.run.settings.model
    parameters = sum(weights.numel() for weights in network.parameters())
    return f"""
Estimates the noise in a difference image (control minus label) of arterial spin labeling MRI, slice by slice, from
{_seen(exported)}; subtract it to denoise. For research on brain perfusion in people.
**{RESEARCH_USE} Not for diagnosis.**

| | |
|---|---|
| Network | {describe_network(model)} |
| Parameters | {parameters:,} in {exported.check.precision} |
| Input | {describe_input(network.spec)} |
| Output | {OUTPUT_WORDS} |
| Receptive field | {network.receptive_field} x {network.receptive_field} voxels within a slice |
| Licence | {model.licence} |
| Exported by | DeepASL {deepasl.__version__} |
| SHA-256 of the ONNX file | `{hashlib.sha256(exported.content).hexdigest()}` |
"""


def _seen(exported: Exported) -> str:
    spec = exported.network.spec
    slices = "that slice alone" if spec.slices == 1 else f"{spec.slices} neighbouring slices, that one in the middle,"
    return f"{slices} and M0" if spec.m0 else slices


def _check(check: ExportCheck) -> str:
    head = ("scan", f"largest difference ({CBF_UNIT})")
    table = markdown_table(head, ((one.scan, f"{one.largest:.1g}") for one in check.differences))
    return f"""
## Export

CBF in the brain with this file (ONNX Runtime {onnxruntime.__version__}, the pipeline of DeepASL) against that with the
trained network (PyTorch {torch.__version__}), both on the CPU; {check.tolerance:g} {CBF_UNIT} were allowed:

{table}
"""
