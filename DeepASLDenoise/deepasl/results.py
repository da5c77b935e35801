"""What the pipeline returns: maps on one grid, and everything that has to be said about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deepasl.acquisition.parameters import Acquisition
from deepasl.findings import Finding
from deepasl.geometry import Geometry
from deepasl.series import FloatArray, Role

if TYPE_CHECKING:
    from deepasl.quality.indices import QualityIndices
    from deepasl.readers.dicom import ScannerMap
    from deepasl.run_record import RunRecord

BoolArray = NDArray[np.bool_]

CBF_UNIT = "mL/100g/min"
DELTAM_UNIT = "a.u."
"""Scanner units are arbitrary: without M0 they cannot be told."""


@dataclass(frozen=True)
class PerfusionMaps:
    """A difference image and what was computed from it, all ``[k, j, i]`` float32.

    Attributes:
        deltam: Control minus label, scanner units, the whole field of view; of several delays the mean over all images.
        cbf: CBF in mL/100g/min, 0 outside the brain mask; None without a usable M0.
        att: Arterial transit time in s; 0 where no blood is seen to arrive, and outside the mask. None for one delay.
        cbf_error: Standard error of `cbf`, mL/100g/min, 0 outside the mask; None where it is not known.
        att_error: Standard error of `att`, s; 0 where `att` is 0. None for one delay, or where it is not known.
        fit_error: Root mean square of what the model leaves of the signals at several delays, scanner units, 0 outside
            the mask; None for one delay.
        cbf_grey, cbf_white: CBF of pure grey and of pure white matter, mL/100g/min, 0 where there is none of it; None
            without partial-volume correction.
    """

    deltam: FloatArray
    cbf: FloatArray | None
    att: FloatArray | None = None
    cbf_error: FloatArray | None = None
    att_error: FloatArray | None = None
    fit_error: FloatArray | None = None
    cbf_grey: FloatArray | None = None
    cbf_white: FloatArray | None = None


@dataclass(frozen=True)
class M0Map:
    """The calibration image.

    Attributes:
        volume: Recovered M0 ``[k, j, i]`` float32, scanner units.
        origin: What it was made from, in words.
        recovery: The factor 1 / (1 - exp(-TR/T1)) that was applied; 1 for none.
        volumes: Which volumes of the series it is the mean of; none for a separate scan.
    """

    volume: FloatArray
    origin: str
    recovery: float
    volumes: tuple[int, ...] = ()


@dataclass(frozen=True)
class RegionStatistics:
    """Figures of one map in one region.

    Attributes:
        region: ``"brain"``, ``"grey matter"``, ``"white matter"``, or the name of a label.
        map: ``"conventional"`` or ``"denoised"``.
        voxels: Number of voxels.
        mean, standard_deviation, median: In the unit of the map.
        coefficient_of_variation: Spatial, SD / mean.
        negative_fraction: Fraction of voxels below 0.
    """

    region: str
    map: str
    voxels: int
    mean: float
    standard_deviation: float
    median: float
    coefficient_of_variation: float
    negative_fraction: float


@dataclass(frozen=True)
class ModelRun:
    """The network that denoised, and the device it really ran on.

    Attributes:
        id: Model id of the registry.
        title: Its title.
        sha256: Checksum of its file.
        provider: ONNX Runtime execution provider used, e.g. ``"CPUExecutionProvider"``.
        provider_reason: Why this one, in words.
        scale: What difference images were divided by before the network (scanner units).
    """

    id: str
    title: str
    sha256: str
    provider: str
    provider_reason: str
    scale: float


@dataclass(frozen=True)
class Result:
    """All that comes of one scan.

    Attributes:
        name: The name of the series.
        origin: Where the scan came from.
        geometry: The grid of every map.
        conventional: Maps of the plain mean over pairs.
        denoised: Maps after the network.
        removed: What the network took away: conventional minus denoised deltam, ``[k, j, i]`` float32.
        mask: Brain, ``[k, j, i]`` bool.
        grey_matter, white_matter: Voxels that stand for a tissue, ``[k, j, i]`` bool: by images beside the scan
            (`deepasl.tissue.maps`), or estimated from perfusion (`deepasl.tissue.from_perfusion`); see
            ``record.tissue_origin``.
        m0: The calibration image; None if there was none that could be used.
        acquisition: The parameters used, defaults filled in.
        roles: What each volume of the scan was taken for.
        role_evidence: Why.
        pairs: The (control, label) volume indices that were averaged; empty for an already subtracted scan.
        smoothing_fwhm: Gaussian smoothing of control and label images beforehand, mm; 0 for none.
        noise: Noise SD of the conventional deltam in the brain, scanner units; NaN if it cannot be known.
        statistics: CBF (or deltam, without M0) per region and map.
        statistics_unit: ``"mL/100g/min"``, or ``"a.u."`` without M0.
        findings: Everything noticed from reading to the last check.
        model: The network used.
        seconds: Wall time of each stage.
        record: What was chosen and done before the network; None for maps read back from a file or a scene.
        quality: Quality figures of the conventional and of the denoised map; None for maps read back.
        label_statistics: The same figures in the regions of a label image; none where there was none.
        scanner_maps: What the scanner itself made of the scan, each on its own grid, to compare with.
    """

    name: str
    origin: str
    geometry: Geometry
    conventional: PerfusionMaps
    denoised: PerfusionMaps
    removed: FloatArray
    mask: BoolArray
    grey_matter: BoolArray
    white_matter: BoolArray
    m0: M0Map | None
    acquisition: Acquisition
    roles: tuple[Role, ...]
    role_evidence: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]
    smoothing_fwhm: float
    noise: float
    statistics: tuple[RegionStatistics, ...]
    statistics_unit: str
    findings: tuple[Finding, ...]
    model: ModelRun
    seconds: Mapping[str, float]
    record: RunRecord | None = None
    quality: tuple[QualityIndices, QualityIndices] | None = None
    label_statistics: tuple[RegionStatistics, ...] = ()
    scanner_maps: tuple[ScannerMap, ...] = ()
