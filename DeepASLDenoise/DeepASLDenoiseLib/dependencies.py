"""ONNX Runtime, the one package Slicer does not come with: installed when the user agrees, never twice."""

from __future__ import annotations

from pathlib import Path
from subprocess import CalledProcessError

import slicer
import slicer.util

from deepasl.errors import DeepASLError
from deepasl.runtime import installed_distributions

REQUESTER = "DeepASL"


class InstallationError(DeepASLError):
    """A package that is needed could not be installed."""


class InstallationDeclinedError(InstallationError):
    """The user does not want it to be installed."""


def ensureRuntime(requirementsFile: Path | str) -> None:
    """Make sure that an ONNX Runtime of any flavour is installed; ask the user before installing one.

    A flavour that is there already is respected: two of them overwrite each other's files.

    Args:
        requirementsFile: Lists what to install, one requirement per line.

    Raises:
        InstallationDeclinedError: If the user said no.
        InstallationError: If the installation failed.
    """
    if installed_distributions():
        return
    try:
        _install(requirementsFile)
    except RuntimeError as error:
        raise InstallationDeclinedError(
            "ONNX Runtime, which runs the networks, was not installed", remedy="Press Apply again to install it."
        ) from error
    except CalledProcessError as error:
        raise InstallationError(
            f"ONNX Runtime could not be installed ({error})",
            remedy="Check the internet connection, or install a downloaded onnxruntime wheel with "
            "slicer.util.pip_install in the Python console.",
        ) from error


def _install(requirementsFile: Path | str) -> None:
    try:
        import slicer.packaging as packaging  # since Slicer 5.12
    except ImportError:
        requirements = readRequirements(requirementsFile)
        if not slicer.util.confirmOkCancelDisplay(
            "DeepASL runs its networks with ONNX Runtime (about 20 MB), which is not installed yet. Install it now?",
            windowTitle="Install ONNX Runtime",
            detailedText="\n".join(requirements),
        ):
            raise RuntimeError("declined") from None
        slicer.util.pip_install(requirements)
    else:
        packaging.pip_ensure(packaging.load_requirements(str(requirementsFile)), requester=REQUESTER)


def readRequirements(file: Path | str) -> list[str]:
    """The requirements in a file, without comments."""
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
