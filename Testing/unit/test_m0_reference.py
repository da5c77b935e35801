"""M0 from CSF and from white matter, against phantoms whose M0 of blood is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deepasl.brain.masking import brain_mask
from deepasl.calibration.reference import (
    BLOOD_DECAY,
    REFERENCE_TISSUES,
    Echo,
    blood_m0,
    reference_region,
    reference_signal,
    require_enough,
)
from deepasl.calibration.settings import M0Method
from deepasl.errors import InputError
from deepasl.phantom import BrainShape, Protocol, Subject, default_anatomy, make_subject, true_deltam
from deepasl.readers import read_scan
from deepasl.series import FloatArray, Role, mean_volume
from phantom_scans import COARSE

BLOOD = 1000.0
"""M0 of blood in the phantom, scanner units."""

T1_GREY, T2_GREY = 1.6, {Echo.SPIN: 0.099, Echo.GRADIENT: 0.05}
GREY_PARTITION = 0.98


@pytest.fixture(scope="module")
def person() -> Subject:
    """Somebody with the ventricles of old age, which a coarse grid shows."""
    return make_subject(default_anatomy(COARSE, BrainShape(wider_ventricles_mm=4.0)))


def image_of(person: Subject, tr: float, te: float, echo: Echo) -> FloatArray:
    """What an M0 scan shows of the person: every tissue with its water, recovered and decayed by its own times."""

    def signal(partition: float, t1: float, decay: float) -> float:
        return BLOOD * partition * float(-np.expm1(-tr / t1) * np.exp(-te / decay))

    csf, white = REFERENCE_TISSUES[M0Method.CSF], REFERENCE_TISSUES[M0Method.WHITE_MATTER]
    tissue = person.tissue
    image = signal(GREY_PARTITION, T1_GREY, T2_GREY[echo]) * tissue.grey
    for reference, share in ((csf, tissue.csf), (white, tissue.white)):
        image = image + signal(reference.partition_coefficient, reference.t1, reference.decay[echo]) * share
    return image.astype(np.float32)


@pytest.mark.parametrize("echo", list(Echo))
@pytest.mark.parametrize(("tr", "te"), [(8.0, 0.014), (15.0, 0.0), (10.0, 0.03)])
@pytest.mark.parametrize("method", [M0Method.CSF, M0Method.WHITE_MATTER])
def test_m0_of_blood_comes_back(person: Subject, method: M0Method, tr: float, te: float, echo: Echo) -> None:
    image = image_of(person, tr, te, echo)
    region = reference_region(method, image, true_deltam(person, Protocol()), person.mask, COARSE)
    signal = reference_signal(method, image, region)
    blood = blood_m0(signal, REFERENCE_TISSUES[method], repetition_time=tr, echo_time=te, echo=echo)
    assert blood == pytest.approx(BLOOD * np.exp(-te / BLOOD_DECAY[echo]), rel=0.05)


def test_an_unknown_echo_time_leaves_decay_out() -> None:
    csf = REFERENCE_TISSUES[M0Method.CSF]
    known = {"repetition_time": 4.3, "echo": Echo.SPIN}
    assert blood_m0(100.0, csf, echo_time=None, **known) == pytest.approx(100.0 / (1.0 - np.exp(-1.0)) / 1.15)
    assert blood_m0(100.0, csf, echo_time=0.0, **known) == blood_m0(100.0, csf, echo_time=None, **known)


def test_what_is_found_as_ventricles_is_csf(person: Subject) -> None:
    noise = np.random.default_rng(2).normal(0.0, 20.0, COARSE.shape).astype(np.float32)
    image = image_of(person, 10.0, 0.014, Echo.SPIN) + noise
    region = reference_region(M0Method.CSF, image, true_deltam(person, Protocol()), person.mask, COARSE)
    assert person.tissue.csf[region].mean() > 0.75
    k, j, i = np.argwhere(region).mean(axis=0)
    assert np.linalg.norm((COARSE.ijk_to_ras() @ [i, j, k, 1.0])[:2] - [0.0, -15.0]) < 15.0


def test_a_bright_spot_elsewhere_is_no_ventricle(person: Subject) -> None:
    image, deltam = image_of(person, 10.0, 0.014, Echo.SPIN), true_deltam(person, Protocol())
    spot = (slice(8, 10), slice(15, 18), slice(14, 17))
    assert person.mask[spot].all()
    image[spot], deltam[spot] = 3000.0, 0.0
    region = reference_region(M0Method.CSF, image, deltam, person.mask, COARSE)
    assert not region[spot].any()


def test_what_is_found_as_white_matter_is_white(person: Subject) -> None:
    image = image_of(person, 10.0, 0.014, Echo.SPIN)
    region = reference_region(M0Method.WHITE_MATTER, image, true_deltam(person, Protocol()), person.mask, COARSE)
    assert person.tissue.white[region].mean() > 0.9


def test_ventricles_as_dark_as_tissue_are_refused(person: Subject) -> None:
    short = image_of(person, 2.0, 0.014, Echo.SPIN)
    with pytest.raises(InputError, match="do not stand out"):
        reference_region(M0Method.CSF, short, true_deltam(person, Protocol()), person.mask, COARSE)


def test_without_perfusion_there_is_no_reference(person: Subject) -> None:
    image = image_of(person, 10.0, 0.014, Echo.SPIN)
    for method in REFERENCE_TISSUES:
        with pytest.raises(InputError, match="no reference for M0"):
            reference_region(method, image, np.zeros_like(image), person.mask, COARSE)


def test_too_few_voxels_are_refused_with_their_number() -> None:
    region = np.zeros(COARSE.shape, dtype=bool)
    region[5, 20:24, 20:24] = True
    with pytest.raises(InputError, match="16 voxels"):
        require_enough(region, COARSE, "the mask is too small")
    fine = replace(COARSE, spacing=(1.0, 1.0, 1.0))
    region[5, 20:30, 20:30] = True
    assert require_enough(region, COARSE, "").sum() == 100
    with pytest.raises(InputError, match="100 voxels"):
        require_enough(region, fine, "0.1 mL")


@pytest.mark.data
def test_the_ventricles_of_a_real_brain_are_found_in_its_middle(shared_data: Path) -> None:
    series = read_scan(shared_data / "bids/ds000240/sub-01/perf/sub-01_task-restEyesOpen_asl.nii.gz")
    m0 = mean_volume(series.volumes_of(Role.M0SCAN))
    deltam = mean_volume(series.volumes_of(Role.CONTROL)) - mean_volume(series.volumes_of(Role.LABEL))
    mask = brain_mask(m0, series.geometry)
    region = reference_region(M0Method.CSF, m0, deltam, mask, series.geometry)
    milliliters = float(region.sum() * np.prod(series.geometry.spacing)) / 1000.0
    assert 10.0 < milliliters < 40.0
    center = np.argwhere(mask).mean(axis=0)
    away = (np.argwhere(region).mean(axis=0) - center) * series.geometry.spacing[::-1]
    assert np.abs(away).max() < 20.0
    assert m0[region].mean() > 1.4 * np.median(m0[mask])
