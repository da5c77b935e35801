"""Denoising without training: the methods every network has to be better than.

Each is used as its authors or the library that has it advise, with the noise level that the scan itself tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from dipy.denoise.localpca import mppca as dipy_mppca
from skimage.restoration import denoise_nl_means, denoise_tv_chambolle, denoise_wavelet

from deepasl.perfusion.smoothing import smoothed
from deepasl.series import FloatArray, mean_volume
from deepasl_trainer.evaluation.observation import Observation
from deepasl_trainer.evaluation.settings import BaselineSettings, Classical

Method = Callable[[Observation], FloatArray]
"""What is done to a scan: its difference image ``[k, j, i]`` in percent of mean M0, denoised."""

AVERAGE = "average"
GAUSSIAN: Classical = "Gaussian"
NLM: Classical = "NLM"
TV: Classical = "TV"
WAVELET: Classical = "wavelet"
MPPCA: Classical = "MP-PCA"
CLASSICAL = (GAUSSIAN, NLM, TV, WAVELET, MPPCA)


def baselines(settings: BaselineSettings) -> Mapping[str, Method]:
    """Those of the settings by name, averaging first."""
    everything: dict[str, Method] = {
        AVERAGE: average,
        GAUSSIAN: partial(gaussian, settings=settings),
        NLM: partial(non_local_means, settings=settings),
        TV: partial(total_variation, settings=settings),
        WAVELET: partial(wavelet, settings=settings),
        MPPCA: partial(mppca, settings=settings),
    }
    return {name: method for name, method in everything.items() if name == AVERAGE or name in settings.methods}


def average(scan: Observation) -> FloatArray:
    """The mean of all pairs, as it is."""
    return scan.deltam


def gaussian(scan: Observation, settings: BaselineSettings) -> FloatArray:
    """Three-dimensional Gaussian smoothing, as the DeepASL paper prepares its scans."""
    return smoothed(scan.deltam, settings.gaussian_fwhm, scan.geometry)


def non_local_means(scan: Observation, settings: BaselineSettings) -> FloatArray:
    """Non-local means, slice by slice: Buades et al., CVPR 2005; fast form of Darbon et al., ISBI 2008."""
    return _by_slice(
        scan,
        lambda image, sd: denoise_nl_means(
            image,
            patch_size=settings.nlm_patch,
            patch_distance=settings.nlm_reach,
            h=settings.nlm_strength * sd,
            sigma=sd,
            fast_mode=True,
        ),
    )


def total_variation(scan: Observation, settings: BaselineSettings) -> FloatArray:
    """Total variation, slice by slice: Chambolle, J Math Imaging Vis 2004;20:89-97."""
    return _by_slice(scan, lambda image, sd: denoise_tv_chambolle(image, weight=settings.tv_weight * sd))


def wavelet(scan: Observation, settings: BaselineSettings) -> FloatArray:
    """Soft wavelet thresholds, slice by slice: BayesShrink, Chang et al., IEEE Trans Image Process 2000;9:1532-1546."""
    return _by_slice(
        scan,
        lambda image, sd: denoise_wavelet(
            image, sigma=sd, wavelet=settings.wavelet, mode="soft", method="BayesShrink", rescale_sigma=False
        ),
    )


def mppca(scan: Observation, settings: BaselineSettings) -> FloatArray:
    """PCA of the control and label series with the threshold of Marchenko and Pastur, then the mean difference.

    Veraart et al., NeuroImage 2016;142:394-406. 0 outside the brain: it takes seconds for every 10,000 voxels.
    """
    series = np.concatenate([scan.control, scan.label])
    # The library wants [i, j, k, t].
    # Outside the mask it divides 0 by 0.
    with np.errstate(invalid="ignore"):
        denoised = dipy_mppca(
            series.transpose(3, 2, 1, 0),
            mask=scan.brain.transpose(2, 1, 0),
            patch_radius=settings.mppca_radius,
            out_dtype=np.float32,
            suppress_warning=True,
        ).transpose(3, 2, 1, 0)
    control, label = denoised[: len(scan.control)], denoised[len(scan.control) :]
    return scan.to_percent(mean_volume(control) - mean_volume(label))


def _by_slice(scan: Observation, denoise: Callable[[FloatArray, float], FloatArray]) -> FloatArray:
    """A method for two-dimensional images, applied to every slice with the noise SD of the whole scan."""
    return np.stack([denoise(image, scan.noise_percent) for image in scan.deltam]).astype(np.float32)
