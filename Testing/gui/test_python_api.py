"""What scripts may call stays what it is: names and arguments of the logic, and the example of the README.

The code is read, not run: it needs the application. Testing/inslicer runs the example there.
"""

import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest

from deepasl.settings import Settings

REPOSITORY = Path(__file__).resolve().parents[2]
LOGIC = REPOSITORY / "DeepASLDenoise" / "DeepASLDenoiseLib" / "logic.py"

PROMISED = {
    "getParameterNode": "",
    "loadScan": "path",
    "job": "series, model, device, settings, beside",
    "jobOf": "choice, model, device",
    "process": "inputNode, m0Node, *, model, device, edits, roleEdits, swapped, beside, **settings",
    "keep": "result, inputNode, m0Node, beside",
    "results": "inputNode",
    "compare": "results",
    "showComparison": "results",
    "leaveComparison": "",
    "rememberLayout": "",
    "statistics": "results, segmentation",
    "agreement": "nodes",
    "closeness": "results, reference",
    "export": "nodes, folder, *, replace",
    "exportDicom": "nodes, folder, *, forms, patient, deidentify, replace",
    "repeat": "nodes",
}
"""Removing or renaming any of these breaks scripts of others."""


@pytest.fixture(scope="module")
def methods() -> dict[str, ast.FunctionDef]:
    """The public methods of the logic."""
    tree = ast.parse(LOGIC.read_text(encoding="utf-8"))
    logic = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "DeepASLDenoiseLogic")
    return {n.name: n for n in logic.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")}


def signature(function: ast.FunctionDef) -> str:
    names = [argument.arg for argument in function.args.args if argument.arg != "self"]
    keywords = [argument.arg for argument in function.args.kwonlyargs]
    others = [] if function.args.kwarg is None else [f"**{function.args.kwarg.arg}"]
    return ", ".join([*names, *(["*", *keywords] if keywords else []), *others])


def example() -> str:
    """The Python example of the README."""
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(import slicer\n.*?)```", text, re.DOTALL)
    assert found, "the README has no Python example of the module"
    return found[1]


def test_scripts_find_what_they_were_promised(methods):
    assert {name: signature(method) for name, method in methods.items()} == PROMISED


def test_everything_promised_is_documented(methods):
    assert [name for name, method in methods.items() if not ast.get_docstring(method)] == []


def test_the_example_of_the_readme_calls_what_is_there(methods):
    calls = [
        n
        for n in ast.walk(ast.parse(example()))
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and ast.unparse(n.func.value) == "logic"
    ]
    assert len({call.func.attr for call in calls}) >= 6
    for call in calls:
        given = {keyword.arg for keyword in call.keywords}
        promised = set(PROMISED[call.func.attr].replace("*, ", "").split(", "))
        choices = {field.name for field in fields(Settings)} if "**settings" in promised else set()
        assert given <= promised | choices
