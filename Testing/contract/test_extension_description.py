"""DeepASL.json is what the Extensions Index takes; the extension has a name, an icon and the rules it asks for."""

import json
import re
import struct
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
DESCRIPTION = json.loads((REPOSITORY / "DeepASL.json").read_text(encoding="utf-8"))
CMAKE = (REPOSITORY / "CMakeLists.txt").read_text(encoding="utf-8")

SCHEMA = (
    "https://raw.githubusercontent.com/Slicer/Slicer/main/Schemas/slicer-extension-catalog-entry-schema-v1.0.2.json#"
)

KINDS = {
    "$schema": str,
    "category": str,
    "scm_url": str,
    "scm_revision": str,
    "scm_type": str,
    "build_dependencies": list,
    "dicom_support_rule": str,
    "build_subdirectory": str,
    "enabled": bool,
    "tier": int,
}
"""All that schema 1.0.2 knows; it allows nothing else."""


def test_the_description_follows_the_schema():
    assert DESCRIPTION["$schema"] == SCHEMA
    assert {"$schema", "category", "scm_url"} <= set(DESCRIPTION) <= set(KINDS)
    assert {key: type(value) for key, value in DESCRIPTION.items()} == {key: KINDS[key] for key in DESCRIPTION}
    assert DESCRIPTION.get("scm_type", "git") in ("git", "local")
    assert 1 <= DESCRIPTION.get("tier", 1) <= 5
    assert all(isinstance(name, str) for name in DESCRIPTION["build_dependencies"])


def test_the_index_can_package_it_by_itself():
    """It does where an extension builds on no other and has nothing to compile."""
    assert DESCRIPTION["build_dependencies"] == []
    assert not [file for kind in ("cxx", "cpp", "h", "hxx") for file in REPOSITORY.glob(f"DeepASL*/**/*.{kind}")]


def test_the_file_has_unix_line_ends():
    assert b"\r" not in (REPOSITORY / "DeepASL.json").read_bytes()


def test_the_project_is_named_like_the_file_and_not_slicer():
    assert re.findall(r"^project\((\w+)\)", CMAKE, re.MULTILINE) == ["DeepASL"]


@pytest.mark.parametrize("name", ["HOMEPAGE", "CONTRIBUTORS", "DESCRIPTION", "DEPENDS"])
def test_what_the_catalog_shows_is_written_out(name):
    """The index reads the file as text: a variable in it would be shown as such."""
    found = re.findall(rf'^set\(EXTENSION_{name} "([^"]+)"\)', CMAKE, re.MULTILINE)
    assert len(found) == 1
    assert "$" not in found[0]


def test_the_extension_says_that_it_is_for_research():
    assert "Research use only" in re.search(r'EXTENSION_DESCRIPTION "([^"]+)"', CMAKE)[1]


@pytest.mark.parametrize("file", ["DeepASL.png", "DeepASLDenoise/Resources/Icons/DeepASLDenoise.png"])
def test_the_icons_are_png_of_128_by_128_pixels(file):
    header = (REPOSITORY / file).read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", header[16:24]) == (128, 128)


def test_clone_and_checkout_stay_small():
    """The Extensions Index takes no repository above 100 MB, history included."""
    git = ["git", "-C", str(REPOSITORY)]
    try:
        counted = subprocess.run([*git, "count-objects", "-v"], capture_output=True, text=True, check=True).stdout
        listed = subprocess.run([*git, "ls-files", "-z"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is not a git clone")
    history = dict(line.split(": ") for line in counted.splitlines())
    kilobytes = int(history["size"]) + int(history["size-pack"])
    files = [REPOSITORY / name for name in listed.split("\0") if name]
    checkout = sum(file.stat().st_size for file in files if file.is_file())
    assert kilobytes * 1024 + checkout < 100e6
