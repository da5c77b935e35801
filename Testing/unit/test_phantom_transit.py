"""Blood that takes its time: equation 1 misses the truth by the known ratio, the two-parameter model finds it."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from deepasl.phantom import Lesion, Protocol, Subject, TissueMaps, Transit, default_anatomy, make_subject, true_deltam
from deepasl.quantification.buxton import cbf_pcasl
from deepasl.quantification.kinetics import apparent_t1, pcasl_signal
from phantom_scans import COARSE


@pytest.fixture(scope="module")
def anatomy() -> TissueMaps:
    return default_anatomy(COARSE)


@pytest.fixture(scope="module")
def late(anatomy: TissueMaps) -> Subject:
    """The flow and times of the 3 T reference object of ASLDRO."""
    return make_subject(anatomy, grey_cbf=60.0, white_cbf=20.0, transit=Transit())


def by_equation_1(subject: Subject) -> np.ndarray:
    m0 = np.where(subject.m0 > 0.0, subject.m0, 1.0)
    return cbf_pcasl(true_deltam(subject, Protocol()), m0, pld=1.8, labeling_duration=1.8)


def test_equation_1_returns_the_figures_of_asldro_in_pure_tissue(late: Subject):
    # A voxel of white matter alone has M0 and flow of white matter alone: the partial volume cancels.
    cbf = by_equation_1(late)
    pure_grey = (late.tissue.grey > 0.999) & (late.tissue.white < 1e-6) & (late.tissue.csf < 1e-6)
    pure_white = (late.tissue.white > 0.999) & (late.tissue.grey < 1e-6) & (late.tissue.csf < 1e-6)
    assert pure_grey.sum() > 5
    assert pure_white.sum() > 100
    np.testing.assert_allclose(cbf[pure_grey], 45.808, atol=0.06)
    np.testing.assert_allclose(cbf[pure_white], 9.327, atol=0.02)


def test_the_two_parameter_model_returns_the_true_flow_and_arrival(anatomy: TissueMaps):
    subject = make_subject(anatomy, transit=Transit(regional_sd=0.2), seed=4)
    assert subject.transit is not None
    delays = np.array([0.3, 0.8, 1.3, 1.8, 2.3])
    scans = np.stack([true_deltam(subject, Protocol(pld=pld)) for pld in delays])
    brain = np.argwhere(subject.mask & (subject.cbf > 15.0))
    for k, j, i in brain[np.random.default_rng(0).choice(len(brain), 40, replace=False)]:
        t1, m0 = float(subject.transit.t1[k, j, i]), float(subject.m0[k, j, i])

        def model(pld: np.ndarray, cbf: float, att: float, t1: float = t1, m0: float = m0) -> np.ndarray:
            return m0 * pcasl_signal(cbf, att=att, t1_apparent=apparent_t1(t1, cbf), pld=pld, labeling_duration=1.8)

        (cbf, att), _ = curve_fit(model, delays, scans[:, k, j, i], p0=(40.0, 1.0))
        assert cbf == pytest.approx(float(subject.cbf[k, j, i]), rel=1e-3)
        assert att == pytest.approx(float(subject.transit.att[k, j, i]), abs=1e-3)


def test_blood_reaches_white_matter_later_than_grey(late: Subject):
    assert late.transit is not None
    grey, white = late.tissue.grey > 0.95, late.tissue.white > 0.95
    assert np.median(late.transit.att[grey]) == pytest.approx(0.8, abs=0.02)
    assert np.median(late.transit.att[white]) == pytest.approx(1.2, abs=0.02)
    assert np.median(late.transit.t1[grey]) > np.median(late.transit.t1[white])


def test_transit_times_vary_by_region_as_asked_and_leave_flow_alone(anatomy: TissueMaps):
    even = make_subject(anatomy, transit=Transit(), seed=2)
    uneven = make_subject(anatomy, transit=Transit(regional_sd=0.15), seed=2)
    other = make_subject(anatomy, transit=Transit(regional_sd=0.15), seed=3)
    assert even.transit is not None
    assert uneven.transit is not None
    assert other.transit is not None
    np.testing.assert_array_equal(uneven.cbf, even.cbf)
    change = (uneven.transit.att - even.transit.att)[even.mask]
    assert change.std() == pytest.approx(0.15, rel=0.4)
    assert not np.array_equal(uneven.transit.att, other.transit.att)


def test_a_stroke_delays_the_blood_inside_it(anatomy: TissueMaps):
    stroke = Lesion((30.0, 20.0, 31.0), 14.0, 0.5, att_delay=2.0)
    healthy, ill = (make_subject(anatomy, transit=Transit(), lesions=lesions) for lesions in ((), (stroke,)))
    assert healthy.transit is not None
    assert ill.transit is not None
    later = ill.transit.att - healthy.transit.att
    assert later.max() == pytest.approx(2.0, abs=1e-4)
    assert np.median(later[healthy.mask]) == 0.0
    # Less flow, and less of it has arrived: equation 1 sees a deeper deficit than there is.
    inside = (later > 1.99) & (healthy.cbf > 15.0)
    seen = by_equation_1(ill)[inside] / by_equation_1(healthy)[inside]
    assert (seen < 0.5).all()


def test_slices_excited_later_see_more_decay_of_the_label(late: Subject):
    timing = tuple(0.05 * k for k in range(COARSE.shape[0]))
    early, slow = true_deltam(late, Protocol()), true_deltam(late, Protocol(slice_timing=timing))
    np.testing.assert_array_equal(slow[0], early[0])
    flowing = late.cbf[8] > 1.0
    assert (slow[8][flowing] < early[8][flowing]).all()
    np.testing.assert_allclose(slow[8], true_deltam(late, Protocol(pld=2.2))[8], rtol=1e-5)
