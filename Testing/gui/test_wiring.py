"""A wiring check of the panel, and no more: names and properties in the .ui file against the code that uses them.

Qt's own loader reads the file; Slicer's widgets are stand-ins here. Whether the panel works is proven in the running
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
UI_FILE = MODULE / "Resources" / "UI" / "DeepASLDenoise.ui"
MODULE_SOURCE = (MODULE / "DeepASLDenoise.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def panel():
    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    loader = QUiLoader()
    widget = loader.load(str(UI_FILE))
    assert widget is not None, loader.errorString()
    yield widget
    widget.deleteLater()
    application.processEvents()


def named_widgets(panel) -> dict[str, QtWidgets.QWidget]:
    return {widget.objectName(): widget for widget in panel.findChildren(QtWidgets.QWidget) if widget.objectName()}


def parameters() -> dict[str, str]:
    """The fields of the parameter node and their types, as written."""
    tree = ast.parse((MODULE / "DeepASLDenoiseLib" / "parameternode.py").read_text(encoding="utf-8"))
    node = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "DeepASLDenoiseParameterNode")
    return {n.target.id: ast.unparse(n.annotation) for n in node.body if isinstance(n, ast.AnnAssign)}


def test_every_parameter_name_in_the_panel_is_a_field_of_the_parameter_node(panel):
    names = {widget.property("SlicerParameterName") for widget in named_widgets(panel).values()} - {None}
    assert names
    assert names <= set(parameters())


def test_each_parameter_is_bound_to_a_widget_of_its_kind(panel):
    written = re.findall(r'<widget class="(\w+)" name="(\w+)"', UI_FILE.read_text(encoding="utf-8"))
    classes = {name: kind for kind, name in written}
    kinds = {"qMRMLNodeComboBox": "ScanNode", "QCheckBox": "bool", "QSpinBox": "int", "QComboBox": "Device"}
    for name, widget in named_widgets(panel).items():
        parameter = widget.property("SlicerParameterName")
        if parameter is not None:
            assert kinds[classes[name]] in parameters()[parameter]


def test_every_widget_the_code_uses_is_in_the_panel(panel):
    used = set(re.findall(r"self\.ui\.(\w+)", MODULE_SOURCE))
    assert used
    assert used <= set(named_widgets(panel))


def test_every_control_has_a_tooltip(panel):
    controls = (QtWidgets.QAbstractButton, QtWidgets.QComboBox, QtWidgets.QSpinBox, QtWidgets.QTableWidget)
    own = [w for name, w in named_widgets(panel).items() if isinstance(w, controls) and not name.startswith("qt_")]
    assert len(own) > 8
    assert [w.objectName() for w in own if not w.toolTip()] == []


def test_every_slot_that_is_connected_exists():
    slots = set(re.findall(r"connect\(\"[^\"]+\", self\.(\w+)\)", MODULE_SOURCE))
    methods = {n.name for n in ast.walk(ast.parse(MODULE_SOURCE)) if isinstance(n, ast.FunctionDef)}
    assert slots
    assert slots <= methods
