"""The section of acquisition parameters: value, unit and source of each, what is doubtful, corrections."""

from __future__ import annotations

from collections.abc import Mapping

from slicer.i18n import tr as _

from deepasl.acquisition.marks import marks
from deepasl.acquisition.parameters import Acquisition
from deepasl.acquisition.presets import Preset, presets_for
from deepasl.errors import DeepASLError
from DeepASLDenoiseLib.panels.panel import Panel
from DeepASLDenoiseLib.scans.acquisitiontable import AcquisitionTable, marksText
from DeepASLDenoiseLib.scans.acquisitiontext import parseParameter
from DeepASLDenoiseLib.scans.edits import Edits, editsOf, keepEdits
from DeepASLDenoiseLib.scans.published import editsOfPreset, presetText
from DeepASLDenoiseLib.scans.understanding import Understanding
from DeepASLDenoiseLib.state import ModuleState


class AcquisitionPanel(Panel):
    """Shows how a scan was acquired, and keeps what the user knows better."""

    uiName = "Acquisition"
    title = _("Acquisition")

    def connect(self) -> None:
        """Connect the controls."""
        self._shown: Understanding | None = None
        self._presets: tuple[Preset, ...] = ()
        self._table = AcquisitionTable(self.ui.acquisitionTable, self.onValueTyped)
        self.ui.delayComboBox.connect("activated(int)", self.onDelayChosen)
        self.ui.resetButton.connect("clicked(bool)", self.onResetButton)
        self.ui.presetComboBox.connect("currentIndexChanged(int)", self.onPresetChosen)
        self.ui.presetButton.connect("clicked(bool)", self.onPresetButton)

    def onValueTyped(self, field: str, text: str) -> None:
        """Keep what the user typed into the table; an empty text goes back to what the file said."""
        if self.parameters is None or self.parameters.inputNode is None:
            self._showTable()
            return
        if not text.strip():
            self._keep({}, forgotten=field)
            return
        try:
            parseParameter(field, text)
        except DeepASLError as problem:
            self._showTable()
            self.actions.tell(str(problem))
            return
        self._keep({field: text})

    def onDelayChosen(self, index: int) -> None:
        """Keep which post-labeling delays to quantify."""
        if self.parameters is not None:
            self.parameters.delay = self.ui.delayComboBox.itemData(index)

    def onResetButton(self, checked: bool = False) -> None:
        """Forget every value that was typed in."""
        if self.parameters is not None:
            keepEdits(self.parameters, Edits(roles=editsOf(self.parameters).roles))

    def onPresetChosen(self, index: int) -> None:
        """Say what the chosen preset would do."""
        self._showPreset()

    def onPresetButton(self, checked: bool = False) -> None:
        """Enter published values."""
        self._keep(editsOfPreset(self._presets[self.ui.presetComboBox.currentIndex], self._acquisition))

    def show(self, state: ModuleState) -> None:
        """Set every widget of the section."""
        edited = state.parameters is not None and bool(editsOf(state.parameters).parameters)
        self.ui.resetButton.enabled = edited
        self.ui.resetButton.toolTip = (
            _("Forget every value that was typed into the table or came from published values.")
            if edited
            else _("All values are those of the file, or defaults.")
        )
        self._showDelays(state)
        if self._shown is not state.understanding:
            self._shown = state.understanding
            self._showTable()
            self._showPresets(state.understanding)

    @property
    def _acquisition(self) -> Acquisition:
        return Acquisition() if self._shown is None else self._shown.acquisition

    def _keep(self, edits: Mapping[str, str], forgotten: str = "") -> None:
        if self.parameters is None or not (edits or forgotten):
            return
        before = editsOf(self.parameters)
        kept = {field: text for field, text in before.parameters.items() if field != forgotten}
        self.actions.tell("")
        keepEdits(self.parameters, Edits({**kept, **edits}, before.roles))
        # Nothing was modified if the same was typed again; the table then still holds the text as it was typed.
        self._showTable()

    def _showTable(self) -> None:
        there = self._shown is not None and self._shown.series is not None
        found = marks(self._acquisition, self._shown.findings) if there else {}
        self._table.show(self._acquisition, found)
        self.ui.acquisitionTable.enabled = there
        told = marksText(found)
        self.ui.marksLabel.text = told
        self.ui.marksLabel.visible = bool(told)

    def _showDelays(self, state: ModuleState) -> None:
        delays = state.understanding.delays
        several = len(delays) > 1
        self.ui.delayLabel.visible = several
        self.ui.delayComboBox.visible = several
        combo = self.ui.delayComboBox
        if [combo.itemData(n) for n in range(combo.count)] != [0.0, *delays]:
            combo.clear()
            combo.addItem(_("all delays (CBF and arrival time)"), 0.0)
            for delay in delays:
                combo.addItem(_("{delay:g} s alone (CBF)").format(delay=delay), delay)
        combo.currentIndex = max(0, combo.findData(0.0 if state.parameters is None else state.parameters.delay))

    def _showPresets(self, understanding: Understanding) -> None:
        there = understanding.series is not None
        self.ui.presetsGroupBox.enabled = there
        self._presets = presets_for(understanding.acquisition) if there else ()
        chosen = self.ui.presetComboBox.currentText
        wasBlocked = self.ui.presetComboBox.blockSignals(True)
        self.ui.presetComboBox.clear()
        for preset in self._presets:
            self.ui.presetComboBox.addItem(preset.title)
        self.ui.presetComboBox.currentIndex = max(0, self.ui.presetComboBox.findText(chosen)) if there else -1
        self.ui.presetComboBox.blockSignals(wasBlocked)
        self._showPreset()

    def _showPreset(self) -> None:
        index = self.ui.presetComboBox.currentIndex
        preset = self._presets[index] if 0 <= index < len(self._presets) else None
        changes = preset is not None and bool(preset.changes_to(self._acquisition))
        self.ui.presetButton.enabled = changes
        self.ui.presetLabel.text = "" if preset is None else presetText(preset, self._acquisition)
        self.ui.presetButton.toolTip = (
            _("Enter these values into the table, with their source.") if changes else self.ui.presetLabel.text
        )
