"""The report: what it holds is what was computed, it shows left on the right, and it needs nothing from outside."""

import base64
import re
from dataclasses import replace

import numpy as np
import pytest
from example_result import AXIAL_LPS, AXIAL_RAS, CORONAL, OBLIQUE_RAS, acquisition, example_result
from report_pages import HOSTILE, Elements, at_voxels, layer_of, stored

from deepasl.acquisition.parameters import Source
from deepasl.findings import note, warning
from deepasl.geometry import Geometry
from deepasl.report.page import TEMPLATES, report_data, report_html
from deepasl.results import PerfusionMaps
from deepasl.series import Role
from deepasl.writers.provenance import RESEARCH_USE

GRIDS = {"LPS": AXIAL_LPS, "RAS": AXIAL_RAS, "oblique": OBLIQUE_RAS, "coronal": CORONAL}


@pytest.fixture(scope="module")
def page() -> str:
    return report_html(example_result())


@pytest.mark.parametrize("geometry", GRIDS.values(), ids=GRIDS.keys())
def test_stored_maps_are_the_computed_ones_within_the_stated_rounding(geometry: Geometry) -> None:
    result = example_result(geometry)
    data = report_data(result)
    pairs = ((result.conventional.cbf, "conventional"), (result.denoised.cbf, "denoised"))
    for computed, name in pairs:
        assert computed is not None
        np.testing.assert_allclose(stored(data, name), at_voxels(data, computed), atol=0.025 + 1e-4)
    step = layer_of(data, "removed")["step"]
    np.testing.assert_allclose(stored(data, "removed"), at_voxels(data, result.removed), atol=0.51 * step)
    assert step < 0.001 * np.abs(result.removed).max()


@pytest.mark.parametrize("geometry", GRIDS.values(), ids=GRIDS.keys())
def test_the_whole_brain_is_in_the_picture_and_marked(geometry: Geometry) -> None:
    result = example_result(geometry)
    data = report_data(result)
    expected = at_voxels(data, result.mask)
    bits = np.unpackbits(np.frombuffer(base64.b64decode(data["maps"]["mask"]), np.uint8))
    np.testing.assert_array_equal(bits[: expected.size].reshape(expected.shape), expected)
    assert expected.sum() == result.mask.sum()


@pytest.mark.parametrize("geometry", GRIDS.values(), ids=GRIDS.keys())
def test_flow_on_the_patients_left_is_on_the_right_of_the_picture(geometry: Geometry) -> None:
    k, j, i = np.indices(geometry.shape)
    left = np.einsum("a,a...->...", geometry.ijk_to_lps()[0], np.stack([i, j, k, np.ones_like(i)]))
    result = example_result(geometry)
    flow = np.where(left > left[result.mask].mean(), 60.0, 0.0).astype(np.float32)
    data = report_data(replace(result, conventional=replace(result.conventional, cbf=flow)))
    shown = stored(data, "conventional")
    half = shown.shape[2] // 2
    assert np.all(shown[:, :, -half:] == 60)
    assert np.all(shown[:, :, :half] == 0)
    assert data["maps"]["grid"]["edges"]["left"] == "R"


def test_a_point_of_the_picture_knows_its_place_in_the_patient() -> None:
    data = report_data(example_result(OBLIQUE_RAS))
    grid = data["maps"]["grid"]
    picture = [1, 2, 3, 1]
    voxel = np.array(grid["pictureToVoxel"]) @ picture
    np.testing.assert_allclose(np.array(grid["pictureToLps"]) @ picture, OBLIQUE_RAS.ijk_to_lps() @ voxel, atol=1e-9)
    assert grid["plane"] == "axial"
    assert grid["tiltDegrees"] == pytest.approx(17.2, abs=0.05)


def test_voxels_that_are_not_numbers_stay_without_a_value() -> None:
    result = example_result()
    assert result.conventional.cbf is not None
    broken = result.conventional.cbf.copy()
    broken[2, 5, 4] = np.nan
    data = report_data(replace(result, conventional=replace(result.conventional, cbf=broken)))
    assert np.isnan(stored(data, "conventional")).sum() == 1


def test_flow_too_large_to_store_is_cut_and_counted() -> None:
    result = example_result()
    assert result.denoised.cbf is not None
    wild = result.denoised.cbf.copy()
    wild[2, 5, 4], wild[3, 5, 4] = 1e7, -1e7
    data = report_data(replace(result, denoised=replace(result.denoised, cbf=wild)))
    assert layer_of(data, "denoised")["beyond"] == 2
    assert stored(data, "denoised").max() == pytest.approx(32767 * 0.05)
    assert stored(data, "denoised").min() == pytest.approx(-32767 * 0.05)


def test_without_m0_difference_images_are_shown_in_arbitrary_units() -> None:
    data = report_data(example_result(with_m0=False))
    layers = data["maps"]["layers"]
    assert [layer["title"] for layer in layers] == ["Conventional ΔM", "Denoised ΔM", "Removed noise (ΔM)"]
    assert {layer["unit"] for layer in layers} == {"a.u."}
    assert data["m0"] is None
    assert data["unit"] == "a.u."


def test_warnings_come_before_notes_and_are_counted() -> None:
    found = (note("a", "fine"), warning("b", "doubtful"), note("c", "well"), warning("d", "wrong"))
    data = report_data(example_result(findings=found))
    assert [f["message"] for f in data["findings"]] == ["doubtful", "wrong", "fine", "well"]
    assert data["warnings"] == 2


def test_the_change_is_denoised_minus_conventional() -> None:
    result = example_result()
    brain = report_data(result)["statistics"][0]
    before, after = (s for s in result.statistics if s.region == "brain")
    assert (before.map, after.map) == ("conventional", "denoised")
    assert brain["region"] == "brain"
    assert brain["change"]["mean"] == pytest.approx(after.mean - before.mean)
    assert brain["change"]["mean_percent"] == pytest.approx(100 * (after.mean / before.mean - 1))
    assert brain["change"]["standard_deviation"] < 0


def test_a_parameter_outside_its_usual_range_is_marked_with_value_and_source() -> None:
    odd = acquisition().with_values(Source.USER, "given by the user", labeling_efficiency=0.3)
    parameters = {p["field"]: p for p in report_data(example_result(acquisition=odd))["parameters"]}
    assert [name for name, p in parameters.items() if p["unusual"]] == ["labeling_efficiency"]
    efficiency = parameters["labeling_efficiency"]
    assert (efficiency["value"], efficiency["usual"], efficiency["source"]) == ("0.3", "0.5 to 1", "user")
    assert parameters["t1_blood"]["source"] == "default"
    assert parameters["background_suppression"]["value"] == "no"
    assert parameters["bolus_cutoff_delay"]["source"] == ""


def test_the_zero_delay_of_m0_volumes_is_neither_shown_nor_marked() -> None:
    delay = next(p for p in report_data(example_result())["parameters"] if p["field"] == "post_labeling_delay")
    assert delay["value"] == "1.8 s"
    assert not delay["unusual"]


def test_the_volume_an_aborted_scan_left_over_is_shown_as_left_out() -> None:
    volumes = report_data(example_result())["volumes"]["volumes"]
    assert [v["used"] for v in volumes] == [True, True, True, True, True, False]
    assert [v["partner"] for v in volumes] == [None, 2, 1, 4, 3, None]


def test_volumes_that_came_subtracted_count_as_used() -> None:
    result = example_result(roles=(Role.DELTAM, Role.DELTAM, Role.UNUSED), pairs=())
    assert [v["used"] for v in report_data(result)["volumes"]["volumes"]] == [True, True, False]


def test_noise_that_cannot_be_known_is_valid_json() -> None:
    page = report_html(example_result(noise=float("nan")))
    assert Elements(page).document()["model"]["noise"] is None


def test_names_from_files_cannot_leave_the_data() -> None:
    result = example_result(name=HOSTILE, origin=HOSTILE, role_evidence=(HOSTILE,), findings=(note("x", HOSTILE),))
    elements = Elements(report_html(result))
    assert elements.document()["name"] == HOSTILE
    plain = Elements(report_html(example_result()))
    assert [tag for tag, _ in elements.tags] == [tag for tag, _ in plain.tags]


def test_templates_in_names_are_not_filled_in() -> None:
    assert Elements(report_html(example_result(name="@@report.css@@"))).document()["name"] == "@@report.css@@"


def test_the_page_asks_nothing_of_the_network(page: str) -> None:
    elements = Elements(page)
    for tag, attributes in elements.tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form")
        assert not {"src", "srcset", "action", "data"} & attributes.keys()
    policy = next(a["content"] for t, a in elements.tags if t == "meta" and "content-security-policy" in str(a).lower())
    assert policy is not None
    assert "default-src 'none'" in policy
    code = "".join(file.read_text(encoding="utf-8") for file in TEMPLATES.iterdir())
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|innerHTML|document\.write|eval\(", code)
    addresses = set(re.findall(r"https?://[^`\"'$]*", page)) - {"http://www.w3.org/2000/svg"}  # a name, not a place
    assert {address.rpartition("/")[0] for address in addresses} == {"https://doi.org"}


def test_every_template_is_used_and_every_place_filled(page: str) -> None:
    places = re.findall(r"@@([\w.]+)@@", (TEMPLATES / "report.html").read_text(encoding="utf-8"))
    assert sorted({*places, "report.html"} - {"data"}) == sorted(file.name for file in TEMPLATES.iterdir())
    assert "@@" not in page


def test_research_use_is_said_at_the_top_even_without_javascript(page: str) -> None:
    top = re.sub(r"<[^>]+>", "", page.split("<main>")[0].split("<body>")[1])
    assert RESEARCH_USE in re.sub(r"\s+", " ", top)
    assert "<noscript>" in page


def test_the_page_is_not_much_larger_than_its_maps() -> None:
    shape = (20, 64, 64)
    rng = np.random.default_rng(0)
    noise = rng.normal(50, 20, shape).astype(np.float32)
    everything = np.ones(shape, bool)
    result = example_result(
        conventional=PerfusionMaps(noise, noise), denoised=PerfusionMaps(noise, noise), removed=noise, m0=None
    )
    result = replace(
        result, geometry=Geometry(shape), mask=everything, grey_matter=everything, white_matter=~everything
    )
    maps = 3 * noise.size * 2 * 4 / 3
    assert maps < len(report_html(result)) < maps + 150_000
