"""The map of the core in CONTRIBUTING.md names every module, once, and none that is not there."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CORE = REPOSITORY / "DeepASLDenoise" / "deepasl"


def test_a_newcomer_finds_every_module_of_the_core_once_in_the_map() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text[text.index("| theme |") : text.index("## How we write")]
    named = re.findall(r"`([a-z0-9_]+)`", table)
    modules = {file.stem for file in CORE.glob("*.py")} - {"__init__", "pipeline"}
    assert sorted(named) == sorted(modules)


def test_every_folder_of_the_core_that_holds_modules_is_in_the_map() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folders = {file.parent.relative_to(CORE).as_posix() for file in CORE.glob("*/**/*.py")}
    assert folders
    assert {folder for folder in folders if f"`{folder}/`" not in text} == set()
