"""ONNX Runtime, the one package Slicer does not come with: installed when the user agrees, never twice."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from subprocess import CalledProcessError
from typing import Protocol

import slicer
import slicer.util

from deepasl.denoising.runtime import installed_distributions
from DeepASLDenoiseLib.software.flavors import CPU
from DeepASLDenoiseLib.software.installplan import InstallationError, InstallPlan, lockedByUse, planDownload
from DeepASLDenoiseLib.translation import tr as _

REQUESTER = "DeepASL"


class InstallationDeclinedError(InstallationError):
    """The user does not want it to be installed."""


class Installer(Protocol):
    """Changes the packages of this Python. Both methods raise `CalledProcessError` when pip fails."""

    def install(self, arguments: list[str]) -> None:
        """``pip install`` with these arguments."""

    def uninstall(self, distributions: list[str]) -> None:
        """``pip uninstall`` of these packages."""


class SlicerInstaller:
    """The pip of Slicer; from 5.12 on it shows what pip says while it works."""

    def install(self, arguments: list[str]) -> None:
        """Install, waiting until it is done."""
        try:
            from slicer.packaging import pip_install  # since Slicer 5.12
        except ImportError:
            slicer.util.pip_install(arguments)
        else:
            pip_install(arguments, requester=REQUESTER)

    def uninstall(self, distributions: list[str]) -> None:
        """Uninstall, waiting until it is done."""
        slicer.util.pip_uninstall(distributions)


def askUser(plan: InstallPlan) -> bool:
    """Show what would be installed and let the user decide; where nobody can be asked, nobody agrees."""
    # In testing mode and without a window, Slicer's own dialog answers by itself.
    if slicer.app.testingEnabled() or slicer.util.mainWindow() is None:
        return False
    return bool(slicer.util.confirmOkCancelDisplay(plan.question, windowTitle=_("Install ONNX Runtime")))


def ensureRuntime(
    requirementsFile: Path | str,
    *,
    ask: Callable[[InstallPlan], bool] = askUser,
    installer: Installer | None = None,
) -> None:
    """Make sure that an ONNX Runtime of any flavor is installed; ask the user before installing one.

    A flavor that is there already is respected: two of them overwrite each other's files.

    Args:
        requirementsFile: Lists what to install, one requirement per line.
        ask: Whether the user agrees to the plan.
        installer: What installs; Slicer's pip if None.

    Raises:
        InstallationDeclinedError: If the user said no, or nobody could be asked.
        InstallationError: If the installation failed.
    """
    if not installed_distributions():
        installRuntime(planDownload(CPU, requirementsFile), ask=ask, installer=installer)


def installRuntime(
    plan: InstallPlan,
    *,
    ask: Callable[[InstallPlan], bool] = askUser,
    installer: Installer | None = None,
) -> None:
    """Carry out a plan if the user agrees; afterwards exactly one flavor of ONNX Runtime is installed.

    What is to be removed is removed only after pip has found everything that takes its place.

    Args:
        plan: What to remove and to install.
        ask: Whether the user agrees to the plan.
        installer: What installs; Slicer's pip if None.

    Raises:
        InstallationDeclinedError: If the user said no, or nobody could be asked.
        InstallationError: If the installation failed, or ONNX Runtime is in use and locked (Windows).
    """
    if lockedByUse(plan):
        raise InstallationError(
            _("ONNX Runtime is in use, and Windows does not let go of its files"),
            remedy=_("Restart Slicer, then install before you press Apply."),
        )
    if not ask(plan):
        raise InstallationDeclinedError(
            _("ONNX Runtime, which runs the networks, was not installed"),
            remedy=_("The Software section installs it, also without internet."),
        )
    try:
        _carryOut(plan, installer or SlicerInstaller())
    except CalledProcessError as error:
        raise InstallationError(
            _("ONNX Runtime could not be installed ({error})").format(error=error),
            remedy=_("Check the internet connection and the proxy settings, or install from a folder of wheels."),
        ) from error
    importlib.invalidate_caches()
    _requireOnly(plan.distribution)


def _carryOut(plan: InstallPlan, installer: Installer) -> None:
    if plan.remove:
        installer.install(["--dry-run", *plan.arguments])
        installer.uninstall(list(plan.remove))
    installer.install(list(plan.arguments))


def _requireOnly(distribution: str) -> None:
    """What pip says is one thing; what is there is another.

    Raises:
        InstallationError: If anything but this one flavor of ONNX Runtime is installed.
    """
    installed = installed_distributions()
    if [text.partition(" ")[0] for text in installed] != [distribution]:
        raise InstallationError(
            _("after the installation there is {found}, not {wanted}").format(
                found=_(" and ").join(installed) or _("no ONNX Runtime"), wanted=distribution
            ),
            remedy=_("Restart Slicer and install again from the Software section."),
        )
