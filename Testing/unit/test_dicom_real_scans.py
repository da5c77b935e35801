"""Every real DICOM series is understood as its scanner and its protocol have it."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from deepasl.acquisition.parameters import LabelingType, Source
from deepasl.inspection import inspect_series
from deepasl.pipeline import Settings, prepare
from deepasl.progress import Clock, run
from deepasl.readers.dicom import DicomScan, Request, SeriesKind, find_series, likeness, read_dicom
from deepasl.series import Role

M0, CONTROL, LABEL, LEFT_OUT = Role.M0SCAN, Role.CONTROL, Role.LABEL, Role.UNUSED

ReadReal = Callable[..., DicomScan]


@pytest.fixture(scope="module")
def real(shared_data: Path) -> ReadReal:
    """Reads a folder of the shared scans, each once."""

    @cache
    def read(folder: str, series: int | None = None) -> DicomScan:
        return read_dicom(shared_data / "dicom" / folder, Request(series=series))

    return read


ROWS = {
    "pasl2d": ("siemens-ve11", 3, (M0, *[LABEL, CONTROL] * 42), (20, 72, 72), LabelingType.PASL, None, 2.0),
    "pcasl2d": ("siemens-ve11", 9, (LABEL, CONTROL) * 51, (20, 72, 72), LabelingType.PCASL, 1.5088, 0.2),
    "pcasl3d": (
        "siemens-ve11",
        15,
        (M0, LEFT_OUT, *[LABEL, CONTROL] * 8),
        (40, 96, 96),
        LabelingType.PCASL,
        1.5088,
        1.2,
    ),
    "xa30": ("siemens-xa30", None, (M0, *[LABEL, CONTROL] * 3), (12, 64, 64), LabelingType.PCASL, 1.8, 1.8),
    "philips classic": (
        "philips-classic",
        None,
        (M0, M0, *[CONTROL, LABEL] * 2),
        (40, 96, 96),
        LabelingType.PCASL,
        None,
        None,
    ),
    "philips enhanced": (
        "philips-enhanced",
        None,
        (M0, M0, *[CONTROL, LABEL] * 2),
        (40, 96, 96),
        LabelingType.PCASL,
        None,
        None,
    ),
    "philips phantom": (
        "philips-phantom-enhanced",
        None,
        (M0, M0, *[CONTROL, LABEL] * 7),
        (14, 80, 80),
        LabelingType.PCASL,
        None,
        None,
    ),
}
"""Folder, series, roles, shape, labeling type, labeling duration and delay in s (None: in no header)."""


@pytest.mark.parametrize("row", ROWS)
def test_a_real_scan_has_the_roles_and_times_of_its_protocol(real: ReadReal, row: str) -> None:
    folder, number, roles, shape, kind, duration, delay = ROWS[row]
    series = real(folder, number).series
    acquisition = series.acquisition
    assert series.roles == roles
    assert series.volumes.shape == (len(roles), *shape)
    assert acquisition.labeling_type.value is kind
    assert acquisition.labeling_duration.value == duration
    assert acquisition.post_labeling_delay.value == (None if delay is None else (delay,))
    assert acquisition.magnetic_field_strength.value == 3.0
    for _, parameter in acquisition:
        assert not parameter.known or parameter.source is Source.DICOM
        assert not parameter.known or parameter.origin


def test_bolus_width_and_slice_times_of_product_pasl_come_from_the_protocol(real: ReadReal) -> None:
    acquisition = real("siemens-ve11", 3).series.acquisition
    assert acquisition.bolus_cutoff_delay.value == 0.8
    timing = acquisition.slice_timing.require()
    assert len(timing) == 20
    assert timing[0] == 0
    assert timing[11] == pytest.approx(0.5125, abs=0.003)


def test_the_separate_m0_of_pcasl2d_is_found_with_its_own_repetition_time(real: ReadReal) -> None:
    scan = real("siemens-ve11", 9)
    assert scan.m0 is not None
    assert scan.m0.number == 10
    assert scan.series.m0scan is not None
    assert scan.series.m0scan.geometry.matches(scan.series.geometry)
    assert scan.series.acquisition.m0_repetition_time.value == 2.0
    assert scan.series.acquisition.repetition_time.value == 2.54
    assert scan.series.acquisition.slice_timing.require()[-1] == pytest.approx(0.74)


def test_pcasl2d_warns_that_its_delay_makes_blood_flow_meaningless(real: ReadReal) -> None:
    told = {f.code: f.message for f in real("siemens-ve11", 9).series.findings}
    assert "0.2 s" in told["delay-in-arteries"]
    assert "meaningless" in told["delay-in-arteries"]


def test_the_labeling_duration_the_converter_mixed_up_is_corrected_and_told(real: ReadReal) -> None:
    messages = [f.message for f in real("siemens-ve11", 15).series.findings if f.code == "converter-mistake"]
    assert any("LabelingDuration 1.2" in message and "1.5088" in message for message in messages)


def test_attributes_left_over_from_the_product_sequence_do_not_make_pcasl_pulsed(real: ReadReal) -> None:
    series = real("siemens-ve11", 15).series
    assert series.acquisition.labeling_type.value is LabelingType.PCASL
    assert "technique-left-over" in {f.code for f in series.findings}


def test_pcasl3d_gives_a_plausible_grey_matter_blood_flow(real: ReadReal) -> None:
    from deepasl.quantification.blood_flow import blood_flow

    ready = run(prepare(real("siemens-ve11", 15).series, Settings(), Clock()))
    cbf = blood_flow(ready.differences.mean, ready.m0, ready.mask, ready.acquisition)
    assert cbf is not None
    assert 35 < cbf[ready.grey].mean() < 80
    assert cbf[ready.white].mean() < 0.7 * cbf[ready.grey].mean()


def test_both_encodings_of_the_philips_scan_are_the_same_voxel_for_voxel(real: ReadReal) -> None:
    classic, enhanced = real("philips-classic").series, real("philips-enhanced").series
    assert classic.roles == enhanced.roles
    assert classic.geometry.matches(enhanced.geometry, tolerance=1e-4)
    np.testing.assert_array_equal(classic.volumes, enhanced.volumes)
    for (name, one), (_, other) in zip(classic.acquisition, enhanced.acquisition, strict=True):
        assert one.value == other.value, name


def test_the_order_dcm2niix_gives_the_enhanced_scan_is_corrected_and_told(real: ReadReal) -> None:
    assert "order-corrected" in {f.code for f in real("philips-enhanced").series.findings}
    assert "order-corrected" not in {f.code for f in real("philips-classic").series.findings}


@pytest.mark.parametrize(
    ("folder", "pld", "kinds", "least"),
    [
        ("philips-classic", 2.0, [SeriesKind.SUBTRACTED], 0.9),
        ("philips-enhanced", 2.0, [SeriesKind.SUBTRACTED], 0.9),
        ("siemens-xa30", None, [SeriesKind.SUBTRACTED, SeriesKind.RELATIVE_CBF], 0.65),
    ],
)
def test_control_minus_label_agrees_with_what_the_scanner_subtracted(
    real: ReadReal, folder: str, pld: float | None, kinds: list[SeriesKind], least: float
) -> None:
    scan = real(folder)
    ready = run(prepare(scan.series, Settings(pld=pld), Clock()))
    assert [scanner.kind for scanner in scan.maps] == kinds
    for scanner in scan.maps:
        assert likeness(ready.differences.mean, scan.series.geometry, scanner, ready.mask) > least


def test_the_xa30_scanner_subtracts_the_same_pairs_but_for_the_first(real: ReadReal) -> None:
    """Three pairs are too few to average the noise away: what agrees so well is the pairing and its sign."""
    scan = real("siemens-xa30")
    ready = run(prepare(scan.series, Settings(), Clock()))
    pairs = scan.series.volumes_of(CONTROL) - scan.series.volumes_of(LABEL)
    subtracted = scan.maps[0]
    agreement = [likeness(d, scan.series.geometry, subtracted, ready.mask) for d in (pairs[1:].mean(axis=0), pairs[0])]
    assert agreement[0] > 0.9
    assert agreement[1] < 0


def test_the_water_phantom_shows_no_perfusion(real: ReadReal) -> None:
    inspection = run(inspect_series(real("philips-phantom-enhanced").series, Settings(pld=2.0)))
    assert inspection.deltam is not None
    assert inspection.mask is not None
    m0 = real("philips-phantom-enhanced").series.volumes_of(Role.M0SCAN).mean(axis=0)
    assert abs(inspection.deltam[inspection.mask].mean()) < 0.0005 * m0[inspection.mask].mean()


def test_philips_headers_are_asked_for_what_they_do_not_hold(real: ReadReal) -> None:
    inspection = run(inspect_series(real("philips-classic").series, Settings()))
    assert {"missing-post-labeling-delay", "missing-labeling-duration"} <= {f.code for f in inspection.findings}


def test_background_suppression_is_seen_in_the_signal(real: ReadReal) -> None:
    seen = {
        row: real(*ROWS[row][:2]).series.acquisition.background_suppression.value
        for row in ("pasl2d", "pcasl3d", "xa30", "philips classic")
    }
    assert seen == {"pasl2d": False, "pcasl3d": True, "xa30": False, "philips classic": True}


def test_philips_images_lie_where_gdcm_reads_them(real: ReadReal, shared_data: Path) -> None:
    series = real("philips-classic").series
    files = sorted((shared_data / "dicom" / "philips-classic" / "1903").glob("*.dcm"))
    for file in files[::60]:
        image = sitk.ReadImage(str(file))
        header = pydicom.dcmread(file, stop_before_pixels=True)
        corner, middle = (image.TransformIndexToPhysicalPoint(index) for index in ((0, 0, 0), (40, 50, 0)))
        here = np.linalg.inv(series.geometry.ijk_to_lps()) @ (*middle, 1)
        np.testing.assert_allclose(here, np.rint(here), atol=0.02)
        i, j, k, _ = np.rint(here).astype(int)
        t = [CONTROL, LABEL].index(Role(str(header[0x2005, 0x1429].value).lower()))
        t += 2 * (int(header.TemporalPositionIdentifier) - 1)
        stored = sitk.GetArrayFromImage(image)[0, 50, 40] / float(header.RescaleSlope)
        assert series.volumes[t, k, j, i] == pytest.approx(stored / header[0x2005, 0x100E].value, rel=1e-5)
        assert np.isfinite(corner).all()


def test_a_siemens_mosaic_lies_where_its_m0_and_its_slices_say(real: ReadReal) -> None:
    """The center of the grid is that of the mosaic, which shares it with its slices."""
    scan = real("siemens-ve11", 9)
    header = pydicom.dcmread(scan.source.files[0], stop_before_pixels=True)
    row, column = np.reshape([float(v) for v in header.ImageOrientationPatient], (2, 3))
    half = (360 - 1) / 2 * 3.0
    center = np.array([float(v) for v in header.ImagePositionPatient]) + half * row + half * column
    _, j, i = scan.series.geometry.shape
    in_first_slice = scan.series.geometry.ijk_to_lps() @ ((i - 1) / 2, (j - 1) / 2, 0, 1)
    np.testing.assert_allclose(in_first_slice[:3], center, atol=0.01)


def test_the_folder_of_all_scans_is_told_apart(shared_data: Path) -> None:
    kinds = [(s.number, s.verdict.kind, s.images) for s in find_series(shared_data / "dicom" / "siemens-ve11")]
    assert kinds == [
        (3, SeriesKind.ASL, 85),
        (9, SeriesKind.ASL, 102),
        (10, SeriesKind.M0, 1),
        (15, SeriesKind.ASL, 18),
    ]
