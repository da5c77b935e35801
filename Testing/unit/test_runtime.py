"""Networks open where they can run, and everything that cannot run is refused in words."""

import sys

import numpy as np
import onnx_networks as networks
import onnxruntime
import pytest
from onnx import TensorProto, helper

from deepasl.denoising.runtime import CPU, CUDA, cause, installed_distributions, open_session, threads
from deepasl.errors import ModelError

NETWORK = networks.conv_stack().SerializeToString()

without_cuda = pytest.mark.skipif(
    CUDA in onnxruntime.get_available_providers(), reason="this ONNX Runtime has a CUDA provider"
)


def images(count: int = 3) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(count, 1, 31, 44)).astype(np.float32)


def test_the_cpu_runs_a_network_when_asked_for():
    session = open_session(NETWORK, "cpu")
    assert session.provider == CPU == session.inference.get_providers()[0]
    assert session.reason == "CPU: as asked for"


def test_the_output_has_the_shape_of_the_input():
    assert open_session(NETWORK, "cpu").predict(images()).shape == images().shape


@without_cuda
def test_auto_falls_back_to_the_cpu_and_says_why():
    session = open_session(NETWORK, "auto")
    assert session.provider == CPU
    assert session.reason.startswith("CPU: this ONNX Runtime")
    assert "has no CUDA provider" in session.reason


@without_cuda
def test_cuda_asked_for_but_not_there_is_refused_with_what_to_install():
    with pytest.raises(ModelError, match=r"CUDA was asked for, but .* no CUDA provider") as refusal:
        open_session(NETWORK, "cuda")
    assert "onnxruntime-gpu" in refusal.value.remedy


@pytest.mark.skipif(CUDA not in onnxruntime.get_available_providers(), reason="needs onnxruntime-gpu")
def test_a_gpu_package_either_runs_on_cuda_or_says_what_is_missing():
    session = open_session(NETWORK, "auto")
    assert session.provider == session.inference.get_providers()[0]
    assert session.reason.startswith("CUDA: " if session.provider == CUDA else "CPU: ")
    if session.provider == CPU:
        with pytest.raises(ModelError, match="CUDA was asked for, but"):
            open_session(NETWORK, "cuda")


def test_cuda_and_cpu_agree():
    on_cpu, on_cuda = open_session(NETWORK, "cpu"), open_session(NETWORK, "auto")
    if on_cuda.provider != CUDA:
        pytest.skip(f"needs an NVIDIA GPU and onnxruntime-gpu ({on_cuda.reason})")
    np.testing.assert_allclose(on_cuda.predict(images()), on_cpu.predict(images()), rtol=1e-4, atol=1e-4)


def test_a_provider_nobody_knows_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="tpu"):
        open_session(NETWORK, "tpu")


def test_two_onnx_runtimes_at_once_are_told_in_the_reason(tmp_path, monkeypatch):
    for name in ("onnxruntime", "onnxruntime-gpu"):
        folder = tmp_path / f"{name.replace('-', '_')}-1.26.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.26.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert installed_distributions()[:2] == ("onnxruntime 1.26.0", "onnxruntime-gpu 1.26.0")
    reason = open_session(NETWORK, "cpu").reason
    assert "onnxruntime 1.26.0 and onnxruntime-gpu 1.26.0" in reason
    assert "uninstall all" in reason


def test_without_onnx_runtime_the_user_reads_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelError, match="not installed") as refusal:
        open_session(NETWORK)
    assert 'pip install "deepasl[cpu]"' in refusal.value.remedy


def test_an_onnx_runtime_that_cannot_be_loaded_is_not_called_absent(tmp_path, monkeypatch):
    (tmp_path / "onnxruntime").mkdir()
    (tmp_path / "onnxruntime" / "__init__.py").write_text("raise ImportError('DLL load failed')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "onnxruntime")
    with pytest.raises(ModelError, match=r"cannot be loaded \(DLL load failed"):
        open_session(NETWORK)


@pytest.mark.parametrize("content", [b"", b"not a network", NETWORK[:-200]], ids=["empty", "text", "cut off"])
def test_bytes_that_are_no_network_are_refused(content):
    with pytest.raises(ModelError, match="cannot load this network") as refusal:
        open_session(content, "cpu", where="broken.onnx")
    assert refusal.value.where == "broken.onnx"


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((1, 1, 128, 128), TensorProto.FLOAT),
        (("n", 1, 40, 40), TensorProto.FLOAT),
        ((1, 1, "height", "width"), TensorProto.FLOAT),
        (("n", "channels", "height", "width"), TensorProto.FLOAT),
        (("n", "height", "width", 1), TensorProto.FLOAT),
        (("n", "height", "width"), TensorProto.FLOAT),
        (networks.FREE, TensorProto.DOUBLE),
        (networks.FREE, TensorProto.FLOAT16),
    ],
    ids=["fixed", "fixed patch", "one image only", "any channels", "channel last", "no channel", "float64", "float16"],
)
def test_networks_of_another_input_are_refused(shape, kind):
    content = networks.identity(shape, kind).SerializeToString()
    with pytest.raises(ModelError, match=r"not float32 \[n, channels, height, width\]"):
        open_session(content, "cpu")


def test_a_network_of_several_channels_returns_one():
    session = open_session(networks.channel(4).SerializeToString(), "cpu")
    several = np.random.default_rng(2).normal(size=(3, 6, 9, 8)).astype(np.float32)
    assert session.channels == 6
    np.testing.assert_array_equal(session.predict(several), several[:, 4:5])


def test_a_network_that_returns_as_many_channels_as_it_takes_is_refused():
    with pytest.raises(ModelError, match=r"shape \(2, 6, 33, 47\) into \(2, 6, 33, 47\), on a trial image"):
        open_session(networks.identity(networks.SEVERAL).SerializeToString(), "cpu")


def test_a_network_of_two_inputs_is_refused():
    node = helper.make_node("Add", ["deltam", "m0"], ["noise"])
    network = networks.model([node], inputs={"deltam": networks.FREE, "m0": networks.FREE})
    with pytest.raises(ModelError, match="2 inputs and 1 outputs"):
        open_session(network.SerializeToString(), "cpu")


def test_a_network_whose_output_is_smaller_is_refused_before_it_meets_a_scan():
    with pytest.raises(ModelError, match="trial image"):
        open_session(networks.shrinking().SerializeToString(), "cpu")


def test_infinite_output_is_refused():
    session = open_session(networks.exploding().SerializeToString(), "cpu")
    with pytest.raises(ModelError, match="not numbers"):
        session.predict(np.ones((1, 1, 4, 4), np.float32))


@pytest.mark.parametrize(("cores", "used"), [(1, 1), (2, 2), (3, 2), (8, 7)])
def test_a_core_stays_free_for_the_user_interface_where_there_are_more_than_two(cores, used):
    assert threads(cores) == used


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            "/onnxruntime_src/core/cuda_call.cc:154 bool onnxruntime::CudaCall(int) [with ERRTYPE = cudaError] "
            "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; GPU=-1 ; hostname=ward",
            "CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version",
        ),
        ("[ONNXRuntimeError] : 7 : INVALID_PROTOBUF : Failed to load model.\nat line 3", "Failed to load model"),
        ("", "RuntimeError"),
    ],
    ids=["CUDA", "ONNX Runtime", "silent"],
)
def test_of_a_message_of_onnx_runtime_only_the_cause_is_told(message, told):
    assert cause(RuntimeError(message)) == told
