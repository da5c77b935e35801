"""What this computer and this Slicer are, as text for a bug report: no names of people, nothing of the scans."""

from __future__ import annotations

import getpass
import platform
import re
from collections.abc import Mapping
from pathlib import Path

import deepasl
from deepasl.denoising.denoiser import Denoiser
from deepasl.denoising.registry import DEFAULT_MODEL, ModelEntry, find_model, load_registry, read_verified
from deepasl.denoising.runtime import installed_distributions, usable_cores
from deepasl.errors import DeepASLError
from deepasl.writers.provenance import software_versions
from DeepASLDenoiseLib.software.flavors import loadedRuntime, nvidiaGraphics

_HOMES = re.compile(r"(?i)([\\/](?:home|users|documents and settings)[\\/])[^\\/\s]+")


def environmentReport(application: Mapping[str, str]) -> str:
    """Everything that helps to understand why something does not work here.

    Loads ONNX Runtime and the default network, as Apply would, to tell where it runs.

    Args:
        application: What the application says of itself, e.g. its version.
    """
    sections = {
        "Application": dict(application),
        "Computer": _computer(),
        "Software": software_versions(),
        "ONNX Runtime": _runtime(),
        "Module": {"version": deepasl.__version__, "folder": str(Path(__file__).resolve().parents[2])},
        "Models": _models(),
    }
    lines = ["DeepASL environment report"]
    for title, facts in sections.items():
        lines += ["", title, *(f"  {name}: {value}" for name, value in facts.items())]
    return withoutUserNames("\n".join(lines) + "\n")


def withoutUserNames(text: str) -> str:
    """The text with home folders and the name of the user replaced.

    Example:
        >>> withoutUserNames("/home/maria/scans")
        '/home/USER/scans'
    """
    text = text.replace(str(Path.home()), "~") if Path.home() != Path(Path.home().anchor) else text
    text = _HOMES.sub(r"\1USER", text)
    name = _userName()
    # "root" and the like are words of their own in paths; a name of two letters is in every text.
    return re.sub(rf"\b{re.escape(name)}\b", "USER", text) if len(name) > 2 and name != "root" else text


def _userName() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such variable, no such entry, no such database (Windows)
        return ""


def _computer() -> dict[str, str]:
    graphics = nvidiaGraphics()
    return {
        "system": platform.platform(),
        "processor": f"{platform.machine()}, {usable_cores()} cores usable",
        "NVIDIA GPU": f"{graphics.name}, driver {graphics.driver}" if graphics else "none found",
    }


def _runtime() -> dict[str, str]:
    installed = installed_distributions()
    facts = {"installed": " and ".join(installed) or "none", "runs on": _device()}
    facts["in use"] = loadedRuntime() or "not loaded"
    return facts


def _device() -> str:
    """Where the default network runs and why, or why it does not."""
    try:
        return Denoiser(find_model(DEFAULT_MODEL)).session.reason
    except DeepASLError as error:
        return f"nowhere: {error}"


def _models() -> dict[str, str]:
    try:
        return {entry.id: _model(entry) for entry in load_registry()}
    except DeepASLError as error:
        return {"none": str(error)}


def _model(entry: ModelEntry) -> str:
    try:
        read_verified(entry)
    except DeepASLError as error:
        return str(error)
    return f"intact, {entry.path}, SHA-256 {entry.sha256}"
