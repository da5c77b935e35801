"""Images beside the scan: they tell grey from white matter, pure flow of either, and flow of regions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deepasl.denoising.denoiser import Denoiser
from deepasl.errors import InputError
from deepasl.geometry import Geometry
from deepasl.images import Image
from deepasl.phantom import Protocol, Subject, acquire, default_anatomy
from deepasl.pipeline import Settings, process
from deepasl.progress import run
from deepasl.report.methods import methods_text
from deepasl.report.page import report_data
from deepasl.results import Result
from deepasl.series import AslSeries, FloatArray
from deepasl.side_images import AnatomicalImage, LabelImage, ProbabilityImages, SideImages
from deepasl.writers.derivatives import write_result
from deepasl.writers.provenance import provenance_of
from multidelay_scans import acquire_delays, late_subject
from phantom_scans import COARSE


def image_of(volume: FloatArray) -> Image:
    return Image(volume[None].astype(np.float32), COARSE, 3)


def tissue_beside(subject: Subject) -> SideImages:
    maps = (image_of(each) for each in (subject.tissue.grey, subject.tissue.white, subject.tissue.csf))
    return SideImages(probabilities=ProbabilityImages(*maps, "the phantom"))


@pytest.fixture(scope="module")
def clean(subject: Subject) -> AslSeries:
    return acquire(subject, Protocol(pairs=2), noise_sd=0.0, seed=0)


@pytest.fixture(scope="module")
def corrected(clean: AslSeries, subject: Subject, denoiser: Denoiser) -> Result:
    return run(process(clean, denoiser, Settings(partial_volume_correction=True), tissue_beside(subject)))


def test_figures_are_taken_where_the_images_beside_the_scan_say_grey_and_white_matter_are(
    corrected: Result, subject: Subject
) -> None:
    np.testing.assert_array_equal(corrected.grey_matter, corrected.mask & (subject.tissue.grey >= 0.7))
    assert corrected.record is not None
    assert corrected.record.tissue_origin == "the phantom"
    assert provenance_of(corrected)["Tissue"] == "the phantom"


def test_partial_volume_correction_gives_the_flow_of_pure_tissue(corrected: Result, subject: Subject) -> None:
    maps = corrected.conventional
    assert maps.cbf is not None
    assert maps.cbf_grey is not None
    assert maps.cbf_white is not None
    mixed = corrected.mask & (subject.tissue.grey > 0.3) & (subject.tissue.grey < 0.7)
    pure_grey = subject.cbf[subject.tissue.grey > 0.98].mean()
    pure_white = subject.cbf[subject.tissue.white > 0.98].mean()
    assert maps.cbf[mixed].mean() < 0.8 * pure_grey
    assert np.median(maps.cbf_grey[mixed]) == pytest.approx(pure_grey, rel=0.1)
    inside = corrected.mask & (subject.tissue.white > 0.3)
    assert np.median(maps.cbf_white[inside]) == pytest.approx(pure_white, rel=0.15)
    assert not maps.cbf_grey[~corrected.mask].any()


def test_partial_volume_correction_is_told_written_and_shown(corrected: Result, tmp_path: Path) -> None:
    text = methods_text(corrected)
    assert "by the phantom" in text
    assert "partial-volume" in text.lower()
    names = [layer["name"] for layer in report_data(corrected)["maps"]["layers"]]
    assert {"conventional-cbf_grey", "denoised-cbf_white"} <= set(names)
    written = write_result(corrected, tmp_path)
    assert len([file for file in written.files if "_cbfgrey.nii.gz" in file.name]) == 2


def test_the_maps_of_voxels_as_they_are_stay_the_same(corrected: Result, clean: AslSeries, denoiser: Denoiser) -> None:
    plain = run(process(clean, denoiser))
    np.testing.assert_array_equal(corrected.conventional.cbf, plain.conventional.cbf)
    np.testing.assert_array_equal(corrected.denoised.cbf, plain.denoised.cbf)


def test_partial_volume_correction_without_images_that_tell_the_tissue_is_refused_before_the_work(
    clean: AslSeries, denoiser: Denoiser
) -> None:
    with pytest.raises(InputError, match="how much of each voxel is grey and white matter"):
        run(process(clean, denoiser, Settings(partial_volume_correction=True)))


def test_pure_flow_is_fitted_to_several_delays_too(denoiser: Denoiser) -> None:
    late = late_subject()
    scan = acquire_delays(late, (1.0, 1.6, 2.2), Protocol(pairs=1))
    result = run(process(scan, denoiser, Settings(partial_volume_correction=True), tissue_beside(late)))
    assert result.conventional.cbf_grey is not None
    mixed = result.mask & (late.tissue.grey > 0.4) & (late.tissue.grey < 0.7)
    assert np.median(result.conventional.cbf_grey[mixed]) == pytest.approx(60.0, rel=0.15)


def test_regions_of_a_label_image_get_figures_of_both_maps(
    clean: AslSeries, subject: Subject, denoiser: Denoiser, tmp_path: Path
) -> None:
    right = np.arange(COARSE.shape[2]) * COARSE.spacing[0] + COARSE.origin[0] < 0
    labels = np.where(subject.mask, np.where(right, 1, 2), 0)
    beside = SideImages(labels=LabelImage(image_of(labels), {1: "right hemisphere"}, "halves.nii.gz"))
    result = run(process(clean, denoiser, beside=beside))
    rows = {(row.region, row.map): row for row in result.label_statistics}
    assert set(rows) == {(r, m) for r in ("right hemisphere", "label 2") for m in ("conventional", "denoised")}
    assert result.conventional.cbf is not None
    inside = result.mask & (labels == 1)
    assert rows["right hemisphere", "conventional"].mean == pytest.approx(result.conventional.cbf[inside].mean())
    shown = report_data(result)["labels"]
    assert [each["region"] for each in shown] == ["right hemisphere", "label 2"]
    write_result(result, tmp_path)
    (table,) = tmp_path.rglob("*_desc-labels_statistics.tsv")
    assert [line.split("\t")[0] for line in table.read_text().splitlines()[1::2]] == ["right hemisphere", "label 2"]


def test_quality_figures_need_an_anatomical_image_for_contrast_and_no_more_for_noise(
    series: AslSeries, subject: Subject, denoiser: Denoiser
) -> None:
    alone = run(process(series, denoiser))
    beside = run(process(series, denoiser, beside=tissue_beside(subject)))
    assert alone.quality is not None
    assert beside.quality is not None
    assert np.isnan(alone.quality[0].qei)
    assert 0.3 < beside.quality[0].qei <= 1.0
    assert beside.quality[0].tsnr == pytest.approx(alone.quality[0].tsnr, rel=0.3)
    assert np.isnan(alone.quality[1].tsnr)
    shown = report_data(alone)["quality"]
    assert shown["conventional"]["qei"] is None
    assert shown["conventional"]["tsnr"] == pytest.approx(alone.quality[0].tsnr)
    assert provenance_of(beside)["Quality"]["Conventional"]["qei"] == pytest.approx(beside.quality[0].qei)
    codes = {finding.code for finding in beside.findings}
    assert "quality-unsuspicious" in codes


def test_a_scan_without_flow_is_told_not_to_be_read_as_flow(subject: Subject, denoiser: Denoiser) -> None:
    bottle = replace(subject, cbf=np.zeros_like(subject.cbf))
    result = run(process(acquire(bottle, Protocol(pairs=4), noise_sd=3.0, seed=1), denoiser))
    assert "no-flow" in {finding.code for finding in result.findings}


def test_an_anatomical_image_tells_the_tissue_and_is_named(
    clean: AslSeries, subject: Subject, denoiser: Denoiser
) -> None:
    fine = Geometry(shape=(80, 134, 120), spacing=(1.6, 1.6, 1.5), origin=(-95.2, -106.4, -59.0))
    tissue = default_anatomy(fine)
    t1w = 60.0 * tissue.grey + 100.0 * tissue.white + 20.0 * tissue.csf
    noisy = t1w + np.random.default_rng(0).normal(0.0, 1.5, t1w.shape)
    beside = SideImages(anatomy=AnatomicalImage(Image(noisy[None].astype(np.float32), fine, 3), "t1w.nii.gz"))
    result = run(process(clean, denoiser, Settings(partial_volume_correction=True), beside))
    assert result.record is not None
    assert result.record.tissue_origin.startswith("t1w.nii.gz, T1-weighted")
    truly_grey = result.mask & (subject.tissue.grey >= 0.7)
    overlap = (result.grey_matter & truly_grey).sum()
    assert 2 * overlap / (result.grey_matter.sum() + truly_grey.sum()) > 0.8
    assert result.conventional.cbf_grey is not None
