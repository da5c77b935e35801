"""A trained network as an ONNX file that gives what PyTorch gives, on images of any size."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import onnx
import torch

from deepasl.denoising.runtime import open_session
from deepasl.errors import ModelError
from deepasl_trainer.training.layers import DenoisingNetwork

Precision = Literal["float32", "float16"]
"""Of the weights and of the sums within the network; its input and output are float32 always."""

OPSET = 17
"""Read by ONNX Runtime 1.17 and newer."""

IR_VERSION = 8
"""The file format that goes with `OPSET`."""

INPUT, OUTPUT = "image", "noise"

TOLERANCE_PERCENT = 1e-4
"""Largest difference from PyTorch allowed in float32, percent of mean M0: less than 0.01 mL/100g/min."""

CHECKED_SHAPES = ((1, 40, 40), (3, 64, 57), (2, 33, 128), (1, 5, 3))
"""Images of these numbers, heights and widths: odd ones too, which pooling does not halve."""


def onnx_bytes(network: DenoisingNetwork, properties: Mapping[str, str], precision: Precision = "float32") -> bytes:
    """The network as ONNX: ``image [n, channels, height, width] -> noise [n, 1, height, width]``.

    All axes but the channels may have any length.

    Args:
        network: The network; it is left as it is.
        properties: What the file says of itself, by name.
        precision: Of the weights and sums. What ``"float16"`` costs is for `deepasl_trainer.release.check` to measure.

    Raises:
        ModelError: If ONNX Runtime does not give what PyTorch gives, before the precision is reduced, or the network
            cannot be converted.
    """
    model = _traced(network)
    require_parity(network, model.SerializeToString())
    if precision == "float16":
        model = _in_float16(model)
    model.ir_version = IR_VERSION
    onnx.helper.set_model_props(model, dict(properties))
    _require_valid(model, precision)
    content: bytes = model.SerializeToString()
    return content


def require_parity(network: DenoisingNetwork, content: bytes) -> None:
    """Compare ONNX Runtime with PyTorch on noise of several sizes, on the CPU.

    Raises:
        ModelError: If they differ by more than `TOLERANCE_PERCENT`, or ONNX Runtime cannot run it.
    """
    session = open_session(content, "cpu")
    rng = np.random.default_rng(0)
    for count, height, width in CHECKED_SHAPES:
        image = rng.standard_normal((count, network.spec.channels, height, width), dtype=np.float32)
        with torch.inference_mode():
            expected = network(torch.from_numpy(image)).numpy()
        difference = float(np.abs(session.predict(image) - expected).max())
        if not difference <= TOLERANCE_PERCENT:
            raise ModelError(
                f"ONNX Runtime and PyTorch differ by {difference:g} % of M0 on {count}x{height}x{width} voxels",
                remedy="Nothing was exported.",
            )


def _traced(network: DenoisingNetwork) -> Any:
    buffer = io.BytesIO()
    axes = {0: "n", 2: "height", 3: "width"}
    with warnings.catch_warnings():
        # The exporter that needs nothing beyond PyTorch announces that it is the older one.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network,
            (torch.zeros(2, network.spec.channels, 40, 40),),
            buffer,  # type: ignore[arg-type]  # the annotation forgets the file objects it takes
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: axes, OUTPUT: axes},
        )
    model = onnx.load_from_string(buffer.getvalue())
    model.ir_version = IR_VERSION
    return model


def _require_valid(model: Any, precision: Precision) -> None:
    try:
        onnx.checker.check_model(model, full_check=True)
    except onnx.checker.ValidationError as error:
        raise ModelError(
            f"this network does not become a valid ONNX file in {precision} ({str(error).splitlines()[0]})",
            remedy="Nothing was exported." + (" Export in float32." if precision == "float16" else ""),
        ) from error


def _in_float16(model: Any) -> Any:
    """Weights and sums in half precision: by the converter that comes with ONNX Runtime."""
    from onnxruntime.transformers.onnx_model import OnnxModel

    converted = OnnxModel(model)
    converted.convert_float_to_float16(keep_io_types=True)
    converted.topological_sort()
    return converted.model
