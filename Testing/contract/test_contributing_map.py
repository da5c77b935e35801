"""The maps in CONTRIBUTING.md name every folder, and every module of the core, and none that is not there."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CORE = REPOSITORY / "DeepASLDenoise" / "deepasl"
LIB = REPOSITORY / "DeepASLDenoise" / "DeepASLDenoiseLib"
WITHOUT_LIST = {"readers", "readers/dicom", "writers/dicom", "phantom"}
"""Folders of which the map says only what they are for."""


def rows() -> dict[str, list[str]]:
    """What the right column of the map names, by what stands in the left one."""
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text[text.index("| folder of `DeepASLDenoise/deepasl/`") : text.index("What needs MRML")]
    cells = [line.strip("| ").split("|") for line in table.splitlines()[2:] if line.startswith("|")]
    return {place.strip(): re.findall(r"`([a-z0-9_]+)`", modules) for place, modules in cells}


def modules_in(folder: Path) -> list[str]:
    return sorted({file.stem for file in folder.glob("*.py")} - {"__init__"})


def folders() -> set[str]:
    return {file.parent.relative_to(CORE).as_posix() for file in CORE.glob("*/**/*.py")}


def test_a_newcomer_finds_every_module_above_the_folders_once() -> None:
    named = [module for place, modules in rows().items() if place.startswith("the core itself") for module in modules]
    assert sorted(named) == modules_in(CORE)


@pytest.mark.parametrize("folder", sorted(folders() - WITHOUT_LIST))
def test_a_newcomer_finds_every_module_of_a_folder_once(folder: str) -> None:
    assert sorted(rows()[f"`{folder}/`"]) == modules_in(CORE / folder)


def test_every_folder_of_the_core_that_holds_modules_is_in_the_map() -> None:
    assert folders()
    places = " ".join(rows())
    assert {folder for folder in folders() if f"`{folder}/`" not in places} == set()


def test_every_folder_of_what_faces_slicer_is_in_its_map_once() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text[text.index("| folder of `DeepASLDenoise/DeepASLDenoiseLib/`") : text.index("## How we write")]
    named = re.findall(r"^\| `(\w+)/` \|", table, re.MULTILINE)
    assert sorted(named) == sorted(file.parent.name for file in LIB.glob("*/__init__.py"))
