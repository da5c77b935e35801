"""How good a denoised difference image is, when the truth is known."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from skimage.metrics import structural_similarity

from deepasl.phantom import PlacedLesion
from deepasl.quality.metrics import ccc, psnr, rmse
from deepasl.results import BoolArray
from deepasl.series import FloatArray, mean_in
from deepasl_trainer.evaluation.baselines import Method
from deepasl_trainer.evaluation.cases import Case, World

PSNR, SSIM, RMSE, CCC = "psnr", "ssim", "rmse", "ccc"
GREY_BIAS, WHITE_BIAS = "grey_bias", "white_bias"
LESIONS = "lesions"
NULL = "null"


def lesion_figure(factor: float) -> str:
    """The name of the recovered contrast of lesions with this factor."""
    return f"lesions x{factor:g}"


def judge(case: Case, pairs: int, method: Method) -> tuple[dict[str, float], FloatArray]:
    """Figures of a method on a scan that ends after so many pairs, and the flow it leaves.

    Args:
        case: The scan.
        pairs: How many of its pairs the method gets.
        method: What is done to them.

    Returns:
        First, by name: ``psnr`` (dB, of the difference image; the peak is its largest true value in the brain),
        ``ssim`` (likewise, slice by slice, mean over the brain), ``rmse`` (mL/100g/min), ``ccc`` (of flow),
        ``grey_bias`` and ``white_bias`` (mean error of flow in pure tissue outside lesions, mL/100g/min), and, where
        there are lesions, ``lesions`` (the part of their contrast that is left, mean over all of them) and the same
        for each factor. Where nothing flows, ``null`` alone: mean of the absolute flow in the brain, mL/100g/min.
        Figures that a scan cannot give, such as the bias of a tissue that no voxel is pure in, are absent.
        Second, flow ``[k, j, i]`` in mL/100g/min.
    """
    restored = _restore(case.patient, pairs, method)
    cbf, truth = case.cbf(restored), case.cbf(case.patient.deltam)
    if not truth.any():
        return {NULL: mean_in(np.abs(cbf), case.brain)}, cbf
    figures = {
        PSNR: psnr(restored, case.patient.deltam, case.brain),
        SSIM: ssim(restored, case.patient.deltam, case.brain),
        RMSE: rmse(cbf, truth, case.brain),
        CCC: ccc(cbf, truth, case.brain),
    }
    for name, tissue in ((GREY_BIAS, case.grey), (WHITE_BIAS, case.white)):
        if tissue.any():
            figures[name] = mean_in(cbf - truth, tissue)
    if case.healthy is not None:
        change = cbf - case.cbf(_restore(case.healthy, pairs, method))
        figures |= lesion_contrasts(case.lesions, change, truth - case.cbf(case.healthy.deltam), case.brain)
    return figures, cbf


def ssim(image: FloatArray, reference: FloatArray, brain: BoolArray) -> float:
    """Structural similarity slice by slice, its mean over the voxels of the brain: Wang et al., IEEE TIP 2004;13:600.

    Both images are 0 outside the brain; the signal range is the largest value of the reference in it.
    """
    top = float(reference[brain].max())
    a, b = np.where(brain, image, np.float32(0.0)), np.where(brain, reference, np.float32(0.0))
    slices = [structural_similarity(x, y, data_range=top, full=True)[1] for x, y in zip(a, b, strict=True)]
    return mean_in(np.stack(slices), brain)


def lesion_contrasts(
    lesions: Iterable[PlacedLesion], change: FloatArray, true_change: FloatArray, brain: BoolArray
) -> dict[str, float]:
    """How much of their true contrast is left of lesions: 1 is all, 0 nothing.

    Args:
        lesions: Where they are.
        change: What the lesions changed in the restored flow, noise being the same ``[k, j, i]``.
        true_change: What they changed in the true flow.
        brain: Where flow is known.

    Returns:
        Means over all lesions, and over those of each factor.
    """
    by_factor: dict[float, list[float]] = {}
    for placed in lesions:
        inside = placed.mask & brain
        # Large voxels may hold none of a lesion at the rim of the brain.
        if inside.any() and (true := mean_in(true_change, inside)) != 0.0:
            by_factor.setdefault(placed.lesion.factor, []).append(mean_in(change, inside) / true)
    everything = [part for parts in by_factor.values() for part in parts]
    means = {lesion_figure(factor): float(np.mean(parts)) for factor, parts in by_factor.items()}
    return {LESIONS: float(np.mean(everything)), **means} if everything else {}


def _restore(world: World, pairs: int, method: Method) -> FloatArray:
    """The difference image a method makes of the first pairs, scanner units."""
    scan = world.observed.first(pairs)
    return scan.from_percent(method(scan))
