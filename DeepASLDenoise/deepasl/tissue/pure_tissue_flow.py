"""CBF of pure grey and of pure white matter, beside the CBF of voxels as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepasl.denoising.map_making import Made
from deepasl.preparation import Prepared
from deepasl.progress import Job, Progress
from deepasl.quantification.blood_flow import blood_flow
from deepasl.quantification.multidelay import DelayImages, quantify_delays
from deepasl.results import M0Map
from deepasl.series import FloatArray
from deepasl.tissue.maps import TissueProbability
from deepasl.tissue.partial_volume import unmixed


def with_pure_tissue_flow(made: Made, ready: Prepared) -> Job[Made]:
    """Maps with `cbf_grey` and `cbf_white`: difference images are unmixed, at every delay, before they are quantified.

    Args:
        made: Maps of one kind.
        ready: The scan; where the tissue of its voxels or M0 is not known, the maps come back as they are.
    """
    tissue, m0 = ready.tissue, ready.flow_m0
    if tissue is None or m0 is None:
        return made
    yield Progress("Correcting partial volume", 0, 1)
    flow = _of_one_delay if made.delays is None else _of_delays
    grey, white = yield from flow(made, ready, tissue, m0)
    return replace(made, maps=replace(made.maps, cbf_grey=grey, cbf_white=white))


Flow = tuple[FloatArray | None, FloatArray | None]
"""CBF of grey and of white matter."""


def _of_one_delay(made: Made, ready: Prepared, tissue: TissueProbability, m0: M0Map) -> Job[Flow]:
    pure = unmixed(made.maps.deltam, m0.volume, tissue, ready.mask, ready.series.geometry)
    grey, white = (blood_flow(image, m0, ready.mask, ready.acquisition) for image in (pure.grey, pure.white))
    yield Progress("Correcting partial volume", 1, 1)
    return grey, white


def _of_delays(made: Made, ready: Prepared, tissue: TissueProbability, m0: M0Map) -> Job[Flow]:
    delays = made.delays
    if delays is None:
        return None, None
    pure = [unmixed(mean, m0.volume, tissue, ready.mask, ready.series.geometry) for mean in delays.means]
    grey = yield from _fitted(np.stack([each.grey for each in pure]), delays, ready, m0)
    white = yield from _fitted(np.stack([each.white for each in pure]), delays, ready, m0)
    return grey, white


def _fitted(means: FloatArray, delays: DelayImages, ready: Prepared, m0: M0Map) -> Job[FloatArray | None]:
    """CBF of images of one tissue at each delay, where there is any of it."""
    some = ready.mask & means.any(axis=0)
    fitted = yield from quantify_delays(replace(delays, means=means, scatter=None), m0, some, ready.acquisition)
    return fitted.cbf
