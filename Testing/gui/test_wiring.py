"""A wiring check of the panels, and no more: names and properties in the .ui files against the code that uses them.

Qt's own loader reads the files; Slicer's widgets are stand-ins here. Whether the panels work is proven in the running
application, see Testing/inslicer.
"""

import ast
import os
import re
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
QtWidgets = pytest.importorskip("PySide6.QtWidgets", reason="PySide6 is not installed", exc_type=ImportError)

from PySide6.QtUiTools import QUiLoader  # noqa: E402

MODULE = Path(__file__).resolve().parents[2] / "DeepASLDenoise"
PANELS = MODULE / "DeepASLDenoiseLib" / "panels"
UI_FILES = sorted((MODULE / "Resources" / "UI").glob("*.ui"))

# What the parameter node wrapper has connectors for: types of parameters by class of widget.
CONNECTORS = {
    "qMRMLNodeComboBox": r"Node\b",
    "QCheckBox": r"\bbool\b",
    "QSpinBox": r"\bint\b",
    "QDoubleSpinBox": r"\bfloat\b",
    "ctkSliderWidget": r"\bfloat, WithinRange\b",  # a slider has two ends
    "QComboBox": r"^(Device|Shows|Third|Look)$",
    "QLineEdit": r"\bstr\b",
}


@pytest.fixture(scope="module")
def application():
    return QtWidgets.QApplication.instance() or QtWidgets.QApplication([])


@pytest.fixture(scope="module", params=UI_FILES, ids=lambda file: file.stem)
def panel(request, application):
    """The widgets of one .ui file, and the code of its panel."""
    loader = QUiLoader()
    widget = loader.load(str(request.param))
    assert widget is not None, loader.errorString()
    yield Section(request.param, widget)
    widget.deleteLater()
    application.processEvents()


class Section:
    """A panel without Slicer: its file, its widgets, its source."""

    def __init__(self, file: Path, widget: QtWidgets.QWidget) -> None:
        self.name = file.stem
        self.widget = widget
        self.written = file.read_text(encoding="utf-8")
        self.source = (PANELS / f"{file.stem.lower()}.py").read_text(encoding="utf-8")
        found = widget.findChildren(QtWidgets.QWidget)
        self.widgets = {each.objectName(): each for each in found if each.objectName()}

    @property
    def classes(self) -> dict[str, str]:
        """The class of each widget as written: the stand-ins have others."""
        return {name: kind for kind, name in re.findall(r'<widget class="(\w+)" name="(\w+)"', self.written)}

    @property
    def bound(self) -> dict[str, str]:
        """The parameter of each widget that has one."""
        named = {name: widget.property("SlicerParameterName") for name, widget in self.widgets.items()}
        return {name: parameter for name, parameter in named.items() if parameter is not None}


def parameters() -> dict[str, str]:
    """The fields of the parameter node and their types, as written."""
    tree = ast.parse((MODULE / "DeepASLDenoiseLib" / "parameternode.py").read_text(encoding="utf-8"))
    node = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "DeepASLDenoiseParameterNode")
    return {n.target.id: ast.unparse(n.annotation) for n in node.body if isinstance(n, ast.AnnAssign)}


def test_every_panel_of_the_module_has_its_ui_file_and_every_ui_file_its_panel():
    panels = {file.stem for file in PANELS.glob("*.py")} - {"__init__", "panel"}
    assert panels == {file.stem.lower() for file in UI_FILES}


def test_every_panel_is_part_of_the_module():
    module = (MODULE / "DeepASLDenoise.py").read_text(encoding="utf-8")
    listed = re.search(r"^PANELS = \((.*?)\)$", module, re.MULTILINE | re.DOTALL)
    assert listed
    assert re.findall(r"\w+Panel\b", listed[1]) == [
        f"{name}Panel" for name in ("Scan", "Acquisition", "Denoise", "Compare", "Numbers", "Keep", "Software")
    ]


def test_the_top_level_widget_is_named_after_its_file(panel):
    assert panel.widget.objectName() == panel.name
    assert f'uiName = "{panel.name}"' in panel.source


def test_every_parameter_name_is_a_field_of_the_parameter_node(panel):
    assert set(panel.bound.values()) <= set(parameters())


def test_each_parameter_is_bound_to_a_widget_of_its_kind(panel):
    for name, parameter in panel.bound.items():
        assert re.search(CONNECTORS[panel.classes[name]], parameters()[parameter]), (name, parameter)


def test_every_widget_the_code_uses_is_in_the_panel(panel):
    used = set(re.findall(r"self\.ui\.(\w+)", panel.source))
    assert used
    assert used <= set(panel.widgets)


def test_every_control_has_a_tooltip(panel):
    controls = (
        QtWidgets.QAbstractButton,
        QtWidgets.QAbstractSlider,
        QtWidgets.QAbstractSpinBox,
        QtWidgets.QComboBox,
        QtWidgets.QTableWidget,
        QtWidgets.QLineEdit,
    )
    own = [each for name, each in panel.widgets.items() if isinstance(each, controls) and name in panel.classes]
    ours = [each for name, each in panel.widgets.items() if panel.classes.get(name, "Q")[0] != "Q"]
    assert own
    assert [each.objectName() for each in {*own, *ours} if not each.toolTip()] == []


def test_every_label_of_a_control_leads_to_it(panel):
    """For keyboards and screen readers: a buddy that is written exists."""
    buddies = re.findall(r"<cstring>(\w+)</cstring>", panel.written)
    assert set(buddies) <= set(panel.widgets)


def test_every_slot_that_is_connected_exists(panel):
    slots = set(re.findall(r"connect\(\s*\"[^\"]+\",\s*self\.(\w+)\s*\)", panel.source))
    methods = {n.name for n in ast.walk(ast.parse(panel.source)) if isinstance(n, ast.FunctionDef)}
    assert slots
    assert slots <= methods
