"""The panels can be used with the keyboard, and be read at any screen scaling and in the dark style."""

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import pytest

UI_FOLDER = Path(__file__).resolve().parents[2] / "DeepASLDenoise" / "Resources" / "UI"
UI_FILES = sorted(UI_FOLDER.glob("*.ui"))

MENUS = set("fevh")
"""Alt and these letters open File, Edit, View and Help of the main window."""

FIXED = {"styleSheet", "palette", "pixelSize", "pointSize", "font"}
"""What would not follow the colors and the text size that the user has chosen."""

KEYBOARD = (
    "QPushButton", "QToolButton", "QCheckBox", "QRadioButton", "QComboBox", "QSpinBox", "QDoubleSpinBox", "QLineEdit",
    "QTabWidget", "QTableWidget", "QTableView", "QTreeWidget", "QListWidget", "QSlider",
    "ctkSliderWidget", "ctkRangeWidget", "ctkPathLineEdit", "ctkDoubleSpinBox", "qMRMLNodeComboBox",
    "qMRMLSegmentSelectorWidget", "qMRMLTableView",
)  # fmt: skip
"""Widgets that take the keyboard."""


def named(file: Path) -> str:
    return file.name


def panel(file: Path) -> ElementTree.Element:
    widget = ElementTree.parse(file).getroot().find("widget")
    assert widget is not None
    return widget


def letters(file: Path) -> list[str]:
    """The letters that jump to a control together with Alt."""
    texts = (string.text or "" for string in ElementTree.parse(file).iter("string"))
    found = (re.search(r"(?<!&)&([^&\s])", text) for text in texts if "<" not in text)
    return [match[1].lower() for match in found if match]


@pytest.mark.parametrize("file", UI_FILES, ids=named)
def test_a_panel_is_a_widget_named_like_its_file(file):
    assert panel(file).get("name") == file.stem
    assert panel(file).get("class") in ("QWidget", "qMRMLWidget")


@pytest.mark.parametrize("file", UI_FILES, ids=named)
def test_the_tab_key_goes_through_a_panel_as_the_eye_does(file):
    """Without a list of its own, Qt goes in the order of the file; a grid is read row by row."""
    if ElementTree.parse(file).getroot().find("tabstops") is not None:
        return
    for layout in panel(file).iter("layout"):
        places = [(int(item.get("row", 0)), int(item.get("column", 0))) for item in layout.findall("item")]
        if layout.get("class") in ("QGridLayout", "QFormLayout"):
            assert places == sorted(places), layout.get("name")


@pytest.mark.parametrize("file", UI_FILES, ids=named)
def test_a_list_of_tab_stops_has_every_control_once(file):
    listed = [stop.text for stop in ElementTree.parse(file).iter("tabstop")]
    if not listed:
        return
    widgets = {widget.get("name"): widget.get("class") for widget in panel(file).iter("widget")}
    assert len(listed) == len(set(listed))
    assert {name for name, kind in widgets.items() if kind in KEYBOARD} <= set(listed) <= set(widgets)


def test_no_letter_jumps_to_two_controls_or_opens_a_menu():
    """All panels are in one window."""
    counted = Counter(letter for file in UI_FILES for letter in letters(file))
    assert [letter for letter, times in counted.items() if times > 1] == []
    assert not MENUS & set(counted)


@pytest.mark.parametrize("file", UI_FILES, ids=named)
def test_every_panel_is_reached_with_alt_and_a_letter(file):
    assert letters(file)


@pytest.mark.parametrize(
    ("file", "texts"),
    [
        ("Scan", ["Load scan...", "Load folder...", "Swap control and label"]),
        ("Denoise", ["Apply", "Cancel", "Model:"]),
        ("Compare", ["Show side by side", "Back to former layout"]),
        ("Numbers", ["Measure again"]),
        ("Keep", ["Export maps, figures and report"]),
    ],
)
def test_what_is_used_most_is_reached_with_alt_and_a_letter(file, texts):
    written = {string.text or "" for string in ElementTree.parse(UI_FOLDER / f"{file}.ui").iter("string")}
    reached = {text.replace("&", "") for text in written if "&" in text}
    assert set(texts) <= reached


@pytest.mark.parametrize("file", UI_FILES, ids=named)
def test_colors_and_text_sizes_are_those_of_the_user(file):
    assert not FIXED & {named.get("name") for named in ElementTree.parse(file).iter("property")}


@pytest.mark.parametrize("file", UI_FILES, ids=named)
def test_nothing_with_text_is_held_to_a_width_in_pixels(file):
    """At 150 % the text would be cut."""
    held = [
        widget.get("name")
        for widget in panel(file).iter("widget")
        if widget.get("class") in ("QLabel", "QPushButton", "QToolButton", "QCheckBox", "QComboBox")
        for size in widget.findall("property")
        if size.get("name") == "maximumSize" and int(size.findtext("size/width", "16777215")) < 16777215
    ]
    assert held == []


@pytest.mark.parametrize("file", UI_FILES, ids=named)
def test_long_texts_wrap_and_the_panel_stays_narrow(file):
    """Labels that are filled while the module runs are those without a text in the file."""
    long = [
        widget.get("name")
        for widget in panel(file).iter("widget")
        if widget.get("class") == "QLabel"
        and len(widget.findtext("property[@name='text']/string", "")) > 40
        and widget.findtext("property[@name='wordWrap']/bool") != "true"
    ]
    assert long == []
