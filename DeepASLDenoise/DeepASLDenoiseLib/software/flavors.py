"""The flavors of ONNX Runtime that can be installed: for the CPU, for NVIDIA GPUs with newer or older drivers."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deepasl.denoising.runtime import DISTRIBUTIONS, installed_distributions
from DeepASLDenoiseLib.translation import tr as _

CUDA_13_DRIVER = 580
"""First driver series that runs CUDA 13 (NVIDIA, CUDA Toolkit release notes)."""

NVIDIA_TOOL = "nvidia-smi"
"""Comes with every driver of NVIDIA."""


@dataclass(frozen=True)
class Package:
    """Something to download.

    Attributes:
        distribution: Its name at the package index.
        megabytes: Size of its wheel in 10^6 bytes.
    """

    distribution: str
    megabytes: float


_ALWAYS = (Package("flatbuffers", 0.1), Package("numpy", 16), Package("packaging", 0.1), Package("protobuf", 0.4))


@dataclass(frozen=True)
class Flavor:
    """One way to get ONNX Runtime.

    Attributes:
        distribution: The ONNX Runtime package.
        requirements: File in Resources that lists what pip is asked for.
        downloads: All that pip may fetch for it. The sizes are those of the wheels for Linux and Python 3.12 that were
            newest in November 2026; other systems differ little.
    """

    distribution: str
    requirements: str
    downloads: tuple[Package, ...]


CPU = Flavor("onnxruntime", "requirements.txt", (Package("onnxruntime", 28), *_ALWAYS))

CUDA_13 = Flavor(
    "onnxruntime-gpu",
    "requirements-gpu.txt",
    (
        Package("onnxruntime-gpu", 256),
        Package("nvidia-cuda-nvrtc", 58),
        Package("nvidia-cuda-runtime", 3),
        Package("nvidia-cudnn-cu13", 517),
        Package("nvidia-cufft", 165),
        Package("nvidia-curand", 77),
        Package("nvidia-cublas", 444),
        Package("nvidia-nvjitlink", 47),
        *_ALWAYS,
    ),
)

CUDA_12 = Flavor(
    "onnxruntime-gpu",
    "requirements-gpu-cuda12.txt",
    (
        Package("onnxruntime-gpu", 277),
        Package("nvidia-cuda-nvrtc-cu12", 90),
        Package("nvidia-cuda-runtime-cu12", 4),
        Package("nvidia-cudnn-cu12", 717),
        Package("nvidia-cufft-cu12", 201),
        Package("nvidia-curand-cu12", 68),
        Package("nvidia-cublas-cu12", 581),
        Package("nvidia-nvjitlink-cu12", 40),
        *_ALWAYS,
    ),
)


@dataclass(frozen=True)
class Graphics:
    """An NVIDIA GPU as its driver tells of it.

    Attributes:
        name: E.g. ``"NVIDIA RTX A2000"``.
        driver: Version of the driver, e.g. ``"580.95.05"``.
    """

    name: str
    driver: str


def nvidiaGraphics() -> Graphics | None:
    """The first NVIDIA GPU and its driver, as the driver's own tool tells them; None where there is none."""
    asked = [NVIDIA_TOOL, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    # No console window on Windows.
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    try:
        told = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=True, creationflags=flags)
    except (OSError, subprocess.SubprocessError):
        return None
    name, _comma, driver = told.stdout.partition("\n")[0].rpartition(",")
    return Graphics(name.strip(), driver.strip()) if re.match(r"\s*\d+\.", driver) else None


def gpuFlavor(graphics: Graphics) -> Flavor:
    """The flavor whose CUDA runs with the driver of this GPU."""
    return CUDA_13 if int(graphics.driver.partition(".")[0]) >= CUDA_13_DRIVER else CUDA_12


def gpuObstacle(*, driverFound: bool, system: str = sys.platform, machine: str | None = None) -> str:
    """Why the networks cannot run on a GPU of this computer; empty where they can.

    Args:
        driverFound: Whether this computer has a driver of NVIDIA.
        system: As `sys.platform` has it.
        machine: Kind of processor as `platform.machine` has it; this one if None.
    """
    kind = platform.machine() if machine is None else machine
    if system == "darwin":
        return _("On macOS, ONNX Runtime has no CUDA; the CPU is used.")
    if kind.lower() not in ("x86_64", "amd64"):
        return _("For this kind of processor ({machine}) there is no ONNX Runtime with CUDA.").format(machine=kind)
    if not driverFound:
        return _("No NVIDIA GPU with a driver was found on this computer.")
    return ""


def installedRuntimes() -> dict[str, str]:
    """Version of every ONNX Runtime flavor that is installed, by distribution."""
    return dict(text.split(" ", 1) for text in installed_distributions())


def loadedRuntime() -> str:
    """The ONNX Runtime that this session has loaded, e.g. ``"onnxruntime 1.23.2"``; empty if none is."""
    module = sys.modules.get("onnxruntime")
    if module is None:
        return ""
    built = sys.modules.get("onnxruntime.capi.build_and_package_info")
    return f"{getattr(built, 'package_name', DISTRIBUTIONS[0])} {module.__version__}"


def restartNeeded() -> bool:
    """Whether the ONNX Runtime in use is another one than that which is installed now."""
    loaded = loadedRuntime()
    return bool(loaded) and loaded not in installed_distributions()


def isInstalled(distribution: str) -> bool:
    """Whether a package of this name is there, in any version."""
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def readRequirements(file: Path | str) -> list[str]:
    """The requirements in a file, without comments."""
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
