"""Software: which ONNX Runtime is installed, how to get another one, and what to send when something fails."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import qt
import slicer

from deepasl.denoising.runtime import installed_distributions
from DeepASLDenoiseLib.about import CITATION, citationAsHtml
from DeepASLDenoiseLib.panels.panel import Panel
from DeepASLDenoiseLib.software.dependencies import InstallationDeclinedError, installRuntime
from DeepASLDenoiseLib.software.environment import environmentReport
from DeepASLDenoiseLib.software.flavors import (
    CPU,
    NVIDIA_TOOL,
    gpuFlavor,
    gpuObstacle,
    nvidiaGraphics,
    restartNeeded,
)
from DeepASLDenoiseLib.software.installplan import InstallPlan, planDownload, planFromFolder
from DeepASLDenoiseLib.translation import tr as _

if TYPE_CHECKING:
    from DeepASLDenoiseLib.state import ModuleState


class SoftwarePanel(Panel):
    """Installs on request only; what is installed is asked anew each time, never remembered."""

    uiName = "Software"
    title = _("Software and help")
    collapsed = True

    def connect(self) -> None:
        """Connect the buttons and write the texts that never change."""
        self.ui.installCpuButton.connect("clicked(bool)", self.onInstallCpu)
        self.ui.installGpuButton.connect("clicked(bool)", self.onInstallGpu)
        self.ui.installFolderButton.connect("clicked(bool)", self.onInstallFromFolder)
        self.ui.restartButton.connect("clicked(bool)", self.onRestart)
        self.ui.reportButton.connect("clicked(bool)", self.onCopyReport)
        self.ui.citationButton.connect("clicked(bool)", self.onCopyCitation)
        self.ui.citationLabel.text = _("Please cite: {citation}").format(citation=citationAsHtml())
        self._gpuObstacle = gpuObstacle(driverFound=shutil.which(NVIDIA_TOOL) is not None)
        self._toolTips = {button: button.toolTip for button in self._installButtons()}

    def show(self, state: ModuleState) -> None:
        """What is installed, and what can be installed now."""
        if state.running:
            for button in self._installButtons():
                self._allow(button, _("The scan is being denoised."))
            return
        installed = installed_distributions()
        self.ui.runtimeLabel.text = self._said(installed)
        only = len(installed) == 1 and installed[0].startswith(f"{CPU.distribution} ")
        self._allow(self.ui.installCpuButton, _("{name} is installed.").format(name=installed[0]) if only else "")
        self._allow(self.ui.installGpuButton, self._gpuObstacle)
        self._allow(self.ui.installFolderButton, "")
        self.ui.restartButton.visible = restartNeeded()

    def onInstallCpu(self) -> None:
        """ONNX Runtime for the CPU, from the internet."""
        self._install(lambda: planDownload(CPU, self.resourcePath(CPU.requirements)))

    def onInstallGpu(self) -> None:
        """ONNX Runtime for the GPU, from the internet, as its driver wants it."""
        graphics = nvidiaGraphics()
        if graphics is None:
            self.actions.tell(gpuObstacle(driverFound=False))
            return
        flavor = gpuFlavor(graphics)
        self._install(lambda: planDownload(flavor, self.resourcePath(flavor.requirements)))

    def onInstallFromFolder(self) -> None:
        """The ONNX Runtime whose wheel lies in a folder that the user chooses."""
        folder = qt.QFileDialog.getExistingDirectory(
            slicer.util.mainWindow(), _("Folder with the wheels of ONNX Runtime")
        )
        if folder:
            self.installFromFolder(folder)

    def installFromFolder(self, folder: Path | str) -> None:
        """The ONNX Runtime whose wheel lies in this folder."""
        self._install(lambda: planFromFolder(folder))

    def onRestart(self) -> None:
        """Restart Slicer if the user wants it."""
        question = _("Restart Slicer now? What is not saved is lost.")
        if slicer.util.confirmOkCancelDisplay(question, windowTitle=_("Restart Slicer")):
            slicer.util.restart()

    def onCopyReport(self) -> None:
        """Put the report on the clipboard."""
        with self.actions.attempt(_("The environment report cannot be made.")):
            slicer.app.clipboard().setText(environmentReport(applicationFacts()))
            self.actions.tell(_("The environment report is on the clipboard."))
        self.actions.refresh()

    def onCopyCitation(self) -> None:
        """Put the citation on the clipboard."""
        slicer.app.clipboard().setText(CITATION)
        self.actions.tell(_("The citation is on the clipboard."))

    def _install(self, plan: Callable[[], InstallPlan]) -> None:
        """Ask the user and do it; a plan that cannot be made is an error like an installation that fails."""
        try:
            with self.actions.attempt(_("ONNX Runtime cannot be installed.")):
                self._tellWhatHappens(plan)
        finally:
            self.actions.refresh()

    def _tellWhatHappens(self, plan: Callable[[], InstallPlan]) -> None:
        try:
            installRuntime(plan())
        except InstallationDeclinedError:
            self.actions.tell(_("Nothing was installed."))
        else:
            self.actions.tell(self._done())

    def _done(self) -> str:
        text = _("{name} is installed.").format(name=installed_distributions()[0])
        return f"{text} {_('Restart Slicer to use it.')}" if restartNeeded() else text

    def _said(self, installed: tuple[str, ...]) -> str:
        """What there is, in words."""
        if not installed:
            return _("not installed; Apply asks before it installs it")
        if len(installed) > 1:
            conflict = _("{names} overwrite each other's files: install one of them again")
            return conflict.format(names=_(" and ").join(installed))
        return _("{name}; restart Slicer to use it").format(name=installed[0]) if restartNeeded() else installed[0]

    def _installButtons(self) -> tuple[qt.QPushButton, ...]:
        return self.ui.installCpuButton, self.ui.installGpuButton, self.ui.installFolderButton

    def _allow(self, button: qt.QPushButton, obstacle: str) -> None:
        """Enable a button; where there is an obstacle, the tooltip tells it instead."""
        button.enabled = not obstacle
        button.toolTip = obstacle or self._toolTips[button]


def applicationFacts() -> dict[str, str]:
    """What the application says of itself."""
    app = slicer.app
    dark = app.palette().window().color().lightness() < 128
    return {
        "Slicer": f"{app.applicationVersion} (revision {app.revision})",
        "Qt": qt.qVersion(),
        "style": "dark" if dark else "light",
        "screen scaling": f"{app.devicePixelRatio():g}",
        "language": qt.QLocale().name(),
    }
