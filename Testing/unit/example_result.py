"""A small result with known values, for tests of what is made of results."""

from dataclasses import replace

import numpy as np

from deepasl.acquisition.defaults import complete
from deepasl.acquisition.parameters import Acquisition, LabelingType, Source
from deepasl.geometry import Geometry
from deepasl.quality.metrics import region_statistics
from deepasl.results import M0Map, ModelRun, PerfusionMaps, Result
from deepasl.series import Role

SHAPE = (6, 22, 18)  # k, j, i

# Directions are LPS; RAS and oblique as converters write them.
AXIAL_LPS = Geometry(SHAPE, (4.0, 3.0, 6.0))
AXIAL_RAS = Geometry(SHAPE, (4.0, 3.0, 6.0), (34.0, 32.0, -10.0), (-1, 0, 0, 0, -1, 0, 0, 0, 1))
OBLIQUE_RAS = Geometry(
    SHAPE, (4.0, 3.0, 6.0), (34.0, 30.0, -30.0), (-1, 0, 0, 0, -np.cos(0.3), np.sin(0.3), 0, np.sin(0.3), np.cos(0.3))
)
CORONAL = Geometry(SHAPE, (4.0, 3.0, 6.0), (0.0, 0.0, 0.0), (1, 0, 0, 0, 0, 1, 0, -1, 0))

ROLES = (Role.M0SCAN, Role.CONTROL, Role.LABEL, Role.CONTROL, Role.LABEL, Role.CONTROL)
PAIRS = ((1, 2), (3, 4))


def acquisition() -> Acquisition:
    """A 3 T pCASL protocol from a sidecar, published constants filled in."""
    given = Acquisition().with_values(
        Source.FILE,
        "sub-01_asl.json",
        labeling_type=LabelingType.PCASL,
        post_labeling_delay=(0.0, 1.8, 1.8, 1.8, 1.8, 1.8),
        labeling_duration=1.8,
        magnetic_field_strength=3.0,
        readout="3D",
        repetition_time=5.0,
        m0_repetition_time=2.0,
        background_suppression=False,
    )
    return complete(given)[0]


def example_result(geometry: Geometry = AXIAL_LPS, *, with_m0: bool = True, **changes: object) -> Result:
    """A brain of 65 mL/100g/min in its core and 20 around it, with noise, smoothed as if by a network.

    Args:
        geometry: Any grid of `SHAPE`.
        with_m0: Whether there is CBF; else the maps are difference images alone.
        **changes: Fields to replace.
    """
    k, j, i = np.indices(SHAPE)
    distance = ((k - 2.5) / 3) ** 2 + ((j - 11.5) / 5) ** 2 + ((i - 10.5) / 4) ** 2
    mask, core = distance < 1, distance < 0.4
    noise = np.random.default_rng(3).normal(0.0, 8.0, SHAPE)
    truth = np.where(core, 65.0, np.where(mask, 20.0, 0.0))
    conventional, denoised = (truth + noise).astype(np.float32), (truth + 0.3 * noise).astype(np.float32)
    cbf = {
        name: np.where(mask, values, 0).astype(np.float32)
        for name, values in (("conventional", conventional), ("denoised", denoised))
    }
    deltam = {"conventional": conventional / 9, "denoised": denoised / 9}
    figures = cbf if with_m0 else deltam
    result = Result(
        name="sub-01_asl",
        origin="study/sub-01_asl.nii.gz",
        geometry=geometry,
        conventional=PerfusionMaps(deltam["conventional"], cbf["conventional"] if with_m0 else None),
        denoised=PerfusionMaps(deltam["denoised"], cbf["denoised"] if with_m0 else None),
        removed=deltam["conventional"] - deltam["denoised"],
        mask=mask,
        grey_matter=core,
        white_matter=mask & ~core,
        m0=M0Map(np.full(SHAPE, 1000.0, np.float32), "mean of 1 M0 volume(s) of the series", 1.405, (0,))
        if with_m0
        else None,
        acquisition=acquisition(),
        roles=ROLES,
        role_evidence=("context file sub-01_aslcontext.tsv",),
        pairs=PAIRS,
        smoothing_fwhm=0.0,
        noise=0.9,
        statistics=tuple(
            region_statistics(figures[name], region, region=where, map=name)
            for where, region in (("brain", mask), ("grey matter", core), ("white matter", mask & ~core))
            for name in ("conventional", "denoised")
        ),
        statistics_unit="mL/100g/min" if with_m0 else "a.u.",
        findings=(),
        model=ModelRun("deepasl-paper", "DeepASL", "3f" * 32, "CPUExecutionProvider", "no CUDA device", 1000.0),
        seconds={"read": 0.1, "denoise": 0.4},
    )
    return replace(result, **changes)
