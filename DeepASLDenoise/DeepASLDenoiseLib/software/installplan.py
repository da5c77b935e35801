"""What an installation would remove and fetch: shown to the user before anything of it happens."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepasl.denoising.runtime import DISTRIBUTIONS
from deepasl.errors import DeepASLError
from DeepASLDenoiseLib.software.flavors import Flavor, Package, installedRuntimes, isInstalled, readRequirements
from DeepASLDenoiseLib.translation import tr as _


class InstallationError(DeepASLError):
    """A package that is needed could not be installed."""


@dataclass(frozen=True)
class InstallPlan:
    """One installation of ONNX Runtime.

    Attributes:
        distribution: The ONNX Runtime that is there afterwards, and the only one.
        remove: Other flavors that are uninstalled first, since all install over each other's files.
        arguments: What ``pip install`` is called with.
        downloads: What will be fetched or may be.
        folder: Where it is taken from; None for the package index on the internet.
    """

    distribution: str
    remove: tuple[str, ...]
    arguments: tuple[str, ...]
    downloads: tuple[Package, ...]
    folder: Path | None = None

    @property
    def megabytes(self) -> float:
        """Size of all downloads in 10^6 bytes."""
        return sum(package.megabytes for package in self.downloads)

    @property
    def question(self) -> str:
        """All of it in words, for the user to agree to."""
        lines = [_("DeepASL runs its networks with ONNX Runtime ({name}).").format(name=self.distribution), ""]
        if self.folder is None:
            lines.append(_("To be downloaded into the Python of Slicer, about {size}:").format(size=self._size()))
        else:
            place = _("To be installed into the Python of Slicer from {folder}, {size}; pip takes what it needs:")
            lines.append(place.format(folder=self.folder, size=self._size()))
        lines += [f"  {package.distribution} ({sizeText(package.megabytes)})" for package in self.downloads]
        if self.remove:
            lines += ["", _("To be uninstalled first: {names}").format(names=", ".join(self.remove))]
        return "\n".join([*lines, "", _("Continue?")])

    def _size(self) -> str:
        return sizeText(self.megabytes)


def sizeText(megabytes: float) -> str:
    """A size for people: ``"28 MB"``, ``"1.6 GB"``."""
    if megabytes >= 1000:
        return f"{megabytes / 1000:.1f} GB"
    return f"{megabytes:.0f} MB" if megabytes >= 1 else _("less than 1 MB")


def planDownload(flavor: Flavor, requirementsFile: Path | str) -> InstallPlan:
    """Install a flavor from the package index, in place of every other one.

    Args:
        flavor: Which.
        requirementsFile: Lists what pip is asked for; the file named by `flavor.requirements`.
    """
    remove = _inTheWayOf(flavor.distribution)
    missing = tuple(p for p in flavor.downloads if p.distribution in remove or not isInstalled(p.distribution))
    return InstallPlan(flavor.distribution, remove, tuple(readRequirements(requirementsFile)), missing)


def planFromFolder(folder: Path | str) -> InstallPlan:
    """Install the one ONNX Runtime whose wheel lies in a folder, without the internet, in place of every other one.

    Raises:
        InstallationError: If there is none in the folder, or several flavors.
    """
    folder = Path(folder)
    wheels = sorted(folder.glob("*.whl"))
    found = [name for name in DISTRIBUTIONS if name in map(distributionOf, wheels)]
    if not found:
        raise InstallationError(
            _("there is no wheel of ONNX Runtime in this folder"),
            where=folder,
            remedy=_("On a computer with internet and the same operating system: {command}").format(
                command=downloadCommand()
            ),
        )
    if len(found) > 1:
        raise InstallationError(
            _("this folder holds several flavors of ONNX Runtime ({names})").format(names=", ".join(found)),
            where=folder,
            remedy=_("Leave the wheel of only one in it."),
        )
    arguments = ("--no-index", "--find-links", str(folder), _requirement(found[0], wheels))
    packages = tuple(Package(distributionOf(wheel), wheel.stat().st_size / 1e6) for wheel in wheels)
    return InstallPlan(found[0], _inTheWayOf(found[0]), arguments, packages, folder)


def distributionOf(wheel: Path) -> str:
    """The package a wheel holds, from its file name (binary distribution format, PEP 427)."""
    return wheel.name.partition("-")[0].replace("_", "-").lower()


def downloadCommand() -> str:
    """What fetches the wheels for this Slicer on another computer of the same kind."""
    version = ".".join(platform.python_version_tuple()[:2])
    return f"pip download onnxruntime --python-version {version} --only-binary=:all: --dest wheels"


def _requirement(distribution: str, wheels: Iterable[Path]) -> str:
    """With the CUDA libraries where their wheels lie beside it; elsewhere those of the system are meant."""
    cuda = any(distributionOf(wheel).startswith("nvidia-cudnn") for wheel in wheels)
    return f"{distribution}[cuda,cudnn]" if cuda and distribution == "onnxruntime-gpu" else distribution


def _inTheWayOf(distribution: str) -> tuple[str, ...]:
    """What has to go: the others; with them also itself, because each has written over the files of the other."""
    installed: Sequence[str] = tuple(installedRuntimes())
    return () if set(installed) <= {distribution} else tuple(installed)


def lockedByUse(plan: InstallPlan, system: str = sys.platform) -> bool:
    """Whether files of `plan.remove` cannot be removed while they are loaded (Windows)."""
    return system == "win32" and bool(plan.remove) and "onnxruntime" in sys.modules
