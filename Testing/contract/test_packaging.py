"""The CMake lists, the Slicer package and the pip package hold what is in the tree: no more, no less."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

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
    assert listed("MODULE_PYTHON_RESOURCES") == in_tree("Resources/**/*", "deepasl/report/templates/*")


def test_every_python_file_beside_the_module_is_a_module():
    """Slicer loads each of them as one."""
    assert {path.name for path in MODULE.glob("*.py")} == {"DeepASLDenoise.py", "DeepASLDICOMPlugin.py"}


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


def install(folder: Path) -> None:
    """Put the listed files and the models where Slicer's build puts them: all modules share one folder."""
    cmake = (MODULE / "CMakeLists.txt").read_text(encoding="utf-8")
    models = re.search(r"configure_file\(\s*\$\{DeepASL_SOURCE_DIR\}/models/\$\{model\}\s*(\S+)", cmake)
    assert models is not None
    place = models[1].replace("${CMAKE_BINARY_DIR}/${Slicer_QTSCRIPTEDMODULES_LIB_DIR}", str(folder))
    patterns = re.findall(r"\$\{DeepASL_SOURCE_DIR\}/models/(\*\.\w+)", cmake)
    for file in (file for pattern in patterns for file in (REPOSITORY / "models").glob(pattern)):
        copy(file, Path(place.replace("${model}", file.name)))
    for name in listed("MODULE_PYTHON_SCRIPTS") | listed("MODULE_PYTHON_RESOURCES"):
        copy(MODULE / name, folder / name)


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def test_what_is_installed_runs_without_the_repository(tmp_path):
    """Networks intact, a report written, a phantom read: from the installed files alone."""
    install(tmp_path / "qt-scripted-modules")
    script = """
import sys, pathlib
sys.path.insert(0, sys.argv[1])
import deepasl.pipeline, deepasl.report.page, deepasl.writers.derivatives, deepasl.cli
from deepasl.commands.demo import write_demo_scan
from deepasl.readers import read_scan
from deepasl.denoising.registry import load_registry, read_verified
for entry in load_registry():
    assert sys.argv[1] in str(entry.path) and read_verified(entry) and entry.card.is_file()
assert sys.argv[1] in deepasl.report.page.__file__
assert read_scan(write_demo_scan(pathlib.Path(sys.argv[2]))).volumes.ndim == 4
"""
    arguments = [str(tmp_path / "qt-scripted-modules"), str(tmp_path)]
    run = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_every_panel_file_and_requirement_that_the_code_names_is_installed():
    resources = {name.removeprefix("Resources/") for name in listed("MODULE_PYTHON_RESOURCES")}
    sources = [MODULE / "DeepASLDenoise.py", *(MODULE / "DeepASLDenoiseLib").rglob("*.py")]
    texts = [file.read_text(encoding="utf-8") for file in sources]
    panels = {f"UI/{name}.ui" for text in texts for name in re.findall(r'^ +uiName = "(\w+)"', text, re.MULTILINE)}
    named = {name for text in texts for name in re.findall(r'"((?:Icons|UI)/[\w.-]+|requirements[\w-]*\.txt)"', text)}
    assert panels
    assert panels | named <= resources
