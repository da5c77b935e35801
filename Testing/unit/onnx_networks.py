"""Small ONNX networks whose behavior is known, run by the real ONNX Runtime in the tests."""

import hashlib
from pathlib import Path

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from deepasl.denoising.registry import PERCENT_OF_MEAN_M0, Domain, ModelEntry, ModelInput

FREE = ("n", 1, "height", "width")
SEVERAL = ("n", 6, "height", "width")
"""Three slices and their M0."""


def model(nodes, weights=None, *, inputs=None, outputs=None, kind=TensorProto.FLOAT) -> ModelProto:
    """A network from nodes that lead from ``deltam`` to ``noise``."""
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in (inputs or {"deltam": FREE}).items()],
        [helper.make_tensor_value_info(name, kind, shape) for name, shape in (outputs or {"noise": FREE}).items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (weights or {}).items()],
    )
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(network)
    return network


def affine(factor: float, offset: float = 0.0) -> ModelProto:
    """The noise is `factor` x image + `offset`: 0 and 0 sees no noise, 1 and 0 takes the whole image for noise."""
    return model(
        [
            helper.make_node("Mul", ["deltam", "factor"], ["scaled"]),
            helper.make_node("Add", ["scaled", "offset"], ["noise"]),
        ],
        {"factor": np.float32(factor), "offset": np.float32(offset)},
    )


def identity(shape=FREE, kind=TensorProto.FLOAT) -> ModelProto:
    """Output = input, of any declared shape and type."""
    node = helper.make_node("Identity", ["deltam"], ["noise"])
    return model([node], inputs={"deltam": shape}, outputs={"noise": shape}, kind=kind)


def conv_stack(layers: int = 3, channels: int = 4, seen: int = 1) -> ModelProto:
    """3x3 convolutions of `seen` channels with zero padding, bias and PReLU: receptive field 2 x layers + 1."""
    random = np.random.default_rng(7)
    nodes, weights, name = [], {}, "deltam"
    for layer in range(layers):
        last = layer == layers - 1
        taken, given = (seen if layer == 0 else channels), (1 if last else channels)
        weights[f"w{layer}"] = random.normal(0.0, 0.3, (given, taken, 3, 3)).astype(np.float32)
        weights[f"b{layer}"] = random.normal(0.0, 0.3, given).astype(np.float32)
        convolved = "noise" if last else f"c{layer}"
        nodes.append(helper.make_node("Conv", [name, f"w{layer}", f"b{layer}"], [convolved], pads=[1, 1, 1, 1]))
        if not last:
            name = f"a{layer}"
            weights[f"s{layer}"] = random.uniform(0.1, 0.4, (given, 1, 1)).astype(np.float32)
            nodes.append(helper.make_node("PRelu", [convolved, f"s{layer}"], [name]))
    return model(nodes, weights, inputs={"deltam": ("n", seen, "height", "width")})


def u_net(channels: int = 4) -> ModelProto:
    """Two resolutions: a convolution, then another on the image pooled by 2, brought back to any height and width."""
    random = np.random.default_rng(11)
    weights = {
        "w0": random.normal(0.0, 0.3, (channels, 1, 3, 3)).astype(np.float32),
        "w1": random.normal(0.0, 0.3, (channels, channels, 3, 3)).astype(np.float32),
        "w2": random.normal(0.0, 0.3, (1, channels, 3, 3)).astype(np.float32),
    }
    padded = {"pads": [1, 1, 1, 1]}
    return model(
        [
            helper.make_node("Conv", ["deltam", "w0"], ["fine"], **padded),
            helper.make_node("MaxPool", ["fine"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
            helper.make_node("Conv", ["pooled", "w1"], ["coarse"], **padded),
            helper.make_node("Shape", ["fine"], ["size"]),
            helper.make_node("Resize", ["coarse", "", "", "size"], ["raised"], mode="nearest"),
            helper.make_node("Add", ["fine", "raised"], ["both"]),
            helper.make_node("Conv", ["both", "w2"], ["noise"], **padded),
        ],
        weights,
    )


def channel(number: int, at_once: int = 1000) -> ModelProto:
    """The noise is one of six channels; more than `at_once` images need a pebibyte of memory."""
    nodes, weights = _needing_memory(axis=0, most=at_once)
    nodes += [
        helper.make_node("Gather", ["deltam", "number"], ["chosen"], axis=1),
        helper.make_node("Add", ["chosen", "zero"], ["noise"]),
    ]
    return model(nodes, weights | {"number": np.array([number])}, inputs={"deltam": SEVERAL})


def shrinking() -> ModelProto:
    """A convolution without padding: its output is smaller than its input."""
    weights = {"w": np.ones((1, 1, 3, 3), np.float32)}
    return model([helper.make_node("Conv", ["deltam", "w"], ["noise"])], weights, outputs={"noise": ("n", 1, "a", "b")})


def exploding() -> ModelProto:
    """exp(100 x image): 1 on an image of zeros, infinite from 0.9 on."""
    return model(
        [helper.make_node("Mul", ["deltam", "factor"], ["scaled"]), helper.make_node("Exp", ["scaled"], ["noise"])],
        {"factor": np.float32(100.0)},
    )


def hungry(axis: int, most: int, offset: float = 0.0) -> ModelProto:
    """The noise is `offset` everywhere, but inputs longer than `most` along `axis` need a pebibyte of memory."""
    nodes, weights = _needing_memory(axis, most)
    nodes += [
        helper.make_node("Mul", ["deltam", "zero"], ["zeros"]),
        helper.make_node("Add", ["zeros", "offset"], ["noise"]),
    ]
    return model(nodes, weights | {"offset": np.float32(offset)})


def _needing_memory(axis: int, most: int) -> tuple[list[NodeProto], dict[str, np.ndarray]]:
    """Nodes that make ``zero``, and need a pebibyte of memory for it where the input is longer than `most`."""
    nodes = [
        helper.make_node("Shape", ["deltam"], ["length"], start=axis, end=axis + 1),
        helper.make_node("Greater", ["length", "most"], ["long"]),
        helper.make_node("Where", ["long", "pebibyte", "one"], ["floats"]),
        helper.make_node("ConstantOfShape", ["floats"], ["memory"]),
        helper.make_node("ReduceMax", ["memory"], ["zero"], keepdims=0),
    ]
    return nodes, {"most": np.array([most]), "pebibyte": np.array([2**48]), "one": np.array([1])}


def entry(
    network: ModelProto,
    folder: Path,
    *,
    slices: int = 1,
    m0: bool = False,
    receptive_field: int = 1,
    patch_size: int = 40,
) -> ModelEntry:
    """A registry entry for `network`, written into `folder`."""
    content = network.SerializeToString()
    path = folder / "network.onnx"
    path.write_bytes(content)
    return ModelEntry(
        id="test-network",
        title="Network of a test",
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        input=ModelInput(
            slices=slices,
            m0=m0,
            scaling=PERCENT_OF_MEAN_M0,
            receptive_field=receptive_field,
            patch_size=patch_size,
        ),
        domain=Domain(in_plane_mm=(2, 4), slice_mm=(3, 8), noise_percent=(0.1, 1), signal_percent=(0.2, 2)),
        licence="Apache-2.0",
        card=folder / "card.md",
    )
