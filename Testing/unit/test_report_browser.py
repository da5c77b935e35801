"""The page of the report as a browser shows it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from example_result import AXIAL_RAS, OBLIQUE_RAS, example_result
from report_pages import HOSTILE, at_voxels, displayed, in_browser

from deepasl.findings import warning
from deepasl.report.page import report_data

PROBE = """
const { layers, mask, grid, colormaps } = unpacked;
const sums = {};
for (const [name, layer] of layers) sums[name] = layer.values.reduce((sum, value, n) => sum + mask[n] * value, 0);
const image = new ImageData(grid.columns, grid.rows);
const look = { table: colormaps.get("grey").table, low: 0, high: 100, smooth: false, shown: mask };
paintSlice(image, grid, layers.get("conventional").values, grid.startSlice, look);
const red = Array.from(image.data).filter((_, n) => n % 4 === 0);
document.body.append(JSON.stringify({ sums, red, brain: mask.reduce((a, b) => a + b) }) + "END");
"""


@in_browser
def test_the_browser_unpacks_and_colors_what_was_computed(tmp_path: Path) -> None:
    result = example_result(OBLIQUE_RAS)
    conventional, denoised, mask = result.conventional.cbf, result.denoised.cbf, result.mask
    assert conventional is not None
    assert denoised is not None
    assert result.m0 is not None
    dom = displayed(result, tmp_path, PROBE)
    found = json.loads(re.search(r'(\{"sums".*?)END', dom)[1])  # type: ignore[index]
    assert found["brain"] == mask.sum()
    maps = {
        "conventional": conventional,
        "denoised": denoised,
        "difference": conventional - denoised,
        "removed": result.removed,
        "m0": result.m0.volume,
    }
    for name, values in maps.items():
        assert found["sums"][name] == pytest.approx(values[mask].sum(), abs=0.03 * mask.sum()), name
    data = report_data(result)
    start = data["maps"]["grid"]["startSlice"]
    shown, brain = (at_voxels(data, volume)[start] for volume in (conventional, mask))
    grey = np.where(brain, np.clip(np.floor(shown * 2.56), 0, 255), 0)
    assert np.abs(np.reshape(found["red"], grey.shape) - grey).max() <= 1


@in_browser
@pytest.mark.parametrize("with_m0", [True, False], ids=["CBF", "deltam"])
def test_a_browser_shows_maps_figures_and_doubts(tmp_path: Path, with_m0: bool) -> None:
    found = (warning("b", "The labels may be swapped."),)
    result = example_result(AXIAL_RAS, with_m0=with_m0, name=HOSTILE, findings=found)
    dom = displayed(result, tmp_path)
    body = dom.split("<body>")[1].split('<script type="application/json"')[0]
    text = re.sub(r"<[^>]+>", " ", body)
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in body
    assert "1 warning." in " ".join(text.split())
    assert "The labels may be swapped." in text
    assert body.count("<svg") >= 4
    assert "Bland-Altman, grey matter" in text
    title = "Conventional CBF" if with_m0 else "Conventional ΔM"
    assert f'aria-label="{title}, slice 3 of 6, left edge is patient R, top edge is patient A"' in body
    mean = next(s.mean for s in result.statistics if (s.region, s.map) == ("grey matter", "denoised"))
    assert f">{mean:.{1 if with_m0 else 2}f}<" in body
    assert not re.search(r"\b(NaN|undefined|null|\[object)\b", text)
