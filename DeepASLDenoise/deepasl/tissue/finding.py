"""Grey and white matter of a scan: told by images beside it where there are any, else by perfusion itself."""

from __future__ import annotations

from functools import partial

from deepasl.brain.masking import reference_image
from deepasl.errors import InputError
from deepasl.perfusion.subtraction import TissueIn
from deepasl.progress import Job, Progress
from deepasl.results import BoolArray, M0Map
from deepasl.series import AslSeries, FloatArray
from deepasl.settings import Settings
from deepasl.side_images import SideImages
from deepasl.tissue.anatomy import tissue_of_anatomy
from deepasl.tissue.from_perfusion import estimate_tissue
from deepasl.tissue.maps import TissueProbability, tissue_of_maps


def require_tissue(settings: Settings, beside: SideImages, series: AslSeries) -> None:
    """Refuse what needs the tissue of each voxel where nothing tells it.

    Raises:
        InputError: Naming what to give.
    """
    if settings.partial_volume_correction and not beside.tell_tissue:
        raise InputError(
            "partial-volume correction needs to know how much of each voxel is grey and white matter",
            where=series.origin,
            remedy="Give a T1-weighted image (command line: --t1w) or probability maps (--grey-probability, "
            "--white-probability).",
        )


def tissue_beside(beside: SideImages, series: AslSeries, mask: BoolArray) -> Job[TissueProbability | None]:
    """Partial volumes by the images beside the scan; None where there are none.

    Raises:
        InputError: If they cannot be used.
    """
    maps, anatomy = beside.probabilities, beside.anatomy
    if maps is not None:
        yield Progress("Bringing tissue onto the grid of the scan", 0, 1)
        return tissue_of_maps(maps.grey, maps.white, maps.csf, series.geometry, mask, maps.origin)
    if anatomy is None:
        return None
    reference = reference_image(series)
    return (yield from tissue_of_anatomy(anatomy.image, reference, series.geometry, mask, anatomy.origin))


def tissue_by(tissue: TissueProbability | None, m0: M0Map | None, mask: BoolArray, series: AslSeries) -> TissueIn:
    """What finds grey and white matter of a mean difference image."""
    if tissue is None:
        volume = None if m0 is None else m0.volume
        return partial(estimate_tissue, m0=volume, mask=mask, geometry=series.geometry)
    regions = tissue.regions(mask)

    def known(_: FloatArray) -> tuple[BoolArray, BoolArray]:
        return regions

    return known
