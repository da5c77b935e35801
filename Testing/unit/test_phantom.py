"""The synthetic scan: its anatomy looks like a brain, and its truth is exact."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from deepasl.acquisition.parameters import LabelingType
from deepasl.calibration.m0 import m0_map
from deepasl.errors import AcquisitionError, OutputError
from deepasl.geometry import Geometry
from deepasl.phantom import (
    Lesion,
    Protocol,
    Subject,
    TissueMaps,
    acquire,
    default_anatomy,
    make_subject,
    true_deltam,
    write_bids,
)
from deepasl.phantom.anatomy import CEREBRUM
from deepasl.quantification.buxton import cbf_pcasl, delay_of_slices
from deepasl.readers import read_scan
from deepasl.series import AslSeries, FloatArray, Role

SMALL_GRID = Geometry((12, 26, 24), (8.0, 8.0, 8.0), (-92.0, -104.0, -34.0))


@pytest.fixture(scope="module")
def anatomy() -> TissueMaps:
    return default_anatomy()


@pytest.fixture(scope="module")
def subject() -> Subject:
    return make_subject(default_anatomy(SMALL_GRID), receive_bias=0.2)


def at_ras(volume: FloatArray, geometry: Geometry, *point: float) -> float:
    """The value of the voxel nearest to a point in RAS mm."""
    i, j, k, _ = np.linalg.solve(geometry.ijk_to_ras(), [*point, 1.0])
    return float(map_coordinates(volume, [[k], [j], [i]], order=0)[0])


def quantified(deltam: FloatArray, subject: Subject, pld: object = 1.8) -> FloatArray:
    """Blood flow where there is M0, 0 elsewhere."""
    with np.errstate(invalid="ignore"):
        cbf = cbf_pcasl(deltam, subject.m0, pld=pld, labeling_duration=1.8)
    return np.where(subject.m0 > 0.0, cbf, 0.0)


def difference(series: AslSeries) -> FloatArray:
    return series.volumes_of(Role.CONTROL).mean(axis=0) - series.volumes_of(Role.LABEL).mean(axis=0)


# Anatomy


def test_tissues_share_each_voxel_and_never_exceed_it(anatomy: TissueMaps):
    total = anatomy.grey + anatomy.white + anatomy.csf
    for tissue in (anatomy.grey, anatomy.white, anatomy.csf):
        assert tissue.dtype == np.float32
        assert tissue.min() >= 0.0
    assert total.max() <= 1.0 + 1e-5
    assert ((total > 0.999) | (total < 0.001)).mean() > 0.9


def test_volumes_are_those_of_an_adult_brain(anatomy: TissueMaps):
    millilitres = np.prod(anatomy.geometry.spacing) / 1000.0
    assert 500.0 < anatomy.grey.sum() * millilitres < 800.0
    assert 450.0 < anatomy.white.sum() * millilitres < 700.0
    assert 150.0 < anatomy.csf.sum() * millilitres < 400.0


@pytest.mark.parametrize(
    ("tissue", "point"),
    [
        ("grey", (11.0, -15.0, 7.0)),
        ("grey", (-11.0, -15.0, 7.0)),
        ("white", (0.0, -24.0, -24.0)),
        ("white", (27.0, 0.0, 30.0)),
        ("csf", (-22.0, -34.0, 12.0)),
        ("csf", (22.0, -34.0, 12.0)),
        ("csf", (0.0, 8.0, -19.0)),
    ],
    ids=[
        "right thalamus",
        "left thalamus",
        "brainstem",
        "centrum semiovale",
        "left atrium",
        "right atrium",
        "suprasellar cistern",
    ],
)
def test_structures_lie_where_they_should(anatomy: TissueMaps, tissue: str, point: tuple[float, float, float]):
    assert at_ras(getattr(anatomy, tissue), anatomy.geometry, *point) > 0.9


def test_left_ventricle_is_wider_so_that_a_flip_can_be_seen():
    symmetric = Geometry((3, 60, 80), (2.0, 2.0, 5.0), (-79.0, -30.0, 8.0))
    csf = default_anatomy(symmetric).csf[:, :, 15:65]
    # The grid runs from right to left (LPS x grows to the left), over the middle of the brain.
    right, left = csf[:, :, :25], csf[:, :, 25:]
    assert left.sum() > 1.2 * right.sum()


def test_hemispheres_do_not_mirror_each_other(anatomy: TissueMaps):
    grey = anatomy.grey
    assert np.corrcoef(grey.ravel(), grey[:, :, ::-1].ravel())[0, 1] < 0.8


def test_partial_volumes_are_averages_of_a_finer_grid():
    coarse = Geometry((2, 20, 20), (3.0, 3.0, 5.0), (10.0, -30.0, 20.0))
    # Three finer voxels fill each coarse one along i and j, five along k.
    fine = Geometry((10, 60, 60), (1.0, 1.0, 1.0), (9.0, -31.0, 18.0))
    averaged = default_anatomy(fine).grey.reshape(2, 5, 20, 3, 20, 3).mean(axis=(1, 3, 5))
    grey = default_anatomy(coarse).grey
    assert np.sqrt(np.mean((grey - averaged) ** 2)) < 0.03
    assert grey.mean() == pytest.approx(averaged.mean(), rel=0.02)


def test_anatomy_lies_still_in_the_patient_when_the_grid_is_oblique():
    tilt = Rotation.from_euler("xyz", [20.0, -8.0, 5.0], degrees=True).as_matrix()
    shape, spacing = (24, 64, 64), (3.0, 3.0, 4.0)
    center = np.array([0.0, 0.0, 10.0])
    origin = center - tilt @ (np.array(spacing) * (np.array(shape[::-1]) - 1.0) / 2.0)
    oblique = Geometry(shape, spacing, tuple(origin), tuple(tilt.ravel()))
    tissue = default_anatomy(oblique)
    assert at_ras(tissue.grey, oblique, 11.0, -15.0, 7.0) > 0.9
    assert at_ras(tissue.csf, oblique, -22.0, -34.0, 12.0) > 0.9
    assert at_ras(tissue.white, oblique, 0.0, -24.0, -24.0) > 0.9


def test_the_center_of_the_brain_is_tissue_like_any_other_point():
    voxel = 4.0
    x, y, z = CEREBRUM.center
    around = Geometry((3, 3, 3), (voxel,) * 3, (-x - voxel, -y - voxel, z - voxel))
    assert np.isfinite(default_anatomy(around).grey).all()


def test_tissue_maps_must_lie_on_their_grid(anatomy: TissueMaps):
    with pytest.raises(ValueError, match="white map"):
        TissueMaps(anatomy.grey, anatomy.white[1:], anatomy.csf, anatomy.geometry)


# Subjects


def test_flow_is_mixed_by_the_volumes_of_the_tissues(anatomy: TissueMaps):
    cbf = make_subject(anatomy, grey_cbf=65.0, white_cbf=20.0).cbf
    np.testing.assert_allclose(cbf, 65.0 * anatomy.grey + 20.0 * anatomy.white, rtol=1e-6)


def test_brain_mask_holds_parenchyma_and_the_ventricles_in_it(anatomy: TissueMaps):
    mask = make_subject(anatomy).mask
    assert mask[anatomy.grey + anatomy.white >= 0.5].all()
    assert at_ras(mask.astype(np.float32), anatomy.geometry, -22.0, -34.0, 12.0) == 1.0
    assert not mask[anatomy.grey + anatomy.white + anatomy.csf < 0.01].any()


def test_lesion_changes_flow_at_its_place_and_leaves_no_trace_in_m0(anatomy: TissueMaps):
    healthy = make_subject(anatomy)
    ill = make_subject(anatomy, lesions=[Lesion((30.0, 20.0, 31.0), 12.0, 0.4)])
    np.testing.assert_array_equal(ill.m0, healthy.m0)
    k, j, i = np.indices(anatomy.geometry.shape)
    ras = np.stack([i, j, k, np.ones_like(i)], axis=-1) @ anatomy.geometry.ijk_to_ras().T
    distance = np.linalg.norm(ras[..., :3] - [30.0, 20.0, 31.0], axis=-1)
    np.testing.assert_allclose(ill.cbf[distance < 10.0], 0.4 * healthy.cbf[distance < 10.0], rtol=1e-5)
    np.testing.assert_array_equal(ill.cbf[distance > 14.0], healthy.cbf[distance > 14.0])


def test_hyperperfused_lesion_raises_flow(anatomy: TissueMaps):
    hot = make_subject(anatomy, lesions=[Lesion((11.0, -15.0, 7.0), 8.0, 1.8)])
    assert at_ras(hot.cbf, anatomy.geometry, 11.0, -15.0, 7.0) == pytest.approx(1.8 * 65.0, rel=0.05)


def test_regional_variation_has_the_spread_asked_for_and_its_own_seed(anatomy: TissueMaps):
    even = make_subject(anatomy)
    uneven = make_subject(anatomy, regional_sd=0.1, seed=1)
    flow = even.cbf > 10.0
    ratio = uneven.cbf[flow] / even.cbf[flow]
    assert ratio.std() == pytest.approx(0.1, rel=0.4)
    assert ratio.mean() == pytest.approx(1.0, abs=0.06)
    np.testing.assert_array_equal(uneven.cbf, make_subject(anatomy, regional_sd=0.1, seed=1).cbf)
    assert not np.array_equal(uneven.cbf, make_subject(anatomy, regional_sd=0.1, seed=2).cbf)


def test_receive_field_brightens_the_rim_in_m0_and_leaves_flow_alone(anatomy: TissueMaps):
    plain, shaded = make_subject(anatomy), make_subject(anatomy, receive_bias=0.3)
    np.testing.assert_array_equal(shaded.cbf, plain.cbf)
    ratio = shaded.m0[plain.mask] / plain.m0[plain.mask]
    assert ratio.min() == pytest.approx(1.0, abs=0.01)
    assert 1.2 < ratio.max() < 1.45


# Scans


def test_quantifying_the_true_difference_returns_the_true_flow(subject: Subject):
    cbf = quantified(true_deltam(subject, Protocol()), subject)
    np.testing.assert_allclose(cbf, subject.cbf, rtol=1e-5, atol=1e-4)


def test_quantifying_a_2d_readout_needs_the_delay_of_each_slice(subject: Subject):
    timing = tuple(0.045 * k for k in range(12))
    deltam = true_deltam(subject, Protocol(slice_timing=timing))
    np.testing.assert_allclose(
        quantified(deltam, subject, delay_of_slices(1.8, timing)), subject.cbf, rtol=1e-5, atol=1e-4
    )
    ignored = quantified(deltam, subject)
    assert ignored[8][subject.mask[8]].mean() < 0.85 * subject.cbf[8][subject.mask[8]].mean()


def test_control_minus_label_of_a_noise_free_scan_is_the_true_difference(subject: Subject):
    scan = acquire(subject, Protocol(pairs=2), noise_sd=0.0, seed=0)
    np.testing.assert_allclose(difference(scan), true_deltam(subject, Protocol()), atol=2e-3)


@pytest.mark.parametrize("label_first", [False, True], ids=["control first", "label first"])
def test_volumes_come_in_the_order_of_the_protocol(subject: Subject, label_first: bool):
    scan = acquire(subject, Protocol(pairs=2, m0_volumes=2, label_first=label_first), noise_sd=0.0, seed=0)
    pair = (Role.LABEL, Role.CONTROL) if label_first else (Role.CONTROL, Role.LABEL)
    assert scan.roles == (Role.M0SCAN, Role.M0SCAN, *pair, *pair)
    assert difference(scan)[subject.mask].mean() > 0.0


def test_noise_has_the_standard_deviation_asked_for_in_every_image(subject: Subject):
    noisy = acquire(subject, Protocol(pairs=3), noise_sd=12.0, seed=1).volumes
    clean = acquire(subject, Protocol(pairs=3), noise_sd=0.0, seed=1).volumes
    np.testing.assert_allclose((noisy - clean).std(axis=(1, 2, 3)), 12.0, rtol=0.05)


def test_noise_may_differ_by_voxel(subject: Subject):
    spread = np.zeros(subject.m0.shape, dtype=np.float32)
    spread[:, :, 12:] = 5.0
    scan = acquire(subject, Protocol(pairs=20), noise_sd=spread, seed=1)
    over_time = scan.volumes_of(Role.CONTROL).std(axis=0, ddof=1)
    assert over_time[:, :, :12].max() < 0.01
    assert over_time[:, :, 12:].mean() == pytest.approx(5.0, rel=0.05)


def test_a_seed_gives_one_scan_and_another_seed_another(subject: Subject):
    first, again, other = (acquire(subject, Protocol(pairs=1), noise_sd=5.0, seed=s).volumes for s in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_background_suppression_darkens_controls_and_keeps_the_difference(subject: Subject):
    protocol = Protocol(pairs=1, static_fraction=0.1)
    scan = acquire(subject, protocol, noise_sd=0.0, seed=0)
    np.testing.assert_allclose(scan.volumes_of(Role.CONTROL)[0], 0.1 * scan.volumes[0], rtol=1e-5)
    np.testing.assert_allclose(difference(scan), true_deltam(subject, protocol), atol=2e-3)
    assert scan.acquisition.background_suppression.value is True


def test_m0_at_a_short_repetition_time_is_recovered_by_calibration(subject: Subject):
    scan = acquire(subject, Protocol(pairs=1, repetition_time=4.0), noise_sd=0.0, seed=0)
    assert scan.volumes[0][subject.mask].mean() < 0.95 * subject.m0[subject.mask].mean()
    with_t1 = scan.acquisition.with_values(scan.acquisition.labeling_duration.source, "table", t1_tissue=1.607)
    recovered, _ = m0_map(scan, with_t1)
    assert recovered is not None
    np.testing.assert_allclose(recovered.volume, subject.m0, rtol=1e-4)


# BIDS


def test_bids_data_set_has_every_required_field(subject: Subject, tmp_path: Path):
    protocol = Protocol(pairs=3, slice_timing=tuple(0.04 * k for k in range(12)))
    path = write_bids(acquire(subject, protocol, noise_sd=1.0, seed=0), tmp_path, "01")
    assert path == tmp_path / "sub-01" / "perf" / "sub-01_asl.nii.gz"
    fields = json.loads((path.parent / "sub-01_asl.json").read_text(encoding="utf-8"))
    assert fields["ArterialSpinLabelingType"] == "PCASL"
    assert fields["PostLabelingDelay"] == [0.0, *[1.8] * 6]
    assert fields["LabelingDuration"] == 1.8
    assert fields["BackgroundSuppression"] is False
    assert fields["M0Type"] == "Included"
    assert fields["TotalAcquiredPairs"] == 3
    assert fields["RepetitionTimePreparation"] == 6.0
    assert fields["EchoTime"] > 0.0
    assert fields["MagneticFieldStrength"] == 3.0
    assert fields["MRAcquisitionType"] == "2D"
    assert fields["SliceTiming"] == pytest.approx([0.04 * k for k in range(12)])
    rows = (path.parent / "sub-01_aslcontext.tsv").read_text(encoding="utf-8").split()
    assert rows == ["volume_type", "m0scan", *["control", "label"] * 3]
    description = json.loads((tmp_path / "dataset_description.json").read_text(encoding="utf-8"))
    assert {"Name", "BIDSVersion"} <= description.keys()


def test_3d_readout_has_no_slice_timing_and_a_scan_without_m0_says_so(subject: Subject, tmp_path: Path):
    path = write_bids(acquire(subject, Protocol(pairs=1, m0_volumes=0), noise_sd=0.0, seed=0), tmp_path)
    fields = json.loads((path.parent / "sub-phantom_asl.json").read_text(encoding="utf-8"))
    assert fields["M0Type"] == "Absent"
    assert "SliceTiming" not in fields


def test_a_repetition_time_of_its_own_is_written_for_m0(subject: Subject, tmp_path: Path):
    scan = acquire(subject, Protocol(pairs=1), noise_sd=0.0, seed=0)
    source = scan.acquisition.labeling_duration.source
    scan = replace(scan, acquisition=scan.acquisition.with_values(source, "phantom", m0_repetition_time=10.0))
    path = write_bids(scan, tmp_path)
    fields = json.loads((path.parent / "sub-phantom_asl.json").read_text(encoding="utf-8"))
    assert fields["RepetitionTimePreparation"] == [10.0, 6.0, 6.0]


def test_scan_written_as_bids_is_read_back_as_it_was(subject: Subject, tmp_path: Path):
    scan = acquire(subject, Protocol(pairs=3, label_first=True, pld=1.6), noise_sd=2.0, seed=0)
    read = read_scan(write_bids(scan, tmp_path))
    assert read.roles == scan.roles
    assert read.geometry.matches(scan.geometry)
    np.testing.assert_array_equal(read.volumes, scan.volumes)
    for name in ("labeling_type", "labeling_duration", "labeling_efficiency", "background_suppression"):
        assert getattr(read.acquisition, name).value == getattr(scan.acquisition, name).value
    assert max(read.acquisition.post_labeling_delay.require()) == 1.6


def test_unusable_participant_labels_and_scans_are_refused(subject: Subject, tmp_path: Path):
    scan = acquire(subject, Protocol(pairs=1), noise_sd=0.0, seed=0)
    with pytest.raises(OutputError, match="letters and digits"):
        write_bids(scan, tmp_path, "sub_01")
    pulsed = scan.acquisition.with_values(
        scan.acquisition.labeling_type.source, "phantom", labeling_type=LabelingType.PASL
    )
    with pytest.raises(AcquisitionError, match="BolusCutOffDelayTime"):
        write_bids(replace(scan, acquisition=pulsed), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_reported(subject: Subject, tmp_path: Path):
    blocked = tmp_path / "taken"
    blocked.write_text("a file, not a folder")
    with pytest.raises(OutputError, match="cannot be written"):
        write_bids(acquire(subject, Protocol(pairs=1), noise_sd=0.0, seed=0), blocked)
