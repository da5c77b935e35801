"""M0: from which images, how corrected, and when refused."""

from dataclasses import replace

import numpy as np
import pytest

from deepasl.acquisition.defaults import complete
from deepasl.acquisition.parameters import Source
from deepasl.calibration.m0 import m0_map, network_scale, without_unusable
from deepasl.errors import InputError
from deepasl.findings import Finding
from deepasl.phantom import Protocol, Subject, acquire
from deepasl.quantification.buxton import m0_recovery
from deepasl.results import M0Map
from deepasl.series import AslSeries, M0Scan, Role


def m0_of(series: AslSeries) -> tuple[M0Map | None, tuple[Finding, ...]]:
    acquisition, _ = complete(series.acquisition)
    return m0_map(series, acquisition)


def without_m0(series: AslSeries, **fields: object) -> AslSeries:
    acquisition = series.acquisition.with_values(Source.FILE, "a.json", post_labeling_delay=(1.8,), **fields)
    return replace(series, volumes=series.volumes[1:], roles=series.roles[1:], acquisition=acquisition)


def test_m0_volumes_are_averaged(subject: Subject) -> None:
    scan = acquire(subject, Protocol(pairs=1, m0_volumes=5), noise_sd=10.0, seed=1)
    m0, findings = m0_of(scan)
    assert m0 is not None
    np.testing.assert_allclose(m0.volume, scan.volumes[:5].mean(axis=0), rtol=1e-5, atol=1e-3)
    assert m0.recovery == 1.0
    assert findings == ()


def test_m0_at_short_tr_is_corrected_to_full_recovery(subject: Subject) -> None:
    scan = acquire(subject, Protocol(pairs=1, repetition_time=3.5), noise_sd=0.0, seed=1)
    m0, findings = m0_of(scan)
    assert m0 is not None
    assert m0.recovery == pytest.approx(m0_recovery(3.5, 1.607))
    np.testing.assert_allclose(m0.volume, subject.m0, rtol=1e-5)
    assert [f.code for f in findings] == ["m0-recovery"]


def test_an_unknown_tr_of_the_m0_scan_is_told(series: AslSeries) -> None:
    unknown = replace(series.acquisition, m0_repetition_time=replace(series.acquisition.m0_repetition_time, value=None))
    _, findings = m0_of(replace(series, acquisition=unknown))
    assert [f.code for f in findings] == ["m0-tr-missing"]


def test_a_separate_m0_scan_on_another_grid_is_refused(series: AslSeries) -> None:
    moved = replace(series.geometry, origin=(0.0, 0.0, 0.0))
    scan = replace(without_m0(series), m0scan=M0Scan(series.volumes[:1], moved, "m0.nii.gz"))
    with pytest.raises(InputError, match="another grid") as refused:
        m0_of(scan)
    assert "m0.nii.gz" in str(refused.value)


def test_a_separate_m0_scan_stands_above_m0_volumes_of_the_series(series: AslSeries) -> None:
    separate = M0Scan(2 * series.volumes[:1], series.geometry, "m0.nii.gz")
    m0, _ = m0_of(replace(series, m0scan=separate))
    assert m0 is not None
    np.testing.assert_array_equal(m0.volume, 2 * series.volumes[0])
    assert "m0.nii.gz" in m0.origin


def test_the_mean_control_stands_in_for_m0_aloud(series: AslSeries) -> None:
    m0, findings = m0_of(without_m0(series))
    assert m0 is not None
    np.testing.assert_allclose(m0.volume, series.volumes_of(Role.CONTROL).mean(axis=0), rtol=1e-5, atol=1e-3)
    assert [f.code for f in findings] == ["m0-from-control"]


def test_background_suppressed_controls_are_no_m0(series: AslSeries) -> None:
    m0, findings = m0_of(without_m0(series, background_suppression=True))
    assert m0 is None
    assert [f.code for f in findings] == ["m0-suppressed"]


def test_voxels_of_m0_near_zero_leave_the_mask_and_are_counted(subject: Subject) -> None:
    volume = subject.m0.copy()
    holes = np.flatnonzero(subject.mask)[:7]
    volume.ravel()[holes] = 0.0
    mask, findings = without_unusable(subject.mask, M0Map(volume, "test", 1.0))
    assert subject.mask.sum() - mask.sum() >= 7
    assert not mask.ravel()[holes].any()
    assert [f.code for f in findings] == ["m0-near-zero"]


def test_an_m0_of_zero_everywhere_is_refused(subject: Subject) -> None:
    with pytest.raises(InputError, match="zero everywhere"):
        without_unusable(subject.mask, M0Map(np.zeros_like(subject.m0), "test", 1.0))


def test_the_network_scale_is_the_mean_m0_of_the_brain(subject: Subject) -> None:
    m0 = M0Map(subject.m0, "test", 1.0)
    scale, findings = network_scale(subject.cbf, m0, subject.mask, subject.mask)
    assert scale == pytest.approx(subject.m0[subject.mask].mean(), rel=1e-6)
    assert findings == ()


def test_without_m0_the_network_scale_is_a_guess_and_told(subject: Subject) -> None:
    deltam = np.full_like(subject.m0, 8.0)
    scale, findings = network_scale(deltam, None, subject.mask, subject.mask)
    assert scale == pytest.approx(1000.0)
    assert [f.code for f in findings] == ["scale-guessed"]
    with pytest.raises(InputError, match="not positive"):
        network_scale(-deltam, None, subject.mask, subject.mask)
