"""The CMake lists, the Slicer package and the pip package hold what is in the tree: no more, no less."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
MODULE = REPOSITORY / "DeepASLDenoise"


def listed(name: str) -> set[str]:
    """The files of a list in the CMake file of the module."""
    text = (MODULE / "CMakeLists.txt").read_text(encoding="utf-8").replace("${MODULE_NAME}", "DeepASLDenoise")
    found = re.search(rf"set\({name}\n(.*?)\)", text, re.DOTALL)
    assert found is not None
    return set(found[1].split())


def in_tree(*patterns: str) -> set[str]:
    files = {file for pattern in patterns for file in MODULE.glob(pattern) if file.is_file()}
    return {file.relative_to(MODULE).as_posix() for file in files if "__pycache__" not in file.parts}


def test_every_python_file_is_installed_and_none_is_missing():
    assert listed("MODULE_PYTHON_SCRIPTS") == in_tree("*.py", "DeepASLDenoiseLib/**/*.py", "deepasl/**/*.py")


def test_every_resource_is_installed_and_none_is_missing():
    assert listed("MODULE_PYTHON_RESOURCES") == in_tree("Resources/**/*", "deepasl/templates/*")


def test_every_python_file_beside_the_module_is_a_module():
    """Slicer loads each of them as one."""
    assert {path.name for path in MODULE.glob("*.py")} == {"DeepASLDenoise.py"}


def test_the_models_registry_names_the_files_that_are_there():
    models = REPOSITORY / "models"
    entries = json.loads((models / "models.json").read_text(encoding="utf-8"))["models"]
    for entry in entries:
        assert (models / entry["file"]).is_file()
        assert (models / entry["card"]).is_file()
    assert {entry["file"] for entry in entries} == {file.name for file in models.glob("*.onnx")}


def test_the_pip_package_holds_the_same_packages():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    packages = set(project["tool"]["setuptools"]["packages"])
    folders = {file.parent.relative_to(MODULE).as_posix().replace("/", ".") for file in MODULE.rglob("__init__.py")}
    assert folders <= packages


def test_the_extension_description_has_the_name_of_the_project():
    text = (REPOSITORY / "CMakeLists.txt").read_text(encoding="utf-8")
    name = re.search(r"^project\((\w+)\)", text, re.MULTILINE)
    assert name is not None
    description = json.loads((REPOSITORY / f"{name[1]}.json").read_text(encoding="utf-8"))
    assert description["build_dependencies"] == []
    assert {"$schema", "category", "scm_url"} <= set(description)


def test_the_clone_stays_small():
    """The Extensions Index takes no repository above 100 MB, history included."""
    counted = subprocess.run(
        ["git", "count-objects", "-v"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    if counted.returncode != 0:
        pytest.skip("this is not a git clone")
    sizes = dict(line.split(": ") for line in counted.stdout.splitlines())
    assert int(sizes["size"]) + int(sizes["size-pack"]) < 100 * 1024
