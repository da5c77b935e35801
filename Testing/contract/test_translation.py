"""Every text that users read in the module can be translated: code passes it through `_()`, .ui files allow it."""

import ast
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest

MODULE = Path(__file__).resolve().parents[2] / "DeepASLDenoise"
SOURCES = [*sorted(MODULE.glob("*.py")), *sorted((MODULE / "DeepASLDenoiseLib" / "panels").glob("*.py"))]
UI_FILES = sorted((MODULE / "Resources" / "UI").glob("*.ui"))

SHOWN_ATTRIBUTES = {"text", "toolTip", "title", "plainText", "html", "placeholderText", "windowTitle", "helpText"}
"""What users read when code assigns to it."""

SHOWN_BY_CALLS = {
    "addItem", "setItemText", "setText", "setToolTip", "setTitle", "addTab", "tell", "attempt", "errorDisplay",
    "infoDisplay", "warningDisplay", "confirmOkCancelDisplay", "confirmYesNoDisplay", "tryWithErrorDisplay",
    "showStatusMessage", "getOpenFileName", "getSaveFileName", "getExistingDirectory", "setHorizontalHeaderLabels",
}  # fmt: skip
"""What users read when code passes it on."""

SHOWN_PROPERTIES = {"text", "toolTip", "title", "placeholderText", "windowTitle", "statusTip", "whatsThis", "suffix"}

A_WORD = re.compile(r"[A-Za-z]{3,}")

TRANSLATORS = {"_", "translate", "tr"}


def shown(tree: ast.Module) -> Iterator[ast.expr]:
    """The expressions whose value users read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(_shows(target) for target in node.targets):
            yield node.value
        if isinstance(node, ast.AnnAssign) and node.value is not None and _shows(node.target):
            yield node.value
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SHOWN_BY_CALLS:
            yield from node.args[:3]
            yield from (keyword.value for keyword in node.keywords if keyword.arg in SHOWN_ATTRIBUTES)


def _shows(target: ast.expr) -> bool:
    name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
    return name in SHOWN_ATTRIBUTES


def untranslated(expression: ast.expr) -> Iterator[str]:
    """The words in an expression that no translator sees."""
    pending: list[ast.AST] = [expression]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in TRANSLATORS:
            continue
        if isinstance(node, ast.Call | ast.Subscript | ast.Compare):
            # What is looked up or joined is made elsewhere; a text that a method is called on is read.
            pending.extend([node.func.value] if _isMethod(node) else [])
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and A_WORD.search(_words(node.value)):
            yield node.value
        if not isinstance(node, ast.FormattedValue):
            pending.extend(ast.iter_child_nodes(node))


def _isMethod(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


def _words(text: str) -> str:
    """The text without markup, addresses, file patterns and placeholders."""
    return re.sub(r"<[^>]*>|\{[^}]*\}|https?://\S+|\*\.[\w.]+", "", text)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('label.text = "Choose a scan"', ["Choose a scan"]),
        ('label.text = f"<b>Chosen</b> {name}"', ["<b>Chosen</b> "]),
        ('label.text = "Done in {s}".format(s=1)', ["Done in {s}"]),
        ('actions.tell("Nothing" if a else _("Something"))', ["Nothing"]),
        ('label.text = _("Choose a scan").format(name="abc")', []),
        ('label.text = f"{value:g} s"', []),
        ('label.text = names["abc"]', []),
        ('pattern = "Images (*.nii)"', []),
    ],
)
def test_the_check_itself_sees_texts_and_nothing_else(line, words):
    assert [word for expression in shown(ast.parse(line)) for word in untranslated(expression)] == words


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_what_users_read_goes_through_the_translator(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert [word for expression in shown(tree) for word in untranslated(expression)] == []


@pytest.mark.parametrize("file", UI_FILES, ids=lambda file: file.name)
def test_what_users_read_in_a_panel_may_be_translated(file):
    locked = [
        string.text
        for named in ElementTree.parse(file).iter("property")
        if named.get("name") in SHOWN_PROPERTIES
        for string in named.iter("string")
        if string.get("notr") == "true" and A_WORD.search(string.text or "")
    ]
    assert locked == []


def test_there_are_panels_to_check():
    assert len(SOURCES) > 5
    assert len(UI_FILES) > 4
