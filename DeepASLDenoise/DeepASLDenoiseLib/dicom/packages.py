"""The packages that DICOM needs and Slicer does not come with: installed when the user agrees, when they are needed."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from subprocess import CalledProcessError

import slicer
import slicer.util

from deepasl.errors import InputError
from deepasl.readers.dicom.conversion import dcm2niix_path
from DeepASLDenoiseLib.software.dependencies import InstallationDeclinedError, Installer, SlicerInstaller
from DeepASLDenoiseLib.software.installplan import InstallationError, sizeText
from DeepASLDenoiseLib.translation import tr as _


@dataclass(frozen=True)
class Tool:
    """A Python package.

    Attributes:
        requirement: What pip is asked for.
        distribution: Its name at the package index.
        purpose: What it does here, a sentence.
        megabytes: Of its download with all it brings, in 10^6 bytes: the wheels for Linux and Python 3.12 that were
            newest in November 2026.
        isThere: Whether it need not be installed.
    """

    requirement: str
    distribution: str
    purpose: str
    megabytes: float
    isThere: Callable[[], bool]

    @property
    def question(self) -> str:
        """What the user is asked to agree to."""
        text = _("{purpose} To be downloaded into the Python of Slicer: {name} ({size}). Continue?")
        return text.format(purpose=self.purpose, name=self.distribution, size=sizeText(self.megabytes))


def _hasConverter() -> bool:
    try:
        dcm2niix_path()
    except InputError:
        return False
    return True


def _hasHighdicom() -> bool:
    return importlib.util.find_spec("highdicom") is not None


CONVERTER = Tool(
    "dcm2niix>=1.0.20240202",
    "dcm2niix",
    _("DICOM images are converted by dcm2niix, which works on this computer alone."),
    2,
    _hasConverter,
)

PARAMETRIC_MAPS = Tool(
    "highdicom>=0.26",
    "highdicom",
    _("Parametric Maps are written by the Python package highdicom."),
    4,
    _hasHighdicom,
)


def askForTool(tool: Tool) -> bool:
    """Let the user decide; where nobody can be asked, nobody agrees."""
    # In testing mode and without a window, Slicer's own dialog answers by itself.
    if not hasattr(slicer, "app") or slicer.app.testingEnabled() or slicer.util.mainWindow() is None:
        return False
    return bool(
        slicer.util.confirmOkCancelDisplay(
            tool.question, windowTitle=_("Install {name}").format(name=tool.distribution)
        )
    )


def ensureTool(tool: Tool, *, ask: Callable[[Tool], bool] = askForTool, installer: Installer | None = None) -> None:
    """Make sure that a package is there; ask the user before installing it.

    Args:
        tool: Which.
        ask: Whether the user agrees.
        installer: What installs; Slicer's pip if None.

    Raises:
        InstallationDeclinedError: If the user said no, or nobody could be asked.
        InstallationError: If the installation failed.
    """
    if tool.isThere():
        return
    byHand = _("In the Python console of Slicer: {command}").format(
        command=f'slicer.util.pip_install("{tool.requirement}")'
    )
    if not ask(tool):
        raise InstallationDeclinedError(_("{name} is not installed").format(name=tool.distribution), remedy=byHand)
    try:
        (installer or SlicerInstaller()).install([tool.requirement])
    except CalledProcessError as error:
        raise InstallationError(
            _("{name} could not be installed ({error})").format(name=tool.distribution, error=error),
            remedy=_("Check the internet connection and the proxy settings."),
        ) from error
    importlib.invalidate_caches()
    if not tool.isThere():
        problem = _("{name} is not there after the installation").format(name=tool.distribution)
        raise InstallationError(problem, remedy=byHand)
