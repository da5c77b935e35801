"""The section in which a network is chosen and run: model, pairs, smoothing, device, Apply, Cancel, progress."""

from __future__ import annotations

import logging
import operator
from functools import partial

import qt
from slicer.i18n import tr as _

from deepasl.calibration.settings import M0Method
from deepasl.denoising.registry import ModelEntry
from deepasl.findings import Finding
from DeepASLDenoiseLib.panels.panel import Panel
from DeepASLDenoiseLib.runs.jobs import JobState, JobStatus
from DeepASLDenoiseLib.scans.preparationchoices import (
    m0MethodWords,
    m0SmoothingWords,
    outlierWords,
    pipelineSettings,
    preparationText,
)
from DeepASLDenoiseLib.state import ModuleState

PAIR_PERCENTAGES = (80, 60, 40, 20)


class DenoisePanel(Panel):
    """Chooses the network and what it is given; starts and stops it; tells how far it is and what was noticed."""

    uiName = "Denoise"
    title = _("Denoise")

    def connect(self) -> None:
        """Connect the controls."""
        self._shownModels: tuple[ModelEntry, ...] = ()
        self._shownModel: ModelEntry | None = None
        self._noticedIn: tuple[object, ...] = ()
        self.ui.modelComboBox.connect("activated(int)", self.onModelChosen)
        self.ui.pairsComboBox.connect("activated(int)", self.onPairsChosen)
        self._fillChoices()
        self.ui.applyButton.connect("clicked(bool)", self.onApplyButton)
        self.ui.cancelButton.connect("clicked(bool)", self.onCancelButton)

    def onModelChosen(self, index: int) -> None:
        """Keep the chosen network."""
        if self.parameters is not None:
            self.parameters.model = self.ui.modelComboBox.itemData(index)

    def onPairsChosen(self, index: int) -> None:
        """Keep how many pairs to average."""
        if self.parameters is not None:
            self.parameters.pairs = self.ui.pairsComboBox.itemData(index)

    def _fillChoices(self) -> None:
        """Fill the combo boxes of the preparation, and let them write what is chosen."""
        self._choices = {
            self.ui.outliersComboBox: ("outliers", outlierWords()),
            self.ui.m0SmoothingComboBox: ("m0Smoothing", m0SmoothingWords()),
            self.ui.m0MethodComboBox: ("m0Method", m0MethodWords()),
        }
        for combo, (name, words) in self._choices.items():
            for value, text in words.items():
                combo.addItem(text, str(value))
            combo.connect("activated(int)", partial(self._keepChoice, combo, name))
        explained = (self.ui.m0EchoTimeSpinBox, self.ui.partialVolumeCheckBox)
        self._purposes = {widget.objectName: widget.toolTip for widget in explained}

    def _keepChoice(self, combo: qt.QComboBox, name: str, index: int) -> None:
        if self.parameters is not None:
            setattr(self.parameters, name, combo.itemData(index))

    def onApplyButton(self, checked: bool = False) -> None:
        """Denoise."""
        self.actions.apply()

    def onCancelButton(self, checked: bool = False) -> None:
        """Stop."""
        self.actions.cancel()

    def show(self, state: ModuleState) -> None:
        """Set every widget of the section."""
        self._showModels(state)
        self._showPairs(state)
        self._showPreparation(state)
        self._showRun(state)
        self._showFindings(state)

    def _showModels(self, state: ModuleState) -> None:
        combo = self.ui.modelComboBox
        if state.models is not self._shownModels:
            self._shownModels = state.models
            combo.clear()
            for entry in state.models:
                combo.addItem(entry.title, entry.id)
        combo.currentIndex = -1 if state.model is None else combo.findData(state.model.id)
        if state.model is not self._shownModel:
            self._shownModel = state.model
            self.ui.domainLabel.text = "" if state.model is None else domainText(state.model)
            self.ui.cardBrowser.markdown = "" if state.model is None else _card(state.model)

    def _showPairs(self, state: ModuleState) -> None:
        chosen = 0 if state.parameters is None else state.parameters.pairs
        everything = _("all ({count} at each delay)") if _fitsDelays(state) else _("all ({count})")
        choices = pairChoices(state.understanding.pairs, chosen, everything)
        combo = self.ui.pairsComboBox
        if [combo.itemText(n) for n in range(combo.count)] != [text for text, _count in choices]:
            combo.clear()
            for text, count in choices:
                combo.addItem(text, count)
        combo.currentIndex = combo.findData(chosen)

    def _showPreparation(self, state: ModuleState) -> None:
        parameters = state.parameters
        if parameters is None:
            return
        for combo, (name, _words) in self._choices.items():
            combo.currentIndex = combo.findData(getattr(parameters, name))
        ofTissue = M0Method(parameters.m0Method) is not M0Method.VOXELWISE
        self._offer(self.ui.m0EchoTimeSpinBox, "" if ofTissue else _("It matters for M0 from a tissue only."))
        told = parameters.anatomyNode is not None or parameters.greyNode is not None
        # What is chosen already can be taken back whatever is missing.
        possible = told or parameters.partialVolume
        missing = _("Choose a T1 image, or maps of grey and white matter: they tell the tissue of each voxel.")
        self._offer(self.ui.partialVolumeCheckBox, "" if possible else missing)
        chosen = preparationText(pipelineSettings(parameters))
        self.ui.preparationGroupBox.title = _("Preparation: {steps}").format(steps=chosen or _("plain mean"))

    def _offer(self, widget: qt.QWidget, obstacle: str) -> None:
        """Enable a widget unless something stands in the way; its tooltip says what, or what it is for."""
        widget.enabled = not obstacle
        widget.toolTip = obstacle or self._purposes[widget.objectName]

    def _showRun(self, state: ModuleState) -> None:
        obstacles = state.obstacles
        self.ui.applyButton.enabled = not obstacles
        self.ui.applyButton.toolTip = "\n".join(obstacles) or _("Denoise the scan and compute blood flow.")
        self.ui.cancelButton.enabled = state.running
        self.ui.cancelButton.toolTip = (
            _("Stop at the next step. The scene stays as it is.") if state.running else _("Nothing is being denoised.")
        )
        progress = state.job.progress
        self.ui.progressBar.visible = state.running
        if state.running and progress is not None:
            # A stage that is one step long cannot say how far it is: a maximum of 0 shows that something goes on.
            self.ui.progressBar.maximum = progress.total if progress.total > 1 else 0
            self.ui.progressBar.value = progress.done
        self.ui.messageLabel.text = runText(state.job) if state.running else state.message
        used = state.job.result.model if state.job.state is JobState.DONE else None
        self.ui.usedDeviceLabel.visible = used is not None
        self.ui.usedDeviceLabel.text = "" if used is None else _("Used: {reason}").format(reason=used.provider_reason)

    def _showFindings(self, state: ModuleState) -> None:
        noticedIn = (state.understanding, state.model, state.job.result)
        if len(self._noticedIn) == len(noticedIn) and all(map(operator.is_, self._noticedIn, noticedIn)):
            return
        self._noticedIn = noticedIn
        warnings = [finding.message for finding in state.modelFindings]
        self.ui.warningLabel.visible = bool(warnings)
        self.ui.warningLabel.text = "\n".join(warnings)
        told = findingsText(state.findings)
        self.ui.findingsGroupBox.visible = bool(told)
        self.ui.findingsBrowser.plainText = told


def _fitsDelays(state: ModuleState) -> bool:
    """Whether all of several delays are used, so that pairs are counted at each."""
    oneDelay = state.parameters is not None and bool(state.parameters.delay)
    return len(state.understanding.delays) > 1 and not oneDelay


def pairChoices(available: int, chosen: int, allText: str) -> list[tuple[str, int]]:
    """What the user may choose to average: texts and numbers of pairs, 0 for all.

    Args:
        available: How many pairs the scan has; 0 while that is not known.
        chosen: The present choice, which is among the choices even if the scan has fewer pairs.
        allText: What all of them are called, with their ``{count}``.
    """
    choices = [(allText.format(count=available) if available else _("all"), 0)]
    text = _("{percent} % ({count})")
    for percent in PAIR_PERCENTAGES:
        count = round(available * percent / 100)
        if count and count not in [other for _text, other in choices] and count < available:
            choices.append((text.format(percent=percent, count=count), count))
    if chosen not in [count for _text, count in choices]:
        choices.append((_("{count} pairs").format(count=chosen), chosen))
    return choices


def domainText(model: ModelEntry) -> str:
    """What a network sees and what it was trained on, in one line."""
    text = _("Sees {input}. Trained on voxels of {inPlane} mm, slices {slices} mm apart, noise {noise} % of M0.")
    domain = model.domain
    return text.format(
        input=model.input.describe(),
        inPlane=_range(domain.in_plane_mm),
        slices=_range(domain.slice_mm),
        noise=_range(domain.noise_percent),
    )


def runText(job: JobStatus) -> str:
    """What a running job does, and how long it still takes."""
    stage = _("Starting") if job.progress is None else job.progress.stage
    if job.secondsLeft is None:
        return f"{stage}..."
    return _("{stage}: about {seconds:.0f} s left").format(stage=stage, seconds=max(1.0, job.secondsLeft))


def findingsText(findings: tuple[Finding, ...]) -> str:
    """Findings one below the other."""
    return "\n\n".join(f"{finding.severity.value.upper()}: {finding.message}" for finding in findings)


def _range(ends: tuple[float, float]) -> str:
    return f"{ends[0]:g}-{ends[1]:g}"


def _card(model: ModelEntry) -> str:
    try:
        return model.card.read_text(encoding="utf-8")
    except OSError as error:
        logging.warning("the card of %s cannot be read: %s", model.id, error)
        return _("The card of this model cannot be read.")
