"""The quality evaluation index: its curves by hand, its parts on a map small enough to compute, and the brain phantom.

Smoothing by 5 mm does nothing to voxels of 100 mm, so that the parts of the small map can be worked out on paper.
"""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from deepasl.geometry import Geometry
from deepasl.perfusion.smoothing import smoothed
from deepasl.quality.qei import QualityEvaluation, quality_evaluation
from deepasl.series import FloatArray

NO_SMOOTHING = Geometry((1, 1, 8), (100.0, 100.0, 100.0))


def row(*values: float) -> FloatArray:
    return np.array(values, dtype=np.float32).reshape(1, 1, -1)


GREY = row(1, 1, 1, 0, 0, 0, 0, 0)
WHITE = row(0, 0, 0, 1, 1, 0, 0, 0)
CSF = row(0, 0, 0, 0, 0, 1, 1, 0)


def test_a_perfect_map_has_almost_the_full_index() -> None:
    # 1 - exp(-3.0126) = 0.95084; its cube root is 0.98334.
    assert QualityEvaluation(1.0, 0.0, 0.0).index() == pytest.approx(0.98334, abs=1e-5)


def test_the_index_of_parts_worked_out_by_hand() -> None:
    # rho 0.8: 0.8^2.4419 = 0.57992, 1 - exp(-3.0126 x 0.57992) = 0.82571
    # DI 4: 4^0.9272 = 3.61606, exp(-0.054 x 3.61606) = 0.82261
    # 5 % negative: 0.05^0.5196 = 0.21086, exp(-2.8478 x 0.21086) = 0.54855
    # product 0.37259, cube root 0.71959
    assert QualityEvaluation(0.8, 4.0, 0.05).index() == pytest.approx(0.71959, abs=2e-4)


def test_the_index_of_the_asldro_phantom_as_aslprep_computes_it() -> None:
    assert QualityEvaluation(0.936, 1.23, 0.0).index() == pytest.approx(0.9527, abs=5e-4)


@pytest.mark.parametrize("worse", [{"similarity": 0.5}, {"dispersion": 9.0}, {"negative_grey": 0.2}])
def test_each_part_lowers_the_index(worse: dict[str, float]) -> None:
    good = QualityEvaluation(0.9, 1.0, 0.01)
    assert replace(good, **worse).index() < good.index()


def test_a_map_against_the_anatomy_has_no_quality() -> None:
    assert QualityEvaluation(-0.7, 1.0, 0.0).index() == 0.0


def test_the_parts_of_a_small_map() -> None:
    cbf = row(50, 60, -20, 20, 30, 4, 8, 0)
    parts = quality_evaluation(cbf, GREY, WHITE, CSF, NO_SMOOTHING)
    # Squares about the means: grey 400 + 900 + 2500 = 3800, white 50, CSF 8; over 2 + 1 + 1 voxels; mean of grey 30.
    assert parts.dispersion == pytest.approx(3858.0 / 4.0 / 30.0, rel=1e-5)
    assert parts.negative_grey == pytest.approx(1.0 / 3.0)
    expected = np.corrcoef([50, 60, -20, 20, 30, 4, 8], [2.5, 2.5, 2.5, 1, 1, 0, 0])[0, 1]
    assert parts.similarity == pytest.approx(expected, rel=1e-5)


def test_voxels_that_are_mixed_stand_for_no_tissue() -> None:
    cbf = row(50, 60, -20, 20, 30, 4, 8, 0)
    mixed = quality_evaluation(cbf, GREY * row(1, 1, 0.6, 0, 0, 0, 0, 0), WHITE, CSF, NO_SMOOTHING)
    assert mixed.negative_grey == 0.0


def test_without_grey_matter_nothing_is_known() -> None:
    parts = quality_evaluation(row(50, 60, 55, 20, 30, 4, 8, 0), 0.0 * GREY, WHITE, CSF, NO_SMOOTHING)
    assert math.isnan(parts.index())


def test_an_empty_map_has_no_index() -> None:
    assert math.isnan(quality_evaluation(0.0 * GREY, GREY, WHITE, CSF, NO_SMOOTHING).index())


def test_a_tissue_of_one_voxel_has_no_variance_and_does_no_harm() -> None:
    parts = quality_evaluation(
        row(50, 60, 55, 20, 0, 0, 0, 0), GREY, row(0, 0, 0, 1, 0, 0, 0, 0), 0 * CSF, NO_SMOOTHING
    )
    assert parts.dispersion == pytest.approx(50.0 / 2.0 / 55.0, rel=1e-5)


@pytest.fixture(scope="module")
def template(shared_data: Path) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, Geometry]:
    """The CBF (60, 20 and 0) and the tissue labels of the brain phantom of asldro on 72 x 86 x 38 voxels."""
    image = sitk.ReadImage(str(shared_data / "priors" / "hrgt_icbm_2009a_nls_3t.nii.gz"))
    quantities = sitk.GetArrayFromImage(image)[:, 0].astype(np.float32)
    shape = (38, 86, 72)
    steps = [
        np.floor((np.arange(n) + 0.5) * full / n).astype(int) for n, full in zip(shape, (189, 233, 197), strict=True)
    ]
    coarse = quantities[:, *np.ix_(*steps)]
    spacing = tuple(full / n for n, full in zip(shape[::-1], (197, 233, 189), strict=True))
    tissues = (np.float32(np.rint(coarse[6]) == label) for label in (1, 2, 3))
    return coarse[0], *tissues, Geometry(shape, spacing)


@pytest.mark.data
def test_the_true_flow_of_the_template_is_judged_as_by_aslprep(
    template: tuple[FloatArray, FloatArray, FloatArray, FloatArray, Geometry],
) -> None:
    """There it has 0.9527 (0.936 and 1.23), after a resampling by asldro that mixes the edges of tissues."""
    parts = quality_evaluation(*template)
    assert parts.similarity == pytest.approx(0.936, abs=0.01)
    assert parts.dispersion == pytest.approx(1.23, abs=0.25)
    assert parts.index() == pytest.approx(0.9527, abs=0.006)


@pytest.mark.data
def test_the_index_is_no_score_for_denoisers_blurring_raises_it_and_takes_flow_from_grey_matter(
    template: tuple[FloatArray, FloatArray, FloatArray, FloatArray, Geometry],
) -> None:
    cbf, grey, white, csf, geometry = template
    brain = grey + white + csf > 0.5
    noise = np.random.default_rng(0).normal(0.0, 34.0, cbf.shape)
    noisy = np.where(brain, cbf + noise, 0.0).astype(np.float32)
    blurred = np.where(brain, smoothed(noisy, 6.0, geometry), np.float32(0.0))
    index = {
        name: quality_evaluation(map_, grey, white, csf, geometry).index()
        for name, map_ in (("true", cbf), ("noisy", noisy), ("blurred", blurred))
    }
    assert index["noisy"] < index["blurred"] < index["true"]
    assert (blurred - cbf)[grey > 0.7].mean() < -8.0
