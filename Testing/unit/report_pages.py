"""Reading back what a report shows: from its data, from its page, and from a browser."""

import base64
import json
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepasl.report.maps import NO_VALUE
from deepasl.report.page import report_html
from deepasl.results import Result

HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>"


class Elements(HTMLParser):
    """Every start tag of a page, and the text of every script and style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.setdefault(self.tags[-1][0] if self.tags else "", []).append(data)

    def document(self) -> dict[str, Any]:
        """The JSON document, as the page's JavaScript will read it."""
        return next(json.loads(text) for text in self.text["script"] if text.startswith("{"))


def layer_of(data: dict[str, Any], name: str) -> dict[str, Any]:
    return next(layer for layer in data["maps"]["layers"] if layer["name"] == name)


def stored(data: dict[str, Any], name: str) -> np.ndarray:
    """A layer as the page unpacks it, ``[slice, row, column]``; NaN without a value."""
    layer, grid = layer_of(data, name), data["maps"]["grid"]
    integers = np.frombuffer(base64.b64decode(layer["data"]), "<i2")
    values = np.where(integers == NO_VALUE, np.nan, integers * layer["step"])
    return values.reshape(grid["slices"], grid["rows"], grid["columns"])


def at_voxels(data: dict[str, Any], volume: np.ndarray) -> np.ndarray:
    """The voxels of `volume` ``[k, j, i]`` that the picture elements say they show."""
    grid = data["maps"]["grid"]
    n, row, column = np.indices((grid["slices"], grid["rows"], grid["columns"]))
    places = np.stack([column, row, n, np.ones_like(n)])
    i, j, k, _ = np.einsum("ab,b...->a...", np.array(grid["pictureToVoxel"]), places).round().astype(int)
    return volume[k, j, i]


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
HEADLESS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


def displayed(result: Result, folder: Path, probe: str = "") -> str:
    """The page as a browser leaves it once its scripts, and then those of `probe`, have run."""
    file = folder / "report.html"
    page = report_html(result).replace("</body>", f"<script>{probe}</script></body>")
    file.write_text(page, encoding="utf-8")
    command = [str(CHROMIUM), *HEADLESS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", file.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=True).stdout


in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed to open the page in")
