"""Telling control, label and M0 apart, pairing them, and noticing when they are swapped."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deepasl.images import read_image
from deepasl.labeling.roles import check_sign, detect_roles, pair_up, swap_control_label
from deepasl.perfusion.differences import subtract
from deepasl.phantom import Protocol, Subject, acquire
from deepasl.progress import run
from deepasl.series import AslSeries, Role

C, L, M = Role.CONTROL, Role.LABEL, Role.M0SCAN


@pytest.mark.parametrize("label_first", [False, True])
@pytest.mark.parametrize("static_fraction", [1.0, 0.1])
def test_roles_are_found_in_the_signal(subject: Subject, label_first: bool, static_fraction: float) -> None:
    protocol = Protocol(pairs=8, label_first=label_first, static_fraction=static_fraction, m0_volumes=2)
    scan = acquire(subject, protocol, noise_sd=5.0, seed=1)
    decision = detect_roles(scan.volumes, scan.geometry)
    first = [M, M] if static_fraction < 1 else decision.roles[:2]
    assert decision.roles == (*first, *scan.roles[2:])
    assert not decision.findings
    assert any("alternate" in reason for reason in decision.evidence)


def test_an_m0_as_bright_as_a_control_is_left_out_and_told(subject: Subject) -> None:
    scan = acquire(subject, Protocol(pairs=4, m0_volumes=1), noise_sd=1.0, seed=1)
    decision = detect_roles(scan.volumes, scan.geometry)
    assert decision.roles == (Role.UNUSED, *scan.roles[1:])
    assert [f.code for f in decision.findings] == ["first-volume-unused"]


def test_controls_and_labels_in_two_blocks_are_found(series: AslSeries) -> None:
    blocks = np.concatenate([series.volumes_of(C), series.volumes_of(L)])
    decision = detect_roles(blocks, series.geometry)
    assert decision.roles == (C,) * 6 + (L,) * 6
    assert [f.code for f in decision.findings] == ["roles-in-blocks"]


def test_pure_noise_is_not_told_apart_with_certainty(subject: Subject) -> None:
    static = np.tile(subject.m0, (8, 1, 1, 1))
    static += np.random.default_rng(3).normal(0, 5, static.shape).astype(np.float32)
    decision = detect_roles(static, subject.tissue.geometry)
    assert [f.code for f in decision.findings] == ["roles-uncertain"]


def test_the_last_volume_of_an_aborted_scan_has_no_partner() -> None:
    roles = (M, L, C, L, C, L)
    assert pair_up(roles, [0.0] * 6) == ((2, 1), (4, 3))


def test_pairs_are_made_within_one_delay() -> None:
    roles = (C, L, C, L)
    assert pair_up(roles, [1.0, 1.0, 2.0, 2.0]) == ((0, 1), (2, 3))
    assert pair_up((C, C, L, L), [1.0, 2.0, 2.0, 1.0]) == ((0, 3), (1, 2))


def test_a_swapped_context_file_is_noticed(series: AslSeries, subject: Subject) -> None:
    right = run(subtract(series, pair_up(series.roles, [1.8] * 13)))
    assert not check_sign(right.volumes, subject.mask, ("context file a.tsv",))
    swapped = swap_control_label(series)
    wrong = run(subtract(swapped, pair_up(swapped.roles, [1.8] * 13)))
    (finding,) = check_sign(wrong.volumes, subject.mask, ("context file a.tsv",))
    assert finding.code == "control-label-swapped"
    assert "6 of 6 pairs" in finding.message
    assert "a.tsv" in finding.message


def test_swapping_twice_restores_the_roles(series: AslSeries) -> None:
    assert swap_control_label(swap_control_label(series)).roles == series.roles
    assert swap_control_label(series).roles[0] is M


def test_swapped_pairs_give_negative_perfusion(series: AslSeries) -> None:
    pairs = pair_up(series.roles, [1.8] * 13)
    swapped = swap_control_label(series)
    opposite = run(subtract(swapped, pair_up(swapped.roles, [1.8] * 13)))
    np.testing.assert_array_equal(opposite.mean, -run(subtract(series, pairs)).mean)


def test_unsigned_integers_do_not_wrap_around_in_the_subtraction(series: AslSeries, tmp_path: Path) -> None:
    import SimpleITK as sitk

    counts = np.array([[[[10]]], [[[12]]]], np.uint16) * np.ones((2, 3, 4, 5), np.uint16)
    image = sitk.JoinSeries([sitk.GetImageFromArray(volume) for volume in counts])
    sitk.WriteImage(image, str(tmp_path / "u.nii.gz"))
    volumes = read_image(tmp_path / "u.nii.gz").volumes
    scan = replace(series, volumes=volumes, geometry=read_image(tmp_path / "u.nii.gz").geometry, roles=(C, L))
    assert run(subtract(scan, [(0, 1)])).mean == pytest.approx(-2.0)


@pytest.mark.parametrize("task", ["", "_task-restEyesOpen"])
def test_real_roles_are_found_without_the_context_file(shared_data: Path, task: str) -> None:
    image = read_image(shared_data / "bids" / "ds000240" / "sub-01" / "perf" / f"sub-01{task}_asl.nii.gz")
    decision = detect_roles(image.volumes, image.geometry)
    assert decision.roles == (*[M] * 5, *[L, C] * 15)
    assert not decision.findings


def test_six_delays_are_not_mistaken_for_m0_scans(shared_data: Path) -> None:
    image = read_image(shared_data / "nifti" / "mpld_6pld_8rep.nii.gz")
    assert detect_roles(image.volumes, image.geometry).roles == (L, C) * 48
