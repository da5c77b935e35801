"""The figures, tables and further maps of the report say what was computed."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from example_result import example_result
from report_pages import at_voxels, displayed, in_browser, layer_of, stored

from deepasl.perfusion.outliers import OutlierRule
from deepasl.quality.indices import QualityIndices
from deepasl.readers.dicom import ScannerMap, SeriesKind
from deepasl.report.page import report_data
from deepasl.run_record import DroppedVolumes, HeadMotion, RunRecord
from deepasl.settings import Settings


def test_histograms_count_every_voxel_of_a_tissue_but_the_outermost() -> None:
    histograms = report_data(example_result())["figures"]["histograms"]
    assert [each["region"] for each in histograms] == ["grey matter", "white matter"]
    for each in histograms:
        for kind in ("conventional", "denoised"):
            assert 95.0 < sum(each[kind]) <= 100.001
    grey = histograms[0]
    centers = np.linspace(*grey["range"], len(grey["denoised"]) + 1)[:-1]
    spread = {kind: np.sqrt(np.cov(centers, aweights=grey[kind])) for kind in ("conventional", "denoised")}
    assert spread["denoised"] < 0.5 * spread["conventional"]


def test_the_agreement_of_the_maps_is_that_of_bland_and_altman_in_grey_matter() -> None:
    result = example_result()
    assert result.denoised.cbf is not None
    assert result.conventional.cbf is not None
    shown = report_data(result)["figures"]["agreement"]
    change = (result.denoised.cbf - result.conventional.cbf)[result.grey_matter]
    assert shown["bias"] == pytest.approx(change.mean(), abs=1e-4)
    assert shown["upper"] == pytest.approx(change.mean() + 1.96 * change.std(ddof=1), abs=1e-3)
    assert shown["voxels"] == shown["shown"] == len(shown["mean"]) == result.grey_matter.sum()


def test_voxels_that_are_not_numbers_do_not_spoil_the_figures() -> None:
    result = example_result()
    assert result.denoised.cbf is not None
    broken = result.denoised.cbf.copy()
    broken[tuple(np.argwhere(result.grey_matter)[0])] = np.nan
    figures = report_data(replace(result, denoised=replace(result.denoised, cbf=broken)))["figures"]
    assert figures["agreement"]["voxels"] == result.grey_matter.sum() - 1
    assert np.isfinite(figures["histograms"][0]["denoised"]).all()


def test_the_signal_of_each_volume_is_shown_where_it_is_known() -> None:
    assert report_data(example_result())["figures"]["signal"] is None
    record = RunRecord(Settings(), np.array([5000.0, 1000.0, 990.0, 1001.0, 991.0, 1002.0]))
    signal = report_data(example_result(record=record))["figures"]["signal"]
    assert signal["values"] == list(record.volume_signal)
    low, high = signal["range"]
    assert low < 990.0 < 1002.0 < high < 1100.0


def test_transit_times_can_be_looked_at() -> None:
    result = example_result()
    att = np.where(result.mask, 1.234, 0.0).astype(np.float32)
    data = report_data(replace(result, denoised=replace(result.denoised, att=att)))
    assert layer_of(data, "denoised-att")["unit"] == "s"
    assert stored(data, "denoised-att").max() == pytest.approx(1.234, abs=0.0006)


def test_a_map_of_the_scanner_is_offered_for_the_third_place_and_colored_like_cbf_if_it_is_that() -> None:
    result = example_result()
    flow = np.where(result.mask, 50.0, 0.0).astype(np.float32)
    made = ScannerMap("series 7 (CBF)", SeriesKind.CBF, flow, result.geometry, "mL/100g/min", 7)
    subtracted = replace(made, kind=SeriesKind.SUBTRACTED, volume=flow / 9, unit="a.u.", number=None)
    elsewhere = replace(made, geometry=replace(result.geometry, origin=(5.0, 5.0, 5.0)))
    data = report_data(replace(result, scanner_maps=(made, subtracted, elsewhere)))
    assert (layer_of(data, "scanner0")["title"], layer_of(data, "scanner0")["scale"]) == (
        "Scanner: CBF (series 7)",
        "maps",
    )
    np.testing.assert_allclose(stored(data, "scanner0"), at_voxels(data, flow), atol=0.026)
    assert layer_of(data, "scanner1")["unit"] == "a.u."
    assert data["maps"]["scales"][layer_of(data, "scanner1")["scale"]]["window"][1] >= 50 / 9
    assert not [layer for layer in data["maps"]["layers"] if layer["name"] == "scanner2"]


def test_steps_that_were_switched_off_are_listed_too() -> None:
    assert report_data(example_result())["steps"] == []
    record = RunRecord(Settings(outliers=OutlierRule.SCORE), np.ones(6), dropped=(DroppedVolumes((3, 4), "odd"),))
    data = report_data(example_result(record=record, pairs=((1, 2),)))
    steps = {step["title"]: (step["done"], step["told"]) for step in data["steps"]}
    assert steps["Head motion"] == (False, "not looked for")
    assert steps["Outliers"] == (True, "SCORE: 1 of 2 left out")
    assert [v["used"] for v in data["volumes"]["volumes"]] == [True, True, True, False, False, False]
    assert data["volumes"]["volumes"][3]["reason"] == "outlier: odd"


@in_browser
def test_a_browser_shows_motion_quality_steps_and_regions(tmp_path: Path) -> None:
    motion = HeadMotion(np.random.default_rng(0).normal(0, 0.3, (6, 6)), np.linspace(0, 1, 6), True)
    quality = (QualityIndices(tsnr=1.25, spatial_cov=0.4), QualityIndices(spatial_cov=0.2))
    record = RunRecord(Settings(motion_correction=True), np.linspace(990.0, 1000.0, 6), motion)
    result = example_result(record=record, quality=quality)
    labels = tuple(replace(row, region="left thalamus") for row in result.statistics[:2])
    dom = displayed(replace(result, label_statistics=labels), tmp_path)
    text = " ".join(re.sub(r"<[^>]+>", " ", dom.split("<body>")[1].split('<script type="application/json"')[0]).split())
    for said in ("Shift of the head", "Framewise displacement", "largest 1.00 mm", "1.25", "40 %", "left thalamus"):
        assert said in text
    assert "corrected; framewise displacement of up to 1.00 mm" in text
    assert "Not known in this run: " in text
    assert not re.search(r"\b(NaN|undefined|null|\[object)\b", text)
