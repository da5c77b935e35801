"""A trained network as an ONNX file, checked before it is written, and its place in the registry."""

from __future__ import annotations

import hashlib
import io
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch

from deepasl.errors import ModelError
from deepasl.registry import PERCENT_OF_MEAN_M0, REGISTRY_FILE, load_registry
from deepasl_trainer.networks import PaperNetwork
from deepasl_trainer.runs import Run, write_atomically

OPSET = 17
"""Read by ONNX Runtime 1.17 and newer."""

IR_VERSION = 8
"""The file format that goes with `OPSET`."""

TOLERANCE_PERCENT = 1e-4
"""Largest difference from PyTorch allowed, percent of mean M0: less than 0.01 mL/100g/min."""

CHECKED_SHAPES = ((1, 40, 40), (3, 64, 57), (2, 128, 128))


def onnx_bytes(network: PaperNetwork, properties: Mapping[str, str]) -> bytes:
    """The network as ONNX: ``deltam [n, 1, height, width] -> noise``, all axes but the channel of any length.

    Raises:
        ModelError: If ONNX Runtime does not give what PyTorch gives.
    """
    network.eval()
    buffer = io.BytesIO()
    axes = {0: "n", 2: "height", 3: "width"}
    with warnings.catch_warnings():
        # The exporter that needs nothing beyond PyTorch announces that it is the older one.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network,
            (torch.zeros(2, 1, 40, 40),),
            buffer,  # type: ignore[arg-type]  # the annotation forgets the file objects it takes
            dynamo=False,
            opset_version=OPSET,
            input_names=["deltam"],
            output_names=["noise"],
            dynamic_axes={"deltam": axes, "noise": axes},
        )
    model = onnx.load_from_string(buffer.getvalue())
    model.ir_version = IR_VERSION
    onnx.helper.set_model_props(model, dict(properties))
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString()
    require_parity(network, content)
    return content


def require_parity(network: PaperNetwork, content: bytes) -> None:
    """Compare ONNX Runtime with PyTorch on images of several sizes.

    Raises:
        ModelError: If they differ by more than `TOLERANCE_PERCENT`.
    """
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    for count, height, width in CHECKED_SHAPES:
        image = rng.standard_normal((count, 1, height, width), dtype=np.float32)
        with torch.inference_mode():
            expected = network(torch.from_numpy(image)).numpy()
        difference = float(np.abs(session.run(None, {"deltam": image})[0] - expected).max())
        if not difference <= TOLERANCE_PERCENT:
            raise ModelError(
                f"ONNX Runtime and PyTorch differ by {difference:g} % of M0 on {count}x{height}x{width} voxels",
                remedy="Nothing was exported.",
            )


def registry_entry(run: Run, network: PaperNetwork, content: bytes, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """What ``models.json`` says of a network; see `deepasl.registry`."""
    settings, voxels = run.settings, np.array([grid.voxel for grid in run.settings.scans.grids])
    return {
        "id": settings.model.id,
        "title": settings.model.title,
        "file": f"{settings.model.id}.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": settings.model.licence,
        "card": f"{settings.model.id}.md",
        "input": {
            "scaling": PERCENT_OF_MEAN_M0,
            "receptive_field": network.receptive_field,
            "patch_size": settings.patches.size,
        },
        "domain": {
            "in_plane_mm": [float(voxels[:, :2].min()), float(voxels[:, :2].max())],
            "slice_mm": [float(voxels[:, 2].min()), float(voxels[:, 2].max())],
            "noise_percent": list(settings.noise.broad_percent),
            "signal_percent": [round(value, 3) for value in run.signal_percent],
        },
        "metrics": dict(metrics),
    }


def publish(folder: Path, entry: Mapping[str, Any], content: bytes, card: str) -> None:
    """Put a network, its card and its entry into a registry folder; an older one of the same id is replaced.

    Raises:
        ModelError: If the registry that is there cannot be understood.
        OutputError: If the folder cannot be written.
    """
    file = folder / REGISTRY_FILE
    others: list[dict[str, Any]] = []
    if file.is_file():
        load_registry([folder])
        models = json.loads(file.read_text(encoding="utf-8"))["models"]
        others = [model for model in models if model["id"] != entry["id"]]
    write_atomically(folder / entry["card"], card.encode())
    write_atomically(folder / entry["file"], content)
    models = sorted([*others, dict(entry)], key=lambda model: str(model["id"]))
    write_atomically(file, (json.dumps({"schema": 1, "models": models}, indent=2) + "\n").encode())
    load_registry([folder])
