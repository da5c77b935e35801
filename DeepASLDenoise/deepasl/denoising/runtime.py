"""ONNX Runtime: opens a network on the CPU or on CUDA, and says which of them really runs it, and why."""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import logging
import os
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, Protocol, get_args

import numpy as np

from deepasl.errors import ModelError
from deepasl.series import FloatArray

Provider = Literal["auto", "cpu", "cuda"]
"""What a user asks for; ``"auto"`` takes CUDA where it works and the CPU elsewhere."""

CPU = "CPUExecutionProvider"
CUDA = "CUDAExecutionProvider"

DISTRIBUTIONS = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino", "onnxruntime-qnn")
"""Packages that all install into the folder ``onnxruntime``, each over the files of the others."""

_CUDA_OPTIONS = {
    # The default measures every algorithm anew for each batch shape, which costs more than it saves here.
    "cudnn_conv_algo_search": "HEURISTIC",
    # TF32 keeps 10 bits of mantissa; maps must not depend on the device.
    "use_tf32": "0",
}

_TRIAL_COUNT, _TRIAL_SIZE = 2, (33, 47)
"""Odd and not square: a network that needs a certain size fails on it."""

_OUT_OF_MEMORY = ("out of memory", "failed to allocate", "bad_alloc", "bad allocation", "alloc_failed")

_log = logging.getLogger(__name__)


class OutOfMemoryError(ModelError):
    """The images of one batch do not fit into the memory of the device."""


class _CudaError(ModelError):
    """CUDA cannot be used here."""


class _Tensor(Protocol):
    name: str
    shape: list[int | str | None]
    type: str


class _Inference(Protocol):
    """The part of ``onnxruntime.InferenceSession`` that is used."""

    def get_inputs(self) -> list[_Tensor]: ...

    def get_outputs(self) -> list[_Tensor]: ...

    def get_providers(self) -> list[str]: ...

    def run(self, output_names: list[str] | None, input_feed: dict[str, FloatArray]) -> list[Any]: ...


@dataclass(frozen=True)
class Session:
    """A network, loaded and tried out.

    Attributes:
        inference: The ``onnxruntime.InferenceSession``.
        channels: How many channels its images have.
        provider: The execution provider that runs it, as ONNX Runtime names it, e.g. ``"CPUExecutionProvider"``.
        reason: Why this one, in words.
    """

    inference: _Inference
    channels: int
    provider: str
    reason: str

    def predict(self, images: FloatArray) -> FloatArray:
        """The output of the network, ``[n, 1, height, width]``.

        Args:
            images: ``[n, channels, height, width]`` float32, in the units the network was trained on.

        Raises:
            OutOfMemoryError: If the images do not fit into the memory of the device; fewer at once may.
            ModelError: If the network fails, or its output has another shape or holds NaN or infinite values.
        """
        count, _, height, width = images.shape
        try:
            output: FloatArray = self.inference.run(None, {self.inference.get_inputs()[0].name: images})[0]
        except _failures() as error:
            if any(sign in str(error).lower() for sign in _OUT_OF_MEMORY) or isinstance(error, MemoryError):
                raise OutOfMemoryError(
                    f"not enough memory to denoise {count} images of {height} x {width} voxels at once",
                    remedy="Close other programs, or run on the CPU if this was a GPU.",
                ) from error
            raise ModelError(f"the network failed on {self.provider} ({cause(error)})") from error
        if output.shape != (count, 1, height, width):
            raise ModelError(f"the network turned images of shape {images.shape} into {output.shape}")
        if not np.isfinite(output).all():
            raise ModelError(
                "the network returned values that are not numbers",
                remedy="The image is far from what it was trained on; check the scaling of the scan and of its M0.",
            )
        return output


def open_session(model: bytes, provider: Provider = "auto", *, where: str | Path | None = None) -> Session:
    """Load a network and run it once on small images.

    It is first opened on the CPU, so that a broken network is told apart from a CUDA that does not work.

    Args:
        model: The content of an ONNX file whose one input is float32 ``[n, channels, height, width]`` and whose one
            output is float32 ``[n, 1, height, width]``, the number of channels fixed, n, height and width free.
        provider: Where it shall run. ``"auto"`` falls back to the CPU; the reason is in `Session.reason`.
        where: The file it came from, for messages.

    Raises:
        ModelError: If ONNX Runtime is not installed, the bytes are not such a network, or ``"cuda"`` was asked for
            and cannot be used.
    """
    if provider not in get_args(Provider):
        raise ValueError(f"unknown provider {provider!r}")
    runtime = _import_runtime()
    conflict = _conflict(installed_distributions())
    on_cpu, channels = _open_on_cpu(runtime, model, where)
    if provider == "cpu":
        return Session(on_cpu, channels, CPU, "CPU: as asked for" + conflict)
    try:
        on_cuda = _open_on_cuda(runtime, model, channels)
    except _CudaError as error:
        if provider == "cuda":
            raise ModelError(f"CUDA was asked for, but {error.what}{conflict}", remedy=error.remedy) from error
        _log.info("Falling back to the CPU: %s", error)
        return Session(on_cpu, channels, CPU, f"CPU: {error.what}{conflict}")
    chosen = "as asked for" if provider == "cuda" else "it is available and works"
    return Session(on_cuda, channels, CUDA, f"CUDA: {chosen}{conflict}")


def installed_distributions() -> tuple[str, ...]:
    """The ONNX Runtime packages installed, e.g. ``("onnxruntime 1.23.2",)``. More than one is a broken installation."""
    found = []
    for name in DISTRIBUTIONS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found.append(f"{name} {importlib.metadata.version(name)}")
    return tuple(found)


def threads(cores: int) -> int:
    """How many of `cores` the network may use: where there are more than two, one stays free for the user interface."""
    return cores - 1 if cores > 2 else max(cores, 1)


def usable_cores() -> int:
    """How many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cause(error: BaseException) -> str:
    """The part of an ONNX Runtime message that means something to a reader, on one line of at most 200 characters."""
    text = str(error).strip() or type(error).__name__
    cuda = re.search(r"(CUDA|CUDNN|CUBLAS) failure \d+: [^;]+", text)
    told = cuda[0] if cuda else re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text.splitlines()[0])
    return textwrap.shorten(told.rstrip(". "), 200, placeholder=" ...")


def _import_runtime() -> ModuleType:
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise ModelError(
            "ONNX Runtime, which runs the networks, is not installed",
            remedy='Install it with: pip install "deepasl[cpu]" (in 3D Slicer, the DeepASL module offers to do so).',
        ) from error
    except ImportError as error:
        raise ModelError(
            f"ONNX Runtime is installed but cannot be loaded ({cause(error)})",
            remedy="Install it again; on Windows, install the Microsoft Visual C++ Redistributable first.",
        ) from error
    module: ModuleType = onnxruntime
    return module


def _open_on_cpu(runtime: ModuleType, model: bytes, where: str | Path | None) -> tuple[_Inference, int]:
    """The network on the CPU, tried out, and how many channels it takes."""
    try:
        inference = _create(runtime, model, [CPU])
    except _failures() as error:
        raise ModelError(
            f"ONNX Runtime {runtime.__version__} cannot load this network ({cause(error)})",
            where=where,
            remedy="Install DeepASL again to restore it, or update ONNX Runtime.",
        ) from error
    channels = _channels_of(inference, where)
    try:
        _try_out(Session(inference, channels, CPU, ""))
    except ModelError as error:
        raise ModelError(f"{error.what}, on a trial image of zeros", where=where, remedy=error.remedy) from error
    return inference, channels


def _open_on_cuda(runtime: ModuleType, model: bytes, channels: int) -> _Inference:
    if CUDA not in runtime.get_available_providers():
        raise _CudaError(
            f"this ONNX Runtime ({runtime.__version__}) has no CUDA provider",
            remedy="For an NVIDIA GPU: uninstall onnxruntime, then install onnxruntime-gpu[cuda,cudnn]. "
            "Or run on the CPU.",
        )
    remedy = "Update the NVIDIA driver and install onnxruntime-gpu[cuda,cudnn] for its CUDA version. Or run on the CPU."
    complaints = _preload_cuda(runtime)
    try:
        inference = _create(runtime, model, [(CUDA, _CUDA_OPTIONS), CPU])
    except _failures() as error:
        raise _CudaError(f"the CUDA provider could not be started ({cause(error)})", remedy=remedy) from error
    if inference.get_providers()[0] != CUDA:
        detail = f" ({complaints[0]})" if complaints else ""
        raise _CudaError(f"the NVIDIA driver, CUDA or cuDNN is missing or does not fit{detail}", remedy=remedy)
    try:
        _try_out(Session(inference, channels, CUDA, ""))
    except ModelError as error:
        raise _CudaError(error.what, remedy=remedy) from error
    return inference


def _try_out(session: Session) -> None:
    session.predict(np.zeros((_TRIAL_COUNT, session.channels, *_TRIAL_SIZE), np.float32))


def _create(runtime: ModuleType, model: bytes, providers: Sequence[str | tuple[str, dict[str, str]]]) -> _Inference:
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads(usable_cores())
    # Between two batches the user interface has its turn: no threads that spin while they wait for work.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # An arena keeps the peak of all batches for as long as the session lives.
    options.enable_cpu_mem_arena = False
    # Failures come as exceptions too, and those are put into words.
    options.log_severity_level = 4
    # Its own fallback prints to the console and hides the reason.
    inference: _Inference = runtime.InferenceSession(model, options, providers=providers, enable_fallback=0)
    return inference


def _channels_of(inference: _Inference, where: str | Path | None) -> int:
    """How many channels a network takes, once it is known to be one that can be run here."""
    inputs, outputs = inference.get_inputs(), inference.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1:
        raise ModelError(
            f"this network has {len(inputs)} inputs and {len(outputs)} outputs, not one of each",
            where=where,
            remedy="Choose a denoising network exported for DeepASL.",
        )
    shape = inputs[0].shape
    free = len(shape) == 4 and not any(isinstance(shape[axis], int) for axis in (0, 2, 3))
    channels = shape[1] if free else None
    if not isinstance(channels, int) or inputs[0].type != "tensor(float)" or outputs[0].type != "tensor(float)":
        raise ModelError(
            f"this network turns {inputs[0].type} {shape} into {outputs[0].type},"
            " not float32 [n, channels, height, width] of any n, height and width into float32",
            where=where,
            remedy="Export it with a fixed number of channels and free batch, height and width axes.",
        )
    return channels


def _preload_cuda(runtime: ModuleType) -> list[str]:
    """Let ONNX Runtime find CUDA and cuDNN where pip installed them; what it complains about, line by line.

    `preload_dlls` exists since ONNX Runtime 1.21 and complains to the console only.
    """
    if not hasattr(runtime, "preload_dlls"):
        return []
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        runtime.preload_dlls()
    return printed.getvalue().splitlines()


def _conflict(distributions: Sequence[str]) -> str:
    if len(distributions) < 2:
        return ""
    return (
        f"; WARNING: {' and '.join(distributions)} are installed together and overwrite each other's files:"
        " uninstall all of them, then install one"
    )


def _failures() -> tuple[type[BaseException], ...]:
    """What ONNX Runtime raises: its own exceptions share no base class."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = tuple(kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception))
    return (*own, RuntimeError, ValueError, MemoryError)
