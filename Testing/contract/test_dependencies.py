"""Who may import whom: module -> DeepASLDenoiseLib -> deepasl, and deepasl_trainer -> deepasl; never back."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
MODULE = REPOSITORY / "DeepASLDenoise"
MODULES = sorted(MODULE.glob("*.py"))
CORE = sorted((MODULE / "deepasl").rglob("*.py"))
LIB = sorted((MODULE / "DeepASLDenoiseLib").rglob("*.py"))
TRAINER = sorted((REPOSITORY / "DeepASLTrainer" / "deepasl_trainer").rglob("*.py"))

APPLICATION = {"slicer", "vtk", "vtkmodules", "qt", "ctk", "mrml", "sitkUtils"}

BUNDLED = {*sys.stdlib_module_names, "numpy", "scipy", "SimpleITK", "pydicom", "slicer", "vtk", "qt", "ctk", "DICOMLib"}
"""What every Slicer 5.10 and newer has; anything else at file scope would make the module unloadable there."""

OUTSIDE_SLICER = {"cli.py"}
"""The command line needs packages that Slicer lacks, and is not imported by the module."""


def imports(file: Path) -> Iterator[str]:
    """The first name of every module a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        yield from _imported(node)


def imports_at_file_scope(file: Path) -> Iterator[str]:
    """Those that run when the file is imported: not inside functions, not for type checkers only."""
    pending: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield from _imported(node)
        pending.extend(ast.iter_child_nodes(node))


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        yield "" if node.level else (node.module or "").partition(".")[0]


def named(file: Path) -> str:
    return file.relative_to(REPOSITORY).as_posix()


@pytest.mark.parametrize("file", CORE, ids=named)
def test_the_core_imports_neither_the_application_nor_torch_nor_its_users(file):
    forbidden = APPLICATION | {"torch", "lightning", "DeepASLDenoiseLib", "DeepASLDenoise", "deepasl_trainer"}
    assert not forbidden & set(imports(file))


@pytest.mark.parametrize("file", [*MODULES, *LIB], ids=named)
def test_the_slicer_side_never_imports_the_trainer(file):
    assert not {"deepasl_trainer", "torch", "DeepASLDenoise"} & set(imports(file))


@pytest.mark.parametrize("file", TRAINER, ids=named)
def test_the_trainer_never_imports_the_slicer_side(file):
    assert not (APPLICATION | {"DeepASLDenoiseLib", "DeepASLDenoise"}) & set(imports(file))


@pytest.mark.parametrize("file", [f for f in [*MODULES, *LIB, *CORE] if f.name not in OUTSIDE_SLICER], ids=named)
def test_at_file_scope_only_what_slicer_comes_with_is_imported(file):
    assert not set(imports_at_file_scope(file)) - BUNDLED - {"deepasl", "DeepASLDenoiseLib"}


@pytest.mark.parametrize("file", [*MODULES, *LIB], ids=named)
def test_what_newer_slicers_have_is_imported_inside_functions(file):
    text = ast.parse(file.read_text(encoding="utf-8"))
    at_file_scope = [node for node in text.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not any("slicer.packaging" in ast.unparse(node) for node in at_file_scope)


@pytest.mark.parametrize("file", [*MODULES, *LIB], ids=named)
def test_the_slicer_side_is_ascii(file):
    assert file.read_bytes().isascii()


@pytest.mark.parametrize("file", [*MODULES, *LIB], ids=named)
def test_texts_are_translated_before_values_are_put_in(file):
    """An f-string inside ``_()`` would look for a translation of every value."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "translate"):
            assert not any(isinstance(argument, ast.JoinedStr) for argument in node.args)


def test_the_module_file_stays_thin():
    assert len((MODULE / "DeepASLDenoise.py").read_text(encoding="utf-8").splitlines()) < 400


def test_every_file_of_the_core_can_be_the_first_that_is_imported():
    """A circle of imports shows only when one enters it at the wrong place."""
    script = """
import importlib, sys
for name in sys.argv[2:]:
    sys.path[0] = sys.argv[1]
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(name, error)
    for module in [module for module in sys.modules if module.partition(".")[0] == "deepasl"]:
        del sys.modules[module]
"""
    names = [file.relative_to(MODULE).with_suffix("").as_posix().replace("/", ".") for file in CORE]
    names = [name.removesuffix(".__init__") for name in names]
    run = subprocess.run(
        [sys.executable, "-c", script, str(MODULE), *names], capture_output=True, text=True, check=True
    )
    assert run.stdout == ""
