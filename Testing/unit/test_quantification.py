"""Blood flow against numbers computed elsewhere: published equations, and other software's vectors."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from deepasl.quantification.buxton import (
    cbf_pasl,
    cbf_pcasl,
    delay_of_slices,
    m0_recovery,
    pcasl_gain,
    t1_blood_at,
    t1_grey_matter_at,
)

T1_BLOOD_S = 1.65
EFFICIENCY = 0.85
PARTITION = 0.9

exactly = partial(pytest.approx, rel=1e-6)


@pytest.fixture(scope="module")
def vectors(shared_notes: Path) -> dict[str, list[dict[str, Any]]]:
    return json.loads((shared_notes / "reference-vectors.json").read_text(encoding="utf-8"))


def kinetic_deltam(cbf: Any, m0: Any, *, t1_tissue: Any, transit: Any, duration: float, pld: float) -> Any:
    """Difference signal of the general kinetic model after the whole bolus has arrived.

    Buxton 1998, equation 3 for t > transit + duration, with label decaying at the T1 of tissue after arrival. It
    knows more than the white-paper equation, and is written here so that nothing is tested against itself.
    """
    flow = cbf / 6000.0
    t1_apparent = 1.0 / (1.0 / t1_tissue + flow / PARTITION)
    arrived = np.exp(-transit / T1_BLOOD_S) * np.exp(-(pld - transit) / t1_apparent)
    bolus = t1_apparent * (1.0 - np.exp(-duration / t1_apparent))
    return 2.0 * EFFICIENCY * (m0 / PARTITION) * flow * arrived * bolus


def test_white_paper_protocol_at_3_tesla_gives_86_3_for_one_percent_signal():
    cbf = cbf_pcasl(10.0, 1000.0, pld=1.8, labeling_duration=1.8)
    assert cbf == exactly(86.29992012955984)


def test_paper_protocol_in_vivo():
    assert pcasl_gain(pld=1.6, labeling_duration=1.8) / 100.0 == exactly(76.44844188874855)


def test_pasl_gives_115_7_for_one_percent_signal():
    assert cbf_pasl(10.0, 1000.0, inversion_time=2.0, bolus_duration=0.8) == exactly(115.73514372226794)


def test_every_pcasl_reference_vector(vectors: dict[str, list[dict[str, Any]]]):
    assert len(vectors["pcasl_eq1"]) >= 15
    for row in vectors["pcasl_eq1"]:
        cbf = cbf_pcasl(
            row["dM"],
            row["M0"],
            pld=row["PLD"],
            labeling_duration=row["tau"],
            t1_blood=row["T1b"],
            labeling_efficiency=row["alpha"],
            partition_coefficient=row["lam"],
        )
        assert cbf == exactly(row["CBF"]), row["name"]


def test_pasl_reference_vector_and_the_known_mistake_about_q2tips(vectors: dict[str, list[dict[str, Any]]]):
    quipss, mistaken = vectors["pasl"]
    cbf = cbf_pasl(
        quipss["dM"],
        quipss["M0"],
        inversion_time=quipss["TI"],
        bolus_duration=quipss["TI1"],
        labeling_efficiency=quipss["alpha"],
        t1_blood=quipss["T1b"],
    )
    assert cbf == exactly(quipss["CBF"])
    # Putting the last saturation pulse in place of the inversion time loses a fifth of the flow.
    with_ti1s = cbf_pasl(
        mistaken["dM"], mistaken["M0"], inversion_time=mistaken["TI1s"], bolus_duration=mistaken["TI1"]
    )
    right = cbf_pasl(mistaken["dM"], mistaken["M0"], inversion_time=mistaken["TI"], bolus_duration=mistaken["TI1"])
    assert with_ti1s == exactly(mistaken["CBF"])
    assert right == exactly(quipss["CBF"])


def test_every_m0_recovery_reference_vector(vectors: dict[str, list[dict[str, Any]]]):
    assert len(vectors["m0_tr_factor"]) >= 25
    for row in vectors["m0_tr_factor"]:
        assert m0_recovery(row["TR"], row["T1t"]) == exactly(row["factor"])


def test_every_kinetic_model_reference_vector(vectors: dict[str, list[dict[str, Any]]]):
    assert len(vectors["gkm_to_eq1"]) >= 20
    for row in vectors["gkm_to_eq1"]:
        cbf = cbf_pcasl(row["dM"], row["M0"], pld=row["PLD"], labeling_duration=row["tau"])
        assert cbf == exactly(row["CBF_eq1"]), row


def test_m0_recovery_at_two_seconds():
    assert m0_recovery(2.0, 1.33) == exactly(1.2858311306023793)


@pytest.mark.data
def test_template_phantom_gives_what_the_equation_makes_of_label_that_decays_in_tissue(shared_data: Path):
    """60 and 20 mL/100g/min come back as 45.8 and 9.3: equation 1 lets label decay with the T1 of blood."""
    image = sitk.ReadImage(str(shared_data / "priors/hrgt_icbm_2009a_nls_3t.nii.gz"))
    names = json.loads((shared_data / "priors/hrgt_icbm_2009a_nls_3t.json").read_text(encoding="utf-8"))["quantities"]
    maps = dict(zip(names, sitk.GetArrayViewFromImage(image)[:, 0], strict=True))
    labels = maps["seg_label"].round()
    for label, expected in ((1, 45.808), (2, 9.327)):
        true_cbf, transit, t1, m0 = (
            maps[name][labels == label] for name in ("perfusion_rate", "transit_time", "t1", "m0")
        )
        deltam = kinetic_deltam(true_cbf, m0, t1_tissue=t1, transit=transit, duration=1.8, pld=1.8)
        cbf = cbf_pcasl(deltam, m0, pld=1.8, labeling_duration=1.8)
        np.testing.assert_allclose(cbf, expected, atol=0.01)
        assert len(cbf) > 500_000


def test_template_phantom_case_without_its_file():
    grey = kinetic_deltam(60.0, 74.62, t1_tissue=1.33, transit=0.8, duration=1.8, pld=1.8)
    white = kinetic_deltam(20.0, 64.72, t1_tissue=0.83, transit=1.2, duration=1.8, pld=1.8)
    assert cbf_pcasl(grey, 74.62, pld=1.8, labeling_duration=1.8) == pytest.approx(45.808, abs=0.01)
    assert cbf_pcasl(white, 64.72, pld=1.8, labeling_duration=1.8) == pytest.approx(9.327, abs=0.01)


def test_each_slice_of_a_2d_readout_has_its_own_delay():
    deltam, m0 = np.full((3, 2, 2), 10.0), np.full((3, 2, 2), 1000.0)
    pld = delay_of_slices(1.8, [0.0, 0.465, 0.2])
    cbf = cbf_pcasl(deltam, m0, pld=pld, labeling_duration=1.8)
    assert cbf[0] == exactly(86.29992012955984)
    assert cbf[1] == exactly(114.39379688124883)
    assert cbf[2] == exactly(86.29992012955984 * np.exp(0.2 / 1.65))


def test_delays_belong_to_slices_even_where_a_row_is_as_long():
    cube = np.full((3, 3, 3), 10.0)
    cbf = cbf_pcasl(cube, 100.0 * cube, pld=[1.8, 2.265, 2.0], labeling_duration=1.8)
    np.testing.assert_allclose(cbf[1], 114.39379688124883)
    with pytest.raises(ValueError, match="2 delays for 3 slices"):
        cbf_pcasl(cube, 100.0 * cube, pld=[1.8, 2.0], labeling_duration=1.8)


def test_negative_differences_give_negative_flow():
    deltam = np.array([-10.0, 0.0, 10.0])
    cbf = cbf_pcasl(deltam, np.full(3, 1000.0), pld=1.8, labeling_duration=1.8)
    np.testing.assert_allclose(cbf, [-86.29992012955984, 0.0, 86.29992012955984])
    assert cbf_pasl(-10.0, 1000.0, inversion_time=2.0, bolus_duration=0.8) < 0.0


def test_flow_of_a_volume_has_its_shape():
    deltam = np.full((2, 3, 4), 10.0, dtype=np.float32)
    cbf = cbf_pcasl(deltam, 100.0 * deltam, pld=1.8, labeling_duration=1.8)
    assert cbf.shape == deltam.shape
    np.testing.assert_allclose(cbf, 86.29992, rtol=1e-6)


@pytest.mark.parametrize(("field", "t1"), [(1.5, 1.35), (2.89, 1.65), (3.0, 1.65), (7.0, 2.087)])
def test_t1_of_blood_at_the_usual_field_strengths(field: float, t1: float):
    assert t1_blood_at(field)[0] == t1


def test_t1_of_blood_between_the_usual_field_strengths_is_interpolated_and_says_so():
    t1, source = t1_blood_at(4.7)
    assert t1 == pytest.approx(1.833)
    assert "4.7 T" in source


@pytest.mark.parametrize(("field", "t1"), [(1.5, 1.197), (3.0, 1.607), (7.0, 1.939)])
def test_t1_of_grey_matter_at_the_usual_field_strengths(field: float, t1: float):
    assert t1_grey_matter_at(field)[0] == t1
